"""Symmetry of a CIF: which operations are meant, and all atoms from the listed ones.

Operations that a file lists are what its author applied, so they are enough, whatever the symbol beside them
says. Else a Hall symbol, which is unambiguous, then a Hermann-Mauguin symbol in any setting, then a number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zeocryst.errors import InputError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Copies of a site by its symmetry that are nearer than this are one atom, Å: 0.333 for 1/3, and what lies off
#: a special position though no two atoms could be so near. A site that is not fully occupied may be split
#: in halves: only what is rounded is joined there.
ONE_ATOM_A, ONE_PARTIAL_A = 0.7, 0.1
#: Two copies of a site at its special position, Å, and how much memory expansion may take (numbers).
SAME_A, CHUNK = 0.02, 4_000_000
#: Lengths of bonds of T and O, and of T that share an O, Å; nearer than the last two atoms clash.
BOND_A, T_T_A, CLASH_A = (1.4, 2.0), (2.7, 3.5), 1.3
#: How far the cell may be from the symmetry of the operations: share of the metric.
METRIC = 0.05


@dataclass(frozen=True)
class Operations:
    """Symmetry operations: x' = rotation x + translation, in fractional coordinates.

    Attributes
    ----------
    rotation : (K, 3, 3) array
    translation : (K, 3) array
    name : str
        Where they come from, in words.
    """

    rotation: Floats
    translation: Floats
    name: str

    def __len__(self) -> int:
        """Number of operations, those of centring included."""
        return len(self.rotation)


@dataclass(frozen=True)
class Stated:
    """What a CIF says of its symmetry; empty where it says nothing.

    Attributes
    ----------
    triplets : list of str
        Operations, such as ``-x,y+1/2,-z``.
    hall, mauguin, number : str
        Symbols and number of the space group.
    """

    triplets: list[str]
    hall: str
    mauguin: str
    number: str


def operations(stated: Stated, angles: tuple[float, float, float]) -> tuple[list[Operations], list[str]]:
    """The operations that are meant; several where the file leaves the origin open; and words on them.

    Parameters
    ----------
    stated
        What the file says.
    angles
        Of the cell, in degrees: they tell rhombohedral axes and the unique axis.

    Raises
    ------
    InputError
        An operation is none, or symbol and number are of no group.
    """
    if stated.triplets:
        return _listed(stated)
    if stated.hall:
        found = _from_hall(stated.hall)
        if found is not None:
            return [found], []
    if stated.mauguin:
        several = _from_mauguin(stated.mauguin, angles)
        if several:
            return several, []
    if stated.number:
        several = _from_number(stated.number, angles, alone=bool(stated.hall or stated.mauguin))
        if several:
            words = ", ".join(filter(None, (stated.hall, stated.mauguin)))
            notes = [f"{words} is no symbol that is known; {several[0].name} is taken"] if words else []
            return several, notes
    given = [
        f"{what} {value!r}"
        for what, value in (
            ("Hall symbol", stated.hall),
            ("Hermann-Mauguin symbol", stated.mauguin),
            ("number", stated.number),
        )
        if value
    ]
    if given:
        raise InputError(
            f"no space group in a known setting is meant by {', '.join(given)}; list its operations "
            "(_space_group_symop_operation_xyz), or write P 1 with all atoms"
        )
    return [_identity()], ["no symmetry is given: all atoms are taken to be listed (P 1)"]


def _identity() -> Operations:
    return Operations(np.eye(3)[None], np.zeros((1, 3)), "P 1")


def _listed(stated: Stated) -> tuple[list[Operations], list[str]]:
    import gemmi

    rows = []
    for text in stated.triplets:
        try:
            op = gemmi.Op(text.replace(";", ",").lower())
        except RuntimeError:
            raise InputError(f"{text!r} is no symmetry operation such as -x,y+1/2,-z") from None
        if abs(op.det_rot()) != op.DEN**3:
            raise InputError(f"{text!r} is no symmetry operation: it does not keep volumes")
        rows.append(op.wrap())
    unique = list({op.triplet(): op for op in [gemmi.Op("x,y,z"), *rows]}.values())
    notes = []
    if len(unique) == 1 and stated.mauguin:
        group = gemmi.find_spacegroup_by_name(_plain(stated.mauguin))
        if group is not None and len(list(group.operations())) > 1:
            notes.append(
                f"the symbol is {stated.mauguin}, but x,y,z is the only operation listed: all atoms are taken "
                "to be listed"
            )
    return [_arrays(unique, f"{len(unique)} operations listed")], notes


def _arrays(ops: list[Any], name: str) -> Operations:
    den = 24
    return Operations(
        np.array([op.rot for op in ops], dtype=float) / den,
        np.array([op.tran for op in ops], dtype=float) / den,
        name,
    )


def _from_hall(symbol: str) -> Operations | None:
    import gemmi

    try:
        return _arrays(list(gemmi.symops_from_hall(symbol)), f"Hall symbol {symbol}")
    except RuntimeError:
        return None


def _plain(symbol: str) -> str:
    """A Hermann-Mauguin symbol as gemmi spells it: without brackets, origins as ``:1`` and ``:2``."""
    text = re.sub(r"[()_{}]", "", symbol).strip()
    text = re.sub(r"\s*:?\s*S$", ":1", text)  # S and Z: the two origins in the ICSD's spelling
    text = re.sub(r"\s*:?\s*Z$", ":2", text)
    return re.sub(r"\s*:\s*", ":", text)


def _from_mauguin(symbol: str, angles: tuple[float, float, float]) -> list[Operations]:
    import gemmi

    plain = _plain(symbol)
    names = [plain]
    parts = plain.split()
    if len(parts) == 2 and abs(angles[1] - 90) < 1e-3:  # short monoclinic symbols: the angle tells the axis
        if abs(angles[2] - 90) > 1e-3:
            names.insert(0, f"{parts[0]} 1 1 {parts[1]}")
        elif abs(angles[0] - 90) > 1e-3:
            names.insert(0, f"{parts[0]} {parts[1]} 1 1")
    for name in names:
        group = gemmi.find_spacegroup_by_name(name, angles[0], angles[2])
        if group is not None:
            stated = ":" in name
            return [_of_group(g) for g in ([group] if stated else _origins(group))]
    return []


def _origins(group: Any) -> list[Any]:
    """The group in each of its origins (those in rhombohedral or hexagonal axes have one)."""
    import gemmi

    if group.ext not in ("1", "2"):
        return [group]
    other = gemmi.find_spacegroup_by_name(f"{group.hm}:{'2' if group.ext == '1' else '1'}")
    return [group, other] if other is not None else [group]


def _of_group(group: Any) -> Operations:
    return _arrays(list(group.operations()), group.xhm())


def _from_number(text: str, angles: tuple[float, float, float], *, alone: bool) -> list[Operations]:
    """The group of a number in its standard setting; with `alone` only where it has no other."""
    import gemmi

    if not re.fullmatch(r"[0-9]{1,3}", text) or not 1 <= int(text) <= 230:
        return []
    settings = [group for group in gemmi.spacegroup_table() if group.number == int(text)]
    if alone and len(settings) > 1:
        return []
    standard = next(group for group in settings if group.is_reference_setting())
    if standard.ext in ("H", "R"):
        standard = gemmi.find_spacegroup_by_name(standard.hm, angles[0], angles[2]) or standard
    return [_of_group(group) for group in _origins(standard)]


def check_cell(ops: Operations, cell: Floats) -> None:
    """Raise where the cell does not have the symmetry of the operations.

    Raises
    ------
    InputError
        An operation would strain the cell by more than a few per cent: other axes are meant.
    """
    metric = cell @ cell.T
    turned = np.einsum("kji,jl,klm->kim", ops.rotation, metric, ops.rotation)
    if (np.abs(turned - metric) > METRIC * np.abs(metric).max()).any():
        from ase.cell import Cell

        a, b, c, alpha, beta, gamma = Cell(cell).cellpar()
        raise InputError(
            f"the cell (a, b, c = {a:.3f}, {b:.3f}, {c:.3f} Å, angles {alpha:g}, {beta:g}, {gamma:g}°) does "
            f"not have the symmetry of its space group ({ops.name}); are its axes those of another setting?"
        )


def expand(fractional: Floats, ops: Operations, cell: Floats, full: NDArray[np.bool_]) -> tuple[Floats, Ints]:
    """All atoms of the cell from the listed sites.

    Parameters
    ----------
    fractional : (N, 3) array
        The sites.
    ops
        Symmetry.
    cell : (3, 3) array, Å
    full : (N,) bool array
        Which sites are fully occupied: their copies are joined where two atoms cannot be (`ONE_ATOM_A`).

    Returns
    -------
    positions : (M, 3) array
        Fractional coordinates in [0, 1).
    site : (M,) int array
        The site of each.
    """
    if len(ops) == 1:
        return fractional - np.floor(fractional), np.arange(len(fractional))
    near = np.where(full, ONE_ATOM_A, ONE_PARTIAL_A)
    step = max(1, CHUNK // (3 * len(ops)))
    places, owners = [], []
    for begin in range(0, len(fractional), step):
        part = slice(begin, begin + step)
        images, special = _images(fractional[part], ops, cell, near[part])
        keep = np.ones(images.shape[:2], dtype=bool)
        for k in np.flatnonzero(special):
            keep[k] = _first_copies(images[k], cell)
        places.append(images[keep])
        owners.append(begin + np.nonzero(keep)[0])
    found = np.concatenate(places)
    return found - np.floor(found), np.concatenate(owners)


def _images(sites: Floats, ops: Operations, cell: Floats, near: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Images of each site (n, K, 3), which are first put where they are special; which ones are."""
    sites = sites.copy()
    for _ in range(3):  # a mean over all operations that leave the site where it is lies where they all keep it
        images = np.einsum("kij,nj->nki", ops.rotation, sites) + ops.translation
        apart = images - sites[:, None]
        apart -= np.round(apart)
        close = np.linalg.norm(apart @ cell, axis=2) < near[:, None]
        count = close.sum(axis=1)
        sites += (apart * close[:, :, None]).sum(axis=1) / count[:, None]
    images = np.einsum("kij,nj->nki", ops.rotation, sites) + ops.translation
    return images, count > 1


def _first_copies(images: Floats, cell: Floats) -> NDArray[np.bool_]:
    """Which of a site's images are the first at their place."""
    apart = images[:, None] - images[None]
    apart -= np.round(apart)
    same = np.linalg.norm(apart @ cell, axis=2) < SAME_A
    return np.asarray(~np.triu(same, 1).any(axis=0))


def likeliest(
    candidates: list[Operations], fractional: Floats, is_oxygen: NDArray[np.bool_], cell: Floats
) -> int:
    """Which of several origins is meant: the one in which most atoms are bonded as in a framework.

    A bridging O has two neighbours at a bond's length, all others have four (O, or T where there are no O);
    none has any nearer.

    Parameters
    ----------
    candidates
        Operations.
    fractional : (N, 3) array
        Fully occupied sites.
    is_oxygen : (N,) bool array
    cell : (3, 3) array, Å
    """
    from zeocryst.cell import neighbour_pairs

    low, high = BOND_A if is_oxygen.any() else T_T_A
    scores = []
    for ops in candidates:
        places, owner = expand(fractional, ops, cell, np.ones(len(fractional), dtype=bool))
        i, j, _, distance = neighbour_pairs(places @ cell, cell, high, full=True)
        mine = is_oxygen[owner]
        between = mine[i] != mine[j] if mine.any() else np.ones(len(i), dtype=bool)
        bonds = np.bincount(i[between & (distance > low)], minlength=len(places))
        crowded = np.bincount(i[distance <= CLASH_A], minlength=len(places)) > 0
        scores.append(float(((bonds == np.where(mine, 2, 4)) & ~crowded).mean()))
    return int(np.argmax(scores))
