"""What differs between the releases of HOOMD-blue, and what is not in its public interface."""

from __future__ import annotations

from typing import Any


def attach_full_list(nlist: Any, simulation: Any) -> None:
    """Attach a neighbour list to a simulation, and have it hold each pair twice.

    This is what HOOMD-blue's own three-body forces do (``md/many_body.py``); it has no public name. Where
    it is not to be had the list stays a half list, which the force reads as well, more slowly.
    """
    from hoomd.md import _md

    nlist._attach(simulation)
    modes = getattr(getattr(_md, "NeighborList", None), "storageMode", None)
    if modes is not None:
        nlist._cpp_obj.setStorageMode(modes.full)
