"""What crystal is this? The answer of ``zeocryst identify``, for files of any kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zeocryst.network.bonds import Network
from zeocryst.network.rings import vertex_symbols
from zeocryst.order.labels import UNKNOWN, label_sites
from zeocryst.structures import read_networks


def identify_network(network: Network) -> dict[str, Any]:
    """Types, shares and the coordination sequences of what is regular but in no table.

    Returns
    -------
    dict
        ``n_sites``, ``types`` (code, sites, share, grains), ``amorphous_share`` and ``unknown`` (sites,
        coordination_sequence, vertex_symbol), the most frequent first.
    """
    labels = label_sites(network)
    unknown = []
    if UNKNOWN in labels.codes:
        mine = np.flatnonzero(labels.code == labels.codes.index(UNKNOWN))
        kinds = Counter(
            zip(map(tuple, labels.sequences[mine].tolist()), vertex_symbols(network, mine), strict=True)
        )
        for (sequence, symbol), count in sorted(kinds.items(), key=lambda kind: (-kind[1], kind[0])):
            unknown.append({"sites": count, "coordination_sequence": list(sequence), "vertex_symbol": symbol})
    return {
        "n_sites": network.n_sites,
        "types": [row for row in labels.summary() if row["code"] != UNKNOWN],
        "amorphous_share": round(1 - labels.crystalline_share, 4),
        "unknown": unknown,
    }


def identify_files(
    paths: Sequence[str | Path], frame: int | None = None, types: dict[str, str] | None = None
) -> dict[str, Any]:
    """Identify every frame (or one) of each file; see `identify_network`.

    Raises
    ------
    InputError
        A file cannot be read or has no T.
    """
    entries = [
        {"path": str(path), "frame": index, **identify_network(network)}
        for path in paths
        for index, network in read_networks(path, frame, types)
    ]
    return {"files": entries}


def in_words(entry: dict[str, Any]) -> str:
    """One line for people."""
    parts = [f"{t['code']} {100 * t['share']:.1f} % ({t['sites']} T)" for t in entry["types"]]
    regular = sum(u["sites"] for u in entry["unknown"])
    if regular:
        kinds = len(entry["unknown"])
        share = 100 * regular / entry["n_sites"]
        parts.append(f"unknown, crystalline {share:.1f} % ({regular} T, {kinds} coordination sequences)")
    if entry["amorphous_share"] > 0:
        parts.append(f"amorphous {100 * entry['amorphous_share']:.1f} %")
    return f"{entry['path']} frame {entry['frame']}: {', '.join(parts)}"
