"""What a condition says, as frozen dataclasses."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from zeocryst.model.forcefield import ForceField, read_forcefield
from zeocryst.model.solvent import Solvent
from zeocryst.units import steps

#: Kinds of stages that change which beads there are.
EDITS = ("cut", "seed")
#: What a stage can be run until: what `zeocryst.order` calls it, in words, and the most that it can be.
UNTIL: dict[str, tuple[str, float]] = {
    "crystalline_share": ("the crystalline share", 1.0),
    "largest_grain_sites": ("the size of the largest grain (T)", math.inf),
    "largest_cluster_T": ("the size of the largest cluster (T)", math.inf),
}
#: Most frames that are kept in memory between two that are written.
MOST_FINE = 100
#: Framework density of a melt for which none is given, T per 1000 Å^3: that of T-S crystals.
DEFAULT_DENSITY = 17.8
#: Lowest density of a start, T per 1000 Å^3: a thousandth of the thinnest recipes.
LEAST_DENSITY = 1e-4


@dataclass(frozen=True)
class System:
    """Where a run starts.

    Attributes
    ----------
    start : {"framework", "melt", "gel", "file"}
        A crystal with S in its cages, a random liquid, clusters in solution, or a frame of the user's.
    framework : str or None
        Framework type, for ``framework`` and for a ``melt`` of it (its composition and cell).
    repeat : tuple of int
        Cells of it along each vector; of a file of atoms, too.
    S_in_cages : bool
        Whether an S sits in each large cage.
    n_T, n_S : int or None
        Composition of a ``melt`` or a ``gel``; of a gel with a recipe, `n_S` follows from it.
    density_T_per_1000A3 : float or None
        Its number density, T per 1000 Å^3; None where it follows from the recipe.
    recipe : dict or None
        Moles of each substance in a ``gel``; see `zeocryst.solution.recipe`.
    precursors : dict or None
        Share of the T of a ``gel`` that is in each oligomer; see `zeocryst.frameworks.oligomers`.
    file : str or None
        File of a ``file`` start, relative to the condition: GSD, or atoms in any format (CIF, ...).
    frame : int
        Which of its frames; -1 is the last.
    types : dict
        What T and S are called in the file, such as ``{T = "Si", S = "X"}`` or ``{T = ["Si", "Ge"]}``; or the
        other way round: ``{Si = "T", Ge = "T", X = "S"}``.
    """

    start: str
    framework: str | None = None
    repeat: tuple[int, int, int] = (1, 1, 1)
    S_in_cages: bool = True
    n_T: int | None = None
    n_S: int | None = None
    density_T_per_1000A3: float | None = DEFAULT_DENSITY
    recipe: dict[str, float] | None = None
    precursors: dict[str, float] | None = None
    file: str | None = None
    frame: int = -1
    types: dict[str, str | tuple[str, ...]] | None = None


@dataclass(frozen=True)
class Cut:
    """What is cut out, and the box it is put into.

    Attributes
    ----------
    margin_A : float
        The largest cluster is cut out with the beads that are nearer than this to one of its T.
    radius_A : float or None
        Instead of it, a ball of this radius about the place with the most T around: where all is one cluster.
    box : {"vacuum", "packed"}
        One that leaves it free, or one that it fills.
    """

    margin_A: float = 6.0
    radius_A: float | None = None
    box: str = "vacuum"


@dataclass(frozen=True)
class Seed:
    """A ball of crystal that is put into a frame."""

    framework: str
    radius_A: float


@dataclass(frozen=True)
class Until:
    """What a stage is run for: it ends early once this has held long enough.

    Attributes
    ----------
    quantity : str
        A key of `UNTIL`.
    value : float
        It is this or more; or less than this, where `below` is set.
    below : bool
    for_ps : float
        How long it has to have held, in every frame of that time.
    """

    quantity: str
    value: float
    for_ps: float
    below: bool = False

    def holds(self, value: float) -> bool:
        """Whether it holds where the quantity has this value."""
        return value < self.value if self.below else value >= self.value

    def __str__(self) -> str:
        """In words: "the crystalline share 0.98 or more for 100 ps"."""
        bound = f"below {self.value:g}" if self.below else f"{self.value:g} or more"
        return f"{UNTIL[self.quantity][0]} {bound} for {self.for_ps:g} ps"


@dataclass(frozen=True)
class Stage:
    """One stage of a run.

    Attributes
    ----------
    kind : {"minimize", "nve", "nvt", "langevin", "brownian", "npt", "cut", "seed"}
        ``nvt`` is Bussi's stochastic velocity rescaling, ``langevin`` Langevin dynamics, with the friction of
        the solvent where there is one, ``brownian`` its limit without inertia, ``npt`` Martyna, Tobias and
        Klein's. ``cut`` and ``seed`` take no time: they go on with other beads, as `edit` says.
    temperature_K : (float, float) or None
        At the start and at the end of the stage, in between linear in time. A ramp that ends early (`until`)
        goes at the same rate, so that it ends at another temperature.
    pressure_bar : float
    coupling : {"none", "iso", "aniso", "triclinic"}
        How the box follows the pressure; only with ``npt``.
    time_ps, timestep_fs : float
    edit : Cut, Seed or None
        Which beads a ``cut`` or a ``seed`` goes on with.
    seed_region : float
        Share of the box, nearest the middle of its longest axis, whose beads are held fixed; 0 for
        none. What is kept this way while the rest is melted is the crystal seed of later stages.
    rigid_precursors : bool
        Whether the precursors of the start move as rigid bodies; only with ``langevin``.
    until : Until or None
        What it is run for, if it can end before its time; `time_ps` is then the most that it takes.
    """

    kind: str
    temperature_K: tuple[float, float] | None = None
    pressure_bar: float = 0.0
    coupling: str = "none"
    time_ps: float = 0.0
    timestep_fs: float = 5.0
    seed_region: float = 0.0
    edit: Cut | Seed | None = None
    rigid_precursors: bool = False
    until: Until | None = None

    @property
    def n_steps(self) -> int:
        """Number of time steps, at most; 0 for a minimization and where beads are changed."""
        return 0 if self.kind in ("minimize", *EDITS) else steps(self.time_ps, self.timestep_fs)

    def temperature_at(self, step: float) -> float:
        """The temperature after a number of time steps, K; NaN for a stage that has none."""
        if self.temperature_K is None:
            return math.nan
        first, last = self.temperature_K
        return first + (last - first) * min(1.0, step / self.n_steps)


@dataclass(frozen=True)
class Output:
    """What is written: a frame every `interval_ps`, back-mapped atoms, a report.

    With `fine_ps` the frames between two of these are kept in memory, one every `fine_ps`, and written where
    something happened from the one to the other (`zeocryst.running.watching`). `measure` has the names of order
    parameters that are measured in every frame besides what every run measures (`zeocryst.order`).
    """

    interval_ps: float = 10.0
    backmap: bool = True
    report: bool = True
    fine_ps: float | None = None
    measure: tuple[str, ...] = ()


@dataclass(frozen=True)
class EngineChoice:
    """Engine, device and number of threads (0: as many as the machine lends)."""

    name: str = "auto"
    device: str = "auto"
    threads: int = 0


@dataclass(frozen=True)
class Condition:
    """A whole condition; `forcefield` is read and checked already."""

    name: str
    title: str
    seed: int
    system: System
    forcefield: str
    stages: tuple[Stage, ...]
    output: Output
    engine: EngineChoice
    folder: Path
    solvent: Solvent | None = None

    @property
    def friction(self) -> dict[str, float] | None:
        """Friction of each bead type in the solvent, amu/ps; None without one."""
        return None if self.solvent is None else self.solvent.friction

    @property
    def seed_framework(self) -> str | None:
        """Framework of the crystal seed that is put in; None without one."""
        seeds = [stage.edit.framework for stage in self.stages if isinstance(stage.edit, Seed)]
        return seeds[-1] if seeds else None

    @property
    def n_steps(self) -> int:
        """Time steps of all stages; the most, where one can end early."""
        return sum(stage.n_steps for stage in self.stages)

    @property
    def time_ps(self) -> float:
        """Simulated time of all stages, ps; the most, where one can end early."""
        return sum(stage.time_ps for stage in self.stages)

    @property
    def can_end_early(self) -> bool:
        """Whether a stage is run until something holds."""
        return any(stage.until is not None for stage in self.stages)

    @property
    def main_stage(self) -> int:
        """Number of the longest stage, from 0: what comes before it is preparation."""
        return max(range(len(self.stages)), key=lambda k: (self.stages[k].n_steps, k))

    def read_forcefield(self) -> ForceField:
        """The model; a file is looked for beside the condition."""
        beside = self.folder / self.forcefield
        return read_forcefield(beside if beside.is_file() else self.forcefield)
