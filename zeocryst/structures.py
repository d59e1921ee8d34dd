"""Structures from files of any kind, as networks and beads: what `identify` and `analyze` read.

GSD is read as beads; everything else comes from `zeocryst.reading` as atoms (CIF, extxyz, POSCAR, LAMMPS dumps
and data, ...).
Where there are oxygens they make the bonds, otherwise the T positions alone, by the best matching
(`zeocryst.network.matching`). The frames of a trajectory are bonded nearest first, as in a run, which is faster
in a melt.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zeocryst.cell import make_frame
from zeocryst.errors import InputError
from zeocryst.network.bonds import Network, bonds_from_oxygens, network_of_frame, sites_of_frame
from zeocryst.network.matching import matched_bonds
from zeocryst.reading.formats import is_gsd, notes_of, read_images
from zeocryst.trajectory import PREFIX, count_frames, read_frame

if TYPE_CHECKING:
    import gsd.hoomd
    from ase import Atoms

#: Names taken as T, S and O where the user gives none.
USUAL = {"T": ("Si", "Al", "T"), "S": ("S", "X"), "O": ("O",)}


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


class Structures:
    """The frames of a file, chosen by number.

    Parameters
    ----------
    path
        GSD, or anything that `zeocryst.reading` reads.
    types
        What T, S and O are called in the file; found by name when not given (`USUAL`).

    Raises
    ------
    InputError
        The file cannot be read, or has no frames.
    """

    def __init__(self, path: str | Path, types: dict[str, str] | None = None) -> None:
        self.path = path
        self._file = Path(path)
        self._roles = types or {}
        self._images: list[Atoms] = []
        if self._file.is_dir():
            raise InputError(f"{path} is a folder; give a file, such as the trajectory.gsd of a run's folder")
        if not self._file.is_file():
            raise InputError(f"no file {path}")
        with _named(path):
            if is_gsd(self._file):
                self._count = count_frames(self._file)
            else:
                self._images = read_images(self._file)
                self._count = len(self._images)
            if self._count == 0:
                raise InputError("the file has no frames")

    def __len__(self) -> int:
        """Number of frames of the file."""
        return self._count

    def chosen(self, frame: int | None) -> list[int]:
        """Numbers of all frames, or of one that may be counted from the end.

        Raises
        ------
        InputError
            There is no such frame.
        """
        count = self._count
        if frame is not None and not -count <= frame < count:
            raise InputError(
                f"{self.path}: no frame {frame}; it has {count}, numbered from 0 (or -1, the last)"
            )
        return list(range(count)) if frame is None else [frame % count]

    def network(self, index: int) -> Network:
        """The network of a frame.

        Raises
        ------
        InputError
            The file is damaged there, or the frame has no T or broken positions.
        """
        with _named(self.path, index):
            if not self._images:
                beads = read_frame(self._file, index)
                positions, cell, _ = sites_of_frame(beads, _names_of_beads(beads, self._roles)["T"])
                return matched_bonds(positions, cell)[0]
            return _network(self._images[index], self._roles)

    def notes(self, index: int) -> list[str]:
        """What had to be decided to read a frame, in words for people."""
        return notes_of(self._images[index]) if self._images else []

    def oxygens(self, index: int) -> NDArray[np.float64]:
        """Positions of a frame's O, (P, 3) Å; none of beads."""
        if not self._images:
            return np.empty((0, 3))
        atoms = self._images[index]
        return np.asarray(atoms.positions[_members(atoms, self._roles)["O"]], dtype=float)

    def frame(self, index: int) -> tuple[Network, gsd.hoomd.Frame]:
        """Network and beads of a frame; its T, S and O are types of these names, T in the network's order.

        The step is that of the file, or the frame's number where it has none. The time stands in the log as
        ``zeocryst/time_ps``, where the file has it (the same log of GSD, ``time_ps`` in the info of extxyz).

        Raises
        ------
        InputError
            As `network`, or another position is broken.
        """
        with _named(self.path, index):
            if not self._images:
                beads = read_frame(self._file, index)
                names = _names_of_beads(beads, self._roles)
                network, _ = network_of_frame(beads, names["T"])
                back = {name: role for role, name in names.items()}
                beads.particles.types = [back.get(name, name) for name in beads.particles.types]
            else:
                network = _network(self._images[index], self._roles)
                beads = _beads(self._images[index], self._roles, index)
            bad = np.flatnonzero(~np.isfinite(beads.particles.position).all(axis=1))
            if len(bad):
                raise InputError(f"{len(bad)} positions are not finite numbers; the first is bead {bad[0]}")
            return network, beads


def read_networks(
    path: str | Path, frame: int | None = None, types: dict[str, str] | None = None
) -> Iterator[tuple[int, Network]]:
    """The network of each frame of a file, or of one.

    Parameters
    ----------
    path
        GSD, or anything that `zeocryst.reading` reads.
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
    found = Structures(path, types)
    for index in found.chosen(frame):
        yield index, found.network(index)


@contextmanager
def _named(path: str | Path, index: int | None = None) -> Iterator[None]:
    """Put the file, and the frame, before what is wrong with it."""
    try:
        yield
    except InputError as error:
        text = str(error)
        if index is not None and f"frame {index}" not in text:
            text = f"frame {index}: {text}"
        raise InputError(text if str(path) in text else f"{path}: {text}") from None


def _names_of_beads(beads: gsd.hoomd.Frame, roles: dict[str, str]) -> dict[str, str]:
    """What T, S and O are called in a frame of beads; those that are not there have their own names."""
    there = list(beads.particles.types or [])
    return {
        role: roles.get(role) or next((n for n in (*usual, role) if n in there), role)
        for role, usual in USUAL.items()
    }


def _members(atoms: Atoms, roles: dict[str, str]) -> dict[str, Any]:
    """Which atoms are T, S and O, each a boolean array."""
    symbols = np.array(atoms.get_chemical_symbols())
    if len(symbols) == 0:
        raise InputError("the structure has no atoms")
    # LAMMPS dumps without elements: types 1, 2, ... come as the elements of that number
    named = {role: [_symbol(name)] for role, name in roles.items()}
    members = {role: np.isin(symbols, named.get(role, usual)) for role, usual in USUAL.items()}
    if not members["T"].any():
        found = ", ".join(sorted(set(symbols)))
        raise InputError(f"no T sites among {found}; say what T is called, for example --types T={symbols[0]}")
    return members


def _network(atoms: Atoms, roles: dict[str, str]) -> Network:
    members = _members(atoms, roles)
    sites, oxygens, cell = atoms.positions[members["T"]], atoms.positions[members["O"]], _cell(atoms)
    return bonds_from_oxygens(sites, oxygens, cell) if len(oxygens) else matched_bonds(sites, cell)[0]


def _cell(atoms: Atoms) -> NDArray[np.float64]:
    """The cell, right-handed: the opposite vectors make the same lattice."""
    cell = np.asarray(atoms.cell[:], dtype=float)
    return -cell if np.linalg.det(cell) < 0 else cell


def _beads(atoms: Atoms, roles: dict[str, str], index: int) -> gsd.hoomd.Frame:
    """T, S and O of a structure as beads."""
    members = _members(atoms, roles)
    types = [role for role, mine in members.items() if mine.any()]
    positions = np.vstack([atoms.positions[members[role]] for role in types])
    kinds = np.repeat(np.arange(len(types)), [members[role].sum() for role in types])
    frame = make_frame(positions, _cell(atoms), kinds, types, dict.fromkeys(types, 1.0))
    step = atoms.info.get("timestep", atoms.info.get("step"))
    frame.configuration.step = int(step) if isinstance(step, int | np.integer) and step >= 0 else index
    time = atoms.info.get("time_ps")
    if isinstance(time, int | float | np.number):
        frame.log[PREFIX + "time_ps"] = np.array([float(time)])
    return frame


def _symbol(name: str) -> str:
    if name.isdigit():
        from ase.data import chemical_symbols

        return str(chemical_symbols[min(int(name), len(chemical_symbols) - 1)])
    return name
