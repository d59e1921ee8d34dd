r"""A Stillinger-Weber force for HOOMD-blue, of use to any script of HOOMD-blue.

::

    from zeocryst.engines.hoomd.force import StillingerWeber
    from zeocryst.forcefield import read_forcefield

    integrator.forces.append(StillingerWeber(read_forcefield("ts")))   # or a ForceField of your own

Parameters stand per pair of types and per triplet in the force field (`zeocryst.forcefield.ForceField`), in any
consistent units: with Å, eV and amu the unit of time is 10.18051 fs. The arithmetic is that of
`zeocryst.potentials.moments`: forces are gathered, bead by bead, so that nothing depends on the order in which
threads run, and the GPU's kernels read and write HOOMD-blue's arrays where they lie.
"""

from __future__ import annotations

from typing import Any

import hoomd
import hoomd.md
import numpy as np

from zeocryst.engines.hoomd.versions import attach_full_list
from zeocryst.errors import InputError
from zeocryst.forcefield import ForceField
from zeocryst.potentials import moments

#: Width of the neighbour list's buffer, Å: how far two beads may come nearer before it is built anew.
BUFFER_A = 0.6


class StillingerWeber(hoomd.md.force.Custom):  # type: ignore[misc]
    r"""The Stillinger-Weber force, with energies, forces and virials.

    .. math:: E = \sum_{i<j} A \epsilon [B (\sigma/r)^p - (\sigma/r)^q] e^{\sigma/(r - a\sigma)}
       + \sum_i \sum_{j<k} \lambda \epsilon (\cos\theta_{jik} - \cos\theta_0)^2
       e^{\gamma\sigma/(r_{ij} - a\sigma)} e^{\gamma\sigma/(r_{ik} - a\sigma)}

    It brings a neighbour list of its own, `nlist`.

    Parameters
    ----------
    forcefield : ForceField
        Parameters of each pair and triplet; it has to have every type of the simulation in `types`.
    types : list of str, optional
        Bead types between which the force acts; every type of the force field if not given. Leave out
        those whose pairs another force looks after.
    buffer : float
        Width of the neighbour list's buffer.

    Raises
    ------
    InputError
        On attaching: several MPI ranks, or a type of `types` that the force field does not know.
    """

    def __init__(
        self, forcefield: ForceField, types: list[str] | None = None, buffer: float = BUFFER_A
    ) -> None:
        super().__init__()
        self._forcefield = forcefield
        self._acting = list(types or forcefield.types)
        unknown = set(self._acting) - set(forcefield.types)
        if unknown:
            raise InputError(f"types {sorted(unknown)} are not in the force field {forcefield.name}")
        self.nlist = hoomd.md.nlist.Cell(buffer=buffer, exclusions=(), deterministic=True)
        self.nlist.r_cut.default = 0.0
        for i in self._acting:
            for j in self._acting:
                self.nlist.r_cut[i, j] = forcefield.pairs[i, j].cutoff_A
        self._scratch: dict[str, Any] = {}

    def _attach_hook(self) -> None:
        if self._simulation.device.communicator.num_ranks > 1:
            raise InputError(
                "the Stillinger-Weber force runs on one rank; start the script without mpirun, or with -n 1"
            )
        super()._attach_hook()
        attach_full_list(self.nlist, self._simulation)
        types = list(self._simulation.state.particle_types)
        missing = [name for name in types if name not in self._forcefield.types]
        if missing:
            raise InputError(f"the force field {self._forcefield.name} has no bead types {missing}")
        self._on_gpu = isinstance(self._simulation.device, hoomd.device.GPU)
        self._parameters = [self._put(array) for array in moments.pack(self._forcefield, types, self._acting)]
        self._n_types = len(types)

    def _detach_hook(self) -> None:
        self.nlist._detach()
        super()._detach_hook()

    def set_forces(self, timestep: int) -> None:
        """Compute forces, energies and virials into HOOMD-blue's arrays."""
        if self._on_gpu:
            near, beads, out = (
                self.nlist.gpu_local_nlist_arrays, self._state.gpu_local_snapshot, self.gpu_local_force_arrays,
            )  # fmt: skip
        else:
            near, beads, out = (
                self.nlist.cpu_local_nlist_arrays, self._state.cpu_local_snapshot, self.cpu_local_force_arrays,
            )  # fmt: skip
        # the list is built when it is asked for, which needs the particle data: it comes first
        with near, beads, out:
            lists = [self._view(a) for a in (near.head_list, near.n_neigh, near.nlist)]
            if near.half_nlist:
                lists = self._full(lists)
            position, kind = self._view(beads.particles.position), self._view(beads.particles.typeid)
            box = self._state.box
            sides = np.array([box.Lx, box.Ly, box.Lz, box.xy, box.xz, box.yz])
            self._kernel()(
                position, kind, self._put(sides), *lists, *self._parameters,
                *self._room(len(kind), len(lists[2])),
                self._view(out.force), self._view(out.potential_energy), self._view(out.virial),
            )  # fmt: skip

    # ---- where the arrays lie -----------------------------------------------------------------

    def _kernel(self) -> Any:
        if self._on_gpu:
            from zeocryst.potentials import cuda

            return cuda.forces
        from zeocryst.potentials import cpu

        return cpu.forces

    def _view(self, array: Any) -> Any:
        """HOOMD-blue's array without a copy, as numba wants it."""
        if self._on_gpu:
            from numba import cuda

            return cuda.as_cuda_array(array)
        return np.asarray(array)

    def _put(self, array: Any) -> Any:
        """An array of ours, on the device."""
        if self._on_gpu:
            from numba import cuda

            return cuda.to_device(array)
        return array

    def _full(self, lists: list[Any]) -> list[Any]:
        """The full list of a half list, which is what HOOMD-blue builds when nobody claims a full one."""
        from zeocryst.potentials import cpu

        host = [a.copy_to_host() if self._on_gpu else a for a in lists]
        return [self._put(a) for a in cpu.full_list(*host)]

    def _room(self, n_beads: int, n_places: int) -> list[Any]:
        """Scratch arrays for so many beads and places of the neighbour list, kept from call to call."""
        if self._scratch.get("beads") != n_beads or self._scratch.get("places", 0) < n_places:
            shapes = [
                (n_beads, np.int32), (n_places, np.int32), ((n_places, 6), float),
                ((n_beads, self._n_types, 10), float), ((n_beads, self._n_types, 10), float),
            ]  # fmt: skip
            self._scratch = {
                "beads": n_beads,
                "places": n_places,
                "arrays": [self._put(np.zeros(shape, dtype)) for shape, dtype in shapes],
            }
        return list(self._scratch["arrays"])
