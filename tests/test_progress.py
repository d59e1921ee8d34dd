"""What a run shows while it goes on."""

import io
import time

import numba
import pytest

from zeocryst.compiling import WORDS, told_when_compiling
from zeocryst.progress import Progress


def test_compiling_is_told_once_and_only_when_it_happens():
    one, two = numba.njit(lambda x: x + 1), numba.njit(lambda x: x + 2)
    said = []
    with told_when_compiling(said.append):
        assert said == []
        assert (one(1), two(1)) == (2, 3)
        assert said == [WORDS]
    said.clear()
    with told_when_compiling(said.append):
        assert (one(1), two(1)) == (2, 3)
    assert said == []
    one(1.0)  # compiled anew, outside
    assert said == []


def test_the_first_frame_is_no_part_of_the_speed(monkeypatch):
    """Half a second for the first frame, then 100 steps in 0.05 s: 2000 steps/s; later frames count."""
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    progress = Progress(1000, 1, quiet=False, stream=io.StringIO())
    progress.update(0, "nvt", 0, 300.0, -1.0)
    now[0] = 0.5
    progress.measured(0, 0.25)
    now[0] = 0.55
    progress.update(0, "nvt", 100, 300.0, -1.0)
    assert progress.speed == pytest.approx(2000)
    progress.measured(100, 0.5)
    now[0] = 0.60
    progress.update(0, "nvt", 100, 300.0, -1.0)
    assert progress.speed == pytest.approx(1000)
