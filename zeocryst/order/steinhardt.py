"""Steinhardt bond-order parameters of the T network, by freud."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zeocryst.cell import cell_to_box, heights
from zeocryst.network.bonds import Network, repeat_network
from zeocryst.order.measured import Measured
from zeocryst.order.with_freud import load_freud

#: Orders l that are measured.
ORDERS = (4, 6)


@lru_cache(maxsize=1)
def freud_bonds(network: Network) -> tuple[tuple[NDArray, NDArray], Any]:
    """Box and positions, and the network's bonds, as freud takes them.

    freud takes the nearest image of a neighbour, so a small cell comes as a supercell whose first sites are
    those of the network.
    """
    freud = load_freud()

    if len(network.first):
        longest = float(np.linalg.norm(network.vectors, axis=1).max())
        a, b, c = (int(k) for k in np.ceil(2.01 * longest / heights(network.cell)))
        if max(a, b, c) > 1:
            network = repeat_network(network, (a, b, c))
    box, rotation = cell_to_box(network.cell)
    vectors = network.vectors @ rotation.T
    source = np.concatenate([network.first, network.second])
    target = np.concatenate([network.second, network.first])
    order = np.argsort(source, kind="stable")
    bonds = freud.locality.NeighborList.from_arrays(
        network.n_sites,
        network.n_sites,
        source[order],
        target[order],
        np.concatenate([vectors, -vectors])[order],
    )
    return (box, network.positions @ rotation.T), bonds


def steinhardt(network: Network) -> Measured:
    r"""Steinhardt q_4 and q_6 of each T over its bonds, their averaged forms, and the means of all four.

    .. math:: q_l(i) = \sqrt{\frac{4\pi}{2l+1} \sum_m |q_{lm}(i)|^2}, \quad
              q_{lm}(i) = \frac{1}{N_i} \sum_j Y_{lm}(\mathbf{r}_{ij})

    without dimension (P. J. Steinhardt, D. R. Nelson, M. Ronchetti, Phys. Rev. B 28, 784 (1983)). The
    averaged form has, in place of q_lm(i), its mean over the T itself and its neighbours (W. Lechner,
    C. Dellago, J. Chem. Phys. 129, 114707 (2008)). Computed by freud; the neighbours are the T bonded to a T. A
    perfect tetrahedron has q_4 = 0.509 and q_6 = 0.628. NaN for a T without bonds; the means leave them out.
    """
    freud = load_freud()

    n = network.n_sites
    bonded = network.degree > 0
    values, sites = {}, {}
    if bonded.any():
        system, bonds = freud_bonds(network)
    for average in (False, True):
        q = np.full((n, len(ORDERS)), np.nan, dtype=np.float32)
        if bonded.any():
            computed = freud.order.Steinhardt(l=list(ORDERS), average=average).compute(system, neighbors=bonds)
            q[bonded] = computed.particle_order[:n][bonded]
        for column, l in enumerate(ORDERS):
            name = f"steinhardt_q{l}" + ("_averaged" if average else "")
            values[name] = float(q[bonded, column].mean()) if bonded.any() else float("nan")
            sites[name] = q[:, column]
    return Measured(values, sites)
