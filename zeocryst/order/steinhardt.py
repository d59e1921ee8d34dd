"""Steinhardt bond-order parameters of the T network, by freud."""

from __future__ import annotations

import numpy as np

from zeocryst.cell import cell_to_box, heights
from zeocryst.network.bonds import Network, repeat_network
from zeocryst.order.measured import Measured


def steinhardt(network: Network) -> Measured:
    """Steinhardt q_4 and q_6 of each T over its bonds, and their means.

    P. J. Steinhardt, D. R. Nelson, M. Ronchetti, Phys. Rev. B 28, 784 (1983), computed by freud; the
    neighbours are the T bonded to a T. A perfect tetrahedron has q_4 = 0.509 and q_6 = 0.628. NaN for a T
    without bonds.
    """
    import freud

    n = network.n_sites
    bonded = network.degree > 0
    if bonded.any():
        # freud takes the nearest image of a neighbour: in a cell that small, a supercell has the right ones
        longest = float(np.linalg.norm(network.vectors, axis=1).max())
        a, b, c = (int(k) for k in np.ceil(2.01 * longest / heights(network.cell)))
        if max(a, b, c) > 1:
            network = repeat_network(network, (a, b, c))
    box, rotation = cell_to_box(network.cell)
    values, sites = {}, {}
    for l in (4, 6):
        q = np.full(n, np.nan, dtype=np.float32)
        if bonded.any():
            source = np.concatenate([network.first, network.second])
            target = np.concatenate([network.second, network.first])
            vectors = np.concatenate([network.vectors, -network.vectors]) @ rotation.T
            order = np.argsort(source, kind="stable")
            bonds = freud.locality.NeighborList.from_arrays(
                network.n_sites, network.n_sites, source[order], target[order], vectors[order]
            )
            positions = network.positions @ rotation.T
            computed = freud.order.Steinhardt(l=l).compute((box, positions), neighbors=bonds)
            q[bonded] = computed.particle_order[:n][bonded]
        values[f"steinhardt_q{l}"] = float(np.nanmean(q)) if bonded.any() else float("nan")
        sites[f"steinhardt_q{l}"] = q
    return Measured(values, sites)
