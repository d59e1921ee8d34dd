"""What a seeding study runs: temperatures, melts, balls of crystal, and the stages of each run.

Times and lengths that are not given are those of the T-S model in its own units
(`zeocryst.studies.scales`), so that they fit water and silicon as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zeocryst.beads import Beads
from zeocryst.condition import Seed, System
from zeocryst.errors import InputError
from zeocryst.foundation.tables import Table
from zeocryst.model.forcefield import ForceField
from zeocryst.solution.aggregate import ball
from zeocryst.solution.start import crystal
from zeocryst.studies.scales import HOT, Scales, choose_repeat, interval, read_temperatures, two_digits
from zeocryst.studies.seeding_sources import check_below

if TYPE_CHECKING:
    from zeocryst.condition import Condition

Floats = NDArray[np.float64]

#: Keys of the table.
KEYS = (
    "temperatures_K", "framework", "size", "radii_A", "runs", "melts", "hot_K", "melt_ps", "cool_ps",
    "settle_ps", "hold_ps", "time_ps", "times", "interval_ps", "timestep_fs", "pressure_bar", "melt",
    "melting_point_K", "melting_point_uncertainty_K", "driving_force_eV", "driving_force_uncertainty_eV",
    "volume_m3",
)  # fmt: skip
#: In units of tau: melting, cooling, settling of a melt, holding a seed, and the most that a seed is watched.
MELT, COOL, SETTLE, HOLD, WATCH = 100, 150, 300, 20, 5000
#: Frames of the time in which a seed is watched: it wanders on, and how fast is measured.
FRAMES = 250
#: The largest seed has this share of all T, so that it can grow before it meets its images; and the smallest
#: has so many T in the default ladder, whose steps are this factor in T.
LARGEST_SHARE, SMALLEST_T, LADDER = 0.2, 50, 1.6
#: Where runs end: a share of all T, and how often the planted number; a seed that goes on, at so many times its
#: size at release.
GROWN_SHARE, GROWN_TIMES, GROWN_TIMES_RELEASED = 0.3, 3.0, 2.2
#: A melt is made at no less than so many times the highest temperature.
HOTTER = 1.2
#: Width of the box in which the crystal alone is measured, in units of sigma; cells of a system that is not
#: given.
CRYSTAL_WIDTH = 9.0


@dataclass(frozen=True)
class Ball:
    """A ball that can be planted: its radius (Å), and how many T and S it has."""

    radius_A: float
    n_T: int
    n_S: int


@dataclass(frozen=True)
class SeedingPlan:
    """A seeding study with every default.

    Attributes
    ----------
    framework : str
        What the balls are of.
    size : str
        Column of a run's table that is the size of a nucleus; empty until it is chosen, where none was given.
    n_T, n_S : int
        Of each melt.
    crystal_repeat : tuple of int
        Cells of the crystal that is measured alone.
    crystal_S_per_T : float
        S of the crystal for each T, as its seeds have them.
    model : ForceField
    balls : tuple of Ball
        The ladder, smallest first.
    """

    temperatures_K: tuple[float, ...]
    framework: str
    size: str
    balls: tuple[Ball, ...]
    given_radii: bool
    runs: int
    melts: int
    hot_K: float
    melt_ps: float
    cool_ps: float
    settle_ps: float
    hold_ps: float
    time_ps: float
    times: int
    interval_ps: float
    timestep_fs: float
    pressure_bar: float
    melt: str | None
    melting_point_K: float | None
    melting_point_uncertainty_K: float
    driving_force_eV: tuple[float, ...] | None
    driving_force_uncertainty_eV: tuple[float, ...]
    volume_m3: float
    n_T: int
    n_S: int
    density_T_per_1000A3: float
    crystal_repeat: tuple[int, int, int]
    crystal_S_per_T: float
    model: ForceField

    def table(self) -> dict[str, Any]:
        """The study's own table with every default."""
        found: dict[str, Any] = {"radii_A": [one.radius_A for one in self.balls]}
        for key in KEYS:
            value = found[key] if key in found else getattr(self, key)
            if value is not None and not (
                key == "driving_force_uncertainty_eV" and self.driving_force_eV is None
            ):
                found[key] = list(value) if isinstance(value, tuple) else value
        return {key: found[key] for key in KEYS if key in found}

    def melt_system(self) -> dict[str, Any]:
        """A random liquid in a cube."""
        return {
            "start": "melt", "n_T": self.n_T, "n_S": self.n_S, "density_T_per_1000A3": self.density_T_per_1000A3
        }  # fmt: skip

    def crystal_system(self) -> dict[str, Any]:
        """The crystal alone."""
        return {
            "start": "framework", "framework": self.framework, "repeat": list(self.crystal_repeat),
            "S_in_cages": self.n_S > 0,
        }  # fmt: skip

    def melt_stages(self, temperature_K: float) -> list[dict[str, Any]]:
        """Melting and cooling in a box that stays, in shorter steps; settling at constant pressure."""
        half = {"kind": "langevin", "timestep_fs": self.timestep_fs / 2}
        return [
            half | {"temperature_K": self.hot_K, "time_ps": self.melt_ps},
            half | {"temperature_K": [self.hot_K, temperature_K], "time_ps": self.cool_ps},
            self._npt(temperature_K, self.settle_ps),
            self._npt(temperature_K, self.settle_ps),
        ]

    def crystal_stages(self, temperature_K: float) -> list[dict[str, Any]]:
        """Coming to temperature, and being measured."""
        both = self._npt(temperature_K, self.settle_ps) | {"coupling": "aniso"}
        return [both, both]

    def seed_stages(
        self, temperature_K: float, planted: Ball, melted_below: float, released: float = 0.0
    ) -> list[dict[str, Any]]:
        """Planting, holding the seed while the melt relaxes, watching it until it grew or melted.

        Parameters
        ----------
        temperature_K, planted, melted_below
            The seed's.
        released
            The size that was counted when it was let go, where that is known.
        """
        watch = self._npt(temperature_K, self.time_ps)
        grown = self.grown_from(planted, released)
        watch |= {"until": two_ends(self.size, melted_below, grown, 2 * self.interval_ps)}
        return [
            {"kind": "seed", "framework": self.framework, "radius_A": planted.radius_A, "at_random": True},
            {"kind": "langevin", "temperature_K": temperature_K, "time_ps": self.hold_ps, "hold_seed": True,
             "timestep_fs": self.timestep_fs},
            watch,
        ]  # fmt: skip

    def grown_from(self, planted: Ball, released: float = 0.0) -> float:
        """At which size a run ends; whether it has grown is judged by the size that it began with."""
        sizes = GROWN_SHARE * self.n_T, GROWN_TIMES * planted.n_T, GROWN_TIMES_RELEASED * released
        return float(round(max(sizes)))

    def _npt(self, temperature_K: float, time_ps: float) -> dict[str, Any]:
        return {
            "kind": "npt", "coupling": "iso", "temperature_K": temperature_K, "time_ps": time_ps,
            "pressure_bar": self.pressure_bar, "timestep_fs": self.timestep_fs,
        }  # fmt: skip


def two_ends(size: str, melted_below: float, grown_from: float, for_ps: float) -> list[dict[str, Any]]:
    """What a stage is run for: until the nucleus has melted, or grown."""
    return [{size: {"below": melted_below}, "for_ps": for_ps}, {size: grown_from, "for_ps": for_ps}]


class Balls:
    """All balls of a framework up to a radius: which radius has how many T and S."""

    def __init__(self, framework: str, radius_A: float, forcefield: ForceField, *, with_S: bool) -> None:
        places, kinds = ball(Seed(framework, radius_A), forcefield, with_S=with_S)
        far = np.linalg.norm(places, axis=1)
        is_t = kinds == forcefield.types.index("T")
        self._t, self._s = np.sort(far[is_t]), np.sort(far[~is_t])
        edges = np.append(self._t, radius_A)
        wide = np.diff(edges) > 1e-3
        #: Numbers of T that a ball can have, and a radius in the middle of the range that gives each.
        self.counts = np.flatnonzero(wide) + 1
        self.radii = (edges[:-1][wide] + edges[1:][wide]) / 2

    def of_radius(self, radius_A: float) -> Ball:
        """The ball of this radius."""
        return Ball(radius_A, int((self._t <= radius_A).sum()), int((self._s <= radius_A).sum()))

    def nearest(self, n_T: float) -> Ball:
        """The ball whose number of T is nearest, by ratio."""
        k = int(np.argmin(abs(np.log(self.counts / n_T))))
        return self.of_radius(float(f"{self.radii[k]:.3f}"))


def read_seeding(own: Table, trial: Condition, *, timestep_fs: float) -> SeedingPlan:
    """The study's own table, checked, with defaults in the model's units.

    Parameters
    ----------
    own
        The table ``[seeding]``.
    trial
        A condition of the study: its model and start.
    timestep_fs
        Default time step.

    Raises
    ------
    InputError
        A key is unknown or impossible, a seed is too large for the box, or the melt lacks what the crystal has.
    """
    own.known(*KEYS)
    forcefield = trial.read_forcefield()
    scales = Scales.of(forcefield)
    framework = own.text("framework") if "framework" in own else trial.system.framework
    if framework is None:
        raise own.error("framework", "the framework type of the seeds, such as SGT, since the start has none")
    n_t, n_s, unit, unit_s, density = _composition(trial, framework, forcefield)
    _check_guests(own, framework, n_t, n_s, unit_s)
    expected = "a list of different temperatures below the melting point, above 0 and at most 30000"
    temperatures = read_temperatures(own, "temperatures_K", expected)
    time = partial(scales.read_time, own)
    watch, width = time("time_ps", WATCH), CRYSTAL_WIDTH * scales.length_A
    forces = _per_temperature(own, "driving_force_eV", len(temperatures))
    edge = (1000 * n_t / density) ** (1 / 3)
    balls = Balls(framework, edge / 2, forcefield, with_S=n_s > 0)
    ladder, given = _ladder(own, n_t, edge, balls)
    made = SeedingPlan(
        temperatures, framework, own.text("size", ""), ladder, given,
        own.integer("runs", 24, least=4, most=10_000), own.integer("melts", 4, least=1, most=1000),
        _hot(own, two_digits(HOT * scales.kelvin), temperatures),
        time("melt_ps", MELT), time("cool_ps", COOL), time("settle_ps", SETTLE), time("hold_ps", HOLD), watch,
        own.integer("times", 4, least=1, most=1000),
        own.number("interval_ps", interval(watch, FRAMES), above=0, least=1e-3, most=watch / 8),
        own.number("timestep_fs", timestep_fs, above=0, least=1e-3, most=20),
        own.number("pressure_bar", 0.0, least=-1e5, most=1e6),
        own.text("melt") if "melt" in own else None,
        own.number("melting_point_K", above=0, most=1e5) if "melting_point_K" in own else None,
        own.number("melting_point_uncertainty_K", 0.0, least=0, most=1e4),
        forces,
        _per_temperature(own, "driving_force_uncertainty_eV", len(temperatures)) or (0.0,) * len(temperatures),
        own.number("volume_m3", 1e-15, above=0, most=1e9),
        n_t, n_s, density, choose_repeat(unit, None, width, width, scales.across_A),
        unit_s, forcefield,
    )  # fmt: skip
    own.finish()
    _check_sources(own, made)
    return made


def _composition(
    trial: Condition, framework: str, forcefield: ForceField
) -> tuple[int, int, Floats, float, float]:
    """T and S of the melt, the crystal's cell, its S per T, and its density (T per 1000 Å^3)."""
    system = trial.system
    if system.start not in ("framework", "melt"):
        raise InputError(
            f"system: start = {system.start!r}; seeds are planted into melts that the study makes itself: "
            "expected framework (a melt of its composition) or melt (with n_T, and n_S)"
        )
    n_t, n_s = int(system.n_T or 0), int(system.n_S or 0)
    if system.framework is not None:
        whole = Beads.of(crystal(system, forcefield))
        n_t = whole.count("T")
        n_s = len(whole.kinds) - n_t
    # in a melt without S the crystal has none either
    one = Beads.of(crystal(System("framework", framework, S_in_cages=n_s > 0), forcefield))
    unit_t = one.count("T")
    return n_t, n_s, one.cell, (len(one.kinds) - unit_t) / unit_t, 1000 * unit_t / one.volume


def _check_guests(own: Table, framework: str, n_t: int, n_s: int, per_t: float) -> None:
    """A melt with S has enough of them for its seeds, and the crystal has places for them."""
    if n_s and not per_t:
        raise own.error(
            "framework", f"one with cages: the melt has {n_s} S, and {framework} has no place for an S"
        )
    if n_s < LARGEST_SHARE * per_t * n_t:
        raise own.error(
            "framework", f"at least {LARGEST_SHARE * per_t * n_t:.0f} S in the melt, what the largest seed "
            f"takes ({framework} has an S for {1 / per_t:.3g} T), and the melt has {n_s} for {n_t} T; or "
            "none at all, then the crystal has none either"
        )  # fmt: skip


def _ladder(own: Table, n_t: int, edge: float, balls: Balls) -> tuple[tuple[Ball, ...], bool]:
    """The balls that are tried first, smallest first, and whether they were given."""
    most = LARGEST_SHARE * n_t
    if "radii_A" in own:
        expected = "a list of at least two different radii, in Å, each above 0"
        radii = own.get("radii_A", expected)
        if (
            not isinstance(radii, list)
            or len({float(r) if isinstance(r, (int, float)) else str(r) for r in radii}) < 2
        ):
            raise own.error("radii_A", expected)
        found = []
        for radius in sorted(own.numbers("radii_A", len(radii), least=0, most=1e4)):
            inside = balls.of_radius(float(radius))
            if radius > edge / 2 or inside.n_T > most:
                least = (4 / 3 * np.pi / LARGEST_SHARE) ** (1 / 3) * radius
                raise own.error(
                    "radii_A", f"radii of balls with at most {LARGEST_SHARE:g} of all {n_t} T, so that a seed "
                    f"can grow before it meets its own images: {radius:g} Å needs a box of at least "
                    f"{least:.1f} Å ({n_t * (least / edge) ** 3:.0f} T), and this one is "
                    f"{edge:.1f} Å wide"
                )  # fmt: skip
            if inside.n_T < 5:
                raise own.error("radii_A", f"balls with at least 5 T; {radius:g} Å has {inside.n_T}")
            found.append(inside)
        return tuple(found), True
    if most < SMALLEST_T * LADDER**2:
        need = int(np.ceil(SMALLEST_T * LADDER**2 / LARGEST_SHARE))
        raise InputError(
            f"system: a melt of {n_t} T is too small for seeds that can grow before they meet their own "
            f"images; expected at least {need} T ({(need / n_t) ** (1 / 3) * edge:.0f} Å), or radii_A in "
            f"[seeding]"
        )
    steps = int(np.floor(np.log(most / SMALLEST_T) / np.log(LADDER))) + 1
    ladder = [balls.nearest(n) for n in np.geomspace(SMALLEST_T, most, max(3, steps))]
    ladder = [one for one in ladder if one.n_T <= most]
    return tuple({one.n_T: one for one in ladder}.values()), False


def _hot(own: Table, default: float, temperatures: tuple[float, ...]) -> float:
    """Where melts are made: above all that is run, and as the study's file has it then."""
    highest = max(temperatures)
    if "melting_point_K" in own:  # enthalpies are measured there as well
        highest = max(highest, own.number("melting_point_K", above=0, most=1e5))
    hot = own.number("hot_K", max(default, HOTTER * highest), above=0, most=1e5)
    if hot < HOTTER * highest:
        raise own.error(
            "hot_K", f"at least {HOTTER * highest:.5g}, {HOTTER:g} times the highest temperature that is run "
            f"({highest:g} K), so that nothing of a crystal is left"
        )  # fmt: skip
    return hot


def _per_temperature(own: Table, key: str, count: int) -> tuple[float, ...] | None:
    """A number for each temperature, in their order; None where it is not given."""
    if key not in own:
        return None
    if not isinstance(own.get(key, ""), list):
        if count > 1:
            raise own.error(key, f"a list with a number for each of the {count} temperatures, in their order")
        return (own.number(key, least=-10, most=10),)
    return tuple(float(v) for v in own.numbers(key, count, least=-10, most=10))


def _check_sources(own: Table, plan: SeedingPlan) -> None:
    """One source of the driving force; sizes of which something can be said."""
    given = [key for key in ("melt", "melting_point_K", "driving_force_eV") if getattr(plan, key) is not None]
    if len(given) > 1:
        raise own.error(given[1], f"one source of the driving force, and {given[0]} is given too")
    if plan.melting_point_K is not None:
        check_below(plan, plan.melting_point_K, "[seeding] melting_point_K")
    if plan.driving_force_eV is not None and min(plan.driving_force_eV) <= 0:
        raise own.error(
            "driving_force_eV", "numbers above 0, what a T gains by leaving the melt for the crystal: where it "
            "gains nothing no nucleus is critical"
        )  # fmt: skip
    if plan.settle_ps >= 10 * plan.time_ps:
        raise own.error("settle_ps", f"less than ten times as long as a seed is watched ({plan.time_ps:g} ps)")
    if plan.hold_ps >= plan.time_ps:
        raise own.error("time_ps", "more than a seed is held: it has to be watched until it grew or melted")
