"""What a run shows while it goes on."""

import fcntl
import io
import os
import pty
import select
import struct
import termios
import time

import numba
import pytest

from zeocryst.foundation.compiling import WORDS, told_when_compiling
from zeocryst.foundation.progress import Counted, Progress, RunsProgress, fitted


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


class Terminal:
    """A terminal of so many columns, and what a person sees on it."""

    def __init__(self, columns):
        self.master, slave = pty.openpty()
        self.stream = os.fdopen(slave, "w", encoding="utf-8")
        attributes = termios.tcgetattr(slave)
        attributes[1] &= ~termios.OPOST
        termios.tcsetattr(slave, termios.TCSANOW, attributes)
        self.resize(columns)

    def resize(self, columns):
        self.columns = columns
        fcntl.ioctl(self.stream.fileno(), termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))

    def close(self):
        self.stream.close()
        os.close(self.master)

    def rows(self):
        """The rows of the screen: a character in the last column takes the next one to the next row."""
        rows, column = [[" "] * self.columns], 0
        sent = b""
        while select.select([self.master], [], [], 0.2)[0]:
            sent += os.read(self.master, 100_000)
        for letter in sent.decode():
            if letter == "\r":
                column = 0
            elif letter == "\n":
                rows.append([" "] * self.columns)
                column = 0
            else:
                if column == self.columns:
                    rows.append([" "] * self.columns)
                    column = 0
                rows[-1][column] = letter
                column += 1
        return ["".join(row).rstrip() for row in rows]


@pytest.fixture
def terminal():
    terminal = Terminal(200)
    yield terminal
    terminal.close()


@pytest.mark.parametrize("columns", [40, 60, 80, 100, 200])
def test_the_line_stays_one_line_on_every_terminal(columns, terminal, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    terminal.resize(columns)
    progress = Progress(10_000_000, 12, quiet=False, stream=terminal.stream)
    for k in range(8):
        now[0] += 1.0
        progress.update(3, "npt", 10 ** (k % 7), 1234.5 * (k % 3), -1.01)
    now[0] += 1.0
    progress.update(3, "langevin", 200_000, 300.0, -1.0)
    rows = terminal.rows()
    assert len(rows) == 1
    assert rows[0].startswith("stage 4/12 langevin")
    assert "left" in rows[0] or columns < 60
    assert ("eV/bead" in rows[0]) == (columns > 110)
    progress.say("done")
    assert terminal.rows()[-2:] == ["done", ""]


def test_a_terminal_that_gets_narrower_is_followed(terminal, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    progress = Progress(1_000_000, 12, quiet=False, stream=terminal.stream)
    for columns in (200, 50, 120, 30):
        terminal.resize(columns)
        now[0] += 1.0
        progress.update(3, "npt", 200_000, 300.0, -1.0)
        if columns < 200:  # what stood there before is the terminal's to fold
            assert len(terminal.rows()) == 1
        else:
            terminal.rows()


def test_a_line_loses_first_what_it_can_spare():
    parts = [(3, "aaa"), (1, "bb"), (2, "cccc")]
    assert fitted(parts) == "aaa  bb  cccc"
    assert fitted(parts, 12) == "aaa  cccc"
    assert fitted(parts, 8) == "aaa"
    assert fitted(parts, 2) == "aa"


def test_a_log_has_whole_lines_now_and_then(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    stream = io.StringIO()
    progress = Progress(1000, 1, quiet=False, stream=stream)
    for _ in range(100):
        now[0] += 1.0
        progress.update(0, "npt", 10, 300.0, -1.0)
    lines = stream.getvalue().splitlines()
    assert 3 <= len(lines) <= 4
    assert all("eV/bead" in line and "\r" not in line for line in lines)


def test_what_takes_a_while_is_counted_on_a_terminal_only(terminal, monkeypatch):
    """A line of a terminal after a while, that stays one line of 80 columns; nothing in a log, of one, or in an instant."""
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    log = io.StringIO()
    terminal.resize(80)

    def gone_through(total, seconds, stream):
        counted = Counted(total, "guests docked", stream)
        for done in range(total + 1):
            counted.update(done)
            now[0] += seconds
        counted.end()

    gone_through(288, 0.001, terminal.stream)
    gone_through(1, 60.0, terminal.stream)
    gone_through(288, 1.0, log)
    assert terminal.rows() == [""]
    assert log.getvalue() == ""
    gone_through(288, 1.0, terminal.stream)
    assert terminal.rows() == ["288 guests docked", ""]


@pytest.mark.parametrize("columns", [40, 80])
def test_runs_side_by_side_are_one_line(columns, terminal, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    terminal.resize(columns)
    progress = RunsProgress(quiet=False, stream=terminal.stream)
    progress.begin("seeds at 225 K: grown or melted?")
    for k in range(6):
        now[0] += 10.0
        progress.update(k, 2, 1, 16, k / 16, at_most=True)
    (row,) = terminal.rows()
    assert "5 of 16 runs done" in row
    assert ("left at most 1:50" in row) or columns < 80  # 11 of 16 at 10 s each
