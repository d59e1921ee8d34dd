"""What a condition says, as frozen dataclasses."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zeocryst.condition.events import Event
from zeocryst.errors import InputError
from zeocryst.foundation.textfiles import parse_toml
from zeocryst.model.forcefield import ForceField, read_beside
from zeocryst.model.solvent import Solvent
from zeocryst.units import steps

if TYPE_CHECKING:
    from zeocryst.condition.particles import Particles

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
#: Lowest density of a start, T per 1000 Å^3: a thousandth of the thinnest recipes.
LEAST_DENSITY = 1e-4


@dataclass(frozen=True)
class System:
    """Where a run starts.

    Attributes
    ----------
    start : {"framework", "melt", "gel", "file", "particles"}
        A crystal with S in its cages, a random liquid, clusters in solution, a frame of the user's, or what
        becomes of nanoparticles (`Condition.particles`).
    framework : str or None
        Framework type, for ``framework`` and for a ``melt`` of it (its composition and cell).
    repeat : tuple of int
        Cells of it along each vector; of a file of atoms, too.
    S_in_cages : bool
        Whether an S sits in each large cage; true unless the model has no S.
    n_T, n_S : int or None
        Composition of a ``melt`` or a ``gel``; of a gel with a recipe, `n_S` follows from it.
    density_T_per_1000A3 : float or None
        Its number density, T per 1000 Å^3; None where it follows from the recipe; of a melt for which none
        is given, as `zeocryst.model.scales` says.
    recipe : dict or None
        Moles of each substance in a ``gel``; see `zeocryst.solution.recipe`.
    precursors : dict or None
        Share of the T of a ``gel`` that is in each oligomer; see `zeocryst.frameworks.oligomers`.
    file : str or None
        File of a ``file`` start, relative to the condition: GSD, or atoms in any format (CIF, ...).
    frame : int
        Which of its frames; -1 is the last.
    new_velocities : bool
        Whether the beads of a GSD file get other velocities than they have there, from the first stage's
        temperature.
    types : dict
        What T and S are called in the file, such as ``{T = "Si", S = "X"}`` or ``{T = ["Si", "Ge"]}``; or the
        other way round: ``{Si = "T", Ge = "T", X = "S"}``.

    Examples
    --------
    What goes together is checked by the `Condition` that it becomes a part of.

    >>> import zeocryst as zc
    >>> zc.System("framework", framework="SOD", repeat=(2, 2, 2)).S_in_cages
    True
    """

    start: str
    framework: str | None = None
    repeat: tuple[int, int, int] = (1, 1, 1)
    S_in_cages: bool = True
    n_T: int | None = None
    n_S: int | None = None
    density_T_per_1000A3: float | None = None
    recipe: dict[str, float] | None = None
    precursors: dict[str, float] | None = None
    file: str | None = None
    frame: int = -1
    types: dict[str, str | tuple[str, ...]] | None = None
    new_velocities: bool = False


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
    """A ball of crystal that is put into a frame.

    Attributes
    ----------
    framework : str
        Framework type of the ball that a ``seed`` stage puts in.
    radius_A : float
        Radius of the ball.
    at_random : bool
        About any T and turned in any way, by the run's seed number; else where the most T are, unturned.
    """

    framework: str
    radius_A: float
    at_random: bool = False


@dataclass(frozen=True)
class Until:
    """What a stage is run for: it ends early once this has held long enough.

    Attributes
    ----------
    quantity : str
        A column of the run's table: a key of `UNTIL`, or any other that is measured in every frame.
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
        """Whether it holds where the quantity has this value; never of NaN."""
        return value < self.value if self.below else value >= self.value

    def __str__(self) -> str:
        """In words: "the crystalline share 0.98 or more for 100 ps"."""
        bound = f"below {self.value:g}" if self.below else f"{self.value:g} or more"
        words = UNTIL[self.quantity][0] if self.quantity in UNTIL else self.quantity
        return f"{words} {bound} for {self.for_ps:g} ps"


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
        The pressure that the box follows; only with ``npt``.
    coupling : {"none", "iso", "aniso", "triclinic"}
        How the box follows the pressure; only with ``npt``, where a `Condition` takes "iso" if it is not given.
    time_ps : float
        How long it takes, or at most takes (`until`).
    timestep_fs : float
        Its time step; where a condition has none, as `zeocryst.model.scales` says: 5 fs for silica and water.
    edit : Cut, Seed or None
        Which beads a ``cut`` or a ``seed`` goes on with.
    seed_region : float
        Share of the box, nearest the middle of its longest axis, whose beads are held fixed; 0 for
        none. What is kept this way while the rest is melted is the crystal seed of later stages.
    hold_seed : bool
        Whether the beads of the crystal that an earlier ``seed`` stage put in are held fixed.
    rigid_precursors : bool
        Whether the precursors of the start move as rigid bodies; only with ``langevin``.
    until : Until, tuple of Until or None
        What it is run for, if it can end before its time; `time_ps` is then the most that it takes. Of several
        it ends with whichever comes first.

    Examples
    --------
    What goes together is checked by the `Condition` that it becomes a part of.

    >>> import zeocryst as zc
    >>> cooling = zc.Stage("langevin", temperature_K=(1800, 860), time_ps=20)
    >>> cooling.n_steps, cooling.temperature_at(2000)
    (4000, 1330.0)
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
    until: Until | tuple[Until, ...] | None = None
    hold_seed: bool = False

    @property
    def ends(self) -> tuple[Until, ...]:
        """What can end it before its time."""
        return (self.until,) if isinstance(self.until, Until) else tuple(self.until or ())

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
    """What is written: frames, back-mapped atoms, a report.

    Attributes
    ----------
    interval_ps : float
        Time from one frame, with its row of ``order_parameters.csv``, to the next.
    backmap : bool or tuple of Event
        Whether the last frame becomes atoms; with events it does, and so does a frame for each; of a model
        whose T is no SiO4 none does.
    report : bool
        Whether the run ends with figures and ``report.html``.
    fine_ps : float or None
        Frames between two of these are kept in memory, one every so many ps, and written where something
        happened from the one to the other (`zeocryst.running.watching`).
    measure : tuple of str
        Names of order parameters that are measured in every frame besides what every run measures
        (`zeocryst.order`), with the framework behind a colon where they take one.
    """

    interval_ps: float = 10.0
    backmap: bool | tuple[Event, ...] = True
    report: bool = True
    fine_ps: float | None = None
    measure: tuple[str, ...] = ()

    @property
    def events(self) -> tuple[Event, ...]:
        """What is back-mapped on the way."""
        return () if isinstance(self.backmap, bool) else tuple(self.backmap)


@dataclass(frozen=True)
class EngineChoice:
    """What integrates.

    Attributes
    ----------
    name : str
        Name of an engine, or "auto" for the best of zeocryst's own that the machine has.
    device : {"auto", "cpu", "gpu"}
        What it runs on.
    threads : int
        How many threads; 0 for as many as the machine lends.
    """

    name: str = "auto"
    device: str = "auto"
    threads: int = 0


@dataclass(frozen=True, init=False)
class Condition:
    """A whole condition: where a run starts, with which model, through which stages, what it writes.

    One that is built here is checked as a ``condition.toml`` is, with the same messages; its tables are given
    as mappings, with the keys that TOML has, or as `System`, `Stage`, ... `dataclasses.replace` makes another
    one, which is checked again; printed, a condition is TOML.

    Parameters
    ----------
    system : System or mapping
        Where the run starts.
    stages : sequence of Stage or mapping
        What is done, one after the other; none where the run ends with its particles.
    name : str
        What it is called; of a file without a name its folder's name.
    title : str
        What it shows, in a line.
    seed : int
        Of all random numbers.
    forcefield : str
        Name of a shipped model, or a TOML file of one.
    output : Output or mapping, optional
        What is written.
    engine : EngineChoice or mapping, optional
        What integrates.
    solvent : Solvent or mapping, optional
        What gives the beads their friction.
    particles : Particles or mapping, optional
        The level above beads, from which these come; a mapping has the keys that TOML has.
    folder : path, optional
        Where relative paths begin; the working directory if not given.

    Attributes
    ----------
    forcefield : str
        It was read and checked already.

    Raises
    ------
    InputError
        A key is unknown, missing, of the wrong type or impossible, or keys contradict each other.

    Examples
    --------
    >>> import zeocryst as zc
    >>> condition = zc.Condition(
    ...     system={"start": "framework", "framework": "SOD", "repeat": (2, 2, 2)},
    ...     stages=[{"kind": "langevin", "temperature_K": 500, "time_ps": 20}],
    ...     seed=7,
    ... )
    >>> condition.n_steps
    4000
    >>> zc.Condition(system={"start": "framework", "framework": "SDO"}, stages=[])
    Traceback (most recent call last):
    zeocryst.errors.InputError: the condition: system: framework = 'SDO'; expected a known name; ...
    """

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
    particles: Particles | None = None

    def __init__(
        self,
        *,
        system: System | Mapping[str, Any],
        stages: Sequence[Stage | Mapping[str, Any]] = (),
        name: str = "run",
        title: str = "",
        seed: int = 1,
        forcefield: str = "ts",
        output: Output | Mapping[str, Any] | None = None,
        engine: EngineChoice | Mapping[str, Any] | None = None,
        solvent: Solvent | Mapping[str, Any] | None = None,
        particles: Particles | Mapping[str, Any] | None = None,
        folder: str | Path | None = None,
    ) -> None:
        from zeocryst.condition.building import checked

        made = checked(
            {"name": name, "title": title, "seed": seed},
            {"system": system, "forcefield": {"name": str(forcefield)}, "output": output, "engine": engine,
             "solvent": solvent, "particles": particles},
            stages,
            Path.cwd() if folder is None else Path(folder).resolve(),
        )  # fmt: skip
        self._fill(**vars(made))

    def _fill(self, **parts: Any) -> None:
        for key, value in parts.items():
            object.__setattr__(self, key, value)

    @classmethod
    def of_checked(cls, **parts: Any) -> Condition:
        """One of parts that were read and checked already."""
        made = cls.__new__(cls)
        made._fill(**parts)
        return made

    def with_checked(self, **parts: Any) -> Condition:
        """The same with other parts, which need no check (`dataclasses.replace` checks the whole)."""
        return Condition.of_checked(**vars(self) | parts)

    @classmethod
    def from_file(cls, path: str | Path) -> Condition:
        """Read and check a ``condition.toml``, or that of a folder; raises `InputError`."""
        from zeocryst.condition.reading import read_condition

        return read_condition(path)

    @classmethod
    def from_toml(cls, text: str, folder: str | Path | None = None) -> Condition:
        """Read and check a text; `folder` is where relative paths begin. Raises `InputError`."""
        from zeocryst.condition.building import WHERE
        from zeocryst.condition.reading import parse_condition

        place = Path.cwd() if folder is None else Path(folder).resolve()
        return parse_condition(parse_toml(text, WHERE), WHERE, place)

    @classmethod
    def shipped(cls, name: str) -> Condition:
        """One of those that come with zeocryst, such as ``sgt_seeded``; raises `InputError`."""
        from zeocryst.condition.reading import read_shipped

        return read_shipped(name)

    def to_toml(self) -> str:
        """The condition as TOML, with every default written out; reads back as the same condition."""
        from zeocryst.condition.writing import to_toml

        return to_toml(self)

    def write(self, path: str | Path) -> Path:
        """Write `to_toml` to a file that is not there yet; raises `InputError` where it is."""
        file = Path(path)
        if file.exists():
            raise InputError(f"{file} is there already; nothing is overwritten, give another name")
        file.write_text(self.to_toml(), "utf-8")
        return file

    def __str__(self) -> str:
        return self.to_toml()

    def _repr_html_(self) -> str:
        return f"<pre>{escape(self.to_toml())}</pre>"

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
        return any(stage.ends for stage in self.stages)

    @property
    def main_stage(self) -> int:
        """Number of the longest stage, from 0: what comes before it is preparation."""
        return max(range(len(self.stages)), key=lambda k: (self.stages[k].n_steps, k), default=0)

    def read_forcefield(self) -> ForceField:
        """The model; a file is looked for beside the condition."""
        return read_beside(self.folder, self.forcefield)
