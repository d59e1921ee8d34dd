"""The library of framework types as `zeocryst frameworks` shows it, and the user's additions to it."""

from __future__ import annotations

import datetime
import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zeocryst.errors import InputError
from zeocryst.files.structures import Structures
from zeocryst.frameworks.table import (
    ABSENT,
    RELEASE,
    add_user_type,
    bare_code,
    check_name,
    dense_codes,
    framework_entry,
    framework_types,
    official_name,
    start_codes,
    startable_codes,
    user_codes,
    user_entry,
    user_folder,
    why_absent,
)
from zeocryst.network.bonds import Network
from zeocryst.network.periodicity import pieces
from zeocryst.network.sharing import oxygens_around
from zeocryst.network.topology import coordination_sequences
from zeocryst.order.crystal import (
    Kinds,
    is_perfect,
    net_name,
    primitive_network,
    site_kinds,
    symmetry,
    table_type,
)
from zeocryst.order.derive import SHELLS, describe_network, net_of
from zeocryst.order.labels import UNKNOWN, label_sites

#: Most T in the primitive cell of a type of the user's; to find the symmetry of a net takes the square of it.
MOST_T = 2000


def list_frameworks() -> dict[str, Any]:
    """All framework types, and dense nets beside them: ``{"frameworks": [...], "dense": [...]}``.

    Returns
    -------
    dict
        ``release``, the state of the database's list of types that the table was held against, and ``absent``,
        what of it is not here, with the reason. In alphabetical order, the types of the database and the
        user's own, and the dense nets of silica. Of
        each ``code``, ``n_T`` (T per cell), ``kinds`` (T sites with coordination sequences or vertex
        symbols of their own), ``density_T_per_1000A3``, ``ring_sizes``, ``interrupted``, ``user`` (added by the
        user) and ``start`` (a simulation can start from it), ``official`` (the code with the marks of the
        database for disordered and interrupted types); of dense nets also ``mineral``.
    """
    own, dense = set(user_codes()), set(dense_codes())
    rows = [
        {
            "code": code,
            "official": official_name(code),
            "n_T": int(kind.multiplicities.sum()),
            "kinds": sum(map(len, kind.vertex_symbols)),
            "density_T_per_1000A3": kind.density_T_per_1000A3,
            "ring_sizes": list(kind.ring_sizes),
            "interrupted": kind.interrupted,
            "user": code in own,
            "start": _start(code) is not None,
        }
        | ({"mineral": kind.mineral} if code in dense else {})
        for code, kind in framework_types().items()
    ]
    return {
        "release": RELEASE,
        "absent": ABSENT,
        "frameworks": [row for row in rows if row["code"] not in dense],
        "dense": [row for row in rows if row["code"] in dense],
    }


def own_frameworks() -> dict[str, Any]:
    """The types that the user added, with their files: ``{"own": [{"code", "file", "source", ...}]}``.

    A file that is damaged has ``error`` instead of what it holds, so that it can be removed.
    """
    rows: list[dict[str, Any]] = []
    for code in sorted(path.stem for path in user_folder().glob("*.json")):
        row: dict[str, Any] = {"code": code, "file": str(user_folder() / f"{code}.json")}
        try:
            entry = user_entry(code)
        except InputError as error:
            rows.append({**row, "error": str(error)})
            continue
        rows.append({**row, "n_T": entry["n_T"], "source": entry["source"]})
    return {"own": rows}


def own_in_words(found: dict[str, Any]) -> str:
    """The types that the user added, for people."""
    lines = [
        f"{row['code']}  " + (row.get("error") or f"{row['n_T']} T per cell, {row['source']} ({row['file']})")
        for row in found["own"]
    ]
    return (
        "\n".join(lines) or "no framework types of your own; zeocryst frameworks add FILE --name NAME adds one"
    )


def show_framework(code: str) -> dict[str, Any]:
    """One framework type, by its code in any case, or a dense net also by its mineral.

    Returns
    -------
    dict
        ``code``, ``user`` and what `zeocryst.frameworks.table.framework_entry` has, with ``cell`` (a, b, c in
        Å, angles in degrees) where a simulation can start from it or of the mineral of a dense net (None
        elsewhere, unless the user added it).

    Raises
    ------
    InputError
        There is no such type.
    """
    from ase.cell import Cell

    absent = why_absent(code)
    if absent:
        raise InputError(absent)
    minerals = {kind.mineral: name for name, kind in framework_types().items() if kind.mineral}
    codes = minerals | {name.lower(): name for name in framework_types()}
    found = codes.get(bare_code(code).lower())
    if found is None:
        close = difflib.get_close_matches(code.lower(), codes, n=1, cutoff=0.0)[0]
        raise InputError(
            f"no framework type {code!r}; the nearest is {codes[close]} (zeocryst frameworks lists all of them)"
        )
    entry = framework_entry(found)
    if "cell_A" in entry:
        entry["cell"] = [round(float(x), 4) for x in Cell(entry.pop("cell_A")).cellpar()]
    if "cell_parameters" in entry:
        entry["cell"] = entry.pop("cell_parameters")
    default: dict[str, Any] = {
        "space_group": None,
        "cell": None,
        "official": official_name(found),
        "start": _start(found),
    }
    hidden = ("bonds", "kinds")  # the net, for the program
    return {"code": found, "user": found in user_codes(), **default} | {
        key: value for key, value in entry.items() if key not in hidden
    }


def _start(code: str) -> str | None:
    """Where the T positions of a start come from: ``published``, ``calculated``, or None."""
    if code in start_codes():
        return "published"
    return "calculated" if code in startable_codes() else None


def add_framework(
    path: str | Path,
    name: str,
    frame: int | None = None,
    types: Mapping[str, str | Sequence[str]] | None = None,
) -> tuple[Path, dict[str, Any]]:
    """Keep the crystal in a file as a framework type of the user's.

    Parameters
    ----------
    path
        Whatever `zeocryst.files.structures.Structures` reads; any cell of a perfect crystal.
    name
        As `zeocryst.frameworks.table.check_name` allows.
    frame
        Number of the frame; the last one when not given.
    types
        What T and O are called in the file.

    Returns
    -------
    path : Path
        The file written.
    shown : dict
        As `show_framework` shows it.

    Raises
    ------
    InputError
        The name is taken; there is no T or no bond; a T has more than four O; the structure is not a perfect
        crystal, consists of several nets, is periodic in fewer than three directions, or is in the table
        already.
    """
    check_name(name)
    number = -1 if frame is None else frame
    structures = Structures(path, types)
    [index] = structures.chosen(number)
    network, oxygens = structures.network(index), structures.oxygens(index)
    try:
        _check_coordination(network, oxygens)
        entry = _entry(network)
    except InputError as error:
        raise InputError(f"{path}, frame {index}: {error}") from None
    today = datetime.date.today().isoformat()
    entry["source"] = f"{Path(path).name}, frame {index}, added by the user on {today}"
    return add_user_type(name, entry), show_framework(name)


def _entry(network: Network) -> dict[str, Any]:
    """What the tables hold of a type, but its source; raises where it should not be one."""
    kinds = site_kinds(network, SHELLS)
    _check_crystal(network, kinds)
    known = table_type(kinds)
    if known is not None:
        raise InputError(f"this is {known}, which is in the table already; nothing was added")
    sequences = coordination_sequences(network, SHELLS)
    found = symmetry(network, sequences)
    small = primitive_network(network, sequences)
    if small.n_sites > MOST_T:
        raise InputError(
            f"no smaller cell was found than one of {small.n_sites} T (at most {MOST_T}); give a unit cell"
        )
    entry = describe_network(small)
    per_cell = found["T_per_cell"] or small.n_sites
    for site in entry["sites"]:
        site["multiplicity"] = site["multiplicity"] * per_cell // small.n_sites
    entry["n_T"] = per_cell
    return entry | net_of(small) | {"net": net_name(site_kinds(network))} | found


def _check_coordination(network: Network, oxygens: NDArray[np.float64]) -> None:
    """Raise if T have more than four O, some of which no bond of the network stands for."""
    around = oxygens_around(network.positions, oxygens, network.cell)
    if (around > 4).any():
        raise InputError(
            f"{int((around > 4).sum())} of {network.n_sites} T have up to {around.max()} O; T of a framework "
            "type have four"
        )


def _check_crystal(network: Network, kinds: Kinds) -> None:
    """Raise unless the network is one framework of a perfect crystal."""
    if len(network.first) == 0:
        raise InputError("no T is bonded to another; are the coordinates in Å, and is T what --types says?")
    parts = pieces(network)
    if len(parts) > 1 and parts[0].sites < network.n_sites and parts[1].directions == 3:
        sizes = ", ".join(str(p.sites) for p in parts)
        raise InputError(
            f"the T fall apart into {len(parts)} nets ({sizes} T) that no bond joins; give one alone"
        )
    if not is_perfect(network, kinds) and 2 * len(kinds) > network.n_sites:
        raise InputError(_why_not(network, kinds))
    if len(parts) > 1:
        raise InputError(
            f"the T fall apart into {len(parts)} pieces that no bond joins; a framework type is one net"
        )
    if parts[0].directions < 3:
        raise InputError(
            f"the bonds make a net that is periodic in {parts[0].directions} directions, a framework in three"
        )
    if parts[0].nets > 1:
        raise InputError(f"the cell holds {parts[0].nets} nets that pass through each other; give one alone")


def _why_not(network: Network, kinds: Kinds) -> str:
    labels = label_sites(network)
    share = 100 * labels.crystalline_share
    loose = int((network.degree < 4).sum())
    among = f"{len(kinds)} kinds of surroundings among {network.n_sites} T"
    if share < 50:
        return f"not crystalline ({among}, {100 - share:.0f} % of them amorphous); a perfect crystal is needed"
    named = [code for code in labels.codes if code != UNKNOWN]
    what = f"mostly {named[0]}, which is in the table already" if named else "crystalline"
    return (
        f"{what}, but not perfect ({among}, {loose} T with fewer than four bonds); relax it to its energy "
        "minimum, or give a perfect cell"
    )


def list_in_words(found: dict[str, Any]) -> str:
    """The list of `list_frameworks` as a table for people."""
    rows, dense = found["frameworks"], found["dense"]
    width = max(len(row["code"]) for row in rows)
    width = max(width, *(len(row["official"]) for row in rows))
    own = sum(row["user"] for row in rows)
    interrupted = sum(row["interrupted"] for row in rows)
    starts = sum(row["start"] for row in rows)
    known = sum(_start(row["code"]) == "published" for row in rows)
    return "\n".join(
        [
            f"{'code':<{width}}  T/cell  kinds  T/1000 Å³  rings",
            *(_row_in_words(row, width) for row in rows),
            f"{len(rows)} types, {interrupted} interrupted, {own} of your own; simulations can start from "
            f"{starts},",
            f"from published T positions of {known}, else from some calculated from the net.",
            f"Types of the Database of Zeolite Structures as of {found['release']}, but for:",
            f"{', '.join(map(official_name, found['absent']))} (zeocryst frameworks CODE says why)",
            *(_row_in_words(row, width) for row in dense),
            f"{len(dense)} dense nets of silica, beside the types of zeolites",
        ]
    )


def _row_in_words(row: dict[str, Any], width: int) -> str:
    notes = [word for word in ("interrupted", "user") if row[word]]
    if row["start"] and _start(row["code"]) == "published":
        notes.insert(-1 if row["user"] else len(notes), "start")
    if "mineral" in row:
        notes.insert(0, row["mineral"])
    return (
        f"{row['official']:<{width}}  {row['n_T']:6d}  {row['kinds']:5d}  {row['density_T_per_1000A3']:9.2f}  "
        f"{'-'.join(map(str, row['ring_sizes']))}{'  (' + ', '.join(notes) + ')' if notes else ''}"
    )


def show_in_words(found: dict[str, Any]) -> str:
    """What `show_framework` gives, for people."""
    marks = [found["mineral"]] if found.get("mineral") else []
    marks += [word for word in ("interrupted", "user") if found[word]]
    lines = [
        f"{found['official']}{' (' + ', '.join(marks) + ')' if marks else ''}: {found['n_T']} T per cell, "
        f"{found['density_T_per_1000A3']:.2f} T per 1000 Å³, rings {'-'.join(map(str, found['ring_sizes']))}"
    ]
    if found["cell"] is not None:
        a, b, c, alpha, beta, gamma = found["cell"]
        lines.append(
            f"{found['space_group']}, a, b, c = {a:.3f}, {b:.3f}, {c:.3f} Å, "
            f"angles {alpha:g}, {beta:g}, {gamma:g}°"
        )
    elif found["space_group"] is not None:
        lines.append(str(found["space_group"]))
    if found["start"] == "calculated":
        lines.append("a simulation starts from T positions that are calculated from its net")
    lines.append("T per cell, coordination sequence, vertex symbol:")
    for site in found["sites"]:
        sequence = " ".join(map(str, site["coordination_sequence"]))
        symbol = site["vertex_symbol"] or "fewer than four bonds"
        lines.append(f"{site['multiplicity']:4d}  {sequence}  {symbol}")
    lines.append(found["source"])
    return "\n".join(lines)
