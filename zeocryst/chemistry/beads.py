"""The sites of a frame of beads, and bonds of sites without O on the scale of their own bonds."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zeocryst.cell import neighbour_pairs
from zeocryst.chemistry.elements import FORMERS
from zeocryst.chemistry.roles import ROLES, Roles, usual
from zeocryst.chemistry.sites import check_positions
from zeocryst.errors import InputError
from zeocryst.network.bonds import Network, bonds_from_sites
from zeocryst.network.matching import BRIDGE_A, matched_bonds

if TYPE_CHECKING:
    import gsd.hoomd

Floats = NDArray[np.float64]

#: Names of T among beads where none is given, the first that is there.
T_OF_BEADS = ("Si", "Al", "T")
#: Four nearest sites that are nearer than this in the mean are bonded otherwise than by bridges of silicon, Å
#: (silica 3.0 to 3.1 Å, water 2.76 Å); and the distance that then stands for that of water.
SHORT_A, WATER_A = 2.90, 2.76
#: Where the four nearest are looked for, Å.
REACH_A = 3.4


def with_roles(beads: gsd.hoomd.Frame, roles: Roles) -> gsd.hoomd.Frame:
    """The same beads, whose T, S and O are types of these names; other types keep theirs.

    Raises
    ------
    InputError
        There are no T, or a position is none.
    """
    there = list(beads.particles.types or [])
    kinds = np.asarray(beads.particles.typeid, dtype=np.int64)
    if len(kinds) and (not there or int(kinds.max()) >= len(there)):
        raise InputError(f"a bead is of type number {int(kinds.max())}, but there are {len(there)} type names")
    role_of = {name: role for role in ROLES for name in _names(roles, role, there)}
    if not any(role_of.get(name) == "T" for name in there):
        names, wanted_t = ", ".join(map(repr, there)), ", ".join(map(repr, roles.get("T", ("T",))))
        wanted = there[0] if len(there) == 1 and there[0] not in ("S", "O") else "NAME"
        raise InputError(
            f"the frame has no type {wanted_t}; its types are {names}: say which "
            f"is which, for example --types T={wanted}"
        )
    # a type that has the name of a role which was given to another one
    called = [role_of.get(name, f"other {name}" if name in ROLES else name) for name in there]
    check_positions(np.asarray(beads.particles.position), [called[k] for k in kinds], what="site", first=0)
    types = list(dict.fromkeys(called))
    beads.particles.types = types
    beads.particles.typeid = np.array([types.index(called[k]) for k in kinds], dtype=np.uint32)
    return beads


def _names(roles: Roles, role: str, there: list[str]) -> tuple[str, ...]:
    """What a role is called in a frame."""
    if role != "T":
        if role in roles:
            return roles[role]
        taken = {name for names in roles.values() for name in names}
        return tuple(n for n in (*usual(roles, role), role) if n in there and n not in taken)[:1]
    if "T" not in roles and _are_atoms(there):
        return tuple(n for n in there if n in FORMERS)
    return roles.get("T") or tuple(n for n in T_OF_BEADS if n in there)[:1]


def _are_atoms(there: list[str]) -> bool:
    """Whether types are the elements of an oxide, so that Al and P beside Si are T, too."""
    from ase.data import atomic_numbers

    return "O" in there and bool(set(there) & set(FORMERS)) and set(there) <= set(atomic_numbers)


def account_of_beads(beads: gsd.hoomd.Frame) -> dict[str, Any]:
    """How many beads there are of each role, and of those that have none."""
    kinds = np.bincount(
        np.asarray(beads.particles.typeid, dtype=np.int64), minlength=len(beads.particles.types)
    )
    count = {name: int(n) for name, n in zip(beads.particles.types, kinds, strict=True) if n}
    left = {name: n for name, n in count.items() if name not in ROLES}
    return {
        "T": {"T": count["T"]},
        "O": count.get("O", 0),
        "S": count.get("S", 0),
        "left_out": left,
        "notes": [],
    }


def bonds_without_oxygens(positions: Floats, cell: Floats, *, matched: bool = True) -> Network:
    """The network of T positions alone, on the scale of its own bonds: water and silica have the same nets.

    Parameters
    ----------
    positions : (N, 3) array, Å
    cell : (3, 3) array, Å
    matched
        The best matching; otherwise nearest first.
    """
    made = _bonds(positions, cell, 1.0, matched=matched)
    if not _is_short(positions, cell):
        return made
    short = _bonds(positions, cell, BRIDGE_A / WATER_A, matched=matched)
    # three short bridges and a long one, as in RWY, are short in the mean, and lose the long one on this scale
    return made if (made.degree == 4).sum() > (short.degree == 4).sum() else short


def _bonds(positions: Floats, cell: Floats, scale: float, *, matched: bool) -> Network:
    """Bonds as if all were longer by a factor."""
    made = (
        matched_bonds(positions * scale, cell * scale)[0]
        if matched
        else bonds_from_sites(positions * scale, cell * scale)
    )
    if scale == 1.0:
        return made
    return replace(made, positions=made.positions / scale, cell=made.cell / scale, cutoff=made.cutoff / scale)


def _is_short(positions: Floats, cell: Floats) -> bool:
    """Whether most sites have four neighbours that are nearer than T over a bridge of silicon."""
    if len(positions) == 0 or not np.isfinite(positions).all() or abs(np.linalg.det(cell)) < 1e-6:
        return False
    i, _, _, distance = neighbour_pairs(positions, cell, REACH_A, full=True)
    order = np.lexsort((distance, i))
    begin = np.searchsorted(i[order], np.arange(len(positions) + 1))
    enough = np.flatnonzero(np.diff(begin) >= 4)
    if 2 * len(enough) < len(positions):
        return False
    four = distance[order][begin[enough][:, None] + np.arange(4)].mean(axis=1)
    return bool(np.median(four) < SHORT_A)
