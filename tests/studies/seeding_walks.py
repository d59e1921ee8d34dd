"""Seeding studies whose seeds are walks over the barrier of classical nucleation theory, with a critical size that was
put in.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from zeocryst.studies.points import Done
from zeocryst.studies.seeding import measure_nuclei, read_seeding_study
from zeocryst.studies.seeding_sources import melting_of
from zeocryst.units import BOLTZMANN_EV_PER_K

WATER = """
name = "nuclei"
seed = 5
[system]
start = "melt"
n_T = 3000
[forcefield]
name = "mw"
[seeding]
temperatures_K = [240]
framework = "dia"
"""


T, CRITICAL, DRIVE, FACTOR = 240.0, 140, 0.4, 2.0


KT = BOLTZMANN_EV_PER_K * T


def planned(tmp_path, own="", text=WATER):
    file = tmp_path / "study.toml"
    file.write_text(f"{text}\n{own}")
    return read_seeding_study(file)


@dataclass
class World:
    """A folder whose seeds are walks: `critical` T are critical, and of a planted ball `counted` are
    counted."""

    root: Path
    critical: float = CRITICAL
    drive: float = DRIVE
    factor: float = FACTOR
    counted: float = 0.8
    noise: float = 3.0
    melt_share: float = 0.0
    sight: float = 0.0  # nuclei of fewer are not seen
    own: int = 8  # so large are those of a melt
    seen: float = 1.0  # of a crystal
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))
    asked: list = field(default_factory=list)
    said: list = field(default_factory=list)
    kept: dict = field(default_factory=dict)
    at: dict = field(default_factory=dict)

    def run(self, points, say=""):
        self.asked += points
        for p in points:  # a condition wants the file that it starts from
            (self.root / p.name).mkdir(exist_ok=True)
            (self.root / p.name / "trajectory.gsd").touch()
        return [Done(p, self.root / p.name, {"n_T": 3000, "n_S": 0}) for p in points]

    def say(self, message):
        self.said.append(message)

    def rows(self, done):
        if done.point.name not in self.kept:
            facts = done.point.facts
            self.kept[done.point.name] = self.seed(done) if facts["kind"] == "seed" else self.bulk(facts)
        return self.kept[done.point.name]

    def bulk(self, facts):
        """Twenty frames of a melt 60 meV above the crystal, with densities that are known."""
        crystal = facts["kind"] == "crystal"
        return [
            {
                "stage": 4, "time_ps": float(k), "crystalline_share": 1.0 if crystal else self.melt_share,
                "energy_eV_per_bead": (-0.50 if crystal else -0.44) + 1e-4 * self.rng.normal(),
                "density_T_per_1000A3": (32.7 if crystal else 33.4) + 1e-2 * self.rng.normal(),
                "largest_grain_sites": 3000 * self.seen if crystal else float(self.rng.integers(0, self.own)),
                "smallest_visible_T": self.sight,
            }
            for k in range(20)
        ]  # fmt: skip

    def seed(self, done):
        """A walk of at most the stage's time, a frame every interval, that ends where the condition says."""
        stage, every = done.point.condition.stages[-1], done.point.condition.output.interval_ps
        low, high = (until.value for until in stage.ends)
        facts, t, frames = done.point.facts, 0.0, []
        at = max(2, round(self.counted * facts["planted_T"]))
        if "part" in facts:  # it goes on from where it was
            before = facts["seed_run"] + (f"_part{facts['part'] - 1}" if facts["part"] > 2 else "")
            at = self.at[before]
        n = np.arange(1, 2500)
        energy = -self.drive * n + 1.5 * self.drive * self.critical ** (1 / 3) * n ** (2 / 3)
        up = self.factor * n ** (2 / 3)
        down = np.concatenate([[0.0], up[:-1] * np.exp(np.diff(energy))])
        while t < stage.time_ps and not (
            len(frames) > 3 and (min(frames[-3:]) >= high or max(frames[-3:]) < low)
        ):
            f, g = up[at - 1], down[at - 1]
            t += self.rng.exponential(1 / (f + g))
            at = min(max(at + (1 if self.rng.random() < f / (f + g) else -1), 1), 2400)
            while (len(frames) + 1) * every < t:
                size = max(0.0, at + self.noise * self.rng.normal())
                frames.append(size if size >= self.sight else 0.0)
        self.at[done.point.name] = at
        stage, begin = (1, 0.0) if "part" in facts else (3, 7.0)
        rows = [{"stage": 2, "time_ps": begin, "largest_grain_sites": 0.0}]
        return rows + [
            {"stage": stage, "time_ps": begin + every * (k + 1), "largest_grain_sites": s}
            for k, s in enumerate(frames)
        ]


def found_by(world, tmp_path, own="", text=WATER):
    study, plan = planned(tmp_path, own, text)
    summary, runs = measure_nuclei(world, study, plan, melting_of(plan, study.folder))
    return summary, runs, plan


SOURCE = f"driving_force_eV = [{DRIVE * KT}]\ndriving_force_uncertainty_eV = [{0.02 * DRIVE * KT}]\n"


MELTING = "melting_point_K = 274.6\nmelting_point_uncertainty_K = 1\n"


QUICK = "time_ps = 40\ninterval_ps = 0.1\nsettle_ps = 10\nhold_ps = 2\nruns = 40\ntimes = 2\n"


SHORT = QUICK.replace("runs = 40", "runs = 16")
