r"""Geometry by distance least squares (DLS), after DLS-76.

The program DLS-76 (Ch. Baerlocher, A. Hepp, W. M. Meier, ETH Zürich, 1977) finds the coordinates whose
interatomic distances come nearest to prescribed ones. Its residual is

.. math:: R = \sqrt{\sum_m w_m^2 (D_m - d_m)^2 / \sum_m w_m^2 D_m^2}

with prescribed distances D and weights w: Si-O 1.61 Å (2.0), O-O within a tetrahedron
1.61 sqrt(8/3) = 2.629 Å (0.61), Si-Si over a bridge 3.07 Å (0.23).

T and O are free and the cell is fixed. Nothing in these terms holds a framework open: with a free cell SOD
reaches zero residual at 9 % less volume, so a low residual alone proves nothing. A cell that is set free is
held by a term for the density, n k^2 (V / V0 - 1)^2 with V0 the volume given, n the number of T and k of
`VOLUME_STIFFNESS`; no fully connected type then changes its volume by more than 0.4 %.

Beyond DLS-76, one-sided terms keep atoms apart: those that no bond relates (`CONTACT`), so that silanols
of a crowded amorphous structure do not meet, and the oxygens of one tetrahedron (`EDGE`), whose weight of
0.61 alone lets a strained tetrahedron fold to O-O of 2.1 Å. They are not part of the residual that is reported.
Bridging oxygens are first let as near as `CLOSEST_BRIDGES`, which a few idealized frameworks with double
four-rings need, and then kept `CONTACT` apart where that costs next to nothing, as it does elsewhere.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from zeocryst.backmapping.descent import Descent, VolumeTerm, threads_for
from zeocryst.backmapping.distances import Terms, related, term_of
from zeocryst.backmapping.oxygens import SI_O_A, Silicate
from zeocryst.cell import neighbour_pairs, volume
from zeocryst.network.bonds import SI_O_BOND_A

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Prescribed distance (Å) and weight of each kind of term.
SI_O = (SI_O_A, 2.0)
O_O = (SI_O_A * (8 / 3) ** 0.5, 0.61)
SI_SI = (3.07, 0.23)
#: Shortest O-O, Si-O and Si-Si contact of atoms that no term relates (Å), and the weight of a breach.
CONTACT = {"O-O": 2.75, "Si-O": 2.90, "Si-Si": 2.80}
CONTACT_WEIGHT = 1.0
#: Shortest O-O between bridging oxygens (Å) where the other cannot be had without raising the residual by more
#: than `CONTACT_COST`: the idealized references of germanates with double four-rings have 2.1 to 2.4 Å. In
#: between, the longest of `BETWEEN_A` that costs no more: one strained place shall not decide for the whole.
CLOSEST_BRIDGES = 2.17
BETWEEN_A = (2.50, 2.30)
CONTACT_COST = 1.02
#: Shortest edge of a tetrahedron (Å), and the weight of a breach. The shortest O-O of ordered silicates is
#: about 2.5 Å.
EDGE = (2.45, 2.0)
#: Rounds of solving; after each the contacts are looked up anew, among pairs up to this much farther apart (Å).
ROUNDS = 6
SKIN_A = 0.5
#: Steps of the first round, in which oxygens leave the midpoints, and of each other.
FIRST_STEPS, MOST_STEPS = 8, 100
#: k of the term n k^2 (V / V0 - 1)^2 that holds a free cell, n the number of T.
VOLUME_STIFFNESS = 5.0


def prescribed_terms(silicate: Silicate, lengths: Floats | None = None) -> Terms:
    """The terms of DLS-76 for a silicate in which every Si has four oxygens.

    Parameters
    ----------
    silicate
        Si and O with their bonds.
    lengths : (P,) float array, optional
        Prescribed length of each bond of ``silicate.bonds()``, Å, where T are not all Si; O-O and T-T follow
        from them with the same angles.
    """
    network = silicate.network
    si, o, shift = silicate.bonds()
    four_o, four_shift = o.reshape(-1, 4), shift.reshape(-1, 4, 3)
    a, b = np.triu_indices(4, 1)
    i = [si, four_o[:, a].ravel(), network.first]
    j = [o, four_o[:, b].ravel(), network.second]
    shifts = [shift, (four_shift[:, b] - four_shift[:, a]).reshape(-1, 3), network.shift]
    sizes = [len(x) for x in i]
    distance = np.repeat([SI_O[0], O_O[0], SI_SI[0]], sizes)
    if lengths is not None:
        four = lengths.reshape(-1, 4)
        edges = third_side(four[:, a], four[:, b], -1 / 3).ravel()
        bridging = np.flatnonzero(o < network.n_sites + len(silicate.bridging))
        legs = lengths[bridging[np.argsort(o[bridging], kind="stable")]].reshape(-1, 2)
        bridge = 1 - SI_SI[0] ** 2 / (2 * SI_O[0] ** 2)
        distance = np.concatenate([lengths, edges, third_side(legs[:, 0], legs[:, 1], bridge)])
    return Terms(
        np.concatenate(i),
        np.concatenate(j),
        np.concatenate(shifts),
        distance,
        np.repeat([SI_O[1], O_O[1], SI_SI[1]], sizes),
    )


def third_side(one: Floats, other: Floats, cosine: float) -> Floats:
    """The side of a triangle across the angle of that cosine, Å."""
    return np.asarray(np.sqrt(one**2 + other**2 - 2 * one * other * cosine))


def residual(terms: Terms, positions: Floats, cell: Floats) -> float:
    """The DLS-76 residual R."""
    d = np.linalg.norm(terms.vectors(positions, cell), axis=1)
    off = (terms.weight * (terms.distance - d)) ** 2
    return float(np.sqrt(off.sum() / ((terms.weight * terms.distance) ** 2).sum()))


def _contact_terms(silicate: Silicate, terms: Terms, positions: Floats, cell: Floats, bridges: float) -> Terms:
    """One-sided terms: the edges of tetrahedra, and pairs no term relates that are or may come too close."""
    n = silicate.network.n_sites
    i, j, shift, distance = neighbour_pairs(positions, cell, max(CONTACT.values()) + SKIN_A)
    silicons = (i < n).astype(int) + (j < n)
    least = np.array([CONTACT["O-O"], CONTACT["Si-O"], CONTACT["Si-Si"]])[silicons]
    terminal = n + len(silicate.bridging)
    least[(silicons == 0) & (i < terminal) & (j < terminal)] = bridges
    weight = np.full(len(i), CONTACT_WEIGHT)
    term = term_of(i, j, shift, terms.i, terms.j, terms.shift, *terms.by_atom(len(positions)))
    known = term >= 0
    edge = known & (silicons == 0)
    wanted = np.minimum(terms.distance[term[edge]], O_O[0])  # B and P have smaller tetrahedra
    least[edge], weight[edge] = EDGE[0] * wanted / O_O[0], EDGE[1]
    near = (edge | ~known) & (distance < least + SKIN_A)
    return Terms(i[near], j[near], shift[near], least[near], weight[near], np.ones(near.sum(), dtype=bool))


def solve(
    silicate: Silicate, *, free_cell: bool = False, lengths: Floats | None = None
) -> tuple[Silicate, float]:
    """The geometry of least residual that is reached from here.

    Parameters
    ----------
    silicate
        Si and O with their bonds.
    free_cell
        Whether the cell may change, held by the term of `VOLUME_STIFFNESS`.
    lengths
        Prescribed bonds where T are not all Si; see `prescribed_terms`.

    Returns
    -------
    silicate : Silicate
        Si and O moved; the same network.
    residual : float
        R of the prescribed terms.
    """
    terms = prescribed_terms(silicate, lengths)
    held = None
    if free_cell:
        held = VolumeTerm(VOLUME_STIFFNESS, volume(silicate.network.cell), silicate.network.n_sites)
    with threads_for(silicate.n_atoms):
        solved = _descend(silicate, terms, held, CLOSEST_BRIDGES)
        found = residual(terms, solved.positions, solved.network.cell)
        for bridges in (CONTACT["O-O"], *BETWEEN_A):
            if not _closer_than(bridges, solved, terms):
                break
            apart = _descend(solved, terms, held, bridges)
            reached = residual(terms, apart.positions, apart.network.cell)
            if reached <= CONTACT_COST * found:
                return apart, reached
    return solved, found


def _closer_than(bridges: float, silicate: Silicate, terms: Terms) -> bool:
    """Whether atoms are nearer to each other than they may be, bridging O than a distance."""
    positions, cell = silicate.positions, silicate.network.cell
    wanted = _contact_terms(silicate, terms, positions, cell, bridges)
    return bool((np.linalg.norm(wanted.vectors(positions, cell), axis=1) < wanted.distance - 0.05).any())


def _descend(silicate: Silicate, terms: Terms, held: VolumeTerm | None, bridges: float) -> Silicate:
    """Descend with bridging O kept `bridges` Å apart."""
    positions, cell, value = silicate.positions, silicate.network.cell, np.inf
    for turn in range(ROUNDS):
        contacts = _contact_terms(silicate, terms, positions, cell, bridges)
        descent = Descent(positions, cell, terms.joined(contacts), held)
        if turn > 1 and descent.value < 1.001 * value:
            break  # nothing has come near that was not looked after
        value = descent.run(FIRST_STEPS if turn == 0 else MOST_STEPS)
        positions, cell = descent.positions, descent.cell
    n, m = silicate.network.n_sites, len(silicate.bridging)
    solved = replace(
        silicate,
        network=replace(silicate.network, positions=positions[:n], cell=cell),
        bridging=positions[n : n + m],
        terminal=positions[n + m :],
    )
    return solved


def keeps_network(silicate: Silicate) -> bool:
    """Whether the Si and O within a bond's length of each other are those that are bonded, and no others."""
    n, positions, cell = silicate.network.n_sites, silicate.positions, silicate.network.cell
    si, o, shift = silicate.bonds()
    bonds = Terms(si, o, shift, np.ones(len(si)), np.ones(len(si)))
    if (np.linalg.norm(bonds.vectors(positions, cell), axis=1) > SI_O_BOND_A).any():
        return False
    i, j, shift, _ = neighbour_pairs(positions, cell, SI_O_BOND_A)
    mixed = (i < n) != (j < n)
    known = related(i, j, shift, bonds.i, bonds.j, bonds.shift, *bonds.by_atom(len(positions)))
    return bool(known[mixed].all())
