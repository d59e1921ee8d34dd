"""HOOMD-blue behind the interface of an engine.

Its units here are Å, eV and amu, so that its unit of time is sqrt(amu Å^2/eV) = 10.18051 fs. The model runs
with `zeocryst.engines.hoomd.force.StillingerWeber`; pairs without triplets run with HOOMD-blue's own table on a
GPU, and where their form is another, such as that of particles.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import hoomd
import hoomd.md
import numba
import numpy as np
from numpy.typing import NDArray

from zeocryst.cell import box_to_cell, wrap_counting
from zeocryst.condition import Stage
from zeocryst.engines.hoomd.force import StillingerWeber, check_box, check_shrunk
from zeocryst.engines.protocol import (
    BAROSTAT_PS,
    FORCE_TOLERANCE,
    THERMOSTAT_PS,
    EngineInfo,
    Evaluation,
    Sample,
    check_sane,
    evaluation_of,
    frictions,
    hold,
    moved_frame,
    next_sample,
    rigid_bodies,
)
from zeocryst.errors import EXPLODED, InputError, MissingEngineError, SimulationError
from zeocryst.foundation.machine import breakable
from zeocryst.model.forcefield import ForceField, TwoBody
from zeocryst.units import BAR_PER_EV_PER_A3, BOLTZMANN_EV_PER_K, PS_PER_DERIVED_TIME

if TYPE_CHECKING:
    import gsd.hoomd

#: Points of a two-body table, which HOOMD-blue joins by straight lines. A pair that needs more
#: (`TwoBody.detail_A`) has one every so many of its details, but no more points than this.
TABLE_POINTS, POINTS_PER_DETAIL, MOST_TABLE_POINTS = 20_000, 10, 200_000
#: Shortest distance in a two-body table, Å; nearer than this HOOMD-blue takes the force to be zero.
TABLE_START_A = 0.1
#: Width of the buffer of the list that the table has, on a GPU: pairs with S are few and their cut-off is long,
#: so that a longer list costs little and lasts.
TABLE_BUFFER_A = 1.5
#: The same between particles, as a share of their cut-off.
PARTICLE_BUFFER = 0.1
#: Longest time step of a minimization, in HOOMD-blue's unit of time: 3 fs. A melt of 420 beads takes 17400
#: steps to its minimum with 0.1, 5400 with 0.2, 3400 with 0.3 and 4400 with 0.4.
FIRE_STEP = 0.3
#: Most steps of a minimization, and those between two samples of a descent.
MOST_STEPS, DESCENT_STEPS = 200_000, 4
#: A minimization has ended, too, when so many steps have lowered the energy by less than this, eV per bead.
STANDSTILL_STEPS, STANDSTILL_EV = 2000, 1e-7

Floats = NDArray[np.float64]


def buffer_of(forcefield: ForceField) -> float:
    """Width of the buffer of a table's list, Å; of particles a share of their range."""
    if forcefield.of_stillinger_weber:
        return TABLE_BUFFER_A
    return max(TABLE_BUFFER_A, PARTICLE_BUFFER * forcefield.cutoff_A)


class HoomdEngine:
    """Runs a Stillinger-Weber force field with HOOMD-blue.

    Parameters
    ----------
    forcefield
        The model.
    device
        "cpu" or "gpu".
    threads
        Threads of the Stillinger-Weber force on a CPU; the rest of HOOMD-blue runs on one.

    Raises
    ------
    InputError
        It was started on several MPI ranks.
    """

    def __init__(self, forcefield: ForceField, device: str, threads: int) -> None:
        self._forcefield = forcefield
        make = hoomd.device.GPU if device == "gpu" else hoomd.device.CPU
        try:
            self._device = make(notice_level=0)
        except RuntimeError as error:
            raise MissingEngineError(f"HOOMD-blue cannot use the {device}: {_words(error)}") from None
        if self._device.communicator.num_ranks > 1:
            raise InputError("the engine hoomd runs on one MPI rank; start zeocryst without mpirun")
        self._threads = threads
        bits = "/".join(str(b) for b in hoomd.version.floating_point_precision)
        self.info = EngineInfo("hoomd", hoomd.version.version, device, f"{bits} bit", threads)

    # ---- what an engine does ------------------------------------------------------------------

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
        """Integrate a stage; see `zeocryst.engines.protocol.Engine.run`."""
        session = _Session(self._forcefield, self._device, frame, seed, begin)
        session.integrate(stage, friction)
        numba.set_num_threads(min(self._threads, numba.config.NUMBA_NUM_THREADS))
        session.step(0)
        yield session.sample()
        done = begin
        while done < stage.n_steps:
            sampled = next_sample(every, done, stage.n_steps)
            session.step(sampled - done)
            done = sampled
            yield session.sample()

    def check(self, frame: gsd.hoomd.Frame, stages: Iterable[Stage] = ()) -> None:
        """Refuse rigid precursors, and a box less than two cut-offs across; see `Engine.check`."""
        if (rigid_bodies(frame, stages) >= 0).any():
            raise InputError("the engine hoomd runs no rigid_precursors; leave them out, or use another engine")
        tabled = self.info.device == "gpu" or not self._forcefield.of_stillinger_weber
        buffer = buffer_of(self._forcefield) if tabled else 0.0
        check_box(np.asarray(frame.configuration.box), self._forcefield.cutoff_A + buffer)

    def minimize(self, frame: gsd.hoomd.Frame) -> tuple[gsd.hoomd.Frame, float]:
        """The nearest energy minimum at fixed box, by FIRE."""
        session = _Session(self._forcefield, self._device, frame, 1, 0)
        with breakable(lambda: None) as broken:  # each 200 steps end soon enough
            for _ in session.minimize(200):
                if broken:
                    raise KeyboardInterrupt
        return session.frame(), session.energy()

    def descend(self, frame: gsd.hoomd.Frame) -> Generator[Sample]:
        """The way to the minimum, by FIRE."""
        session = _Session(self._forcefield, self._device, frame, 1, 0)
        for _ in session.minimize(DESCENT_STEPS):
            yield session.sample()

    def evaluate(self, frame: gsd.hoomd.Frame) -> Evaluation:
        """Energy, forces and virial."""
        session = _Session(self._forcefield, self._device, frame, 1, 0)
        session.rest()
        session.step(0)
        virial = sum(force.virials.sum(axis=0) for force in session.forces)[[0, 3, 5, 1, 2, 4]]
        forces = sum(force.forces for force in session.forces)
        return evaluation_of(frame, session.energy(), forces, virial)


class _AskForPressure(hoomd.custom.Action):  # type: ignore[misc]
    """Has HOOMD-blue compute virials at the steps at which it acts."""

    flags = (hoomd.custom.Action.Flags.PRESSURE_TENSOR,)

    def act(self, timestep: int) -> None:
        """There is nothing to do: the virials are there for who looks."""


class _Session:
    """One simulation of HOOMD-blue with one frame in it."""

    def __init__(
        self, forcefield: ForceField, device: Any, frame: gsd.hoomd.Frame, seed: int, begin: int
    ) -> None:
        self._frame = frame
        self._forcefield = forcefield
        self._simulation = hoomd.Simulation(device=device, seed=seed % 65536)
        self._simulation.timestep = begin
        self._moving = hoomd.filter.All()
        self._stage: Stage | None = None
        try:
            self._simulation.create_state_from_snapshot(self._snapshot(device))
        except RuntimeError as error:
            raise SimulationError(f"HOOMD-blue refuses the frame: {_words(error)}") from None
        self.forces = self._potential(device)

    def _snapshot(self, device: Any) -> Any:
        """The frame, with positions wrapped into the box and HOOMD-blue's unit of time."""
        given = self._frame.particles
        box = np.asarray(self._frame.configuration.box, dtype=float)
        inside, turns = wrap_counting(given.position, box_to_cell(box))
        snapshot = hoomd.Snapshot(device.communicator)
        snapshot.configuration.box = box.tolist()
        snapshot.particles.N = given.N
        snapshot.particles.types = list(given.types)
        snapshot.particles.typeid[:] = given.typeid
        snapshot.particles.mass[:] = given.mass
        snapshot.particles.position[:] = inside
        if given.velocity is not None:
            snapshot.particles.velocity[:] = np.asarray(given.velocity) * PS_PER_DERIVED_TIME
        snapshot.particles.image[:] = turns if given.image is None else turns + given.image
        return snapshot

    def _potential(self, device: Any) -> list[Any]:
        """The forces: one for all pairs, or a table for those without triplets on a GPU, or of another form."""
        forcefield = self._forcefield
        present = list(self._frame.particles.types)
        tabled = not forcefield.of_stillinger_weber
        if not tabled and not isinstance(device, hoomd.device.GPU):
            return [StillingerWeber(forcefield, present)]
        three = [t for t in present if any(t in triplet for triplet in forcefield.triplets)]
        # cut-offs of particles differ little, and cells of their size are quicker to look through than a tree
        near = hoomd.md.nlist.Cell if tabled else hoomd.md.nlist.Tree
        table = hoomd.md.pair.Table(near(buffer=buffer_of(self._forcefield), exclusions=()))
        for k, a in enumerate(present):
            for b in present[k:]:
                acts = not (a in three and b in three)
                pair = forcefield.pairs[a, b]
                table.params[a, b] = _table(pair) if acts else {"r_min": 0.0, "U": [0.0], "F": [0.0]}
                table.r_cut[a, b] = pair.cutoff_A if acts else 0.0
        return [StillingerWeber(forcefield, three), table] if three else [table]

    # ---- integrators --------------------------------------------------------------------------

    def integrate(self, stage: Stage, friction: Mapping[str, float] | None) -> None:
        """Integrator, thermostat and barostat of a stage."""
        self._stage = stage
        self._frame, frozen = hold(self._frame, stage.seed_region)
        if frozen.any():
            self._moving = hoomd.filter.Tags(np.flatnonzero(~frozen).tolist())
        self._n_moving = int((~frozen).sum())
        self._start(
            hoomd.md.Integrator(
                dt=stage.timestep_fs / 1000 / PS_PER_DERIVED_TIME,
                methods=[self._method(stage, friction)],
                forces=self.forces,
            )
        )

    def _method(self, stage: Stage, friction: Mapping[str, float] | None) -> Any:
        methods, thermostats = hoomd.md.methods, hoomd.md.methods.thermostats
        if stage.kind == "nve":
            return methods.ConstantVolume(filter=self._moving)
        assert stage.temperature_K is not None  # read_condition gives the others a temperature
        first, last = (BOLTZMANN_EV_PER_K * t for t in stage.temperature_K)
        kt = hoomd.variant.Ramp(A=first, B=last, t_start=0, t_ramp=stage.n_steps)
        tau = THERMOSTAT_PS / PS_PER_DERIVED_TIME
        if stage.kind == "nvt":
            return methods.ConstantVolume(filter=self._moving, thermostat=thermostats.Bussi(kt, tau=tau))
        if stage.kind in ("langevin", "brownian"):
            make = methods.Langevin if stage.kind == "langevin" else methods.Brownian
            method = make(filter=self._moving, kT=kt)
            given = frictions(stage, friction, self._forcefield.masses)
            for name in self._frame.particles.types:
                method.gamma[name] = given[name] * PS_PER_DERIVED_TIME
            return method
        coupling = {"iso": "xyz", "aniso": "none", "triclinic": "none"}[stage.coupling]
        tilts = stage.coupling == "triclinic"
        return methods.ConstantPressure(
            filter=self._moving,
            S=stage.pressure_bar / BAR_PER_EV_PER_A3,
            tauS=BAROSTAT_PS / PS_PER_DERIVED_TIME,
            couple=coupling,
            box_dof=[True, True, True, tilts, tilts, tilts],
            thermostat=thermostats.MTTK(kt, tau=tau),
        )

    def rest(self) -> None:
        """No motion: for energies and forces of the frame as it is."""
        self._start(hoomd.md.Integrator(dt=0.0, forces=self.forces))

    def minimize(self, every: int) -> Generator[None]:
        """Run FIRE until the forces are gone, with a break after each `every` steps."""
        fire = hoomd.md.minimize.FIRE(
            dt=FIRE_STEP,
            # HOOMD-blue compares accelerations, and the change of the energy per bead
            force_tol=FORCE_TOLERANCE / max(self._forcefield.masses.values()),
            angmom_tol=1e10,  # there are no orientations
            energy_tol=1e-12,
            methods=[hoomd.md.methods.ConstantVolume(filter=hoomd.filter.All())],
            forces=self.forces,
        )
        self._start(fire)
        chunks = max(1, round(STANDSTILL_STEPS / every))
        energies = [np.inf] * chunks
        for _ in range(0, MOST_STEPS, every):
            self.step(every)
            energies.append(self.energy())
            yield
            # in a dilute solution beads drift towards each other for ever, under next to no force
            gained = (energies[-1 - chunks] - energies[-1]) / self._frame.particles.N
            if fire.converged or gained < STANDSTILL_EV:
                return
        raise SimulationError(f"the minimization did not end within {MOST_STEPS} steps")

    def _start(self, integrator: Any) -> None:
        operations = self._simulation.operations
        operations.integrator = integrator
        self._thermo = hoomd.md.compute.ThermodynamicQuantities(filter=hoomd.filter.All())
        self._motion = hoomd.md.compute.ThermodynamicQuantities(filter=self._moving)
        operations.computes.extend([self._thermo, self._motion])
        self._ask = hoomd.write.CustomWriter(action=_AskForPressure(), trigger=hoomd.trigger.On(0))
        operations.writers.append(self._ask)

    def step(self, count: int) -> None:
        """Run some steps."""
        try:
            # virials are computed only when somebody looks at the pressure: at the end
            self._ask.trigger = hoomd.trigger.On(self._simulation.timestep + count)
            self._simulation.always_compute_pressure = count == 0
            self._simulation.run(count)
        except SimulationError:
            raise
        except RuntimeError as error:
            if "box is too small" in str(error):  # its own lists, on a GPU, look a buffer farther
                reach = self._forcefield.cutoff_A + buffer_of(self._forcefield)
                check_shrunk(
                    np.asarray([*self._simulation.state.box.L, *self._simulation.state.box.tilts]), reach
                )
            burst = "no longer in the simulation box" in str(error) or "NaN" in str(error)
            raise SimulationError(
                f"HOOMD-blue stopped: {_words(error)}" + (f"; {EXPLODED}" if burst else "")
            ) from None

    # ---- what came of it ----------------------------------------------------------------------

    def energy(self) -> float:
        """Potential energy, eV."""
        return float(sum(force.energy for force in self.forces))

    def sample(self) -> Sample:
        """The state now."""
        step, space = int(self._simulation.timestep), float(self._simulation.state.box.volume)
        energy, pressure = self.energy(), self._thermo.pressure
        if self._brownian:
            # HOOMD-blue draws velocities that mean nothing; in the mean they give the bath's temperature
            assert self._stage is not None
            temperature = self._stage.temperature_at(step)
            motion = self._n_moving * BOLTZMANN_EV_PER_K * temperature - self._thermo.kinetic_energy * 2 / 3
            pressure += motion / space
            check_sane(energy, temperature, self._n_moving)
        else:
            temperature = self._motion.kinetic_temperature / BOLTZMANN_EV_PER_K
            check_sane(energy, temperature)
        return Sample(step, float(temperature), float(pressure * BAR_PER_EV_PER_A3), energy, space, self.frame)

    @property
    def _brownian(self) -> bool:
        return self._stage is not None and self._stage.kind == "brownian"

    def frame(self) -> gsd.hoomd.Frame:
        """The frame now."""
        snapshot = self._simulation.state.get_snapshot()
        beads = snapshot.particles
        position, velocity = (np.array(a, dtype=float) for a in (beads.position, beads.velocity))
        if self._stage is None or self._brownian:  # FIRE leaves velocities, too
            velocity[:] = 0.0
        return moved_frame(
            self._frame, snapshot.configuration.box, position, velocity / PS_PER_DERIVED_TIME, beads.image
        )


def _words(error: BaseException) -> str:
    """An error's message in one line."""
    return " ".join(str(error).split()).rstrip(".")


def _table(pair: TwoBody) -> dict[str, Any]:
    """The two-body part of a pair for HOOMD-blue's table, evenly spaced in r."""
    begin = max(TABLE_START_A, pair.start_A)
    needed = math.ceil((pair.cutoff_A - begin) / pair.detail_A * POINTS_PER_DETAIL)
    points = min(max(TABLE_POINTS, needed), MOST_TABLE_POINTS)
    r = np.linspace(begin, pair.cutoff_A, points, endpoint=False)
    energy, force = pair.two_body(r)
    return {"r_min": begin, "U": energy, "F": force}
