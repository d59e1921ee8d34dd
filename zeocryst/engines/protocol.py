"""What an engine is: a generator of samples of a run, with `minimize` and `evaluate` beside it.

An engine integrates and nothing else. It knows no order parameter and writes no file of the user's; the
caller writes, measures and stops between the samples it yields.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from zeocryst.beads import AGGREGATE_MARK, N_S_MARK, N_T_MARK, PARTICLE_MARK, Beads
from zeocryst.condition import Stage
from zeocryst.errors import BOILED, EXPLODED, InputError, SimulationError
from zeocryst.model.forcefield import ForceField
from zeocryst.units import BAR_PER_EV_PER_A3, BOLTZMANN_EV_PER_K, EV_PER_AMU_A2_PER_PS2

if TYPE_CHECKING:
    import gsd.hoomd


#: Relaxation times of thermostats and barostats, ps.
THERMOSTAT_PS = 0.1
BAROSTAT_PS = 1.0
#: Stop of a minimization, eV/Å.
FORCE_TOLERANCE = 1e-5
#: Name under which a frame's log says which beads are held fixed, and by a slab of which share: that share for
#: those that are, minus it for the others, 0 for all where there is no slab. A share of 1 is no slab: these are
#: the beads of the crystal seed.
HELD_MARK = "particles/zeocryst/held"
THE_SEED = 1.0
#: Name under which it says which beads are those of the crystal seed that was put in.
SEED_MARK = "particles/zeocryst/seed"
#: What of a frame's log belongs to its state.
KEPT_MARKS = (HELD_MARK, SEED_MARK, N_T_MARK, N_S_MARK, PARTICLE_MARK, AGGREGATE_MARK)
#: A box that has grown to so many times its volume has lost its liquid.
MOST_GROWN = 1000.0
#: Twice the highest temperature that a condition may ask for; a run that is hotter has exploded.
HOTTEST_K = 2e5


@dataclass(frozen=True)
class EngineInfo:
    """What ran: for the provenance of every result. Threads are those of each rank (process)."""

    name: str
    version: str
    device: str
    precision: str
    threads: int
    ranks: int = 1


@dataclass(frozen=True)
class Offer:
    """Whether an engine can run here.

    Attributes
    ----------
    preference : int
        The engine with the highest is chosen when none is asked for; 0 when it cannot run.
    device : str
        "cpu" or "gpu".
    reason : str
        Why, in words for the user: what it would run on, or what is missing and how to install it.
    """

    preference: int
    device: str
    reason: str


@dataclass(frozen=True)
class Sample:
    """The state of a run between two chunks of steps.

    Attributes
    ----------
    step : int
        Time steps done in this stage.
    temperature_K : float
        Of the beads that move: their kinetic energy over kB/2 times `degrees_of_freedom`. Brownian dynamics
        has no velocities: there it is that of the bath, which the velocities would have at any time.
    pressure_bar, energy_eV, volume_A3 : float
        Pressure, potential energy of all beads, volume.
    frame : callable
        Makes the frame (positions, velocities, images, box). Call it only where one is needed, and
        before the next sample is asked for: it reads the engine's memory.
    """

    step: int
    temperature_K: float
    pressure_bar: float
    energy_eV: float
    volume_A3: float
    frame: Callable[[], gsd.hoomd.Frame]


@dataclass(frozen=True)
class Evaluation:
    """Energy (eV), forces (N, 3) eV/Å and virial (6,) eV of a frame at rest.

    The virial's order is xx, yy, zz, xy, xz, yz; its trace / (3 V) is the pressure.
    """

    energy_eV: float
    forces: NDArray[np.float64]
    virial_eV: NDArray[np.float64]
    pressure_bar: float


class Engine(Protocol):
    """What `zeocryst.running.simulation` asks of an engine."""

    info: EngineInfo

    def run(
        self,
        frame: gsd.hoomd.Frame,
        stage: Stage,
        *,
        seed: int,
        every: int | Callable[[int], int],
        begin: int = 0,
        friction: Mapping[str, float] | None = None,
        adapt: Callable[[int, str], None] | None = None,
    ) -> Generator[Sample]:
        """Integrate a stage, yielding a sample at its beginning and after each `every` steps.

        Where `every` is a function it is asked for the number of steps to the next sample, and told those done.
        The way does not depend on it. With `adapt` an engine may go on with another number of threads where
        that is faster, and says so: the number, and a sentence. One that was given one thread stays with it.

        `begin` is the number of steps of the stage that an earlier run has done already. `friction` is that of
        each bead type in the solvent, amu/ps, which Brownian dynamics needs; Langevin dynamics without it has
        mass / `THERMOSTAT_PS`. Frames of Brownian dynamics have beads at rest. Where the stage holds beads, its
        frames say which (`hold`). The caller closes it where the stage ends before its time.
        """
        ...

    def check(self, frame: gsd.hoomd.Frame, stages: Iterable[Stage] = ()) -> None:
        """Raise `InputError` if the engine cannot run such stages from a frame like this.

        It is called before anything is written.
        """
        ...

    def minimize(self, frame: gsd.hoomd.Frame) -> tuple[gsd.hoomd.Frame, float]:
        """The nearest energy minimum at fixed box, with the beads at rest, and its energy in eV.

        Raises KeyboardInterrupt where a signal broke it off (`zeocryst.foundation.machine.breakable`).
        """
        ...

    def descend(self, frame: gsd.hoomd.Frame) -> Generator[Sample]:
        """The way to that minimum, in steps of a few tenths of an Å at most, ending there.

        For a caller that has to stop before the minimum. Beads are at rest in its frames, and temperatures of
        the samples mean nothing.
        """
        ...

    def evaluate(self, frame: gsd.hoomd.Frame) -> Evaluation:
        """Energy, forces and virial of a frame as it is."""
        ...


def shares_of(engine: Engine) -> dict[str, Any]:
    """Where the time of an engine's runs on several ranks went so far; empty for one in one process.

    Such an engine has an attribute ``shares``, whose ``record()`` has ``imbalance`` (largest over mean of the
    ranks: ``beads``, ``beads_now``, ``time``), ``ghosts_per_bead``, and ``seconds`` by what took them.
    """
    shares = getattr(engine, "shares", None)
    return {} if shares is None else dict(shares.record())


class EngineModule(Protocol):
    """What each module of this package offers that is an engine, and that of a plugin with one.

    A plugin has besides ``KINDS``, the kinds of stages that it integrates, such as ``("nve", "langevin")``. Its
    engine needs `info`, `run` and `evaluate` only, and is given `every` as a function: without `minimize` and
    `descend` the way to a minimum is found by `zeocryst.engines.fire`, and without `check` it runs all of its
    kinds, but not with rigid precursors.

    ``SPREADS`` says whether several processes can share its work.
    """

    NAME: str
    LABEL: str
    CITED: str
    SPREADS: bool

    def offer(self, device: str) -> Offer:
        """Whether the engine can run on "auto", "cpu" or "gpu"."""
        ...

    def create(self, forcefield: ForceField, device: str, threads: int) -> Engine:
        """An engine for a force field."""
        ...


def next_sample(every: int | Callable[[int], int], done: int, n_steps: int) -> int:
    """The time step of the next sample of a stage; see `Engine.run`."""
    return min(done + (every if isinstance(every, int) else every(done)), n_steps)


def evaluation_of(
    frame: gsd.hoomd.Frame, energy_eV: float, forces: ArrayLike, virial_eV: ArrayLike
) -> Evaluation:
    """Energy, forces and virial with the pressure that follows from them; arguments as in `Evaluation`."""
    virial = np.asarray(virial_eV, dtype=float)
    size = Beads.of(frame).volume
    pressure = float(virial[:3].sum()) / (3 * size) * BAR_PER_EV_PER_A3
    return Evaluation(float(energy_eV), np.asarray(forces, dtype=float), virial, pressure)


def sample_of(
    step: int, frame: gsd.hoomd.Frame, found: Evaluation, stage: Stage, held: NDArray[np.bool_]
) -> Sample:
    """The sample of a state whose forces are known: temperature and pressure follow from the velocities.

    Parameters
    ----------
    step
        Time steps done in the stage.
    frame
        The state, with velocities.
    found
        What `Engine.evaluate` says of it.
    stage
        Its stage.
    held : (N,) bool array
        Beads that are held fixed (`hold`).

    Raises
    ------
    SimulationError
        The run has exploded.
    """
    mass, velocity = np.asarray(frame.particles.mass, float), np.asarray(frame.particles.velocity, float)
    kinetic = 0.5 * float(mass @ (velocity**2).sum(axis=1)) * EV_PER_AMU_A2_PER_PS2
    freedom = degrees_of_freedom(stage, int((~held).sum()), len(held))
    temperature = 2 * kinetic / (max(freedom, 1) * BOLTZMANN_EV_PER_K)
    check_sane(found.energy_eV, temperature)
    size = Beads.of(frame).volume
    pressure = found.pressure_bar + 2 * kinetic / (3 * size) * BAR_PER_EV_PER_A3
    return Sample(step, temperature, pressure, found.energy_eV, size, lambda: frame)


def check_sane(energy_eV: float, temperature_K: float, beads_at_rest: int = 0) -> None:
    """Raise `SimulationError` where a run has exploded: no numbers any more, or far too hot.

    Without velocities, as in Brownian dynamics, the energy tells: give the number of beads then.
    """
    hot = temperature_K > HOTTEST_K or energy_eV > beads_at_rest * BOLTZMANN_EV_PER_K * HOTTEST_K > 0
    if not np.isfinite([energy_eV, temperature_K]).all() or hot:
        raise SimulationError(
            f"the energy became {energy_eV:.4g} eV, the temperature {temperature_K:.4g} K: {EXPLODED}"
        )


def check_volume(volume_A3: float, first_A3: float) -> None:
    """Raise `SimulationError` where a box has grown so much that what was in it is a gas, and grows on.

    Parameters
    ----------
    volume_A3, first_A3
        Now, and when the stage began.
    """
    if not volume_A3 <= MOST_GROWN * first_A3:
        times = (
            f"{volume_A3 / first_A3:.3g} times its volume" if np.isfinite(volume_A3) else "no numbers any more"
        )
        raise SimulationError(f"{BOILED} ({times}, from {first_A3:.4g} Å^3)")


def frictions(
    stage: Stage, friction: Mapping[str, float] | None, masses: Mapping[str, float]
) -> dict[str, float]:
    """Friction of each bead type, amu/ps, in a stage of Langevin or Brownian dynamics.

    Parameters
    ----------
    stage
        The stage.
    friction
        That of the solvent; without one velocities relax in `THERMOSTAT_PS`.
    masses
        Mass of each bead type, amu.

    Raises
    ------
    InputError
        Brownian dynamics without a solvent, or a bead type without a friction.
    """
    if friction is None and stage.kind == "langevin":
        return {name: mass / THERMOSTAT_PS for name, mass in masses.items()}
    missing = [name for name in masses if name not in (friction or {})]
    if friction is None or missing:
        raise InputError(f"{stage.kind} dynamics needs the friction of {', '.join(missing)} in the solvent")
    return {name: friction[name] for name in masses}


def moved_frame(
    old: gsd.hoomd.Frame, box: ArrayLike, position: ArrayLike, velocity: ArrayLike, image: ArrayLike
) -> gsd.hoomd.Frame:
    """The beads of a frame in another state.

    Parameters
    ----------
    old
        Types and masses; bodies, diameters, which beads are held and what is in particles, where it says so.
    box : (6,) array
        As in GSD, Å.
    position, velocity, image : (N, 3) arrays
        Å, with the origin in the middle of the box and wrapped into it; Å/ps; whole numbers.
    """
    import gsd.hoomd

    frame = gsd.hoomd.Frame()
    frame.configuration.box = list(np.asarray(box))
    frame.particles.N = old.particles.N
    frame.particles.types = old.particles.types
    frame.particles.typeid = old.particles.typeid
    frame.particles.mass = old.particles.mass
    frame.particles.body = old.particles.body
    frame.particles.diameter = old.particles.diameter
    frame.particles.position = position
    frame.particles.velocity = velocity
    frame.particles.image = np.asarray(image).astype(np.int32)
    frame.log |= {mark: old.log[mark] for mark in KEPT_MARKS if mark in old.log}
    return frame


def rigid_bodies(frame: gsd.hoomd.Frame, stages: Iterable[Stage]) -> NDArray[np.int64]:
    """Number of the rigid body of each bead, (N,), -1 for none: all -1 unless a stage has rigid precursors.

    A precursor of one bead is no body.

    Raises
    ------
    InputError
        A stage has rigid precursors and the frame has no precursors of two beads or more.
    """
    none = np.full(frame.particles.N, -1, dtype=np.int64)
    wanting = [n for n, stage in enumerate(stages, start=1) if stage.rigid_precursors]
    if not wanting:
        return none
    given = none if frame.particles.body is None else np.asarray(frame.particles.body, dtype=np.int64)
    _, which, sizes = np.unique(given, return_inverse=True, return_counts=True)
    found = np.where((given >= 0) & (sizes[which] > 1), given, -1)
    if (found < 0).all():
        raise InputError(
            f"stage {wanting[0]}: rigid_precursors = true, and the start has no precursors of two beads or more"
        )
    return found


def available_threads() -> int:
    """Number of cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS
        return os.cpu_count() or 1


def frozen_beads(positions: NDArray[np.float64], cell: NDArray[np.float64], share: float) -> NDArray[np.bool_]:
    """Beads of the seed region: the slab in the middle of the longest axis.

    Parameters
    ----------
    positions : (N, 3) array
        With the origin in the middle of the box, as in GSD, Å.
    cell : (3, 3) array, Å
    share
        Share of the axis that the slab takes.

    Returns
    -------
    (N,) bool array
    """
    if not share:
        return np.zeros(len(positions), dtype=bool)
    axis = int(np.argmax(np.linalg.norm(cell, axis=1)))
    fractional = positions @ np.linalg.inv(cell)[:, axis]
    return np.asarray(np.abs(fractional - np.round(fractional)) < share / 2)


def hold(frame: gsd.hoomd.Frame, share: float) -> tuple[gsd.hoomd.Frame, NDArray[np.bool_]]:
    """The beads that a stage holds fixed: those that the frame says, or the seed region's where it says none.

    A run that goes on, and a stage after one with the same region, hold the beads that were held: others may
    have come into the slab since. The beads of a crystal seed are those that the frame says.

    Parameters
    ----------
    frame
        Where the stage, or the rest of it, begins.
    share
        Share of the longest axis that the slab takes; 0 for no slab; `THE_SEED` for the beads of the seed.

    Returns
    -------
    frame
        The same state, which says in its log what is held; `moved_frame` passes that on.
    held : (N,) bool array
    """
    said = np.asarray(frame.log.get(HELD_MARK, ()), dtype=np.float32)
    if share == THE_SEED:
        held = np.asarray(frame.log.get(SEED_MARK, np.zeros(frame.particles.N))) > 0
    elif share and len(said) == frame.particles.N and (np.abs(said) == np.float32(share)).all():
        held = said > 0
    else:
        beads = Beads.of(frame)
        held = frozen_beads(beads.centred, beads.cell, share)
    marked = copy.copy(frame)
    marked.log = {mark: frame.log[mark] for mark in KEPT_MARKS if mark in frame.log and mark != HELD_MARK}
    if share:
        marked.log[HELD_MARK] = np.where(held, share, -share).astype(np.float32)
    return marked, held


def degrees_of_freedom(stage: Stage, moving: int, beads: int) -> int:
    """Degrees of freedom of the beads that move.

    Three for each, less three where the total momentum is conserved and so has no thermal motion: where all
    beads move, and nothing outside acts on them. A slab that is held takes momentum up, and so does a solvent
    (Langevin dynamics); Bussi's and Nosé and Hoover's thermostats scale velocities, which keeps a momentum of
    zero.
    """
    conserved = moving == beads and stage.kind in ("nve", "nvt", "npt")
    return 3 * moving - (3 if conserved else 0)
