"""How far the grains of a frame go on: crystals, slabs, rods and finite pieces.

A grain is a bonded cluster of sites of one name, or of ``dia`` and ``lon``, whose stackings are one crystal.
The closed walks in it that leave the cell say in how many directions it goes on for ever, and in which
(`zeocryst.network.clusters.ways`): three for a crystal, two for a slab (a nanosheet, a film, a seed between two
melts), one for a rod, none for a finite piece (a ball, a nucleus).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from zeocryst.cell import volume
from zeocryst.frameworks.table import framework_types
from zeocryst.network.bonds import Network
from zeocryst.network.clusters import find_clusters, part, ways
from zeocryst.network.periodicity import independent, normal_of
from zeocryst.order.labels import Labels
from zeocryst.order.stackings import NAMES as STACKED

#: What a grain is called, by the number of directions in which it goes on for ever.
WORDS = ("finite", "rod", "slab", "crystal")
#: What is given of every grain, None where it does not apply.
KEYS = (
    "sites", "extent", "periodic_along", "normal", "thickness_A", "T_per_nm2", "equivalent_thickness_A",
    "diameter_A", "radius_of_gyration_A",
)  # fmt: skip


def extents(network: Network, labels: Labels, *, silica: bool = True) -> dict[str, list[dict[str, Any]]]:
    """The grains of each name, the largest first.

    Parameters
    ----------
    network
        Sites and bonds.
    labels
        Of the same sites.
    silica
        Whether its crystals have the density that silica's have.

    Returns
    -------
    dict
        For each name a list of what `grain_extents` gives. A grain with layers of ``dia`` and ``lon`` stands at
        the name of most of its sites, and has ``stacking`` besides, the number of sites of each.
    """
    stacked = [k for k, code in enumerate(labels.codes) if code in STACKED]
    groups = [[k] for k in range(len(labels.codes)) if k not in stacked] + [stacked] * bool(stacked)
    found: dict[str, list[dict[str, Any]]] = {code: [] for code in labels.codes}
    for group in groups:
        mine = np.isin(labels.code, group)
        if not mine.any():
            continue
        grains, code = part(network, mine), labels.code[mine]
        kind = framework_types().get(labels.codes[np.bincount(code).argmax()])
        rows = grain_extents(grains, kind.density_T_per_1000A3 if kind is not None and silica else None)
        label = find_clusters(grains).label
        for number, row in enumerate(rows):
            counts = np.bincount(code[label == number], minlength=len(labels.codes))
            if len(group) > 1 and counts.max() < row["sites"]:
                row["stacking"] = {labels.codes[k]: int(counts[k]) for k in group}
            found[labels.codes[counts.argmax()]].append(row)
    return found


def grain_extents(network: Network, density: float | None = None) -> list[dict[str, Any]]:
    """What each bonded cluster of a network is, the largest first.

    Parameters
    ----------
    network
        The sites of one name, with the bonds among them.
    density
        T per 1000 Å^3 of that framework, where it has one.

    Returns
    -------
    list of dict
        ``sites``; ``extent``, one of `WORDS`; ``periodic_along``, vectors [u, v, w] of the cell's edges along
        which the grain meets its own images; and None where it does not apply

        - of a slab ``normal``, the indices (h, k, l) of its faces in the cell; ``thickness_A``, between the
          middles of its outermost T; ``T_per_nm2``, its T by its area; and ``equivalent_thickness_A``, that
          of a slab of the perfect framework with as many T;
        - of a rod ``diameter_A``, that of a round one with the same mean square distance of the T from its
          axis;
        - of a finite piece ``radius_of_gyration_A``, and ``diameter_A``, that of a ball with that radius.
    """
    clusters = find_clusters(network)
    around = ways(network, clusters.image)
    whole = network.positions + clusters.image @ network.cell
    of_bond = clusters.label[network.first]
    return [
        _extent(whole[clusters.label == number], around[of_bond == number], network.cell, density)
        for number in range(len(clusters.size))
    ]


def _extent(
    positions: NDArray[np.float64], around: NDArray[np.int64], cell: NDArray[np.float64], density: float | None
) -> dict[str, Any]:
    """One entry of `grain_extents`: from unwrapped positions and the ways round the cell."""
    along = independent(around)
    row: dict[str, Any] = dict.fromkeys(KEYS)
    row |= {
        "sites": len(positions), "extent": WORDS[len(along)], "periodic_along": [v.tolist() for v in along],
    }  # fmt: skip
    if len(along) == 2:
        normal = normal_of(along)
        reciprocal = normal @ np.linalg.inv(cell).T
        heights = positions @ reciprocal / np.linalg.norm(reciprocal)
        row["normal"] = normal.tolist()
        row["thickness_A"] = round(float(np.ptp(heights)), 2)
        per_area = len(positions) / (volume(cell) * float(np.linalg.norm(reciprocal)))
        row["T_per_nm2"] = round(100 * per_area, 3)
        if density is not None:
            row["equivalent_thickness_A"] = round(1000 * per_area / density, 2)
        return row
    away = positions - positions.mean(axis=0)
    if len(along) == 1:
        axis = along[0] @ cell / np.linalg.norm(along[0] @ cell)
        away -= np.outer(away @ axis, axis)
        row["diameter_A"] = round(2 * (2 * float((away**2).sum(axis=1).mean())) ** 0.5, 2)
    elif len(along) == 0:
        radius = float((away**2).sum(axis=1).mean()) ** 0.5
        row["radius_of_gyration_A"] = round(radius, 2)
        row["diameter_A"] = round(2 * (5 / 3) ** 0.5 * radius, 2)
    return row


def in_words(code: str, row: dict[str, Any]) -> str:
    """One grain in a few words, without its number of sites."""
    if "stacking" in row:
        code = f"{' and '.join(row['stacking'])} stacked"
    if row["extent"] == "crystal":
        return f"{code}: goes on in three directions"
    if row["extent"] == "slab":
        faces = " ".join(map(str, row["normal"]))
        bare = row["equivalent_thickness_A"]
        same = "" if bare is None else f" (as many T as {bare:.1f} Å of the crystal)"
        return f"{code}: a slab {row['thickness_A']:.1f} Å thick{same}, faces ({faces}) of the cell"
    if row["extent"] == "rod":
        axis = " ".join(map(str, row["periodic_along"][0]))
        return f"{code}: a rod {row['diameter_A']:.1f} Å across, along [{axis}] of the cell"
    return f"{code}: a finite piece of {row['sites']} T, {row['diameter_A']:.1f} Å across"
