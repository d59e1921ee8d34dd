r"""A Stillinger-Weber force for HOOMD-blue, of use to any script of HOOMD-blue.

::

    from zeocryst.engines.hoomd.force import StillingerWeber
    from zeocryst.model.forcefield import read_forcefield

    integrator.forces.append(StillingerWeber(read_forcefield("ts")))   # or a ForceField of your own

Parameters stand per pair of types and per triplet in the force field (`zeocryst.model.forcefield.ForceField`),
in any consistent units: with Å, eV and amu the unit of time is 10.18051 fs. The arithmetic is that of
`zeocryst.potentials.moments`: forces are gathered, bead by bead, so that nothing depends on the order in which
threads run, and the GPU's kernels read and write HOOMD-blue's arrays where they lie.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import hoomd
import hoomd.md
import numpy as np

from zeocryst.cell import box_to_cell, heights
from zeocryst.engines.hoomd.versions import LocalViews, attach_full_list, device_interface
from zeocryst.engines.protocol import check_volume
from zeocryst.errors import InputError, SimulationError
from zeocryst.model.forcefield import ForceField
from zeocryst.potentials import moments

#: Width of the neighbour list's buffer, Å: how far two beads may come nearer before it is built anew. In a
#: crystal at 600 K a list with 0.6 Å lasts 3.8 steps of 5 fs, one with 1.0 Å 5.9.
BUFFER_A = 1.0


class StillingerWeber(hoomd.md.force.Custom):  # type: ignore[misc]
    r"""The Stillinger-Weber force, with energies, forces and virials.

    .. math:: E = \sum_{i<j} A \epsilon [B (\sigma/r)^p - (\sigma/r)^q] e^{\sigma/(r - a\sigma)}
       + \sum_i \sum_{j<k} \lambda \epsilon (\cos\theta_{jik} - \cos\theta_0)^2
       e^{\gamma\sigma/(r_{ij} - a\sigma)} e^{\gamma\sigma/(r_{ik} - a\sigma)}

    It brings a neighbour list of its own: on a CPU `zeocryst.potentials.neighbours.VerletList`, parallel and
    with cut-offs by type, on a GPU HOOMD-blue's cell list.

    Parameters
    ----------
    forcefield : ForceField
        Parameters of each pair and triplet; it has to have every type of the simulation.
    types : list of str, optional
        Bead types between which the force acts; every type of the force field if not given. Leave out
        those whose pairs another force looks after.
    buffer : float
        Width of the neighbour list's buffer; what is fast if not given.

    Raises
    ------
    InputError
        `types` has a type that the force field does not know; on attaching: several MPI ranks, a type of the
        simulation that the force field does not know, or a box less than two cut-offs across.
    """

    def __init__(
        self, forcefield: ForceField, types: list[str] | None = None, buffer: float | None = None
    ) -> None:
        super().__init__()
        self._forcefield = forcefield
        self._acting = list(types or forcefield.types)
        unknown = set(self._acting) - set(forcefield.types)
        if unknown:
            raise InputError(f"types {sorted(unknown)} are not in the force field {forcefield.name}")
        self._buffer = buffer
        self._side: _OnCpu | _OnGpu | None = None

    def _attach_hook(self) -> None:
        if self._simulation.device.communicator.num_ranks > 1:
            raise InputError(
                "the Stillinger-Weber force runs on one rank; start the script without mpirun, or with -n 1"
            )
        super()._attach_hook()
        types = list(self._simulation.state.particle_types)
        missing = [name for name in types if name not in self._forcefield.types]
        if missing:
            raise InputError(f"the force field {self._forcefield.name} has no bead types {missing}")
        cutoffs = np.zeros((len(types), len(types)))
        for i, a in enumerate(types):
            for j, b in enumerate(types):
                if a in self._acting and b in self._acting:
                    cutoffs[i, j] = self._forcefield.pairs[a, b].cutoff_A
        check_box(_sides(self._simulation.state.box), float(cutoffs.max()))
        parameters = moments.pack(self._forcefield, types, self._acting)
        gpu = isinstance(self._simulation.device, hoomd.device.GPU)
        side = _OnGpu if gpu else _OnCpu
        self._side = side(self, parameters, cutoffs, self._buffer or BUFFER_A)

    def _detach_hook(self) -> None:
        if self._side is not None:
            self._side.detach()
        self._side = None
        super()._detach_hook()

    def set_forces(self, timestep: int) -> None:
        """Compute forces, energies and virials into HOOMD-blue's arrays."""
        assert self._side is not None
        self._side.compute(self._state)


def _across(box: Any) -> float:
    """Least width of a box, Å."""
    return float(heights(box_to_cell(box)).min())


def check_box(box: Any, reach: float) -> None:
    """Raise `InputError` for a box, (6,) as in GSD, that does not hold a sphere of radius `reach`, Å."""
    if (across := _across(box)) <= 2 * reach:
        raise InputError(
            f"the box is {across:.2f} Å across, and HOOMD-blue needs more than {2 * reach:.2f} Å, twice the "
            "cut-off; repeat the cell, or use another engine"
        )


def check_shrunk(box: Any, reach: float) -> None:
    """Raise `SimulationError` for a box that no longer holds a sphere of radius `reach`, Å."""
    if (across := _across(box)) <= 2 * reach:
        raise SimulationError(
            f"the box has shrunk to {across:.2f} Å across, and HOOMD-blue needs more than {2 * reach:.2f} Å, "
            "twice the cut-off: begin with more beads, at less pressure, or use another engine"
        )


def _sides(box: Any) -> Any:
    """HOOMD-blue's box as six numbers."""
    return np.array([box.Lx, box.Ly, box.Lz, box.xy, box.xz, box.yz])


class _OnCpu:
    """The force on a CPU: a list of zeocryst's, kernels on HOOMD-blue's arrays where they lie."""

    def __init__(self, force: StillingerWeber, parameters: Any, cutoffs: Any, buffer: float) -> None:
        from zeocryst.potentials.cpu import Forces
        from zeocryst.potentials.neighbours import VerletList

        self._views = LocalViews(force, "cpu")
        self._forces = Forces(*parameters)
        self._list = VerletList(cutoffs, buffer)
        self._reach = float(cutoffs.max())
        self._box: Any = np.zeros(6)
        self._volume = 0.0  # when it was first asked

    def detach(self) -> None:
        """Nothing is attached to HOOMD-blue."""

    def compute(self, state: Any) -> None:
        """Forces of the beads as they are."""
        snapshot, arrays = self._views(state)
        sides = _sides(state.box)
        with snapshot as beads, arrays as out:
            position, kind = np.asarray(beads.particles.position), np.asarray(beads.particles.typeid)
            if not np.array_equal(sides, self._box):
                self._volume = self._volume or float(sides[:3].prod())
                check_volume(float(sides[:3].prod()), self._volume)
                check_shrunk(sides, self._reach)
                self._box = sides
            lists = self._list.lists(position, kind, sides, np.asarray(beads.particles.tag))
            results = [np.asarray(a) for a in (out.force, out.potential_energy, out.virial)]
            # HOOMD-blue sets the virials to zero where it wants them; else those of another step are there
            wanted = not results[2][0].any()
            self._forces.compute(position, kind, sides, lists, results, virial=wanted)


class _OnGpu:
    """The force on a GPU: HOOMD-blue's list, kernels on its device arrays where they lie."""

    def __init__(self, force: StillingerWeber, parameters: Any, cutoffs: Any, buffer: float) -> None:
        self._views = LocalViews(force, "gpu")
        with telling_of_the_gpu():
            from zeocryst.potentials.cuda import Forces

            self._forces = Forces(*parameters)
        self._list = hoomd.md.nlist.Cell(buffer=buffer, exclusions=(), deterministic=True)
        simulation = force._simulation
        names = simulation.state.particle_types
        for i, a in enumerate(names):
            for j, b in enumerate(names):
                self._list.r_cut[a, b] = cutoffs[i, j]
        attach_full_list(self._list, simulation)

    def detach(self) -> None:
        """Give the neighbour list back."""
        self._list._detach()

    def compute(self, state: Any) -> None:
        """Forces of the beads as they are."""
        # the list is built when it is asked for, which needs the particle data: it comes first
        near = self._list.gpu_local_nlist_arrays
        snapshot, arrays = self._views(state)
        sides = _sides(state.box)
        with near, snapshot as beads, arrays as out, telling_of_the_gpu():
            self._forces.compute(
                (beads.particles.position, beads.particles.typeid),
                sides,
                (near.head_list, near.n_neigh, near.nlist),
                (out.force, out.potential_energy, out.virial),
                device_interface,
            )


@contextmanager
def telling_of_the_gpu() -> Iterator[None]:
    """Turn what numba and the CUDA driver raise into one message: `SimulationError`."""
    try:
        yield
    except Exception as error:
        # their classes have changed names and places between numba, numba-cuda and cuda-python
        if type(error).__module__.split(".")[0] not in ("numba", "cuda"):
            raise
        words = " ".join(str(error).split())
        full = "memory" in words.lower()
        cure = "fewer beads" if full else "see what nvidia-smi says, and whether driver and CUDA fit"
        raise SimulationError(f"the GPU stopped: {words}; {cure}, or use --device cpu") from None
