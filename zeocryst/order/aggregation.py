"""Clusters of T while precursors aggregate: number, size, shape, S that belong to them, and order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from zeocryst.beads import Beads
from zeocryst.cell import heights
from zeocryst.network.bonds import Network
from zeocryst.network.clusters import Clusters, find_clusters, radius_of_gyration
from zeocryst.order.crystallinity import labelled
from zeocryst.order.measured import Measured, Table
from zeocryst.order.with_freud import load_freud

if TYPE_CHECKING:
    import gsd.hoomd

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: An S belongs to the cluster of its nearest T if that is nearer than this, Å: the end of the first shell in
#: the T-S pair distribution (its maximum is at 5.5 to 5.9 Å, the minimum at 7.4 Å in SGT and in melts of its
#: composition, 7.8 Å in aggregates at 600 K).
T_S_SHELL_A = 7.5
#: The fractal dimension is fitted to clusters of at least so many T: smaller ones are oligomers of one shape.
FRACTAL_FROM_T = 10
#: Least number of such clusters, and least ratio of the largest to the smallest of them: over less than a
#: decade much that is no fractal looks like a power law (D. Avnir et al., Science 279, 39 (1998)).
FRACTAL_CLUSTERS, FRACTAL_SPAN = 10, 10.0
#: Resamplings of the bootstrap.
SAMPLES = 200


@lru_cache(maxsize=1)
def clusters_of(network: Network) -> tuple[Clusters, Floats]:
    """The clusters of a network and their radii of gyration, Å; those of the last network are remembered."""
    found = find_clusters(network)
    return found, radius_of_gyration(network, found)


def aggregation(network: Network, frame: gsd.hoomd.Frame) -> Measured:
    r"""Clusters of T joined by bonds: number, sizes, shape, S that belong to them, and Q_n.

    Sizes are numbers of T; a T without bonds is a cluster of one. With the size :math:`n_k` of cluster k,
    ``mean_cluster_T`` is the number average :math:`\sum n_k / \sum 1` and ``weight_mean_cluster_T`` the
    weight average :math:`\sum n_k^2 / \sum n_k`, the mean size of the cluster that a T picked at random is
    in (D. Stauffer, A. Aharony, Introduction to Percolation Theory (1994), ch. 2).

    - ``largest_cluster_rg_A``: radius of gyration (`zeocryst.network.clusters`); NaN where the largest
      percolates, that is, is bonded to its own image. ``percolating_clusters`` counts these.
    - ``fractal_dimension`` and ``fractal_dimension_error``: `fractal_dimension` of the frame's clusters.
    - ``mean_coordination`` and ``largest_cluster_mean_coordination``: mean n of Q_n, of all T and of those
      in the largest cluster.
    - ``largest_cluster_S``, ``largest_cluster_S_per_T``: S that belong to the largest cluster, those whose
      nearest T is in it and not farther than 7.5 Å. ``S_in_clusters_share``: share of S that belong to a
      cluster of two T or more; NaN where there is no S.

    The site's ``cluster`` is its cluster's number, 0 the largest. The distribution ``cluster_sizes`` has a
    row for each size that there is: number of clusters, how many of them percolate, and the geometric mean
    of the radius of gyration of the others (Å; NaN where there are none, 0 for one T).
    """
    found, rg = clusters_of(network)
    size = found.size.astype(float)
    largest = found.label == 0
    dimension, error = fractal_dimension(found.size, rg)
    belongs = _clusters_of_S(frame, found.label)
    mine = int((belongs == 0).sum())
    joined = (belongs >= 0) & (found.size[belongs] > 1)
    values = {
        "clusters": float(len(size)),
        "mean_cluster_T": float(size.mean()),
        "weight_mean_cluster_T": float((size**2).sum() / size.sum()),
        "largest_cluster_T": float(size[0]),
        "percolating_clusters": float(found.percolates.sum()),
        "largest_cluster_rg_A": float(rg[0]),
        "fractal_dimension": dimension,
        "fractal_dimension_error": error,
        "mean_coordination": float(network.degree.mean()),
        "largest_cluster_mean_coordination": float(network.degree[largest].mean()),
        "largest_cluster_S": float(mine),
        "largest_cluster_S_per_T": mine / float(size[0]),
        "S_in_clusters_share": float(joined.mean()) if len(joined) else float("nan"),
    }
    sites = {"cluster": found.label.astype(np.int32)}
    return Measured(values, sites, distributions={"cluster_sizes": size_table(found, rg)})


def cluster_order(network: Network) -> Measured:
    """Share of the T of the largest cluster that are crystalline, as `zeocryst.order.labels` says."""
    inside = clusters_of(network)[0].label == 0
    crystalline = labelled(network).grain >= 0
    return Measured({"largest_cluster_crystalline_share": float(crystalline[inside].mean())})


def size_table(clusters: Clusters, rg: Floats) -> Table:
    """Number, percolating number and mean radius of gyration of the clusters of each size, by rising size."""
    sizes, group, number = np.unique(clusters.size, return_inverse=True, return_counts=True)
    whole = ~clusters.percolates
    logs = np.log(np.where(whole & (clusters.size > 1), rg, 1.0))
    with np.errstate(invalid="ignore"):
        mean = np.exp(np.bincount(group, weights=logs) / np.bincount(group, weights=whole))
    return {
        "size_T": sizes,
        "clusters": number,
        "percolating": np.bincount(group, weights=clusters.percolates).astype(np.int64),
        "rg_A": np.where(sizes == 1, 0.0 * mean, mean),
    }


def fractal_dimension(size: Ints, rg: Floats, seed: int = 1) -> tuple[float, float]:
    r"""Fractal dimension D of clusters, :math:`n \propto R_g^D`, and its standard error by bootstrap.

    A straight line through :math:`\log R_g` against :math:`\log n`, whose slope is 1/D: at a given size the
    radius scatters, not the reverse, so the size is the variable that has no error. Clusters of ten T and
    more that do not percolate count, each once; their resampling gives the error. A rod has 1, a compact
    body 3, clusters that stick where they touch first about 1.8 (P. Meakin, Phys. Rev. Lett. 51, 1119
    (1983)).

    Parameters
    ----------
    size, rg : (C,) arrays
        Number of T, and radius of gyration (Å; NaN for a cluster that percolates).
    seed
        Of the bootstrap.

    Returns
    -------
    dimension, error : float
        NaN where there are fewer than ten such clusters or the largest is not ten times as large as the
        smallest (`no_dimension` says which).
    """
    good = (size >= FRACTAL_FROM_T) & np.isfinite(rg)
    n = size[good]
    if no_dimension(n):
        return float("nan"), float("nan")
    x, y = np.log(n), np.log(rg[good])
    rng = np.random.default_rng(seed)
    picks = (rng.integers(len(x), size=len(x)) for _ in range(SAMPLES))
    return _dimension(_line(x, y)[0], [_line(x[picked], y[picked])[0] for picked in picks])


def no_dimension(size: ArrayLike) -> str:
    """Why clusters of these sizes, all of ten T or more, have no fractal dimension; empty if they may have one.

    Parameters
    ----------
    size : (C,) array
        Number of T.
    """
    n = np.asarray(size)
    of = f"of {FRACTAL_FROM_T} T and more that do not percolate"
    if len(n) < FRACTAL_CLUSTERS:
        few = f"only {len(n)} clusters" if len(n) > 1 else "only one cluster" if len(n) else "no clusters"
        return f"there are {few} {of}, fewer than {FRACTAL_CLUSTERS}".replace("are only one", "is only one")
    if n.max() < FRACTAL_SPAN * n.min():
        return f"the clusters {of} have {n.min():.0f} to {n.max():.0f} T, which is less than a decade of sizes"
    return ""


@dataclass(frozen=True)
class Fractal:
    """A line of radius against size, through the clusters of several frames.

    Attributes
    ----------
    dimension, error : float
    prefactor_A : float
        The line is ``prefactor_A * size ** (1 / dimension)``.
    """

    dimension: float
    error: float
    prefactor_A: float


def fractal_of_frames(tables: Sequence[Table], seed: int = 1) -> Fractal | None:
    """The same line through the clusters of several frames, from their ``cluster_sizes``.

    The clusters of one frame are mostly those of the frame before: frames as wholes are resampled for the
    error, which is still too small where frames follow each other closely, and NaN for fewer than three. None
    where one frame would have NaN (`no_fractal` says why).
    """
    if no_fractal(tables):
        return None
    parts = []
    for table in tables:
        whole = table["clusters"] - table["percolating"]
        good = (table["size_T"] >= FRACTAL_FROM_T) & (whole > 0)
        parts.append((np.log(table["size_T"][good]), np.log(table["rg_A"][good]), whole[good]))
    x, y, weight = (np.concatenate(part) for part in zip(*parts, strict=True))
    rng = np.random.default_rng(seed)
    again = []
    for _ in range(SAMPLES):
        picked = rng.integers(len(parts), size=len(parts))
        again.append(_line(*(np.concatenate([parts[k][c] for k in picked]) for c in range(3)))[0])
    slope, intercept = _line(x, y, weight)
    dimension, error = _dimension(slope, again)
    error = error if len(parts) >= 3 else float("nan")
    return Fractal(dimension, error, float(np.exp(intercept))) if np.isfinite(dimension) else None


def no_fractal(tables: Sequence[Table]) -> str:
    """Why the clusters of several frames have no fractal dimension (`no_dimension`)."""
    sizes = []
    for table in tables:
        whole = np.maximum(table["clusters"] - table["percolating"], 0)
        sizes.append(np.repeat(table["size_T"], whole)[np.repeat(table["size_T"] >= FRACTAL_FROM_T, whole)])
    return no_dimension(np.concatenate(sizes))


def _dimension(slope: float, again: Sequence[float]) -> tuple[float, float]:
    """Dimension and its standard error from a slope and from those of the resamples; NaN where it is none."""
    slopes = np.array(again)
    slopes = slopes[np.isfinite(slopes) & (slopes > 0)]
    if not slope > 0 or len(slopes) < SAMPLES // 2:
        return float("nan"), float("nan")
    return 1 / slope, float(np.std(1 / slopes))


def _line(x: Floats, y: Floats, weight: ArrayLike = 1.0) -> tuple[float, float]:
    """Slope and intercept of the least-squares line; NaN where there are no two different x."""
    w = np.broadcast_to(np.asarray(weight, dtype=float), x.shape)
    if len(x) < 2:
        return float("nan"), float("nan")
    middle, height = np.average(x, weights=w), np.average(y, weights=w)
    square = float(w @ (x - middle) ** 2)
    slope = float((w * (x - middle)) @ y) / square if square > 0 else float("nan")
    return slope, float(height - slope * middle)


def _clusters_of_S(frame: gsd.hoomd.Frame, label: Ints) -> Ints:
    """Number of the cluster that each S belongs to, or -1, (P,); the nearest T by freud."""
    beads = Beads.of(frame)
    sites, guests = (beads.centred[beads.are(name)] for name in ("T", "S"))
    belongs = np.full(len(guests), -1, dtype=np.int64)
    if not len(guests):
        return belongs
    freud = load_freud()
    cell = beads.cell
    # freud wants a box twice as wide as its reach; partners come from as many copies of the cell as that takes
    repeats = tuple(int(k) for k in np.ceil(2.01 * T_S_SHELL_A / heights(cell)))
    shifts = np.array(list(np.ndindex(*repeats))) @ cell
    box = freud.box.Box.from_matrix((cell * np.array(repeats)[:, None]).T)
    around = box.wrap((sites + shifts[:, None]).reshape(-1, 3))
    search = {"mode": "nearest", "num_neighbors": 1, "r_max": T_S_SHELL_A}
    nearest = freud.locality.AABBQuery(box, around).query(box.wrap(guests), search).toNeighborList()
    belongs[nearest.query_point_indices] = label[nearest.point_indices % len(sites)]
    return belongs
