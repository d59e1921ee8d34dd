"""A start from a file of the user's: beads as they stand there, or the T of atoms with S in their cages."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zeocryst.beads import Beads
from zeocryst.cell import make_frame
from zeocryst.condition import System
from zeocryst.errors import InputError
from zeocryst.files.structures import Structures
from zeocryst.files.trajectory import read_frame
from zeocryst.reading.formats import is_gsd
from zeocryst.solution.cages import cage_centres

if TYPE_CHECKING:
    import gsd.hoomd

#: Most T of a file for which cages are looked for: it takes a Voronoi diagram of the cell and all around.
MOST_T = 20_000


def beads_of_file(
    path: Path, system: System
) -> tuple[gsd.hoomd.Frame, dict[str, str | tuple[str, ...]] | None, str]:
    """The frame that a start from a file chooses, in the file's names or as T and S.

    GSD is taken as it is. Of any other file that `zeocryst.files.structures` reads the T count; O and
    everything else are left out, and an S is put into each large cage where the file has none (as in a
    framework start), unless ``S_in_cages`` is false. The cell is repeated as ``repeat`` says.

    Returns
    -------
    frame : gsd.hoomd.Frame
    types : dict or None
        What its types are called, as `zeocryst.solution.start.adopt` takes it; None for T and S.
    words : str
        What was left out or put in; empty for GSD.

    Raises
    ------
    InputError
        The file cannot be read, has no such frame or no T; or a GSD file is to be repeated.
    """
    if is_gsd(path):
        if system.repeat != (1, 1, 1):
            raise InputError(f"{path}: a GSD file is taken as it is; system.repeat is for files of atoms")
        return read_frame(path, system.frame), system.types, ""
    structures = Structures(path, _roles(system.types))
    [index] = structures.chosen(system.frame)
    _, beads = structures.frame(index)
    seen = Beads.of(beads)
    cell, places = seen.cell, seen.positions
    t, s = places[seen.are("T")], places[seen.are("S")]
    words = [f"{path.name}: {len(t)} T"]
    if left := len(places) - len(t) - len(s):
        words.append(f"{left} O left out")
    if len(s):
        words.append(f"{len(s)} S of the file")
    elif system.S_in_cages and len(t) <= MOST_T:
        s = cage_centres(t, cell)
        words.append(f"an S put into each of {len(s)} cages")
    elif system.S_in_cages:
        words.append(f"no S: cages are looked for among {MOST_T} T at most; give a unit cell and repeat")
    words += structures.account(index)["notes"]
    shifts = np.array(list(np.ndindex(*system.repeat))) @ cell
    whole = np.vstack([(part + shifts[:, None]).reshape(-1, 3) for part in (t, s)])
    names = ["T", "S"] if len(s) else ["T"]
    typeid = np.repeat([0, 1], [len(t) * len(shifts), len(s) * len(shifts)])
    frame = make_frame(whole, cell * np.array(system.repeat)[:, None], typeid, names, dict.fromkeys(names, 1.0))
    return frame, None, "; ".join(words)


def _roles(types: dict[str, str | tuple[str, ...]] | None) -> dict[str, Any]:
    """``{T = "Si"}`` or ``{Si = "T", Ge = "T"}`` as what each role is called, a name or several."""
    given = types or {}
    roles = ("T", "S", "O")
    if set(given) <= set(roles):
        return dict(given)
    found: dict[str, list[str]] = {}
    for name, role in given.items():
        found.setdefault(str(role), []).append(name)
    return {role: names[0] if len(names) == 1 else names for role, names in found.items()}
