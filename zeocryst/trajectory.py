"""GSD trajectories: write while the run goes on, repair, read. The only file that opens GSD.

Frames follow HOOMD-blue's schema (gsd.hoomd), so that HOOMD-blue, freud and OVITO read them: positions
and box in Å with the origin in the middle of the box, masses in amu, velocities in Å/ps. What was measured
stands in each frame's log: ``zeocryst/NAME`` per frame and ``particles/zeocryst/NAME`` per bead.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np

from zeocryst.errors import InputError

if TYPE_CHECKING:
    import gsd.hoomd

    from zeocryst.order.kinetics import Frames

PREFIX = "zeocryst/"
BEAD_PREFIX = "particles/zeocryst/"


def _open(path: Path, mode: str = "r") -> gsd.hoomd.HOOMDTrajectory:
    import gsd.hoomd

    try:
        return gsd.hoomd.open(str(path), mode)
    except (OSError, RuntimeError) as error:
        if not Path(path).exists():
            raise InputError(f"no file {path}") from None
        raise InputError(f"{path}: not a readable GSD file of HOOMD's schema: {error}") from None


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
    ) -> None:
        """Write a frame with what was measured: `log` per frame, `beads` per bead (N values each)."""
        frame.configuration.step = step
        for name, value in (log or {}).items():
            frame.log[PREFIX + name] = np.atleast_1d(value)
        for name, value in (beads or {}).items():
            frame.log[BEAD_PREFIX + name] = np.asarray(value)
        self._file.append(frame)
        self._file.flush()


def cut_after(path: Path, step: int) -> int:
    """Drop the frames after a time step, as when a run goes on from an earlier checkpoint.

    The file is replaced by a copy only once that is complete. Returns the number of frames kept.
    """
    kept = 0
    partial = path.with_name(path.name + ".part")
    partial.unlink(missing_ok=True)
    with _open(path) as old, TrajectoryWriter(partial) as new:
        for frame in old:
            if frame.configuration.step > step:
                break
            new.append(frame, frame.configuration.step)
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
        frame = _quietly(file, index % count)
    return frame


def iterate(path: Path, frames: slice = slice(None)) -> Iterator[tuple[int, gsd.hoomd.Frame]]:
    """Number and content of the chosen frames, one at a time."""
    with _open(path) as file:
        for index in range(*frames.indices(len(file))):
            yield index, _quietly(file, index)


def _quietly(file: gsd.hoomd.HOOMDTrajectory, index: int) -> gsd.hoomd.Frame:
    with warnings.catch_warnings():
        # files of other programs may lack the log entries of later frames; that is not ours to report
        warnings.simplefilter("ignore", RuntimeWarning)
        try:
            return file[index]
        except (OSError, RuntimeError) as error:
            raise InputError(f"frame {index} cannot be read, the file is damaged there: {error}") from None


def logged(frame: gsd.hoomd.Frame, name: str) -> float | None:
    """A number that zeocryst measured for the frame, or None."""
    value = (frame.log or {}).get(PREFIX + name)
    return None if value is None else float(np.ravel(value)[0])


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
