"""What crystal is this? The answer of ``zeocryst identify``, for files of any kind."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zeocryst.cell import heights
from zeocryst.network.bonds import Network
from zeocryst.order.crystal import (
    RELATIVE_SHELLS,
    SMALL_CELL_SITES,
    describe_crystal,
    is_perfect,
    site_kinds,
    table_type,
)
from zeocryst.order.derive import SHELLS
from zeocryst.order.labels import AMORPHOUS, SMALL_CELL_A, TABLE_SHELLS, UNKNOWN, Labels, label_sites
from zeocryst.structures import read_networks

#: Most kinds of sites that are listed for people.
MOST_KINDS = 20


def identify_network(network: Network) -> dict[str, Any]:
    """Types, shares, and what can be said of what is regular but in no table.

    Returns
    -------
    dict
        ``n_sites``, ``types`` (code, sites, share, grains), ``amorphous_share``, ``unknown`` (sites,
        coordination_sequence, vertex_symbol), the most frequent first, and ``crystal``: what
        `zeocryst.order.crystal.describe_crystal` says of the unknown one, None where all is named or amorphous.
    """
    labels = label_sites(network)
    types = [row for row in labels.summary() if row["code"] != UNKNOWN]
    names = np.array([*labels.codes, AMORPHOUS])
    mine = names[labels.code] == UNKNOWN
    amorphous = 1 - labels.crystalline_share
    if not mine.any() and _is_another_crystal(network, labels):
        mine, types, amorphous = np.ones(network.n_sites, dtype=bool), [], 0.0
    kinds = site_kinds(network, TABLE_SHELLS, np.flatnonzero(mine))
    return {
        "n_sites": network.n_sites,
        "types": types,
        "amorphous_share": round(amorphous, 4),
        "unknown": [
            {"sites": count, "coordination_sequence": list(sequence), "vertex_symbol": symbol}
            for (sequence, symbol), count in sorted(kinds.items(), key=lambda kind: (-kind[1], kind[0]))
        ],
        "crystal": describe_crystal(network, mine) if mine.any() else None,
    }


def _is_another_crystal(network: Network, labels: Labels) -> bool:
    """Whether a frame is a perfect crystal of no type, though its sites were called otherwise.

    Grains need room to show that they recur, and a small cell has none: its sites are called amorphous, or
    after a type that is the same for a few bonds. There all kinds of sites together decide. Where a type was
    named the cell must be beyond doubt: no T without four bonds, and each kind four times in the mean, which a
    defect in a crystal of that type does not leave.
    """
    n = network.n_sites
    distinct = len(np.unique(labels.sequences, axis=0))
    if labels.codes:
        if len(labels.codes) > 1 or 4 * distinct > n or (network.degree != 4).any():
            return False
    elif heights(network.cell).min() >= SMALL_CELL_A or (2 * distinct > n > SMALL_CELL_SITES):
        return False
    kinds = site_kinds(network, SHELLS)
    return is_perfect(network, kinds) and table_type(kinds) is None


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
    """One line for people; below it a block on an unknown crystal."""
    parts = [f"{t['code']} {100 * t['share']:.1f} % ({t['sites']} T)" for t in entry["types"]]
    crystal = entry["crystal"]
    if crystal is not None:
        share = 100 * crystal["sites"] / entry["n_sites"]
        parts.append(f"unknown, crystalline {share:.1f} % ({crystal['sites']} T)")
    if entry["amorphous_share"] > 0:
        parts.append(f"amorphous {100 * entry['amorphous_share']:.1f} %")
    lines = [f"{entry['path']} frame {entry['frame']}: {', '.join(parts)}"]
    if crystal is not None:
        lines += _crystal_in_words(crystal, entry["unknown"])
    return "\n".join(lines)


def _crystal_in_words(crystal: dict[str, Any], kinds: list[dict[str, Any]]) -> list[str]:
    lines = [f"  net: {crystal['name'] or 'no name, since not every T is one of a perfect crystal'}"]
    if crystal["space_group"] is not None:
        a, b, c, alpha, beta, gamma = crystal["cell"]
        lines.append(
            f"  T positions: {crystal['space_group']} with {crystal['n_T_sites']} T sites (spglib, tolerance "
            f"{crystal['symprec_A']} Å), a, b, c = {a:.3f}, {b:.3f}, {c:.3f} Å, angles {alpha:g}, {beta:g}, "
            f"{gamma:g}°, {crystal['T_per_cell']} T per cell"
        )
    if crystal["space_group_number"] == 1:
        lines.append("  no symmetry found: relax a hot structure to its energy minimum first")
    lines.append(f"  {len(kinds)} kinds of surroundings (T, coordination sequence, vertex symbol):")
    for kind in kinds[:MOST_KINDS]:
        sequence = " ".join(map(str, kind["coordination_sequence"]))
        lines.append(f"  {kind['sites']:6d}  {sequence}  {kind['vertex_symbol']}")
    if len(kinds) > MOST_KINDS:
        lines.append(f"     ... and {len(kinds) - MOST_KINDS} more (--json has all)")
    if crystal["relatives"]:
        shells = ", ".join(map(str, RELATIVE_SHELLS))
        lines.append(f"  relatives (share of its T that agree to {shells} shells):")
    for row in crystal["relatives"]:
        agreeing = ", ".join(f"{100 * row[f'share_{s}']:.0f} %" for s in RELATIVE_SHELLS)
        lines.append(f"    {row['code']}: {agreeing}; deepest {row['deepest_shell']}")
    return lines
