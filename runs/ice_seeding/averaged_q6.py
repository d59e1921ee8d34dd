"""Size of the largest nucleus of ice as published for seeding of mW water: by averaged q6.

J. R. Espinosa, C. Vega, C. Valeriani, E. Sanz, J. Chem. Phys. 144, 034501 (2016): neighbours within 3.51 Å; a
molecule is solid where its q6, averaged over itself and its neighbours, is above 0.3593 + 0.0213 (274.6 K - T)
/ 40 K, and solid neighbours belong to one nucleus. The threshold here is that of `TEMPERATURE_K`.
"""

import numpy as np

from zeocryst.cell import cell_to_box
from zeocryst.order import order_parameter
from zeocryst.order.measured import Measured

TEMPERATURE_K = 225.0
THRESHOLD = 0.3593 + 0.0213 * (274.6 - TEMPERATURE_K) / 40
NEIGHBOURS_A = 3.51


@order_parameter
def averaged_q6(network):
    """Molecules in the largest nucleus, `largest_q6_cluster`, and all that are solid, `q6_solid_T`."""
    import freud
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    box, rotation = cell_to_box(network.cell)
    points = network.positions @ rotation.T
    near = (
        freud.locality.AABBQuery(box, points)
        .query(points, {"r_max": NEIGHBOURS_A, "exclude_ii": True})
        .toNeighborList()
    )
    q6 = freud.order.Steinhardt(l=6, average=True).compute((box, points), neighbors=near).particle_order
    solid = np.nan_to_num(q6) > THRESHOLD
    i, j = near.query_point_indices, near.point_indices
    joined = solid[i] & solid[j]
    n = network.n_sites
    graph = coo_array((np.ones(joined.sum(), dtype=np.int8), (i[joined], j[joined])), shape=(n, n))
    cluster = connected_components(graph, directed=False)[1]
    largest = float(np.bincount(cluster[solid], minlength=1).max()) if solid.any() else 0.0
    return Measured({"largest_q6_cluster": largest, "q6_solid_T": float(solid.sum())})
