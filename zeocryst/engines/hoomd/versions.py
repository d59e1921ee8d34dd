"""What differs between the releases of HOOMD-blue, and what is not in its public interface.

Tried with 4.8.2, on the CPU. Later releases have not been run. What could be read of them:

- The branch that became 5.0.0, as it was on 7 October 2024, has all that is called here as 4.8.2 has it: of
  ``md/force``, ``md/nlist``, ``md/many_body``, ``md/minimize``, ``md/methods``, ``md/compute``, ``data/`` and
  ``device`` only comments differ, and custom forces are set to zero on the host.
- 5.0.0 (2 December 2024) takes out what 4.x had deprecated: several GPUs in one process (``gpu_ids``,
  ``GPU.devices``), threads by TBB (``num_cpu_threads``), ``Snapshot.from_gsd_snapshot``, some arguments of
  ``BoxResize``, depletants and run time compilation in HPMC. None of it is called here.
- 6.0.0 (21 November 2025): its list of changes could not be read.
- 7.0.0 (7 April 2026) writes GSD files of schema 2.0, which gsd 5.0 reads; here `zeocryst.files.trajectory`
  writes the frames, not HOOMD-blue. 7.1.0 and 7.1.1 correct motion in two dimensions, rigid bodies and RATTLE.

What is called here and has no public name, so that any release may change it: ``NeighborList.storageMode`` and
``setStorageMode``, ``_attach`` and ``_detach`` of a neighbour list, the hooks ``_attach_hook`` and
``_detach_hook``, and the ``_buffer`` of device arrays.
"""

from __future__ import annotations

from typing import Any

from zeocryst.errors import MissingEngineError

#: The release that zeocryst was tried with.
TRIED = "4.8.2"


def attach_full_list(nlist: Any, simulation: Any) -> None:
    """Attach a neighbour list to a simulation, and have it hold each pair twice.

    This is what HOOMD-blue's own three-body forces do (``md/many_body.py``); it has no public name.

    Raises
    ------
    MissingEngineError
        This release does it in another way.
    """
    import hoomd
    from hoomd.md import _md

    nlist._attach(simulation)
    try:
        nlist._cpp_obj.setStorageMode(_md.NeighborList.storageMode.full)
    except AttributeError:
        raise MissingEngineError(
            f"HOOMD-blue {hoomd.version.version} makes full neighbour lists in another way than 4.8, which "
            "zeocryst does not know: use --device cpu, or conda install -c conda-forge 'hoomd=4.8.2=*gpu*'"
        ) from None


class LocalViews:
    """HOOMD-blue's views of its particles and of a force's arrays, each for a ``with`` of its own.

    Making them takes longer than entering them. That 4.8 lets them be entered again is said nowhere, so
    releases that were not tried are asked for them each time.

    Parameters
    ----------
    force
        A ``hoomd.md.force.Custom``.
    device
        "cpu" or "gpu".
    """

    def __init__(self, force: Any, device: str) -> None:
        import hoomd

        self._force = force
        self._names = f"{device}_local_snapshot", f"{device}_local_force_arrays"
        self._again = hoomd.version.version == TRIED
        self._state: Any = None
        self._views: tuple[Any, Any] = (None, None)

    def __call__(self, state: Any) -> tuple[Any, Any]:
        """Views of the particles of a state, and of the force's arrays."""
        if state is not self._state or not self._again:
            of_particles, of_forces = self._names
            self._state = state
            self._views = getattr(state, of_particles), getattr(self._force, of_forces)
        return self._views


def device_interface(array: Any) -> Any:
    """``__cuda_array_interface__`` of an array of HOOMD-blue's, without the deep copy that 4.8 makes of it."""
    return getattr(array, "_buffer", array).__cuda_array_interface__
