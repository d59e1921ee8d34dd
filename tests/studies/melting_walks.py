"""Melting studies whose runs are walks with a drift that is known: a melting point that was put in."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from zeocryst.studies.melting import Melting
from zeocryst.studies.melting_plan import KEYS
from zeocryst.studies.points import Done
from zeocryst.studies.reading import read_study

ICE = """
name = "ice"
seed = 3
[system]
start = "framework"
framework = "dia"
[forcefield]
name = "mw"
"""


def melting(tmp_path, text, own=""):
    file = tmp_path / "study.toml"
    file.write_text(f"{text}\n[melt]\n{own}")
    return Melting.of(read_study(file, "melt", KEYS))


@dataclass
class World:
    """A folder whose fronts walk with a drift of ``slope (T - melting)``, and whose enthalpies are lines."""

    melting_K: float
    slope: float = -3.5
    diffusion: float = 30.0
    half: float = 14.0
    box: float = 62.0
    frozen_K: float = 0.0
    breaks: bool = False
    stable: float = 1.0
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))
    asked: list = field(default_factory=list)

    def run(self, points, say=""):
        return [self.one(point) for point in points]

    def one(self, point):
        self.asked.append(point.name)
        if self.breaks:
            return Done(point, Path(point.name), None, "the run exploded")
        if point.facts["what"] != "fronts":
            return Done(point, Path(point.name), {"n_T": 512, "n_S": 0})
        stage = point.condition.stages[-1]
        drift = self.slope * (stage.temperature_K[0] - self.melting_K)
        diffusion = self.diffusion
        if stage.temperature_K[0] < self.frozen_K:
            drift, diffusion = 0.0, self.diffusion / 1e4
        step, x, n = 0.002, 0.0, 0
        while abs(x) < self.half and 1000 * step * n < stage.time_ps:
            x += drift * step + self.rng.normal(0, (diffusion * step) ** 0.5)
            n += 1
        time = n * step
        share = 0.5 + 2 * x / self.box
        end = 1.0 if x >= self.half else 0.0 if x <= -self.half else share
        growth = {
            "front_speed_A_per_ns": x / time,
            "front_speed_uncertainty_A_per_ns": (diffusion / time) ** 0.5,
            "from_ps": 0.0,
            "to_ps": 1000 * time,
            "why_not": {},
            "sentence": "",
        }
        summary = {"growth": growth, "crystalline_share": {"start": 0.5, "end": end}, "n_T": 1280, "n_S": 0}
        return Done(point, Path(point.name), summary)

    def rows(self, done):
        if done.point.facts["what"] == "fronts":
            return [{"stage": 1, "crystalline_share": self.stable}]
        t, crystal = done.point.facts["temperature_K"], done.point.facts["what"] == "crystal"
        energy = (-0.51 if crystal else -0.455) + (t - 270) * (1.3e-4 if crystal else 2.5e-4)
        noise = self.rng.normal(0, 1e-4, 100)
        return [
            {"stage": 2, "crystalline_share": float(crystal), "energy_eV_per_bead": energy + e,
             "density_T_per_1000A3": 32.8}
            for e in noise
        ]  # fmt: skip

    def say(self, message):
        pass

    log = say
