"""GSD trajectories: write while the run goes on, repair, read. The only file that opens GSD.

Frames follow HOOMD-blue's schema (gsd.hoomd), so that HOOMD-blue, freud and OVITO read them: positions
and box in Å with the origin in the middle of the box, masses in amu, velocities in Å/ps. What was measured
stands in each frame's log: ``zeocryst/NAME`` per frame and ``particles/zeocryst/NAME`` per bead; words as
bytes, since GSD keeps numbers only. ``zeocryst/checksum`` tells a frame that was damaged later (`is_sound`).
"""

from __future__ import annotations

import copy
import os
import warnings
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np

from zeocryst.errors import InputError
from zeocryst.foundation.textfiles import damage_told, in_short

if TYPE_CHECKING:
    import gsd.hoomd

    from zeocryst.order.kinetics import Frames

PREFIX = "zeocryst/"
BEAD_PREFIX = "particles/zeocryst/"
CHECKSUM = PREFIX + "checksum"
#: Room for a logged word, bytes: of one length in all frames, as GSD's readers want it.
WORD_BYTES = 32
#: What a frame of a run is made of: what moves, and what all frames share (kept once in the file).
MOVING = {"position": (np.float32, 0), "velocity": (np.float32, 0), "image": (np.int32, 0)}
SHARED = {"typeid": (np.uint32, 0), "mass": (np.float32, 1), "body": (np.int32, -1)}
#: Largest box and most lattice vectors' share of tilt that a frame may have.
LONGEST_BOX_A, STEEPEST_TILT = 1e6, 1e3


def _open(path: Path, mode: str = "r") -> gsd.hoomd.HOOMDTrajectory:
    import gsd.hoomd

    if mode == "r" and not Path(path).exists():
        raise InputError(f"no file {path}")
    try:
        with damage_told(f"{path}: not a readable GSD file of HOOMD's schema"):
            return gsd.hoomd.open(str(path), mode)
    except OSError as error:
        if mode != "r":  # such as a full disk: no fault of the file's
            raise
        raise InputError(f"{path}: cannot be read: {error.strerror or in_short(error)}") from None


class TrajectoryWriter:
    """Appends frames to a GSD file, each on disk before the next step is run.

    Parameters
    ----------
    path
        The file; made when it is not there.
    """

    def __init__(self, path: Path) -> None:
        self._file = _open(path, "r+" if path.exists() else "w")

    def __enter__(self) -> TrajectoryWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def append(
        self,
        frame: gsd.hoomd.Frame,
        step: int,
        log: Mapping[str, Any] | None = None,
        beads: Mapping[str, Any] | None = None,
        words: Mapping[str, str] | None = None,
    ) -> None:
        """Write a frame with what was measured: `log` and `words` per frame, `beads` per bead (N values each).

        The frame keeps its precision; the file's is single.
        """
        frame.configuration.step = step
        for name, value in (log or {}).items():
            frame.log[PREFIX + name] = np.atleast_1d(value)
        for name, word in (words or {}).items():
            frame.log[PREFIX + name] = _as_bytes(word)
        for name, value in (beads or {}).items():
            frame.log[BEAD_PREFIX + name] = np.asarray(value)
        written = copy.copy(frame)
        written.particles, written.configuration = copy.copy(frame.particles), copy.copy(frame.configuration)
        written.validate()  # to the file's precision
        written.log = {**frame.log, CHECKSUM: checksums(written)}
        self._file.append(written)
        self._file.flush()


def _as_bytes(word: str) -> np.ndarray:
    given = np.frombuffer(word.encode()[:WORD_BYTES], np.uint8)
    return np.pad(given, (0, WORD_BYTES - len(given)))


def checksums(frame: gsd.hoomd.Frame) -> np.ndarray:
    """CRC-32 of a frame as files have it: of what is its own, and of what all frames share (N, types, masses).

    Returns
    -------
    (2,) uint32 array
    """
    particles, configuration = frame.particles, frame.configuration
    count = int(particles.N)

    def mixed(begin: int, fields: Mapping[str, tuple[Any, int]]) -> int:
        """A checksum that goes on over some arrays."""
        for name, (kind, default) in fields.items():
            value = getattr(particles, name)
            shape = (count, 3) if fields is MOVING else (count,)
            array = np.full(shape, default, kind) if value is None else np.ascontiguousarray(value, kind)
            begin = zlib.crc32(array.tobytes(), begin)
        return begin

    own = zlib.crc32(np.asarray(configuration.box, np.float32).tobytes())
    own = mixed(zlib.crc32(str(int(configuration.step or 0)).encode(), own), MOVING)
    for name in sorted(set(frame.log) - {CHECKSUM}):
        value = np.ascontiguousarray(frame.log[name])
        own = zlib.crc32(value.tobytes(), zlib.crc32(f"{name} {value.dtype} {value.shape}".encode(), own))
    shared = zlib.crc32(f"{count} {list(particles.types or [])}".encode())
    return np.array([own, mixed(shared, SHARED)], np.uint32)


def is_sound(frame: gsd.hoomd.Frame) -> bool:
    """Whether a frame is as it was written; frames without a checksum (of earlier versions) are believed."""
    kept = frame.log.get(CHECKSUM)
    return kept is None or np.array_equal(kept, checksums(frame))


def rewrite(path: Path, frames: Iterator[gsd.hoomd.Frame]) -> int:
    """Put a file with these frames in the place of another, once it is complete; how many they are.

    They may be frames of the file itself.
    """
    kept = 0
    partial = path.with_name(path.name + ".part")
    partial.unlink(missing_ok=True)
    with TrajectoryWriter(partial) as new:
        for frame in frames:
            new.append(frame, int(frame.configuration.step or 0))
            kept += 1
    os.replace(partial, path)
    return kept


def write_frame(path: Path, frame: gsd.hoomd.Frame, log: Mapping[str, Any] | None = None) -> None:
    """Write one frame as a file of its own; the old file stays until the new one is complete."""
    partial = path.with_name(path.name + ".part")
    partial.unlink(missing_ok=True)
    with TrajectoryWriter(partial) as writer:
        writer.append(frame, int(frame.configuration.step or 0), log)
    os.replace(partial, path)


def count_frames(path: Path) -> int:
    """Number of frames of a GSD file."""
    with _open(path) as file:
        return len(file)


def read_frame(path: Path, index: int = -1) -> gsd.hoomd.Frame:
    """One frame of a GSD file; negative numbers count from the end.

    Raises
    ------
    InputError
        The file is missing, damaged or empty, or has no such frame.
    """
    with _open(path) as file:
        count = len(file)
        if count == 0:
            raise InputError(f"{path}: the file has no frames")
        if not -count <= index < count:
            raise InputError(f"{path}: no frame {index}; it has {count}, numbered from 0 (or -1, the last)")
        frame = _quietly(file, index % count, path)
    return frame


def iterate(path: Path, frames: slice = slice(None)) -> Iterator[tuple[int, gsd.hoomd.Frame]]:
    """Number and content of the chosen frames, one at a time."""
    with _open(path) as file:
        for index in range(*frames.indices(len(file))):
            yield index, _quietly(file, index, path)


def readable(path: Path) -> Iterator[tuple[int, gsd.hoomd.Frame | None, str]]:
    """Number of each frame of a file, its content or None, and why it is damaged or an empty text.

    Raises
    ------
    InputError
        The file cannot be opened.
    """
    with _open(path) as file:
        for index in range(len(file)):
            try:
                frame = _quietly(file, index, path)
            except InputError as error:
                yield index, None, str(error)
                continue
            yield index, frame, "" if is_sound(frame) else f"frame {index}: its checksum is another"


def _quietly(file: gsd.hoomd.HOOMDTrajectory, index: int, path: Path) -> gsd.hoomd.Frame:
    here = f"frame {index} cannot be read, the file is damaged there"
    with warnings.catch_warnings():
        # files of other programs may lack the log entries of later frames; that is not ours to report
        warnings.simplefilter("ignore", RuntimeWarning)
        try:
            with damage_told(here):
                frame = file[index]
        except OSError as error:
            raise InputError(f"{here}: {error.strerror or in_short(error)}") from None
    with damage_told(here):
        _check(frame, index)
    if (
        Path(path).name == "trajectory.gsd"
        and (Path(path).parent / "checkpoint").is_dir()
        and not is_sound(frame)
    ):
        raise InputError(
            f"{path}: frame {index} is not as the run wrote it (its checksum is another): it was damaged, or "
            "another program has changed it"
        )
    return frame


def _check(frame: gsd.hoomd.Frame, index: int) -> None:
    """See that the arrays of a frame fit together and its box is one; positions may be broken."""
    particles, count = frame.particles, int(frame.particles.N)
    here = f"frame {index} is damaged or not of HOOMD's schema"
    for name, shape in {
        "position": (count, 3), "velocity": (count, 3), "image": (count, 3),
        "typeid": (count,), "mass": (count,), "body": (count,),
    }.items():  # fmt: skip
        value = getattr(particles, name)
        if value is not None and np.shape(value) != shape:
            raise InputError(f"{here}: particles/{name} has the shape {np.shape(value)}, expected {shape}")
    names = list(particles.types or [])
    kinds = np.asarray(particles.typeid)
    if count and (int(kinds.max()) >= len(names) or int(kinds.min()) < 0):
        raise InputError(
            f"{here}: particles/typeid goes up to {int(kinds.max())}, and there are {len(names)} type names"
        )
    box = np.asarray(frame.configuration.box, dtype=float).ravel()
    if box.shape != (6,) or not np.isfinite(box).all():
        raise InputError(f"{here}: configuration/box = {box.tolist()}; expected six finite numbers")
    if (box[:3] <= 0).any() or (box[:3] > LONGEST_BOX_A).any() or (np.abs(box[3:]) > STEEPEST_TILT).any():
        raise InputError(
            f"{here}: configuration/box = {box.tolist()}; expected three lengths of more than 0 and at most "
            f"{LONGEST_BOX_A:g} Å, and tilts of at most {STEEPEST_TILT:g}"
        )


def as_read(frame: gsd.hoomd.Frame, index: int = 0) -> gsd.hoomd.Frame:
    """A copy of a frame that was made in memory, as it would be read from a file: in single precision, whole.

    Raises
    ------
    InputError
        Its arrays do not fit together, or its box is none.
    """
    made = copy.deepcopy(frame)
    particles, count = made.particles, int(made.particles.N)
    if made.configuration.box is None:
        raise InputError(f"frame {index} has no box (frame.configuration.box)")
    for name, (kind, default) in {**MOVING, "typeid": (np.uint32, 0), "mass": (np.float32, 1)}.items():
        if getattr(particles, name) is None:
            setattr(particles, name, np.full((count, 3) if name in MOVING else count, default, kind))
    particles.types = list(particles.types or ["A"])  # as GSD calls them
    made.configuration.step = made.configuration.step or 0
    with damage_told(f"frame {index}"):
        made.validate()
        _check(made, index)
    return made


def logged(frame: gsd.hoomd.Frame, name: str) -> float | None:
    """A number that zeocryst measured for the frame, or None."""
    value = (frame.log or {}).get(PREFIX + name)
    if value is None or np.size(value) == 0:
        return None
    try:
        return float(np.ravel(value)[0])
    except (TypeError, ValueError):
        return None


def logged_row(frame: gsd.hoomd.Frame) -> dict[str, Any]:
    """All that was measured for a frame by name: numpy's numbers, and texts where it is words."""
    row: dict[str, Any] = {}
    for name, value in frame.log.items():
        if not name.startswith(PREFIX) or name == CHECKSUM or np.size(value) == 0:
            continue
        given = np.ravel(value)
        if given.dtype == np.uint8 and given.size == WORD_BYTES:
            row[name[len(PREFIX) :]] = given.tobytes().rstrip(b"\0").decode(errors="replace")
        else:
            row[name[len(PREFIX) :]] = given[0]
    return row


def run_frames(path: Path, *, seeded: bool) -> Frames:
    """The frames of a run for `zeocryst.order.kinetics`, with the grains that were logged.

    Parameters
    ----------
    path
        ``trajectory.gsd`` of the run.
    seeded
        Whether a crystal seed was put in.
    """
    from zeocryst.network.bonds import network_of_frame, sites_of_frame
    from zeocryst.order.kinetics import Frames

    def sites(index: int) -> tuple[Any, Any, Any]:
        """Positions, cell and grains of the T."""
        frame = read_frame(path, index)
        positions, cell, mine = sites_of_frame(frame)
        return positions, cell, np.asarray(frame.log[BEAD_PREFIX + "grain"])[mine]

    return Frames(lambda index: network_of_frame(read_frame(path, index))[0], sites, seeded)
