"""The frames of a trajectory as a sequence that reads each one when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, overload

from zeocryst.errors import InputError

if TYPE_CHECKING:
    import gsd.hoomd


class Frames(Sequence["gsd.hoomd.Frame"]):
    """Frames of a GSD file; none where the file is not there yet.

    Parameters
    ----------
    path
        The file; it may still grow.
    numbers
        Which of its frames; all of them, those to come too, if not given.
    shown
        What the file is called; the path if not given.

    Raises
    ------
    InputError
        The folder of the file is gone.
    """

    def __init__(self, path: Path, numbers: range | None = None, *, shown: Path | None = None) -> None:
        self.path = path.absolute()  # the working directory may be another one later
        self._shown = shown or path
        self._numbers = numbers

    @property
    def name(self) -> str:
        """What they are called: the path, and how many of its frames they are where these are chosen ones."""
        return str(self._shown) if self._numbers is None else f"{len(self._numbers)} frames of {self._shown}"

    def _range(self) -> range:
        if self._numbers is not None:
            return self._numbers
        from zeocryst.files.trajectory import count_frames

        if not self.path.parent.is_dir():
            raise InputError(f"no folder {self._shown.parent}")
        # a file that was begun a moment ago has no header yet
        return range(count_frames(self.path) if self.path.is_file() and self.path.stat().st_size else 0)

    def __len__(self) -> int:
        return len(self._range())

    @overload
    def __getitem__(self, index: int) -> gsd.hoomd.Frame: ...
    @overload
    def __getitem__(self, index: slice) -> Frames: ...
    def __getitem__(self, index: int | slice) -> gsd.hoomd.Frame | Frames:
        from zeocryst.files.trajectory import read_frame

        numbers = self._range()
        if isinstance(index, slice):
            return Frames(self.path, numbers[index], shown=self._shown)
        if not -len(numbers) <= index < len(numbers):
            raise IndexError(f"no frame {index}; there are {len(numbers)}, numbered from 0 (or -1, the last)")
        return read_frame(self.path, numbers[index])

    def __contains__(self, frame: object) -> bool:
        """Whether a frame is one of these: it has the step and the positions of one."""
        import gsd.hoomd
        import numpy as np

        return isinstance(frame, gsd.hoomd.Frame) and any(
            mine.configuration.step == frame.configuration.step
            and np.array_equal(mine.particles.position, frame.particles.position)
            for mine in self
        )

    def __iter__(self) -> Iterator[gsd.hoomd.Frame]:
        from zeocryst.files.trajectory import iterate

        numbers = self._range()
        if not numbers:  # of a run that has no frame yet, perhaps not even a file
            return
        part = slice(numbers.start, numbers.stop if numbers.stop >= 0 else None, numbers.step)
        for _, frame in iterate(self.path, part):  # opened once
            yield frame

    def __repr__(self) -> str:
        return f"<{len(self)} frames of {self._shown}>"
