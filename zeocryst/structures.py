"""Structures from files of any kind, as networks: what `zeocryst identify` reads.

GSD is read as beads; everything else goes through ASE (CIF, extxyz, POSCAR, LAMMPS dumps and data, ...).
Where there are oxygens they make the bonds, otherwise the T positions alone, by the best matching
(`zeocryst.network.matching`): what a run measures at each step takes the nearest
first, which is faster in a melt.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zeocryst.errors import InputError
from zeocryst.network.bonds import Network, bonds_from_oxygens, sites_of_frame
from zeocryst.network.matching import matched_bonds
from zeocryst.trajectory import count_frames, iterate

if TYPE_CHECKING:
    from ase import Atoms

#: Symbols taken as T where the user names none.
TETRAHEDRAL = ("Si", "Al", "T")


def parse_types(text: str | None) -> dict[str, str]:
    """``T=Si,S=X`` as ``{"T": "Si", "S": "X"}``; empty for None.

    Raises
    ------
    InputError
        It has another form.
    """
    pairs = {}
    for part in (text or "").split(",") if text else []:
        role, sign, name = part.partition("=")
        if not sign or role.strip() not in ("T", "S", "O") or not name.strip():
            raise InputError(f"--types {text!r}: expected ROLE=NAME,... with roles T, S or O, such as T=Si,S=X")
        pairs[role.strip()] = name.strip()
    return pairs


def read_networks(
    path: str | Path, frame: int | None = None, types: dict[str, str] | None = None
) -> Iterator[tuple[int, Network]]:
    """The network of each frame of a file, or of one.

    Parameters
    ----------
    path
        GSD, or anything ASE reads.
    frame
        Number of the frame, negative from the end; every frame when not given.
    types
        What T (and O) are called in the file; found by symbol when not given.

    Yields
    ------
    index : int
    network : Network

    Raises
    ------
    InputError
        The file cannot be read, has no such frame or no T.
    """
    file = Path(path)
    if not file.is_file():
        raise InputError(f"no file {path}")
    roles = types or {}
    found: Iterator[tuple[int, Network]]
    found = _beads(file, frame, roles) if file.suffix.lower() == ".gsd" else _atoms(file, frame, roles)
    while True:
        try:
            item = next(found)
        except StopIteration:
            return
        except InputError as error:
            raise InputError(f"{path}: {error}" if str(path) not in str(error) else str(error)) from None
        yield item


def _slice(count: int, frame: int | None) -> slice:
    if count == 0:
        raise InputError("the file has no frames")
    if frame is None:
        return slice(None)
    if not -count <= frame < count:
        raise InputError(f"no frame {frame}; it has {count}, numbered from 0 (or -1, the last)")
    return slice(frame % count, frame % count + 1)


def _beads(file: Path, frame: int | None, roles: dict[str, str]) -> Iterator[tuple[int, Network]]:
    for index, beads in iterate(file, _slice(count_frames(file), frame)):
        names = list(beads.particles.types or [])
        name = roles.get("T") or next((n for n in TETRAHEDRAL if n in names), "T")
        positions, cell, _ = sites_of_frame(beads, name)
        yield index, matched_bonds(positions, cell)[0]


def _atoms(file: Path, frame: int | None, roles: dict[str, str]) -> Iterator[tuple[int, Network]]:
    import ase.io

    try:
        images: Any = ase.io.read(file, ":", do_not_split_by_at_sign=True)
    except Exception as error:  # ASE's readers raise whatever they meet in a damaged file
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"ASE cannot read it: {reason}") from None
    chosen = _slice(len(images), frame)
    for index in range(*chosen.indices(len(images))):
        yield index, _network(images[index], roles)


def _network(atoms: Atoms, roles: dict[str, str]) -> Network:
    import numpy as np

    symbols = np.array(atoms.get_chemical_symbols())
    # LAMMPS dumps without elements: types 1, 2, ... come as the elements of that number
    as_number = {"T": roles.get("T"), "O": roles.get("O")}
    names = {r: ([_symbol(n)] if n else None) for r, n in as_number.items()}
    tetrahedral = np.isin(symbols, names["T"] or TETRAHEDRAL)
    if len(symbols) == 0:
        raise InputError("the structure has no atoms")
    if not tetrahedral.any():
        found = ", ".join(sorted(set(symbols)))
        raise InputError(f"no T sites among {found}; say what T is called, for example --types T={symbols[0]}")
    oxygen = np.isin(symbols, names["O"] or ["O"])
    if oxygen.any():
        return bonds_from_oxygens(atoms.positions[tetrahedral], atoms.positions[oxygen], atoms.cell[:])
    return matched_bonds(atoms.positions[tetrahedral], atoms.cell[:])[0]


def _symbol(name: str) -> str:
    if name.isdigit():
        from ase.data import chemical_symbols

        return str(chemical_symbols[min(int(name), len(chemical_symbols) - 1)])
    return name
