"""Processes forked from one whose compiled kernels had threads: told at once, since they cannot compute.

GNU's OpenMP ends a child that uses it after its parent did, and a pool of such workers waits for ever.
"""

from __future__ import annotations

import os
import sys

from zeocryst.errors import InputError

_lost = False


def _in_child() -> None:
    """Remember whether the parent's threads are missing here."""
    global _lost  # noqa: PLW0603
    numba = sys.modules.get("numba")
    if numba is None:
        return
    try:
        _lost = _lost or numba.threading_layer() == "omp"
    except ValueError:  # no threads so far
        return


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)


def check_not_forked() -> None:
    """See that kernels can run in this process.

    Raises
    ------
    InputError
        It was forked from one in which they had run.
    """
    if _lost:
        raise InputError(
            "this process was forked from one that had computed with zeocryst, and OpenMP's threads do not "
            "outlive that; start workers afresh: multiprocessing.get_context('spawn') (or 'forkserver'), "
            "ProcessPoolExecutor(mp_context=...)"
        )
