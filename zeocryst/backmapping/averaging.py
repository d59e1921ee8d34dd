"""The mean of all copies of a net's cell in the atoms, with the symmetry of the net.

What it is for says `zeocryst.backmapping.ideal`.

Places are fractions of the net's lattice vectors, those of an O counted from the cell where its bond begins (or
where its T is). O of a net are numbered: one for each bond, then the terminal ones of T with fewer than four.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zeocryst.network.automorphisms import Automorphisms
from zeocryst.network.bonds import Network
from zeocryst.network.bondtable import BondTable
from zeocryst.network.lattice_map import LatticeMap

if TYPE_CHECKING:
    from ase import Atoms

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Si-O distances of a mean structure that are believed, Å. Linear bridges in the mean structures of clathrasils
#: have 1.54 to 1.57 Å.
SI_O_RANGE_A = (1.45, 1.80)


@dataclass(frozen=True)
class Copies:
    """O of the atoms that are O of the net.

    Attributes
    ----------
    number : (P,) int array
        Which of the net's.
    place : (P, 3) float array
    """

    number: Ints
    place: Floats


@dataclass(frozen=True)
class Mean:
    """A net's cell with atoms.

    Attributes
    ----------
    net : Network
        Its bonds.
    cell : (3, 3) float array, Å
        Right-handed.
    t, o : (N, 3), (K, 3) float arrays
        Places of T and O; O from the cell where the bond begins.
    square : (N + K,) float array
        Mean square distance of the copies of each from it, Å^2.
    copies : (N + K,) int array
        How many there are.
    figures : dict
        For the summary.
    """

    net: Network
    cell: Floats
    t: Floats
    o: Floats
    square: Floats
    copies: Ints
    figures: dict[str, Any]


def terminal_owner(net: Network) -> Ints:
    """The T of each terminal O of a net."""
    return np.repeat(np.arange(net.n_sites), np.maximum(4 - net.degree, 0))


def copies_of_oxygens(
    atoms: Atoms, network: Network, net: Network, found: LatticeMap, bridging: Floats
) -> Copies:
    """O of the atoms as O of the net.

    Parameters
    ----------
    atoms
        Si in the order of the network's sites, bridging O in the order of its bonds, silanol O, others.
    network, net, found
        The T network, and how it lies on the net.
    bridging : (M, 3) float array, Å
        O of the bonds, each beside its first Si.
    """
    inverse = np.linalg.inv(found.lattice)
    good = found.bond >= 0
    number, place = [found.bond[good]], [(bridging @ inverse - found.base)[good]]
    # silanols where the net has them, and only there
    owner, theirs = terminal_owner(network), terminal_owner(net)
    n, m = network.n_sites, len(network.first)
    silanol = atoms.positions[n + m : n + m + len(owner)] @ np.linalg.inv(atoms.cell[:])
    silicon = atoms.positions[owner] @ np.linalg.inv(atoms.cell[:])
    arm = (silanol - silicon - np.round(silanol - silicon)) @ found.box
    for y in np.unique(theirs):
        slots = len(net.first) + np.flatnonzero(theirs == y)
        first: Floats | None = None
        for i in np.flatnonzero((found.site == y) & (network.degree == net.degree[y])):
            arms = arm[owner == i]
            first = arms if first is None else first
            number.append(slots)
            place.append(found.places[y] + found.off[i] + arms[_order(arms, first, found.lattice)])
    return Copies(np.concatenate(number), np.vstack(place))


def _order(arms: Floats, like: Floats, lattice: Floats) -> Ints:
    """The order of the rows of `arms` that is nearest to `like`."""
    from scipy.optimize import linear_sum_assignment

    gaps = np.linalg.norm((like[:, None] - arms[None]) @ lattice, axis=2)
    return np.asarray(linear_sum_assignment(gaps**2)[1])


def averaged(net: Network, found: LatticeMap, copies: Copies, symmetry: Automorphisms) -> Mean | str:
    """The mean cell with the whole symmetry; a sentence where a site has no copy."""
    n, k = net.n_sites, len(net.first) + len(terminal_owner(net))
    mapped = found.site >= 0
    count_t = np.bincount(found.site[mapped], minlength=n)
    count_o = np.bincount(copies.number, minlength=k)
    if (count_t == 0).any() or (count_o == 0).any():
        return "a site of the framework has no copy among the atoms"
    middle = found.places.mean(axis=0)
    t = found.places - middle
    o = np.stack([np.bincount(copies.number, x, k) for x in copies.place.T], axis=1) / count_o[:, None] - middle
    metric = found.lattice @ found.lattice.T
    even = np.mean([a @ metric @ a.T for a in symmetry.matrix], axis=0)
    t_even, o_even = _symmetrized(net, t, o, symmetry, found.lattice)
    off_t = (found.places[found.site] + found.off - middle - t_even[found.site])[mapped] @ found.lattice
    off_o = (copies.place - middle - o_even[copies.number]) @ found.lattice
    square_t = np.bincount(found.site[mapped], (off_t**2).sum(axis=1), n) / count_t
    square_o = np.bincount(copies.number, (off_o**2).sum(axis=1), k) / count_o
    cell = np.linalg.cholesky(even)
    bonded = _si_o(net, t_even, o_even, cell)
    # terminal O that point this way in one copy and that way in the next have no mean place
    terminal = bonded[2 * len(net.first) :]
    bad = (terminal < SI_O_RANGE_A[0]) | (terminal > SI_O_RANGE_A[1])
    none = np.append(np.zeros(len(net.first), bool), bad)
    bonded = np.append(bonded[: 2 * len(net.first)], terminal[~bad])
    stretch = np.sqrt(np.linalg.eigvals(np.linalg.solve(even, metric)).real)
    figures = {
        "rms_A": _root((off_t**2).sum(axis=1)),
        "rms_O_A": _root((off_o**2).sum(axis=1)[~none[copies.number]]),
        "symmetry_moved_A": {
            "T": _root((((t_even - t) @ found.lattice) ** 2).sum(axis=1)),
            "O": _root((((o_even - o) @ found.lattice) ** 2).sum(axis=1)),
        },
        "cell_strain": round(float(np.abs(stretch - 1).max()), 6),
        "si_o_A": {
            "least": round(float(bonded.min()), 4), "mean": round(float(bonded.mean()), 4),
            "most": round(float(bonded.max()), 4),
        },
        "copies": found.n_cells,
        "O_left_out": int(none.sum()),
        "T_missing": found.n_cells * n - int(mapped.sum()),
        "T_elsewhere": int((~mapped).sum()),
    }  # fmt: skip
    hand = np.sign(np.linalg.det(found.lattice))  # a left-handed basis is turned round
    square = np.concatenate([square_t, square_o[~none]])
    count = np.concatenate([count_t, count_o[~none]])
    turned = net if hand > 0 else Network(net.positions, net.cell, net.first, net.second, -net.shift)
    return Mean(turned, cell, hand * t_even, hand * o_even[~none], square, count, figures)


def _root(squares: Floats) -> float:
    """Root of the mean."""
    return round(float(np.sqrt(squares.mean())), 4)


def _si_o(net: Network, t: Floats, o: Floats, cell: Floats) -> Floats:
    """All Si-O distances, Å."""
    m = len(net.first)
    arms = [o[:m] - t[net.first], o[:m] - t[net.second] - net.shift, o[m:] - t[terminal_owner(net)]]
    return np.asarray(np.linalg.norm(np.vstack(arms) @ cell, axis=1))


def _symmetrized(
    net: Network, t: Floats, o: Floats, symmetry: Automorphisms, lattice: Floats
) -> tuple[Floats, Floats]:
    """Means of what all symmetries make of the places of T and O."""
    m, owner = len(net.first), terminal_owner(net)
    bonds = BondTable(net)
    t_sum, o_sum = np.zeros_like(t), np.zeros_like(o)
    for matrix, move, site, cell in zip(
        symmetry.matrix, symmetry.translation, symmetry.site, symmetry.lattice, strict=True
    ):
        t_sum[site] += t @ matrix + move - cell
        begin, end = cell[net.first], cell[net.second] + net.shift @ matrix
        places = o @ matrix + move
        to, backwards = bonds.find(site[net.first], site[net.second], end - begin)
        o_sum[to] += places[:m] - np.where(backwards[:, None], end, begin)
        for y in np.unique(owner):
            mine, theirs = m + np.flatnonzero(owner == y), m + np.flatnonzero(owner == site[y])
            moved = places[mine] - cell[y]
            o_sum[theirs] += moved[_order(moved, o[theirs], lattice)]
    return t_sum / len(symmetry.matrix), o_sum / len(symmetry.matrix)
