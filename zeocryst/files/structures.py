"""Structures of any kind, of a file or in memory, as networks and beads: what `identify` and `analyze` read.

GSD is read as beads; everything else comes from `zeocryst.reading` as atoms (CIF, extxyz, ...).
Which atoms are T is found by `zeocryst.chemistry`. Where there are oxygens they make the bonds, otherwise the
T positions alone, by the best matching (`zeocryst.network.matching`). The frames of a trajectory are bonded
nearest first, as in a run, which is faster in a melt.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zeocryst.beads import Beads
from zeocryst.cell import make_frame
from zeocryst.chemistry.advice import NoTetrahedra
from zeocryst.chemistry.beads import account_of_beads, bonds_without_oxygens, with_roles
from zeocryst.chemistry.roles import checked_roles
from zeocryst.chemistry.sites import SitesOfAtoms, sites_of_atoms
from zeocryst.chemistry.whole import whole_frames
from zeocryst.errors import InputError, whole_number
from zeocryst.files.trajectory import PREFIX, as_read, count_frames, read_frame
from zeocryst.network.bonds import Network, bonds_from_oxygens, sites_of_frame
from zeocryst.reading.formats import check_elements, is_gsd, notes_of, read_images

if TYPE_CHECKING:
    import gsd.hoomd
    from ase import Atoms

#: What T, S and O are called, a name or several each.
Types = Mapping[str, str | Sequence[str]] | None


class Structures:
    """The frames of a file, chosen by number; those that are in memory come from `of_atoms` and `of_beads`.

    Parameters
    ----------
    path
        GSD, or anything that `zeocryst.reading` reads.
    types
        What T, S and O are called in the file, a name or several each; T are found by their elements and their
        surroundings when not given (`zeocryst.chemistry`).

    Attributes
    ----------
    cut : dict of int to str
        What is wrong with frames that a kill cut off, by number. They are counted, and cannot be had.

    Raises
    ------
    InputError
        The file cannot be read, or has no whole frame.
    """

    _beads: Callable[[int], gsd.hoomd.Frame] | None

    def __init__(self, path: str | Path, types: Types = None) -> None:
        file = Path(path)
        if file.is_dir() and (file / "trajectory.gsd").is_file():  # of a run
            path = file = file / "trajectory.gsd"
        self._begin(path, types)
        if file.is_dir():
            raise InputError(f"{path} is a folder; give a file, such as the trajectory.gsd of a run's folder")
        if not file.is_file():
            raise InputError(f"no file {path}")
        with _named(path):
            if is_gsd(file):
                self._count = count_frames(file)
                self._beads = partial(read_frame, file)
            else:
                self._read(file)
            if self._count == 0:
                raise InputError("the file has no frames")

    def _begin(self, path: str | Path, types: Types) -> None:
        self.path = path
        self.cut: dict[int, str] = {}
        self._roles = checked_roles(types, "types")
        self._count = 0
        self._beads = None
        self._images: list[Atoms] = []
        self._place: dict[int, int] = {}  # of each whole frame among the images
        self._last: tuple[int, SitesOfAtoms] | None = None
        self._in_memory = False

    @classmethod
    def of_atoms(cls, images: Sequence[Atoms], types: Types = None, *, name: str = "the atoms") -> Structures:
        """Atoms that are in memory; what is said of them is the same as of a file that holds them.

        Parameters
        ----------
        images
            One or more frames. They are not changed.
        types
            As of a file.
        name
            What they are called in messages.

        Raises
        ------
        InputError
            There are none, or one holds an atom of no element.
        """
        made = cls._in_memory_of(len(images), types, name)
        with _named(name):
            for index, atoms in enumerate(images):
                check_elements(atoms, index)
        made._images = list(images)
        made._place = {k: k for k in range(len(images))}
        return made

    @classmethod
    def of_beads(
        cls, frames: Sequence[gsd.hoomd.Frame], types: Types = None, *, name: str = "the frame"
    ) -> Structures:
        """Beads that are in memory, or come one by one from a sequence; see `of_atoms`."""
        made = cls._in_memory_of(len(frames), types, name)
        made._beads = lambda index: as_read(frames[index], index)
        return made

    @classmethod
    def _in_memory_of(cls, count: int, types: Types, name: str) -> Structures:
        made = cls.__new__(cls)
        made._begin(name, types)
        made._count, made._in_memory = count, True
        if count == 0:
            raise InputError(f"{name}: there are no frames")
        return made

    def _read(self, file: Path) -> None:
        whole = whole_frames(file)
        self.cut = whole.cut if whole is not None else {}
        if whole is not None and whole.count and len(self.cut) == whole.count:
            raise InputError(f"frame {whole.count - 1} is {self.cut[whole.count - 1]}; no frame is whole")
        self._images = read_images(file, None if whole is None else whole.text)
        self._count = len(self._images) + len(self.cut)
        self._place = {k: place for place, k in enumerate(self.whole(range(self._count)))}

    def __len__(self) -> int:
        """Number of frames of the file, with those that are cut."""
        return self._count

    @property
    def cut_in_words(self) -> str:
        """What is said of frames that are cut; empty where none is."""
        said = [f"frame {index} was left out: it is {why}" for index, why in self.cut.items()]
        return f"{self.path}: {'; '.join(said)}" if said else ""

    def chosen(self, frame: int | None) -> list[int]:
        """Numbers of all whole frames, or of one that may be counted from the end.

        Raises
        ------
        InputError
            There is no such frame, or it is cut.
        """
        count = self._count
        frame = None if frame is None else whole_number(frame, f"{self.path}: frame")
        if frame is not None and not -count <= frame < count:
            raise InputError(
                f"{self.path}: no frame {frame}; it has {count}, numbered from 0 (or -1, the last)"
            )
        if frame is None:
            return self.whole(range(count))
        if frame % count in self.cut:
            last = max(self._place)
            raise InputError(
                f"{self.path}: frame {frame % count} is {self.cut[frame % count]}; the last whole one is "
                f"--frame {last}"
            )
        return [frame % count]

    def whole(self, numbers: Iterable[int]) -> list[int]:
        """Those of some frames that are not cut."""
        return [k for k in numbers if k not in self.cut]

    def network(self, index: int) -> Network:
        """The network of a frame.

        Raises
        ------
        InputError
            The file is damaged there, or the frame has no T or broken positions.
        """
        with _named(self.path, index):
            if self._images:
                return _network(self._sites(index))
            return bonds_without_oxygens(*sites_of_frame(self._read_beads(index))[:2])

    def places_of_S(self, index: int) -> NDArray[np.float64] | None:
        """Positions of a frame's S, (K, 3) Å; None where it has none.

        Beside oxygens S are sulfur, unless `types` says that they are S.
        """
        if not self._images:
            frame = self._read_beads(index)
            seen = Beads.of(frame)
            found = seen.positions[seen.are("S")]
        else:
            sites = self._sites(index)
            own = "S" in self._roles or len(sites.o) == 0
            found = sites.positions[sites.s if own else sites.s[:0]]
        return found if len(found) else None

    def oxygens(self, index: int) -> NDArray[np.float64]:
        """Positions of a frame's O, (P, 3) Å; none of beads."""
        if not self._images:
            return np.empty((0, 3))
        sites = self._sites(index)
        return np.asarray(sites.positions[sites.o])

    def account(self, index: int) -> dict[str, Any]:
        """What a frame's atoms are taken as, and which are left out.

        Returns
        -------
        dict
            ``T`` and ``left_out``, the number of atoms of each element (or beads of each type); ``O`` and
            ``S``, numbers; ``notes``, sentences on what was decided.
        """
        with _named(self.path, index):
            if self._images:
                account = self._sites(index).account
                return account | {"notes": notes_of(self._atoms(index)) + account["notes"]}
            return account_of_beads(self._read_beads(index))

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
            if self._images:
                sites = self._sites(index)
                return _network(sites), _beads(self._atoms(index), sites, index)
            beads = self._read_beads(index)
            return bonds_without_oxygens(*sites_of_frame(beads)[:2], matched=False), beads

    def beads(self, index: int) -> gsd.hoomd.Frame | None:
        """The beads of a frame, whose T, S and O are types of these names; None of a file of atoms."""
        if self._beads is None:
            return None
        with _named(self.path, index):
            return self._read_beads(index)

    def _read_beads(self, index: int) -> gsd.hoomd.Frame:
        assert self._beads is not None
        return with_roles(self._beads(index), self._roles)

    def _atoms(self, index: int) -> Atoms:
        return self._images[self._place[index]]

    def _sites(self, index: int) -> SitesOfAtoms:
        if self._last is None or self._last[0] != index:
            try:
                self._last = index, sites_of_atoms(self._atoms(index), self._roles)
            except NoTetrahedra as error:
                command = f"zeocryst identify {shlex.quote(str(self.path))} --types {error.types}"
                if self._in_memory:
                    command = f'types="{error.types}"'
                advice = f", such as: {command}" if error.types else ""
                raise InputError(f"{self.path}: frame {index}: {error}{advice}") from None
        return self._last[1]


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


def _network(sites: SitesOfAtoms) -> Network:
    """Bonds by the O that T share, or where there are no O by the T alone."""
    t, o = sites.positions[sites.t], sites.positions[sites.o]
    return bonds_from_oxygens(t, o, sites.cell) if len(o) else bonds_without_oxygens(t, sites.cell)


def _beads(atoms: Atoms, sites: SitesOfAtoms, index: int) -> gsd.hoomd.Frame:
    """T, S and O of a structure as beads."""
    members = {role: mine for role, mine in (("T", sites.t), ("S", sites.s), ("O", sites.o)) if len(mine)}
    types = list(members)
    positions = np.vstack([sites.positions[mine] for mine in members.values()])
    kinds = np.repeat(np.arange(len(types)), [len(mine) for mine in members.values()])
    frame = make_frame(positions, sites.cell, kinds, types, dict.fromkeys(types, 1.0))
    step = atoms.info.get("timestep", atoms.info.get("step"))
    frame.configuration.step = int(step) if isinstance(step, int | np.integer) and step >= 0 else index
    time = atoms.info.get("time_ps")
    if isinstance(time, int | float | np.number):
        frame.log[PREFIX + "time_ps"] = np.array([float(time)])
    return frame
