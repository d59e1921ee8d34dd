"""The table of framework types: their T sites, nets, and start structures; dense silica's, and the user's own.

The tables are derived from the Database of Zeolite Structures by `zeocryst.order.derive`; each file names its
source. Dense nets (quartz, feldspar, ...) have no type there. They have a table of their own, from published
crystal structures (`zeocryst.order.derive_dense`), and names of the Reticular Chemistry Structure Resource, in
lower case. Types that a user adds lie in the user's data folder (`user_folder`), one file each. All of them are
part of every answer that `framework_types` and `nets` give.
"""

from __future__ import annotations

import difflib
import json
import os
import re
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zeocryst.errors import InputError, nearest
from zeocryst.foundation.textfiles import damage_told, parse_json, read_text

#: Words that name no framework type.
RESERVED = ("unknown", "amorphous", "add", "remove", "own")
#: T in the standard cell of the T alone, where it is not that of the table: the T of ASV and KLW have twice the
#: translations of their O, and the cells of minerals are those of their O.
STANDARD_T = {"ASV": 10, "KLW": 8, "dia": 8, "lon": 4, "mog": 6}
#: The database's table of types that these were held against, and the marks of types with ordered faults in it.
RELEASE = "July 2026"
DISORDERED = ("BEA", "CTH", "ITN", "MRE", "PCS", "SFV", "STO", "SVY", "UOE")
#: Types of that table that are not here, and why.
ABSENT = {
    "HEI": "its structure was not found in public files, so its net is not in the table",
    "EOS": "its net is the one that the table has as *UOE",
    "RFE": "its net is the one that the table has as *MRE",
}
#: Tables, and those of types that came to the database later, with the same content.
RECENT = {"table.json": "recent.json", "nets.json": "recent_nets.json"}
#: Tables, and those of dense silica that have the same content.
DENSE = {"table.json": "dense.json", "nets.json": "dense_nets.json"}


@dataclass(frozen=True)
class FrameworkType:
    """One entry of the table.

    Attributes
    ----------
    code : str
        Three-letter code; in lower case for a dense net; or a user's name.
    sequences : (K, 13) int array
        The distinct coordination sequences of its T sites.
    multiplicities : (K,) int array
        T sites per cell with each of them.
    vertex_symbols : tuple of K tuples of str
        Vertex symbols of the sites with each of them.
    density_T_per_1000A3 : float
        Framework density of the idealized SiO2 structure; of a dense net, of the mineral.
    ring_sizes : tuple of int
        As the database has them; of a user's type, the sizes in its vertex symbols.
    interrupted : bool
        Some T have fewer than four bridging oxygens.
    source : str
        Empty for the types of the database; where a dense net or a user's type came from.
    mineral : str
        Common name of the mineral of a dense net; empty for others.
    """

    code: str
    sequences: NDArray[np.int32]
    multiplicities: NDArray[np.int64]
    vertex_symbols: tuple[tuple[str, ...], ...]
    density_T_per_1000A3: float
    ring_sizes: tuple[int, ...]
    interrupted: bool
    source: str = ""
    mineral: str = ""


@cache
def _content(name: str) -> dict[str, Any]:
    text = resources.files("zeocryst.frameworks").joinpath(name).read_text(encoding="utf-8")
    content: dict[str, Any] = json.loads(text)
    return content


def _read(name: str) -> dict[str, Any]:
    types: dict[str, Any] = _content(name)["types"]
    return types


def _source(name: str) -> str:
    return str(_content(name)["source"])


def user_folder() -> Path:
    """Where the user's own types lie: ``$ZEOCRYST_DATA``, or the system's place for the user's data."""
    from platformdirs import user_data_path

    chosen = os.environ.get("ZEOCRYST_DATA")
    return (Path(chosen) if chosen else user_data_path("zeocryst", appauthor=False)) / "frameworks"


@cache
def _own() -> dict[str, dict[str, Any]]:
    """The user's own types: those that were there when this process first asked, and those that it added.

    Another process may add some meanwhile; what stands in two tables would be numbered differently then.
    """
    return {code: user_entry(code) for code in sorted(path.stem for path in user_folder().glob("*.json"))}


def _entries(name: str) -> dict[str, Any]:
    """A table of the package's, with dense silica's of the same content, and the user's own types."""
    return _database(name) | _read(DENSE[name]) | _own()


def _database(name: str) -> dict[str, Any]:
    """A table with the types that came later."""
    return _read(name) | _read(RECENT[name])


def user_entry(code: str) -> dict[str, Any]:
    """The entry of a type of the user's.

    Raises
    ------
    InputError
        Its file is damaged.
    """
    path = user_folder() / f"{code}.json"
    cure = f"zeocryst frameworks remove {code}"
    try:
        entry = parse_json(read_text(path), str(path))
    except InputError as error:
        raise InputError(f"{error}; {cure}") from None
    with damage_told(f"{path}: not a framework type that zeocryst wrote ({cure})"):
        entry = entry | {"source": str(entry["source"])}
        np.array(entry["bonds"], dtype=np.int64).reshape(-1, 5)
        _type_of(code, entry)
    return dict(entry)


def check_name(name: str) -> None:
    """Raise if a user's type cannot be called so.

    Raises
    ------
    InputError
        The name is taken, or no name: letters, digits, ``-`` and ``_``.
    """
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{0,30}", name):
        raise InputError(f"--name {name!r}: a name begins with a letter and has letters, digits, - and _ only")
    taken = {code.lower(): code for code in framework_types()} | {word: word for word in RESERVED}
    if name.lower() in taken:
        raise InputError(f"--name {name}: is taken by {taken[name.lower()]}; give another name")


def add_user_type(name: str, entry: dict[str, Any]) -> Path:
    """Keep a type of the user's, which `framework_types` and `nets` then have; returns its file.

    Parameters
    ----------
    name
        As `check_name` allows.
    entry
        Content of an entry of both tables, and its ``source``.

    Raises
    ------
    InputError
        The name is taken, or no name; or the folder cannot be written.
    """
    check_name(name)
    folder = user_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{name}.json"
        partial = folder / f"{name}.{os.getpid()}.part"
        partial.write_text(json.dumps(entry, ensure_ascii=False) + "\n", "utf-8")
        if path.exists():  # another process was faster
            partial.unlink()
            raise InputError(f"--name {name}: is taken by {path}; give another name")
        partial.replace(path)
    except OSError as error:
        raise InputError(f"{folder}: cannot be written: {error.strerror}") from None
    forget_user_types()
    return path


def forget_user_types() -> None:
    """Read the user's own types anew when they are next asked for."""
    for remembered in (_own, framework_types, nets):
        remembered.cache_clear()


def remove_user_type(name: str) -> Path:
    """Forget a type of the user's; returns the file that it was in.

    Raises
    ------
    InputError
        The user has no such type, or its file cannot be removed.
    """
    folder = user_folder()
    files = {path.stem.lower(): path for path in folder.glob("*.json")}
    path = files.get(name.lower())
    if path is None:
        own = ", ".join(sorted(p.stem for p in files.values())) or "none"
        raise InputError(
            f"{name!r} is no framework type of your own, which are: {own}; only these can be removed"
        )
    try:
        path.unlink()
    except OSError as error:
        raise InputError(f"{path}: cannot be removed: {error.strerror}") from None
    forget_user_types()
    return path


@cache
def framework_types() -> dict[str, FrameworkType]:
    """All framework types by code, in alphabetical order, as `nets`."""
    return {code: _type_of(code, entry) for code, entry in sorted(_entries("table.json").items())}


def _type_of(code: str, entry: dict[str, Any]) -> FrameworkType:
    """An entry of the table."""
    kinds: dict[tuple[int, ...], list[dict[str, Any]]] = {}
    for site in entry["sites"]:
        kinds.setdefault(tuple(site["coordination_sequence"]), []).append(site)
    return FrameworkType(
        code,
        np.array(list(kinds), dtype=np.int32),
        np.array([sum(site["multiplicity"] for site in sites) for sites in kinds.values()]),
        tuple(tuple(site["vertex_symbol"] for site in sites) for sites in kinds.values()),
        entry["density_T_per_1000A3"],
        tuple(entry["ring_sizes"]),
        entry["interrupted"],
        entry.get("source", ""),
        entry.get("mineral", ""),
    )


@cache
def nets() -> dict[str, tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """The net of each framework type: bonds of a primitive cell (M, 5), and kinds of its sites (N,).

    A bond is its two sites and the lattice vector (three numbers) to the cell of the second; sites of one kind
    are equivalent by the symmetry of the net.
    """
    return {
        code: (np.array(entry["bonds"], dtype=np.int64).reshape(-1, 5), np.array(entry["kinds"]))
        for code, entry in sorted(_entries("nets.json").items())
    }


def framework_entry(code: str) -> dict[str, Any]:
    """All that the tables have of one type: its sites one by one, and where it comes from.

    Returns
    -------
    dict
        ``n_T``, ``density_T_per_1000A3``, ``ring_sizes``, ``interrupted``, ``sites`` (multiplicity,
        coordination_sequence, vertex_symbol), ``space_group``, ``source``; of types in `start_codes` also
        ``cell_A``, three rows; of dense nets ``mineral`` and ``cell_parameters`` (a, b, c in Å, angles in
        degrees).

    Raises
    ------
    KeyError
        No such type.
    """
    entry = _entries("table.json")[code]
    start = _read("starts.json").get(code, {})
    kept = {key: start[key] for key in ("space_group", "cell_A") if key in start}
    table = "recent.json" if code in _read("recent.json") else "table.json"
    return {"source": _source(table), **entry, **kept}


def type_space_group(code: str) -> int | None:
    """Number of the space group of a framework type of the database; None for other nets."""
    number = _database("table.json").get(code, {}).get("space_group_number")
    return None if number is None else int(number)


def user_codes() -> list[str]:
    """Names of the types that the user added."""
    return sorted(_own())


def dense_codes() -> list[str]:
    """Names of the dense nets, but for those that are the user's own by now."""
    return sorted(set(_read(DENSE["table.json"])) - set(user_codes()))


def mineral_of(code: str) -> str:
    """Common name of the mineral of a dense net; empty for another name."""
    found = framework_types().get(code)
    return found.mineral if found else ""


def start_codes() -> list[str]:
    """Codes of the framework types whose T positions are known here."""
    return sorted(_read("starts.json"))


def startable_codes() -> list[str]:
    """Codes of the framework types and dense nets that a simulation can start from.

    Where positions are not known they are calculated from the net (`zeocryst.solution.embedding`); a type of
    the user's has its file.
    """
    return sorted(set(_database("table.json")) | set(dense_codes()))


def start_t_count(code: str) -> int:
    """Number of T in the cell with which a simulation of a type starts."""
    if code in _read("starts.json"):
        return len(_read("starts.json")[code]["T_sites"])
    return STANDARD_T.get(code, int(framework_types()[code].multiplicities.sum()))


def nearest_start(code: str) -> str:
    """A hint at the types that a simulation can start from and that are spelt most like this."""
    absent = why_absent(code)
    if absent:
        return absent
    name = bare_code(code).upper()
    near = difflib.get_close_matches(name, startable_codes(), n=9, cutoff=0.6)
    near.sort(key=lambda other: sorted(other) != sorted(name))  # letters that changed places first
    if not near:
        return "zeocryst frameworks lists all"
    return f"did you mean {near[0]!r}? Near are {', '.join(near[:5])}, ...; zeocryst frameworks lists all"


def official_name(code: str) -> str:
    """A type with the marks of the database: ``*`` for disordered, ``-`` for interrupted frameworks.

    Several codes that were not told apart (``ABW|ATN``) get theirs each; other names have none.
    """
    database = _database("table.json")

    def marked(one: str) -> str:
        """A single code with its marks."""
        if one not in database:
            return one
        return f"{'*' if one in DISORDERED else ''}{'-' if database[one]['interrupted'] else ''}{one}"

    return "|".join(map(marked, code.split("|")))


def why_absent(name: str) -> str:
    """Why a type of the database is not here; empty where it is, or is none."""
    code = name.strip().lstrip("*-\u2013\u2212").upper()
    return f"{code} is a framework type, but {ABSENT[code]}" if code in ABSENT else ""


def bare_code(name: str) -> str:
    """The code in a name of a framework type as the database prints it: ``*BEA``, ``-CLO``, ``*-SSO``, ``bea``.

    Where there is no such type the name comes back as it is.
    """
    text = name.strip()
    bare = text.lstrip("*-\u2013\u2212")
    known = {code.lower(): code for code in framework_types()}
    return text if text in framework_types() else known.get(bare.lower(), text)


def start_structure(code: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Cell and T positions of a framework type, in its standard crystallographic setting.

    Returns
    -------
    cell : (3, 3) array, Å
    positions : (N, 3) array, Å

    Raises
    ------
    InputError
        The code is not among `start_codes`.
    """
    entries = _read("starts.json")
    if code not in entries:
        known = "" if code in framework_types() else " (and no framework type known here)"
        raise InputError(f"framework {code!r} has no start structure{known}; {nearest(code, entries)}")
    cell = np.array(entries[code]["cell_A"])
    return cell, np.array(entries[code]["T_sites"]) @ cell
