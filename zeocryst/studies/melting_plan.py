r"""What a melting study runs: temperatures, boxes and the stages of each run, in the units of the model.

A run of a front: the crystal comes to temperature and pressure, half of it, across the face, is melted while
the other half is held, the melt is cooled to the temperature of the run, all is let go at constant pressure,
and then the two fronts are followed until they meet, the slab has melted, or the time is over.

Times and lengths that are not given are those of the T-S model (30 ps of melting, 40 ps of cooling, ...) in its
own units (`zeocryst.studies.scales`), so that they fit water and silicon as well. Melting points of the form
lie between 0.05 and 0.17 :math:`\epsilon / k` (silicon 0.067, mW water 0.088).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zeocryst.cell import heights
from zeocryst.errors import InputError
from zeocryst.foundation.tables import Table
from zeocryst.studies.scales import HOT, Scales, choose_repeat, interval, read_temperatures, two_digits

if TYPE_CHECKING:
    from zeocryst.condition import Condition

Floats = NDArray[np.float64]

FACES = ("a", "b", "c")
#: Keys of the table.
KEYS = (
    "faces", "temperatures_K", "search_K", "n_temperatures", "replicas", "time_ps", "timestep_fs",
    "pressure_bar", "hot_K", "warm_ps", "melt_ps", "cool_ps", "settle_ps", "length_A", "width_A", "enthalpy",
    "enthalpy_temperatures_K", "enthalpy_ps",
)  # fmt: skip
#: In units of tau: coming to temperature, melting, cooling, settling, following fronts, measuring an enthalpy.
WARM, MELT, COOL, SETTLE, FOLLOW, MEASURE = 100, 150, 200, 100, 10_000, 1000
#: In units of epsilon / k: where the melting point is looked for.
COLDEST, HOTTEST = 0.05, 0.17
#: In units of sigma: length along the normal and width across it, and the least of each: half of the length is
#: melt, in which two fronts have to stay apart (`zeocryst.order.fronts`), and across no bead should feel its
#: own image.
LENGTH, WIDTH, LEAST_LENGTH, LEAST_WIDTH = 24.0, 9.5, 12.0, 3.7
#: Frames of the time in which fronts are followed, and of a measured enthalpy.
FRAMES, SAMPLES = 60, 100
#: Share of the T that are crystalline at which the fronts have nearly met, and the slab is nearly gone.
GROWN, MELTED = 0.85, 0.15


@dataclass(frozen=True)
class Plan:
    """A melting study with every default; the keys of its table, and how often the cell is repeated.

    Attributes
    ----------
    repeats : dict
        By face: cells along each vector of the box that grows across it.
    bulk : tuple of int
        Those of the boxes of which enthalpies are measured.
    """

    faces: tuple[str, ...]
    temperatures_K: tuple[float, ...] | None
    search_K: tuple[float, float]
    n_temperatures: int
    replicas: int
    time_ps: float
    timestep_fs: float
    pressure_bar: float
    hot_K: float
    warm_ps: float
    melt_ps: float
    cool_ps: float
    settle_ps: float
    length_A: float
    width_A: float
    enthalpy: bool
    enthalpy_temperatures_K: tuple[float, ...] | None
    enthalpy_ps: float
    repeats: Mapping[str, tuple[int, int, int]]
    bulk: tuple[int, int, int]

    def table(self) -> dict[str, Any]:
        """The study's own table with every default; what is found on the way is left out."""
        found: dict[str, Any] = {}
        for key in KEYS:
            value = getattr(self, key)
            if value is not None:
                found[key] = list(value) if isinstance(value, tuple) else value
        return found

    def front_stages(self, temperature_K: float, time_ps: float) -> list[dict[str, Any]]:
        """Stages of a run whose fronts are followed for at most so long."""
        lasting = 2 * interval(time_ps, FRAMES)
        ends = [
            {"crystalline_share": GROWN, "for_ps": lasting},
            {"crystalline_share": {"below": MELTED}, "for_ps": lasting},
        ]
        return [
            self._npt(temperature_K, self.warm_ps),
            *self._molten(temperature_K, held=0.5),
            self._npt(temperature_K, self.settle_ps),
            self._npt(temperature_K, time_ps) | {"until": ends},
        ]

    def crystal_stages(self, temperature_K: float) -> list[dict[str, Any]]:
        """Stages of a crystal whose enthalpy is measured."""
        both = self.warm_ps + self.settle_ps
        return [self._npt(temperature_K, both), self._npt(temperature_K, self.enthalpy_ps)]

    def melt_stages(self, temperature_K: float) -> list[dict[str, Any]]:
        """Stages of a melt whose enthalpy is measured."""
        return [
            *self._molten(temperature_K, held=0.0),
            self._npt(temperature_K, 2 * self.settle_ps),
            self._npt(temperature_K, self.enthalpy_ps),
        ]

    def _molten(self, temperature_K: float, held: float) -> list[dict[str, Any]]:
        """Melting and cooling in a box that stays, with steps half as long, since beads are fast."""
        hot = max(self.hot_K, 1.2 * temperature_K)
        seed = {"seed_region": {"shape": "slab", "fraction": held}} if held else {}
        half = {"kind": "langevin", "timestep_fs": self.timestep_fs / 2} | seed
        return [
            half | {"temperature_K": hot, "time_ps": self.melt_ps},
            half | {"temperature_K": [hot, temperature_K], "time_ps": self.cool_ps},
        ]

    def _npt(self, temperature_K: float, time_ps: float) -> dict[str, Any]:
        return {
            "kind": "npt", "coupling": "aniso", "temperature_K": temperature_K, "time_ps": time_ps,
            "pressure_bar": self.pressure_bar, "timestep_fs": self.timestep_fs,
        }  # fmt: skip


def read_plan(
    own: Table, trial: Condition, cell: Floats, *, where: str, fixed: bool, timestep_fs: float
) -> Plan:
    """The study's own table, checked, with defaults in the model's units.

    Parameters
    ----------
    own
        The table ``[melt]``.
    trial
        A condition of the study: its model and start.
    cell : (3, 3) array, Å
        What is repeated.
    where
        The file, for messages.
    fixed
        Whether ``system.repeat`` was given, or the start can't be repeated.
    timestep_fs
        Default time step.

    Raises
    ------
    InputError
        A key is unknown or impossible, or the box is too thin.
    """
    own.known(*KEYS)
    scales = Scales.of(trial.read_forcefield())
    sigma, kelvin, time = scales.length_A, scales.kelvin, partial(scales.read_time, own)
    across = scales.across_A
    faces = _faces(own)
    length = own.number("length_A", two_digits(LENGTH * sigma), least=LEAST_LENGTH * sigma, most=1e4)
    width = own.number("width_A", two_digits(WIDTH * sigma), least=LEAST_WIDTH * sigma, most=1e4)
    temperatures = _temperatures(own, "temperatures_K", least=2)
    search = own.numbers(
        "search_K", 2, (two_digits(COLDEST * kelvin), two_digits(HOTTEST * kelvin)), least=0.1, most=3e4
    )
    if not search[0] < search[1]:
        raise own.error("search_K", "a range, the lower temperature first")
    if fixed:
        repeats = dict.fromkeys(faces, trial.system.repeat)
    else:
        repeats = {face: choose_repeat(cell, FACES.index(face), length, width, across) for face in faces}
    for face, repeat in repeats.items():
        try:
            check_box(cell, face, repeat, sigma)
        except InputError as error:
            raise InputError(f"{where}: {error}") from None
    made = Plan(
        faces, temperatures, (float(search[0]), float(search[1])),
        own.integer("n_temperatures", 5, least=2, most=100),
        own.integer("replicas", 3, least=1, most=1000),
        time("time_ps", FOLLOW),
        own.number("timestep_fs", timestep_fs, above=0, least=1e-3, most=20),
        own.number("pressure_bar", 0.0, least=-1e5, most=1e6),
        own.number("hot_K", two_digits(HOT * kelvin), above=0, most=1e5),
        time("warm_ps", WARM), time("melt_ps", MELT), time("cool_ps", COOL), time("settle_ps", SETTLE),
        length, width,
        own.flag("enthalpy", True), _temperatures(own, "enthalpy_temperatures_K", least=1),
        time("enthalpy_ps", MEASURE), repeats,
        trial.system.repeat if fixed else choose_repeat(cell, None, width, width, across),
    )  # fmt: skip
    own.finish()
    _check_times(own, made)
    return made


def _check_times(own: Table, plan: Plan) -> None:
    """The fronts are followed for longer than anything else lasts: what is longest is what is measured."""
    prepared = max(plan.warm_ps, plan.melt_ps, plan.cool_ps, plan.settle_ps)
    if plan.time_ps / 2 <= prepared:
        raise own.error(
            "time_ps",
            f"more than {2 * prepared:g}, twice the longest preparation: fronts have to move to be seen",
        )
    if plan.enthalpy_ps <= max(plan.melt_ps, plan.cool_ps, plan.warm_ps + plan.settle_ps, 2 * plan.settle_ps):
        raise own.error("enthalpy_ps", "more than each preparation takes")
    hottest = max(plan.temperatures_K or plan.search_K)
    if plan.hot_K <= hottest and "hot_K" not in own:
        raise own.whole_error(
            f"a hot_K of more than {hottest:g} K, the highest temperature of the study: by default half of the "
            f"box is melted at {plan.hot_K:g} K with this model"
        )
    if plan.hot_K <= hottest:
        raise own.error("hot_K", f"more than the highest temperature of the study, {hottest:g} K")


def _faces(own: Table) -> tuple[str, ...]:
    """The faces that grow."""
    expected = "a list of faces by the vector that leads across: a, b or c, each once"
    given = own.get("faces", expected, ["a"])
    good = isinstance(given, list) and given and all(face in FACES for face in given)
    if not good or len(set(given)) < len(given):
        raise own.error("faces", expected)
    return tuple(given)


def _temperatures(own: Table, key: str, *, least: int) -> tuple[float, ...] | None:
    """A list of temperatures in order; None where they are to be found."""
    if key not in own:
        return None
    expected = f"a list of at least {least} different temperatures, above 0 and at most 30000"
    if least > 1:
        expected += " (a melting point lies where fronts change their direction), or none, to have them found"
    return tuple(sorted(read_temperatures(own, key, expected, least=least)))


def check_box(cell: Floats, face: str, repeat: Sequence[int], sigma: float) -> None:
    """Raise `InputError` for a box that is too thin for a slab, or longest along another vector."""
    box = cell * np.array(repeat)[:, None]
    tall, edges = heights(box), np.linalg.norm(box, axis=1)
    k = FACES.index(face)
    shape = " x ".join(f"{edge:.1f}" for edge in edges)
    said = f"system.repeat = {list(repeat)} makes a box of {shape} Å"
    others = [j for j in range(3) if j != k]
    if tall[k] < LEAST_LENGTH * sigma:
        raise InputError(
            f"{said}: too thin for a slab of crystal and one of melt, which need {LEAST_LENGTH * sigma:.0f} Å "
            f"along {face}; repeat it more often, or leave repeat out and it is chosen"
        )
    if edges[k] <= max(edges[j] for j in others) * 1.0005:
        raise InputError(
            f"{said}, which is not longest along {face}, across the face that is to grow; repeat it more along "
            f"{face}, or leave repeat out and it is chosen"
        )
    if min(tall[j] for j in others) < LEAST_WIDTH * sigma:
        raise InputError(
            f"{said}: too narrow, beads would feel their own images; it needs {LEAST_WIDTH * sigma:.0f} Å "
            "across; repeat it more often, or leave repeat out and it is chosen"
        )
