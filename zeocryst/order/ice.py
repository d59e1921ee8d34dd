"""CHILL+: which water molecules are ice, cubic or hexagonal, and which clathrate, by freud."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from zeocryst.cell import neighbour_pairs
from zeocryst.model.scales import SAME_LENGTH
from zeocryst.network.bonds import Network
from zeocryst.order.measured import Measured
from zeocryst.order.sites import adjacency_of, clusters
from zeocryst.order.steinhardt import freud_bonds
from zeocryst.order.with_freud import load_freud

#: Molecules of water nearer than this are neighbours, Å, and how far apart two that are bonded are.
NEIGHBOURS_A, WATER_A = 3.5, 2.76
#: Order of the spherical harmonics that are compared along a bond.
ORDER = 3
#: A bond is staggered up to the first value, and eclipsed from the second to the third.
STAGGERED, ECLIPSED = -0.8, (-0.35, 0.25)
#: Kinds by their numbers.
KINDS = ("liquid", "hexagonal_ice", "cubic_ice", "interfacial_ice", "clathrate", "interfacial_clathrate")
LIQUID, HEXAGONAL, CUBIC, INTERFACIAL, CLATHRATE, INTERFACIAL_CLATHRATE = range(len(KINDS))


def ice(network: Network) -> Measured:
    r"""Number of T that are cubic, hexagonal or interfacial ice, clathrate or liquid; the largest cluster.

    CHILL+ (A. H. Nguyen, V. Molinero, J. Phys. Chem. B 119, 9369 (2015)), made for water, for T as molecules.
    Two of them within 3.5 Å are neighbours, and their bond is compared by

    .. math:: c_{ij} = \frac{\sum_m q_{3m}(i) q_{3m}^*(j)}{|q_3(i)| |q_3(j)|}

    (by freud): staggered up to -0.8, eclipsed from -0.35 to 0.25. Of the molecules with four neighbours those
    with four staggered bonds are cubic ice, with three and an eclipsed one hexagonal ice, with two of any
    others or three and one that is neither interfacial ice; with four eclipsed bonds clathrate, with three
    interfacial clathrate. All others are liquid. `largest_ice_cluster` is the largest number of molecules of
    ice of the three kinds that are joined by neighbours. Where T-T are not those of water (silicon, silica)
    3.5 Å are scaled with the median bond.

    `ice_kind` of the sites is the kind's number, in this order from 0: liquid, hexagonal ice, cubic ice,
    interfacial ice, clathrate, interfacial clathrate.
    """
    near = _neighbours(network)
    kind = _kinds(near)
    frozen = (kind == HEXAGONAL) | (kind == CUBIC) | (kind == INTERFACIAL)
    cluster = clusters(adjacency_of(near), frozen)
    values = {f"{name}_T": float((kind == k).sum()) for k, name in enumerate(KINDS)}
    values["largest_ice_cluster"] = float(np.bincount(cluster[frozen], minlength=1).max())
    return Measured(values, {"ice_kind": kind})


def _neighbours(network: Network) -> Network:
    """All pairs of T within 3.5 Å, or what that is in the structure's lengths, as a network."""
    reach = NEIGHBOURS_A
    if len(network.first):
        ratio = float(np.median(np.linalg.norm(network.vectors, axis=1))) / WATER_A
        reach *= 1.0 if abs(ratio - 1) <= SAME_LENGTH else ratio
    i, j, shift, _ = neighbour_pairs(network.positions, network.cell, reach)
    return replace(network, first=i, second=j, shift=shift)


def _kinds(near: Network) -> NDArray[np.int32]:
    """The kind of each molecule, (N,)."""
    n = near.n_sites
    kind = np.zeros(n, dtype=np.int32)
    if not len(near.first):
        return kind
    freud = load_freud()
    system, bonds = freud_bonds(near)
    # freud's own threshold cannot be negative; its comparison is taken, and counted here
    compared = freud.order.SolidLiquid(l=ORDER, q_threshold=0.0, solid_threshold=0)
    alike = np.asarray(compared.compute(system, neighbors=bonds).ql_ij)
    # a small cell comes as a supercell: its first sites are those of the network
    own = bonds.query_point_indices < n
    i, alike = bonds.query_point_indices[own], alike[own]
    staggered = np.bincount(i[alike <= STAGGERED], minlength=n)
    eclipsed = np.bincount(i[(alike >= ECLIPSED[0]) & (alike <= ECLIPSED[1])], minlength=n)
    four = near.degree == 4
    kind[four & ((staggered == 2) | (staggered == 3))] = INTERFACIAL
    kind[four & (staggered == 3) & (eclipsed == 1)] = HEXAGONAL
    kind[four & (staggered == 4)] = CUBIC
    kind[four & (eclipsed == 3)] = INTERFACIAL_CLATHRATE
    kind[four & (eclipsed == 4)] = CLATHRATE
    return kind
