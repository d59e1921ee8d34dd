"""Solid-like bonds after ten Wolde, Ruiz-Montero and Frenkel, by freud."""

from __future__ import annotations

import numpy as np

from zeocryst.network.bonds import Network
from zeocryst.order.measured import Measured
from zeocryst.order.steinhardt import freud_bonds
from zeocryst.order.with_freud import load_freud

#: Order of the spherical harmonics that are compared along a bond.
ORDER = 3
#: A bond is solid-like where the comparison gives more than this.
THRESHOLD = -0.35
#: Solid-like bonds that make a T solid-like.
BONDS = 4


def solid_liquid(network: Network) -> Measured:
    r"""Share of solid-like bonds, of T with four of them, and the largest cluster of such T.

    The surroundings of the two T of a bond are compared by

    .. math:: c_{ij} = \frac{\sum_m q_{3m}(i) q_{3m}^*(j)}{|q_3(i)| |q_3(j)|}

    without dimension, from -1 to 1, where q_lm is that of Steinhardt over the bonded T (P. R. ten Wolde, M.
    J. Ruiz-Montero, D. Frenkel, J. Chem. Phys. 104, 9932 (1996); computed by freud). Those authors took l =
    6 and twelve neighbours for a crystal whose sites are all alike. A framework's are not: over the 16 T
    nearest to a T, l = 6 gives -0.04 ± 0.32 in SGT at 600 K and 0.03 ± 0.28 in the melt. What repeats in a
    framework is how two tetrahedra stand on their bond, which l = 3 over the four bonds tells: -1 where
    they are staggered, -1/9 where they are eclipsed. A bond with c above -0.35 is solid-like here, which is
    where CHILL+ begins to call a bond of a clathrate eclipsed (A. H. Nguyen, V. Molinero, J. Phys. Chem. B
    119, 9369 (2015)). This suits frameworks of eclipsed bonds (SGT, SOD, MTN, MEP, DOH); MFI and other
    frameworks with staggered bonds have sites that are not solid-like in a flawless crystal.

    NaN: the share of bonds where there is none. `solid_bonds` of the sites is the number of each T's
    solid-like bonds.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    freud = load_freud()

    n = network.n_sites
    if not len(network.first):
        values = {"solid_bond_share": float("nan"), "solid_share": 0.0, "largest_solid_sites": 0.0}
        return Measured(values, {"solid_bonds": np.zeros(n, dtype=np.int32)})
    system, bonds = freud_bonds(network)
    # freud's own threshold cannot be negative; its comparison is taken, and counted here
    compared = freud.order.SolidLiquid(l=ORDER, q_threshold=0.0, solid_threshold=0)
    good = np.asarray(compared.compute(system, neighbors=bonds).ql_ij) > THRESHOLD
    # a small cell comes as a supercell: partners are taken back to the cell's own sites
    own = bonds.query_point_indices < n
    i, j, good = bonds.query_point_indices[own], bonds.point_indices[own] % n, good[own]
    count = np.bincount(i[good], minlength=n)
    solid = count >= BONDS
    joined = good & solid[i] & solid[j]
    graph = coo_array((np.ones(joined.sum(), dtype=np.int8), (i[joined], j[joined])), shape=(n, n))
    cluster = connected_components(graph, directed=False)[1]
    values = {
        "solid_bond_share": float(good.mean()),
        "solid_share": float(solid.mean()),
        "largest_solid_sites": float(np.bincount(cluster[solid], minlength=1).max()),
    }
    return Measured(values, {"solid_bonds": count.astype(np.int32)})
