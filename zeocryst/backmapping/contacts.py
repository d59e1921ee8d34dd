"""Contacts of atoms that no bond relates: how near strangers come to each other.

A distance that bonds decide says nothing about a clash: an H is always 0.96 Å from its O, two O of one
tetrahedron always 2.63 Å apart. Left out are therefore

- Si-O bonds, O-O of one tetrahedron, Si-Si over a bridge;
- of each H: its own O, which is the nearest within a bond's length; the Si on that O, and that Si's other O;
  and the other H on that O.

The H of two silanols of one Si are strangers: nothing but their turning keeps them apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from zeocryst.backmapping.distances import Terms, related
from zeocryst.backmapping.local import O_H_BOND_A, Local
from zeocryst.cell import neighbour_pairs

if TYPE_CHECKING:
    from ase import Atoms

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Farthest contact looked at, Å.
REACH_A = 6.0
#: The two elements of each kind of contact.
KINDS = {"O-O": (8, 8), "Si-O": (14, 8), "Si-Si": (14, 14), "H-H": (1, 1), "H-O": (1, 8), "H-Si": (1, 14)}


@dataclass(frozen=True)
class Contact:
    """Contacts of one kind: the atoms (K, 2), and how far apart they are (K,), Å."""

    atoms: Ints
    distance: Floats


def contacts(atoms: Atoms, local: Local) -> dict[str, Contact]:
    """The contacts of each of `KINDS` within `REACH_A`; Al counts as Si."""
    z = np.where(atoms.numbers == 13, 14, atoms.numbers)
    i, j, shift, distance = neighbour_pairs(atoms.positions, atoms.cell[:], REACH_A)
    known = _known(z, local, i, j, shift, distance)
    strange = ~related(i, j, shift, known.i, known.j, known.shift, *known.by_atom(len(z)))
    pairs = np.column_stack([i, j])
    found = {}
    for kind, (one, other) in KINDS.items():
        mine = strange & (((z[i] == one) & (z[j] == other)) | ((z[i] == other) & (z[j] == one)))
        found[kind] = Contact(pairs[mine], distance[mine])
    return found


def _known(z: Ints, local: Local, i: Ints, j: Ints, shift: Ints, distance: Floats) -> Terms:
    """The pairs that bonds relate, as terms without a distance."""
    t, o = local.bonds.T
    s = local.bond_shift
    a, b = local.edges.T
    first, second = local.bridges.T
    h, own, out = _own_oxygens(z, i, j, shift, distance)
    p, q = _joined(own, o)  # from H over its O to the Si on it
    r, other = _joined(t[q], t)  # and on to all O of this Si
    k, m = _joined(own, own)  # H of one O
    apart = k < m
    rows = (
        (t, o, s),
        (o[a], o[b], s[b] - s[a]),
        (t[first], t[second], s[first] - s[second]),
        (h, own, out),
        (h[p], t[q], out[p] - s[q]),
        (h[p][r], o[other], (out[p] - s[q])[r] + s[other]),
        (h[k[apart]], h[m[apart]], out[k[apart]] - out[m[apart]]),
    )
    one, other_end, between = (np.concatenate([row[n] for row in rows]) for n in range(3))
    nothing = np.zeros(len(one))
    return Terms(one, other_end, between, nothing, nothing)


def _own_oxygens(z: Ints, i: Ints, j: Ints, shift: Ints, distance: Floats) -> tuple[Ints, Ints, Ints]:
    """Each H that has an O within a bond's length, its nearest O, and the lattice shift to it."""
    forward = (z[i] == 1) & (z[j] == 8) & (distance < O_H_BOND_A)
    backward = (z[i] == 8) & (z[j] == 1) & (distance < O_H_BOND_A)
    h, o = np.concatenate([i[forward], j[backward]]), np.concatenate([j[forward], i[backward]])
    out = np.concatenate([shift[forward], -shift[backward]])
    order = np.lexsort((np.concatenate([distance[forward], distance[backward]]), h))
    h, nearest = np.unique(h[order], return_index=True)
    return h, o[order][nearest], out[order][nearest]


def _joined(left: Ints, right: Ints) -> tuple[Ints, Ints]:
    """All pairs of places with equal entries in `left` and in `right`."""
    order = np.argsort(right, kind="stable")
    ranked = right[order]
    begin, end = np.searchsorted(ranked, left, "left"), np.searchsorted(ranked, left, "right")
    count = end - begin
    one = np.repeat(np.arange(len(left)), count)
    step = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    return one, order[np.repeat(begin, count) + step]
