"""An instance of LAMMPS with one frame in it: the stage, the potential and the state, in its commands.

Three-body types run with ``pair_style sw`` alone and the other pairs from a two-body table: a plain
``pair_style sw`` over all types would walk every triplet within the longest cut-off, about ten times slower.
Units are LAMMPS's ``metal`` (Å, eV, ps, g/mol = amu, bar, K), so that nothing has to be converted but the
virial.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from zeocryst.cell import box_to_cell, volume, wrap_counting
from zeocryst.condition import Stage
from zeocryst.engines.lammps.instance import Instance, what_failed
from zeocryst.engines.lammps.shares import Shares
from zeocryst.engines.lammps.spread import Spread
from zeocryst.engines.protocol import (
    BAROSTAT_PS,
    MOST_GROWN,
    THERMOSTAT_PS,
    Sample,
    check_sane,
    degrees_of_freedom,
    frictions,
    hold,
    moved_frame,
    rigid_bodies,
)
from zeocryst.errors import BOILED, SimulationError
from zeocryst.foundation.machine import unnamed_file
from zeocryst.model.forcefield import ForceField, TwoBody, write_sw
from zeocryst.units import BAR_PER_EV_PER_A3, BOLTZMANN_EV_PER_K

if TYPE_CHECKING:
    import gsd.hoomd

#: Points of a two-body table. With cubic splines between them the energy of SOD agrees with the formula
#: to 1e-13 relative (a linear table: 2e-7). A pair that needs more (`TwoBody.detail_A`) has more, but no more
#: than so many.
TABLE_POINTS, MOST_TABLE_POINTS = 4000, 60_000
#: Shortest distance in a two-body table, Å. Nearer than this LAMMPS raises inside an OpenMP thread, which
#: ends the process; so it is nearer than beads come before an exploding run is noticed.
TABLE_START_A = 0.05

#: Width of the neighbour list's skin, Å: in crystals and melts, and where there are fewer beads per Å^3 than
#: `DILUTE_PER_A3`. In a solution of 0.9 T per 1000 Å^3 the wider one makes steps 1.25 (Langevin) and 1.45 times
#: (Brownian) as fast, and in the aggregate that it becomes it costs nothing.
SKIN_A, DILUTE_SKIN_A = 1.0, 2.0
DILUTE_PER_A3 = 0.005
#: The same between particles, as a share of their cut-off: 1.6 times as fast as 2 Å.
PARTICLE_SKIN = 0.15
#: Stairs of a ramp of Brownian dynamics.
RAMP_STAIRS = 200
#: On several ranks: the box is cut anew where the rank with most beads has so many times the mean, looked at so
#: many steps apart.
UNEVEN, EVEN_STEPS = 1.1, 1000
#: The fix that ends a run whose box grows without end. It looks at each step: such a box doubles in a few.
GROWN = "grown"

Floats = NDArray[np.float64]


class Session:
    """One instance of LAMMPS with one frame in it.

    Parameters
    ----------
    forcefield
        The model.
    threads
        OpenMP threads, of each rank.
    frame
        What is in it.
    shares
        It is spread over the ranks, and this is told where the time goes; None for this process alone.
    """

    def __init__(
        self, forcefield: ForceField, threads: int, frame: gsd.hoomd.Frame, shares: Shares | None = None
    ) -> None:
        self._frame = frame
        self._shares = shares
        self._forcefield = forcefield
        self._stage: Stage | None = None
        self._seed = 0
        self._baths: dict[str, float] = {}
        self._open(threads)
        self._put(frame)
        self._potential()

    def _open(self, threads: int) -> None:
        self.threads = threads
        self._lammps = Instance(threads) if self._shares is None else Spread(threads, self._shares)

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self._lammps.close()

    @property
    def ranks(self) -> int:
        """Over how many ranks it is spread."""
        return self._lammps.ranks

    def end_soon(self) -> None:
        """Have the command that runs end after its present step; from another thread."""
        self._lammps.end_soon()

    def move(self, threads: int, friction: Mapping[str, float] | None) -> None:
        """Go on with another number of threads, which LAMMPS takes at its beginning only.

        Positions, velocities, box, thermostat and barostat go on as they were; a bath draws new random forces.
        """
        assert self._stage is not None
        step = self._lammps.step()
        with unnamed_file() as file:
            self.command(f"write_restart {file}")
            self._lammps.close()
            self._open(threads)
            self.command(f"read_restart {file}")
        self._potential()
        seed = int(np.random.SeedSequence([self._seed, step]).generate_state(1)[0]) % 900_000_000 + 1
        self._baths = {}
        self.fix(self._stage, seed, friction)
        self.command(f"timestep {self._stage.timestep_fs / 1000:.12g}")

    def advance(self, done: int, step: int, ready: bool) -> None:
        """Run from one time step to another; `ready` says that the last chunk has set all up."""
        assert self._stage is not None
        stage = self._stage
        # Brownian dynamics has one temperature: a ramp goes in stairs, set up anew at each
        ramp = self._brownian and len(set(stage.temperature_K or ())) > 1
        stair = max(1, stage.n_steps // RAMP_STAIRS) if ramp else stage.n_steps
        while done < step:
            # stairs have their places, wherever a chunk begins and ends
            top = min((done // stair + 1) * stair, stage.n_steps)
            if ramp and (done % stair == 0 or not ready):
                self.brownian(stage.temperature_at((done + top) / 2), done)
                ready = False
            chunk = min(top, step) - done
            again = "pre no" if ready else ""
            post = "post no" if self._shares is None else "post yes"
            self.command(f"run {chunk} start 0 stop {stage.n_steps} {again} {post}")
            done, ready = done + chunk, True

    def command(self, text: str) -> None:
        """Run one LAMMPS command."""
        try:
            self._lammps.command(text)
        except SimulationError:
            raise
        except Exception as error:  # the class that LAMMPS raises is private to its module
            if f"fix-id {GROWN}" in str(error):
                raise SimulationError(f"{BOILED} (to more than {MOST_GROWN:g} times its volume)") from None
            raise SimulationError(what_failed(text, error)) from None

    def _put(self, frame: gsd.hoomd.Frame) -> None:
        """Box, beads, masses and velocities."""
        types = self._forcefield.types
        cell = box_to_cell(frame.configuration.box)
        low = -cell.sum(axis=0) / 2
        high = low + np.diag(cell)
        for text in ("units metal", "atom_style atomic", "atom_modify map yes", "box tilt large"):
            self.command(text)
        bounds = " ".join(f"{a:.12g} {b:.12g}" for a, b in zip(low, high, strict=True))
        tilt = cell[1, 0], cell[2, 0], cell[2, 1]
        # bounds of a prism are those of its untilted corner
        shape = "block" if not any(tilt) else "prism"
        tilts = " ".join(f"{t:.12g}" for t in tilt) if any(tilt) else ""
        self.command(f"region box {shape} {bounds} {tilts}")
        self.command(f"create_box {len(types)} box")
        if self._shares is not None:
            self.command("comm_style tiled")
        number = np.array([types.index(name) + 1 for name in frame.particles.types], dtype=np.intc)
        kinds = number[np.asarray(frame.particles.typeid, dtype=np.intp)]
        inside, turns = wrap_counting(frame.particles.position, cell)
        self._image = turns if frame.particles.image is None else turns + frame.particles.image
        velocities = frame.particles.velocity
        if velocities is None:
            velocities = np.zeros_like(inside)
        made = self._lammps.create(kinds, inside, np.asarray(velocities, dtype=float))
        if made != len(kinds):
            raise SimulationError(f"LAMMPS took {made} of {len(kinds)} beads; the frame's box is damaged")
        for k, name in enumerate(types, start=1):
            self.command(f"mass {k} {self._forcefield.masses[name]:.12g}")

    def _potential(self) -> None:
        """Three-body types by `sw`, the other pairs by table."""
        forcefield = self._forcefield
        types = forcefield.types
        three = {t for key, v in forcefield.triplets.items() if v.lambda_ for t in key}
        inside = [t for t in types if t in three]
        pairs = [
            (i, j)
            for i in range(len(types))
            for j in range(i, len(types))
            if not (types[i] in three and types[j] in three)
        ]
        points = max([_points(forcefield.pairs[types[i], types[j]]) for i, j in pairs], default=TABLE_POINTS)
        styles = (["sw"] if inside else []) + ([f"table spline {points}"] if pairs else [])
        self.command("pair_style hybrid " + " ".join(styles))
        if inside:
            mapping = " ".join(t if t in three else "NULL" for t in types)
            with unnamed_file() as file:
                write_sw(forcefield, file, inside)
                self.command(f"pair_coeff * * sw '{file}' {mapping}")
        for i, j in pairs:
            section = f"{types[i]}_{types[j]}"
            with unnamed_file() as file:
                _write_table(file, section, forcefield.pairs[types[i], types[j]], points)
                self.command(f"pair_coeff {i + 1} {j + 1} table '{file}' {section}")
        beads = self._frame.particles.N / volume(box_to_cell(self._frame.configuration.box))
        skin = DILUTE_SKIN_A if beads < DILUTE_PER_A3 else SKIN_A
        if not forcefield.of_stillinger_weber:
            skin = max(skin, PARTICLE_SKIN * forcefield.cutoff_A)
        self.command(f"neighbor {skin:.12g} bin")
        self.command("neigh_modify delay 0 every 1 check yes")
        self.command("thermo_style custom step temp pe press vol")
        if self._shares is not None:
            self.command(f"balance {UNEVEN} rcb")

    def keep_even(self) -> None:
        """Cut the box anew where the ranks have become uneven, as the run goes on."""
        if self._shares is not None:
            self.command(f"fix even all balance {EVEN_STEPS} {UNEVEN} rcb")

    def fix(self, stage: Stage, seed: int, friction: Mapping[str, float] | None) -> None:
        """Integrator, thermostat and barostat of a stage."""
        self._stage, self._seed = stage, seed
        self._frame, held = hold(self._frame, stage.seed_region)
        frame, frozen = self._frame, np.flatnonzero(held) + 1
        if len(frozen):
            self.command("group frozen id " + " ".join(map(str, frozen)))
            self.command("group moving subtract all frozen")
            self.command("velocity frozen set 0 0 0")
        else:
            self.command("group moving union all")
        self._moving = frame.particles.N - len(frozen)
        if stage.kind == "brownian":
            self._group(frictions(stage, friction, self._forcefield.masses))
            self.command("compute virial all pressure NULL virial")
            self.command("thermo_modify press virial")
            self.brownian(stage.temperature_at(0), 0)
            return
        self.command("compute moving_temp moving temp")
        count = degrees_of_freedom(stage, self._moving, frame.particles.N)
        self.command(f"compute_modify moving_temp extra/dof {3 * self._moving - count}")
        self.command("thermo_modify temp moving_temp")
        if stage.kind == "npt":
            assert stage.temperature_K is not None  # read_condition gives npt a temperature
            first, last = stage.temperature_K
            ends = f"{stage.pressure_bar:.12g} {stage.pressure_bar:.12g} {BAROSTAT_PS}"
            coupling = {"iso": "iso", "aniso": "aniso", "triclinic": "tri"}[stage.coupling]
            if stage.coupling == "triclinic":
                self.command("change_box all triclinic")
            self.command(f"fix integrate moving npt temp {first} {last} {THERMOSTAT_PS} {coupling} {ends}")
            # a box that runs away ends in a fault of LAMMPS's memory
            most = MOST_GROWN * volume(box_to_cell(self._frame.configuration.box))
            self.command("variable size equal vol")
            self.command(f"fix {GROWN} all halt 1 v_size > {most:.12g} error hard message no")
            return
        if stage.rigid_precursors:
            self._stiffen(stage)
        self.command(f"fix integrate {'loose' if stage.rigid_precursors else 'moving'} nve")
        if stage.temperature_K is None or stage.kind == "nve":
            return
        first, last = stage.temperature_K
        if stage.kind == "nvt":
            self.command(f"fix thermostat moving temp/csvr {first} {last} {THERMOSTAT_PS} {seed}")
            self.command("fix_modify thermostat temp moving_temp")
            return
        masses = self._forcefield.masses
        self._group({name: masses[name] / f for name, f in frictions(stage, friction, masses).items()})
        for k, (group, relaxation) in enumerate(self._baths.items()):
            self.command(f"fix {group} {group} langevin {first} {last} {relaxation:.12g} {seed + k}")

    def _group(self, values: Mapping[str, float]) -> None:
        """A group of moving beads for each value that bead types have, such as a friction."""
        types = self._forcefield.types
        for k, value in enumerate(dict.fromkeys(values.values())):
            members = " ".join(str(n) for n, name in enumerate(types, start=1) if values[name] == value)
            self.command(f"group types{k} type {members}")
            self.command(f"group bath{k} intersect moving types{k}")
            self._baths[f"bath{k}"] = value

    def _stiffen(self, stage: Stage) -> None:
        """Let the precursors move as rigid bodies; the other beads are the group `loose`.

        The solvent acts on their beads as on any other, so that it brakes turning as well.
        """
        bodies = rigid_bodies(self._frame, [stage])
        inside = np.flatnonzero(bodies >= 0)
        cell = box_to_cell(self._frame.configuration.box)
        place, _ = wrap_counting(self._frame.particles.position, cell)
        _, first, which = np.unique(bodies[inside], return_index=True, return_inverse=True)
        apart = (place[inside] - place[inside][first][which]) @ np.linalg.inv(cell)
        turns = np.zeros((len(bodies), 3), dtype=int)
        turns[inside] = -np.round(apart)  # bodies in one piece, as LAMMPS wants them
        self._lammps.turn(turns)
        self._image = self._image - turns
        self.command("fix bodies all property/atom i_body ghost yes")
        self._lammps.mark("i_body", bodies + 1)
        self.command("group stiff id " + " ".join(str(k + 1) for k in inside))
        self.command("group loose subtract moving stiff")
        # a body's beads must know each other across the border of the box
        wide = 2 * float(np.linalg.norm((apart + turns[inside]) @ cell, axis=1).max())
        self.command(f"comm_modify cutoff {self._forcefield.cutoff_A + DILUTE_SKIN_A + wide:.12g}")
        self.command("fix stiff stiff rigid/nve/small custom i_body")

    def brownian(self, temperature: float, step: int) -> None:
        """Brownian dynamics at a temperature from a time step on, with random numbers of its own."""
        seeds = np.random.SeedSequence([self._seed, step]).generate_state(len(self._baths)) % 900_000_000 + 1
        for (group, friction), seed in zip(self._baths.items(), seeds, strict=True):
            # a fix of the same name and style takes the place of the old one
            self.command(f"fix {group} {group} brownian {temperature:.12g} {seed} gamma_t {friction:.12g}")

    def step(self) -> int:
        """Time steps, or iterations, done."""
        return self._lammps.step()

    def thermo(self, keyword: str) -> float:
        """A thermodynamic quantity of the last step."""
        return self._lammps.thermo(keyword)

    def gather(self, name: str) -> Floats:
        """A per-bead quantity (N, 3) in the order of the frame."""
        return self._lammps.gather(name)

    def cell(self) -> Floats:
        """Lattice vectors now, Å."""
        return self._lammps.box()[1]

    def sample(self) -> Sample:
        """The state now."""
        step = self._lammps.step()
        energy, pressure, space = self.thermo("pe"), self.thermo("press"), self.thermo("vol")
        if self._brownian:
            # LAMMPS has displacements for velocities here; the pressure is the virial's so far
            assert self._stage is not None
            temperature = self._stage.temperature_at(step)
            pressure += self._moving * BOLTZMANN_EV_PER_K * temperature / space * BAR_PER_EV_PER_A3
            check_sane(energy, temperature, self._moving)
        else:
            temperature = self.thermo("temp")
            check_sane(energy, temperature)
        return Sample(step, temperature, pressure, energy, space, self.frame)

    @property
    def _brownian(self) -> bool:
        return self._stage is not None and self._stage.kind == "brownian"

    def frame(self) -> gsd.hoomd.Frame:
        """The frame now, with the origin in the middle of the box and positions wrapped into it."""
        low, cell = self._lammps.box()
        centre = low + cell.sum(axis=0) / 2
        unwrapped = self.gather("x") + self.gather("image") @ cell - centre
        inside, turns = wrap_counting(unwrapped, cell)
        box = [
            cell[0, 0], cell[1, 1], cell[2, 2],
            cell[1, 0] / cell[1, 1], cell[2, 0] / cell[2, 2], cell[2, 1] / cell[2, 2],
        ]  # fmt: skip
        velocity = np.zeros_like(inside) if self._stage is None or self._brownian else self.gather("v")
        return moved_frame(self._frame, box, inside, velocity, turns + self._image)


def _points(pair: TwoBody) -> int:
    """How many points a pair's table needs, evenly spaced in r^2."""
    begin, cutoff = max(TABLE_START_A, pair.start_A), pair.cutoff_A
    # what has details is steepest in the nearer half of its range
    needed = (cutoff**2 - begin**2) / ((begin + cutoff) / 2 * pair.detail_A)
    return min(max(TABLE_POINTS, math.ceil(needed)), MOST_TABLE_POINTS)


def _write_table(path: Path, section: str, pair: TwoBody, points: int) -> None:
    """The two-body part of a pair as a LAMMPS table, evenly spaced in r^2."""
    begin, cutoff = max(TABLE_START_A, pair.start_A), pair.cutoff_A
    r = np.sqrt(np.linspace(begin**2, cutoff**2, points))[:-1]
    energy, force = pair.two_body(r)
    lines = [f"{section}", f"N {points} RSQ {begin:.16g} {cutoff:.16g}", ""]
    lines += [
        f"{k} {a:.16g} {u:.16g} {f:.16g}"
        for k, (a, u, f) in enumerate(zip(r, energy, force, strict=True), start=1)
    ]
    lines.append(f"{points} {cutoff:.16g} 0 0")
    path.write_text("\n".join(lines) + "\n")
