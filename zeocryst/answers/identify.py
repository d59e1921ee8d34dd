"""What crystal is this? The answer of ``zeocryst identify``, for files of any kind."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zeocryst.errors import InputError
from zeocryst.files.structures import Structures
from zeocryst.foundation.progress import shown
from zeocryst.frameworks.table import mineral_of, official_name
from zeocryst.model.scales import like_silica
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
from zeocryst.order.extent import extents
from zeocryst.order.extent import in_words as extent_in_words
from zeocryst.order.labels import AMORPHOUS, UNKNOWN, Labels, label_sites
from zeocryst.order.nuclei import smallest_visible
from zeocryst.order.repeating import describe_repeating, repeating_crystal
from zeocryst.order.sites import TABLE_SHELLS

#: Most kinds of sites that are listed for people.
MOST_KINDS = 20
#: Most pieces of each type that are described for people, and columns that they are given.
MOST_PIECES, COLUMNS = 5, 80
#: In how many directions T that share O go on, in words.
JOINED = ("groups", "chains", "layers", "a framework")


def identify_network(network: Network, oxygens: NDArray[np.float64] | None = None) -> dict[str, Any]:
    """Types, shares, and what can be said of what is a crystal but in no table.

    Parameters
    ----------
    network
        Sites and bonds.
    oxygens : (P, 3) array, Å
        Where they are known.

    Returns
    -------
    dict
        ``n_sites``, ``types`` (code, sites, share, grains; of a dense net its mineral), ``amorphous_share``,
        ``unknown`` (sites, coordination_sequence, vertex_symbol), the most frequent first, ``crystal``: what
        `zeocryst.order.crystal.describe_crystal` says of the unknown one, or
        `zeocryst.order.repeating.describe_repeating` of one that is no four-connected framework
        (``four_connected`` tells which), None where all is named or amorphous; and ``pieces``, every grain of
        the types as `zeocryst.order.extent.extents` has it, with its code, and mineral (None but for dense
        nets); and ``smallest_visible_T``, below which a crystal may not have been seen. Where T without O are
        as far apart as those of no silica there is no mineral: ice has the net of cristobalite.
    """
    labels = label_sites(network)
    names = np.array([*labels.codes, AMORPHOUS])
    mine = names[labels.code] == UNKNOWN
    if _is_another_crystal(network, labels):
        mine = np.ones(network.n_sites, dtype=bool)
    elif set(labels.codes) <= {UNKNOWN}:
        other = _not_four_connected(network, oxygens)
        if other is not None:
            return other
    kinds = site_kinds(network, TABLE_SHELLS, np.flatnonzero(mine))
    silica = _may_be_silica(network, oxygens)
    return {
        "n_sites": network.n_sites,
        "types": [] if mine.all() else _types(labels, silica),
        "amorphous_share": 0.0 if mine.all() else round(1 - labels.crystalline_share, 4),
        "unknown": [
            {"sites": count, "coordination_sequence": list(sequence), "vertex_symbol": symbol}
            for (sequence, symbol), count in sorted(kinds.items(), key=lambda kind: (-kind[1], kind[0]))
        ],
        "crystal": describe_crystal(network, mine) | {"four_connected": True} if mine.any() else None,
        "pieces": [] if mine.all() else _pieces(network, labels, silica),
        "smallest_visible_T": labels.smallest_visible,
    }


def _may_be_silica(network: Network, oxygens: NDArray[np.float64] | None) -> bool:
    """Whether there are O, or T as far apart as those of silica."""
    if (oxygens is not None and len(oxygens)) or not len(network.first):
        return True
    return like_silica(float(np.median(np.linalg.norm(network.vectors, axis=1))))


def _mineral(code: str, silica: bool) -> str | None:
    """The name of a dense net's mineral, where it may be that."""
    return (mineral_of(code) or None) if silica else None


def _types(labels: Labels, silica: bool) -> list[dict[str, Any]]:
    """Sites, share and grains of each name, with its mineral if it has one."""
    rows = [row for row in labels.summary() if row["code"] != UNKNOWN]
    names = [_mineral(str(row["code"]), silica) for row in rows]
    return [row | ({"mineral": name} if name else {}) for row, name in zip(rows, names, strict=True)]


def _pieces(network: Network, labels: Labels, silica: bool) -> list[dict[str, Any]]:
    """Every grain of every type that was named, those of the type with most sites first."""
    found = extents(network, labels, silica=silica)
    codes = [str(row["code"]) for row in labels.summary()]
    return [
        {"code": code, "mineral": _mineral(code, silica), **piece}
        for code in codes
        if code != UNKNOWN
        for piece in found[code]
    ]


def _is_another_crystal(network: Network, labels: Labels) -> bool:
    """Whether a frame is a perfect crystal of no type, whatever its sites were called.

    Grains need room to show that they recur, and some kinds of sites are rare: in a crystal some sites are
    called amorphous, or after a type that is the same for a few bonds. There all kinds of sites together
    decide. Where types were named the cell must be beyond doubt: no T without four bonds, and where nothing
    was left, each kind four times in the mean, which a defect in a crystal of that type does not leave; or it
    is a crystal of several types.
    """
    n = network.n_sites
    distinct = len(np.unique(labels.sequences, axis=0))
    named = len(set(labels.codes) - {UNKNOWN})
    if 2 * distinct > n > SMALL_CELL_SITES or (named and (network.degree != 4).any()):
        return False
    if named and labels.crystalline_share == 1 and (len(labels.codes) > 1 or 4 * distinct > n):
        return False
    kinds = site_kinds(network, SHELLS)
    return is_perfect(network, kinds) and table_type(kinds) is None


def _not_four_connected(network: Network, oxygens: NDArray[np.float64] | None) -> dict[str, Any] | None:
    """What `identify_network` says of a crystal by its positions that is no four-connected framework."""
    none = np.empty((0, 3))
    crystal = repeating_crystal(network.positions, none if oxygens is None else oxygens, network.cell)
    if crystal is None or crystal.is_four_connected:
        return None
    found = describe_repeating(crystal, network.n_sites)
    return {
        "n_sites": network.n_sites,
        "types": [],
        "amorphous_share": round(1 - found["sites"] / network.n_sites, 4),
        "unknown": [],
        "crystal": found,
        "pieces": [],
        "smallest_visible_T": smallest_visible(network),
    }


def identify_frame(structures: Structures, index: int) -> tuple[dict[str, Any], Network]:
    """One frame: what `identify_files` says of it, and its network.

    Raises
    ------
    InputError
        The frame cannot be read, or has no T.
    """
    network = structures.network(index)
    told = identify_network(network, structures.oxygens(index))
    account = structures.account(index)
    if network.restored:
        notes = [*account["notes"], missing_in_words(network.restored)]
        account = {**account, "notes": notes, "missing_O": network.restored}
    return {"path": str(structures.path), "frame": index} | told | {"atoms": account}, network


def identify_files(
    paths: Sequence[str | Path],
    frame: int | None = None,
    types: Mapping[str, str | Sequence[str]] | None = None,
) -> dict[str, Any]:
    """Identify every frame (or one) of each file; see `identify_network`.

    Each entry has ``atoms``, too: `zeocryst.files.structures.Structures.account` and the bonds over O that are
    missing. A file or frame that cannot be read, or was cut off by a kill, has an entry with ``path`` (and
    ``frame``) and ``error``, so that it hides no answers for others.

    Raises
    ------
    InputError
        There is nothing but one file or frame, and it cannot be read or has no T.
    """
    return identify_each([(str(path), partial(Structures, path, types)) for path in paths], frame)


def identify_each(
    sources: Sequence[tuple[str, Callable[[], Structures]]], frame: int | None = None
) -> dict[str, Any]:
    """Identify every frame (or one) of each source: its name, and what opens it; see `identify_files`."""
    entries: list[dict[str, Any]] = []
    for name, opened in sources:
        try:
            found = opened()
            chosen = found.chosen(frame)
        except InputError as error:
            entries.append({"path": name, "error": str(error)})
            continue
        for index in shown(chosen, "frames identified"):
            try:
                entries.append(identify_frame(found, index)[0])
            except InputError as error:
                entries.append({"path": name, "frame": index, "error": str(error)})
        if frame is None:
            entries += [
                {"path": name, "frame": k, "error": f"{name}: frame {k}: it is {why}"}
                for k, why in found.cut.items()
            ]
    if len(entries) == 1 and "error" in entries[0]:
        raise InputError(entries[0]["error"])
    return {"files": entries}


def failures_in_words(found: dict[str, Any]) -> str:
    """The first error of each file of `identify_files`, a line each; empty where there is none."""
    failed: dict[str, list[str]] = {}
    for entry in found["files"]:
        if "error" in entry:
            failed.setdefault(entry["path"], []).append(entry["error"])
    lines = [
        first + (f" (and {len(others)} more frames of it)" if others else "")
        for first, *others in failed.values()
    ]
    if len(lines) > 1:
        files = len({entry["path"] for entry in found["files"]})
        lines.insert(0, f"{len(lines)} of {files} files not identified, or not all of them:")
    return "\n".join(lines)


def missing_in_words(bonds: int) -> str:
    """What is said of bonds over O that a file lacks."""
    return f"{bonds} O are missing, each between two T that lack one there; those T count as bonded"


def account_in_words(account: dict[str, Any]) -> list[str]:
    """What the atoms were taken as, unless all T are Si (or beads) and nothing was left out; and the notes."""
    t, left = account["T"], account["left_out"]
    lines = []
    if left or set(t) - {"Si", "T"}:
        words = ", ".join(f"{n} {name}" for name, n in t.items())
        lines.append(f"T: {words}")
        if left:
            lines[0] += f"; left out: {', '.join(f'{n} {name}' for name, n in left.items())}"
    return lines + list(account["notes"])


def in_words(entry: dict[str, Any]) -> str:
    """One line for people; below it what is no whole crystal, what is unknown, what was left out."""
    if "error" in entry:
        return str(entry["error"])
    parts = []
    for row in entry["types"]:
        mineral = f" ({row['mineral']})" if "mineral" in row else ""
        parts.append(f"{official_name(row['code'])}{mineral} {100 * row['share']:.1f} % ({row['sites']} T)")
    crystal = entry["crystal"]
    if crystal is not None:
        what = "unknown, crystalline" if crystal["four_connected"] else "crystalline, not four-connected"
        parts.append(f"{what} {100 * crystal['sites'] / entry['n_sites']:.1f} % ({crystal['sites']} T)")
    if entry["amorphous_share"] > 0:
        seen = f" (no crystal larger than about {entry['smallest_visible_T']} T was seen)"
        parts.append(f"amorphous {100 * entry['amorphous_share']:.1f} %{'' if parts else seen}")
    lines = [f"{entry['path']} frame {entry['frame']}: {', '.join(parts)}"]
    for row in entry["types"]:
        lines += _pieces_in_words(row["code"], [p for p in entry["pieces"] if p["code"] == row["code"]])
    if crystal is not None and crystal["four_connected"]:
        lines += _crystal_in_words(crystal, entry["unknown"])
    elif crystal is not None:
        lines += _repeating_in_words(crystal)
    lines += [_wrapped(line) for line in account_in_words(entry["atoms"])]
    return "\n".join(lines)


def _pieces_in_words(code: str, pieces: list[dict[str, Any]]) -> list[str]:
    """The grains of a type, unless it is one crystal."""
    if len(pieces) == 1 and pieces[0]["extent"] == "crystal":
        return []
    lines = [_wrapped(extent_in_words(code, piece)) for piece in pieces[:MOST_PIECES]]
    if len(pieces) > MOST_PIECES:
        lines.append(f"     ... and {len(pieces) - MOST_PIECES} more of {code} (--json has all)")
    return lines


def _wrapped(text: str) -> str:
    return textwrap.fill(text, COLUMNS, initial_indent="  ", subsequent_indent="    ")


def _symmetry_in_words(crystal: dict[str, Any], of: str) -> str:
    a, b, c, alpha, beta, gamma = crystal["cell"]
    return _wrapped(
        f"{of}: {crystal['space_group']} with {crystal['n_T_sites']} T sites (spglib, tolerance "
        f"{crystal['symprec_A']} Å), a, b, c = {a:.3f}, {b:.3f}, {c:.3f} Å, angles {alpha:g}, {beta:g}, "
        f"{gamma:g}°, {crystal['T_per_cell']} T per cell"
    )


def _repeating_in_words(crystal: dict[str, Any]) -> list[str]:
    joined = JOINED[crystal["directions"]]
    around = crystal["coordination"]
    with_oxygens = "" if around is None else f" with {' and '.join(around)} O"
    lines = [f"  T{with_oxygens}, joined to {joined}"]
    lines.append(_symmetry_in_words(crystal, "positions" if crystal["perfect"] else "positions, averaged"))
    if not crystal["perfect"]:
        lines.append("  some atoms are missing, or lie elsewhere")
    return lines


def _crystal_in_words(crystal: dict[str, Any], kinds: list[dict[str, Any]]) -> list[str]:
    lines = [f"  net: {crystal['name'] or 'no name, since not every T is one of a perfect crystal'}"]
    if crystal["space_group"] is not None:
        lines.append(_symmetry_in_words(crystal, "T positions"))
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
