"""Aggregates of nanoparticles: which are in contact, how large the aggregates are, and how far they extend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from zeocryst.beads import N_T_MARK
from zeocryst.cell import box_to_cell, neighbour_pairs
from zeocryst.model.dlvo import CLOSEST_A, WELL_A
from zeocryst.network.bonds import Network
from zeocryst.network.clusters import Clusters, find_clusters

if TYPE_CHECKING:
    import gsd.hoomd

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Surfaces that are nearer than this are in contact, Å: within the contact well (`zeocryst.model.dlvo`),
#: whether it has a depth or not.
CONTACT_GAP_A = CLOSEST_A + WELL_A
#: Columns of a run's table that `measure_particles` fills.
COLUMNS = (
    "n_aggregates", "largest_aggregate_particles", "largest_aggregate_T", "monomer_share",
    "contacts_per_particle", "gyration_radius_A",
)  # fmt: skip


@dataclass(frozen=True)
class Aggregates:
    """The aggregates of a frame, the one of most particles first.

    Attributes
    ----------
    values : dict
        The columns of `COLUMNS`.
    aggregate : (N,) int array
        Number of each particle's aggregate.
    contacts : (N,) int array
        With how many it is in contact.
    image : (N, 3) int array
        ``positions + image @ cell`` puts every aggregate together.
    percolates : (A,) bool array
        Whether an aggregate is in contact with its own image; then it has no extent.
    """

    values: dict[str, float]
    aggregate: Ints
    contacts: Ints
    image: Ints
    percolates: NDArray[np.bool_]


def contact_network(frame: gsd.hoomd.Frame) -> Network:
    """Particles as sites and contacts (`CONTACT_GAP_A`) as bonds, across the faces of the box."""
    cell = box_to_cell(frame.configuration.box)
    positions = np.asarray(frame.particles.position, dtype=float)
    radius = np.asarray(frame.particles.diameter, dtype=float) / 2
    reach = 2 * float(radius.max()) + CONTACT_GAP_A
    first, second, shift, distance = neighbour_pairs(positions, cell, reach)
    near = distance < radius[first] + radius[second] + CONTACT_GAP_A
    return Network(positions, cell, first[near], second[near], shift[near], reach)


def measure_particles(frame: gsd.hoomd.Frame) -> Aggregates:
    r"""Aggregates of the particles of a frame: those that contacts join.

    - ``n_aggregates``: how many, single particles among them.
    - ``largest_aggregate_particles``, ``largest_aggregate_T``: particles in the one of most particles, and its
      T.
    - ``monomer_share``: share of the particles that are in contact with none.
    - ``contacts_per_particle``: their mean number.
    - ``gyration_radius_A``: of the largest, Å, particles weighed by their T,
      :math:`R_g^2 = \sum_i n_i |\mathbf{r}_i - \bar{\mathbf{r}}|^2 / \sum_i n_i`, of their centres: 0 for one
      particle, NaN where the aggregate percolates, that is, is in contact with its own image.

    Parameters
    ----------
    frame
        With diameters and the number of T in each particle (`zeocryst.beads.N_T_MARK`).
    """
    network = contact_network(frame)
    clusters = find_clusters(network)
    n_t = np.asarray(frame.log[N_T_MARK], dtype=float)
    largest = clusters.label == 0
    values = {
        "n_aggregates": float(len(clusters.size)),
        "largest_aggregate_particles": float(clusters.size[0]),
        "largest_aggregate_T": float(n_t[largest].sum()),
        "monomer_share": float((network.degree == 0).mean()),
        "contacts_per_particle": float(network.degree.mean()),
        "gyration_radius_A": _gyration(network, clusters, n_t, largest),
    }
    return Aggregates(values, clusters.label, network.degree, clusters.image, clusters.percolates)


def _gyration(network: Network, clusters: Clusters, weight: Floats, inside: NDArray[np.bool_]) -> float:
    if clusters.percolates[0]:
        return float("nan")
    whole = network.positions[inside] + clusters.image[inside] @ network.cell
    share = weight[inside] / weight[inside].sum()
    return float(np.sqrt(share @ ((whole - share @ whole) ** 2).sum(axis=1)))
