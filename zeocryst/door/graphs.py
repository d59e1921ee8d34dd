"""A network as a graph of networkx."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import networkx

    from zeocryst.network.bonds import Network


def as_graph(network: Network) -> networkx.MultiGraph:
    """The T sites as nodes, their bonds as edges.

    Parameters
    ----------
    network
        Sites and bonds.

    Returns
    -------
    networkx.MultiGraph
        Its attribute ``cell_A`` is the cell, (3, 3) Å, rows are lattice vectors. Nodes are numbered as the
        sites, with ``position_A``, (3,) Å. An edge has ``first`` and ``second``, its ends, ``shift``, the
        lattice vector (three whole numbers) to the image of ``second`` that it reaches from ``first``, and
        ``length_A``. A site may be joined to an image of itself, or to several images of another.
    """
    import networkx
    import numpy as np

    graph = networkx.MultiGraph(cell_A=network.cell.copy())
    graph.add_nodes_from((k, {"position_A": place.copy()}) for k, place in enumerate(network.positions))
    lengths = np.linalg.norm(network.vectors, axis=1)
    bonds = zip(
        network.first.tolist(), network.second.tolist(), network.shift.tolist(), lengths.tolist(), strict=True
    )
    graph.add_edges_from(
        (first, second, {"first": first, "second": second, "shift": tuple(shift), "length_A": length})
        for first, second, shift, length in bonds
    )
    return graph
