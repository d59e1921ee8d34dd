"""Atoms with a topology in HOOMD-blue: energy and minimum of what it has forces for.

That is no shells, pairs by Buckingham, Lennard-Jones and Morse, harmonic bonds and angles, and charges by a
mesh (PPPM) or not at all. Units are Å, eV and amu; charges are multiplied by the root of Coulomb's
constant.
"""

from __future__ import annotations

from itertools import combinations_with_replacement
from typing import TYPE_CHECKING, Any

import hoomd
import hoomd.md
import numpy as np
from numpy.typing import NDArray

from zeocryst.cell import heights
from zeocryst.engines.atomistic import FORCE_TOLERANCE, MOST_STEPS, Relaxed
from zeocryst.engines.lbfgs import Lbfgs
from zeocryst.engines.placing import Placed
from zeocryst.engines.walls import WALL, walls
from zeocryst.errors import InputError, SimulationError
from zeocryst.model.topology import PairTerm, Topology

if TYPE_CHECKING:
    from ase import Atoms

Floats = NDArray[np.float64]

#: Buffer of the neighbour list, Å, spacing of the mesh at most, Å, and its points that a charge is spread over.
BUFFER_A, MESH_A, ORDER = 0.5, 0.45, 6
#: Styles of pair terms, HOOMD-blue's name and those of its numbers.
PAIRS = {
    "buck": ("Buckingham", ("A", "rho", "C")),
    "lj/cut": ("LJ", ("epsilon", "sigma")),
    "morse": ("Morse", ("D0", "alpha", "r0")),
    WALL: ("ExpandedLJ", ("epsilon", "sigma", "delta")),
}
#: Parameters with which a pair feels nothing.
NOTHING = {"buck": (0.0, 1.0, 0.0), "lj/cut": (0.0, 1.0), "morse": (0.0, 1.0, 1.0), WALL: (0.0, 1.0, 0.0)}


class Simulated:
    """A simulation of HOOMD-blue with atoms in it.

    Raises
    ------
    InputError
        Something that HOOMD-blue has no force for, or a cell that is too small for its lists.
    """

    def __init__(self, atoms: Atoms, topology: Topology, *, wall: bool) -> None:
        check(atoms, topology)
        self.placed, self.atoms, self.topology = Placed(atoms, topology), atoms, topology
        self._simulation = hoomd.Simulation(device=hoomd.device.CPU(notice_level=0), seed=1)
        self._simulation.create_state_from_snapshot(self._snapshot())
        self._lists = hoomd.md.nlist.Cell(buffer=BUFFER_A, exclusions=_exclusions(topology))
        forces = self._pairs([*topology.pairs]) + self._bonded()
        if topology.felt is not None:
            forces += self._charges()
        self._wall = self._pairs(walls(atoms, topology)) if wall else []
        self._simulation.operations.integrator = hoomd.md.Integrator(dt=0.001, forces=forces + self._wall)
        self._forces = forces + self._wall
        self._simulation.run(0)

    def _snapshot(self) -> Any:
        topology, cell = self.topology, self.placed.cell
        snapshot = hoomd.Snapshot()
        lx, ly, lz = np.diag(cell)
        snapshot.configuration.box = [lx, ly, lz, cell[1, 0] / ly, cell[2, 0] / lz, cell[2, 1] / lz]
        snapshot.particles.N = len(topology.kind)
        snapshot.particles.types = list(topology.types)
        snapshot.particles.typeid[:] = topology.kind
        snapshot.particles.mass[:] = topology.masses[topology.kind]
        strength = topology.coulomb.constant_eV_A**0.5 if topology.coulomb else 0.0
        snapshot.particles.charge[:] = topology.charge * strength
        inside, images = self.placed.wrapped()
        snapshot.particles.position[:] = inside - cell.sum(axis=0) / 2
        snapshot.particles.image[:] = images
        for name in ("bonds", "angles"):
            terms, group = getattr(topology, name), getattr(snapshot, name)
            group.N = len(terms.atoms)
            group.types = [f"t{k}" for k in range(len(terms.coefficients))]
            group.typeid[:] = terms.kind
            group.group[:] = terms.atoms
        return snapshot

    def _pairs(self, terms: list[PairTerm]) -> list[Any]:
        forces = []
        for style in dict.fromkeys(t.style for t in terms):
            name, keys = PAIRS[style]
            force = getattr(hoomd.md.pair, name)(self._lists, mode="shift" if style == WALL else "none")
            for types in combinations_with_replacement(self.topology.types, 2):
                force.params[types] = dict(zip(keys, NOTHING[style], strict=True))
                force.r_cut[types] = 0.0
            for term in (t for t in terms if t.style == style):
                force.params[term.types] = dict(zip(keys, term.numbers, strict=True))
                force.r_cut[term.types] = self.topology.end_of(term)
            forces.append(force)
        return forces

    def _bonded(self) -> list[Any]:
        """Harmonic bonds and angles; HOOMD-blue's k is twice LAMMPS's."""
        forces = []
        for name, module, rest in (("bonds", hoomd.md.bond, "r0"), ("angles", hoomd.md.angle, "t0")):
            terms = getattr(self.topology, name)
            if len(terms.atoms):
                force = module.Harmonic()
                for k, (_, (strength, value)) in enumerate(terms.coefficients):
                    force.params[f"t{k}"] = {
                        "k": 2 * strength,
                        rest: value if rest == "r0" else np.radians(value),
                    }
                forces.append(force)
        return forces

    def _charges(self) -> list[Any]:
        assert self.topology.coulomb is not None
        mesh = [max(8, 1 << int(np.ceil(np.log2(length / MESH_A)))) for length in heights(self.placed.cell)]
        return list(
            hoomd.md.long_range.pppm.make_pppm_coulomb_forces(
                nlist=self._lists, resolution=mesh, order=ORDER, r_cut=self.topology.coulomb.cutoff_A
            )
        )

    def energy(self) -> float:
        """Potential energy, eV."""
        return float(sum(force.energy for force in self._forces))

    def wall_energy(self) -> float:
        """Energy of the wall, eV."""
        return float(sum(force.energy for force in self._wall))

    def forces(self) -> Floats:
        """On all particles (N, 3) in the box's frame, eV/Å."""
        return np.asarray(sum(force.forces for force in self._forces))

    def move(self, displacements: Floats) -> None:
        """Move the particles by displacements (N, 3), and evaluate."""
        snapshot = self._simulation.state.get_snapshot()
        cell = self.placed.cell
        moved = snapshot.particles.position + displacements
        turns = np.floor((moved + cell.sum(axis=0) / 2) @ np.linalg.inv(cell)).astype(int)
        snapshot.particles.position[:] = moved - turns @ cell
        snapshot.particles.image[:] += turns
        self._simulation.state.set_snapshot(snapshot)
        self._simulation.run(1)

    def now(self) -> Atoms:
        """The atoms where they are."""
        snapshot, cell = self._simulation.state.get_snapshot(), self.placed.cell
        return self.placed.back(
            snapshot.particles.position + cell.sum(axis=0) / 2 + snapshot.particles.image @ cell, cell
        )


def check(atoms: Atoms, topology: Topology) -> None:
    """Raise `InputError` naming what HOOMD-blue has no force for."""
    lacking = [f"pairs of style {p.style}" for p in topology.pairs if p.style not in PAIRS or p.style == WALL]
    lacking += ["shells"] * bool(len(topology.shells))
    for name in ("bonds", "angles"):
        styles = {style for style, _ in getattr(topology, name).coefficients}
        lacking += [f"{name} of style {style}" for style in sorted(styles - {"harmonic"})]
    lacking += [n for n in ("dihedrals", "impropers", "inside") if len(getattr(topology, n).atoms)]
    method = topology.felt.method if topology.felt else "ewald"
    lacking += [f"charges by {method!r}"] * (method != "ewald")
    if lacking:
        raise InputError(f"HOOMD-blue has no {', '.join(dict.fromkeys(lacking))} here; use LAMMPS")
    if not atoms.pbc.all():
        raise InputError("HOOMD-blue needs a cell that repeats in all directions")
    reach = topology.reach_A + BUFFER_A
    least = heights(Placed(atoms, topology).cell).min()
    if least < 2 * reach:
        raise InputError(
            f"the cell is {least:.1f} Å between two of its faces; HOOMD-blue needs {2 * reach:.1f} Å: "
            "repeat it, or use LAMMPS"
        )


def _exclusions(topology: Topology) -> list[str]:
    """What bonded particles don't feel, as HOOMD-blue says it."""
    if topology.special_pair != topology.special_coulomb or set(topology.special_pair) - {0.0, 1.0}:
        raise InputError(
            "HOOMD-blue excludes bonded particles from pairs and charges alike, wholly or not at all"
        )
    names = zip(("bond", "1-3", "1-4"), topology.special_pair, strict=True)
    return [name for name, share in names if share == 0.0 and len(topology.bonds.atoms)]


def energy(atoms: Atoms, topology: Topology, *, relax_shells: bool = True, threads: int = 1) -> float:
    """Potential energy, eV; there are no shells, and it runs on one thread."""
    return Simulated(atoms, topology, wall=False).energy()


def minimize(
    atoms: Atoms,
    topology: Topology,
    *,
    free_cell: bool = False,
    threads: int = 1,
    force_tolerance: float = FORCE_TOLERANCE,
    most_steps: int = MOST_STEPS,
) -> Relaxed:
    """The nearest minimum in a fixed cell; see `zeocryst.engines.atomistic.AtomisticEngine.minimize`.

    Raises
    ------
    InputError
        The cell is to relax, or there is something that HOOMD-blue has no force for.
    SimulationError
        Atoms are nearer to each other than the force field can describe.
    """
    if free_cell:
        raise InputError("a free cell relaxes in LAMMPS only")
    simulated, way, steps = Simulated(atoms, topology, wall=True), Lbfgs(), 0
    while True:
        forces = simulated.forces()
        largest = float(np.linalg.norm(forces, axis=1).max())
        if not largest > force_tolerance or steps == most_steps:
            break
        simulated.move(way.step(forces))
        steps += 1
    if not np.isfinite(largest) or simulated.wall_energy() > 1e-9:
        raise SimulationError("atoms are nearer to each other than this force field can describe")
    found = simulated.now()
    found.set_array("charge", topology.charge.copy())
    found.set_array("type", np.array([topology.types[k] for k in topology.kind]))
    return Relaxed(found, simulated.energy(), largest <= force_tolerance, largest, steps)
