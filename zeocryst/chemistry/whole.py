"""Frames that a kill cut off: of LAMMPS dumps and of xyz files.

A file that was being written ends anywhere: in a header, in a row, in a number; and a run that went on may
have added whole frames behind. Readers take what is left for a frame. Here a file's lines are counted before
it is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

#: What a LAMMPS dump begins with.
DUMP = "ITEM: TIMESTEP"
#: What is said of a frame that has no rows yet.
HEADER = "its header is cut off"
#: Lines that the header of a dump's frame has at most.
MOST_HEADER = 40
#: A number with so many decimals is good enough, Å.
ENOUGH_DECIMALS = 2
#: Rows of a frame from which the form of the last one is judged.
ROWS_COMPARED = 200


@dataclass(frozen=True)
class Part:
    """A frame of a text: its lines, and what is wrong with it (empty where it is whole)."""

    begin: int
    end: int
    wrong: str = ""


@dataclass(frozen=True)
class Whole:
    """The frames of a file that can be read.

    Attributes
    ----------
    text : str or None
        The file without cut frames; None where nothing is cut.
    cut : dict of int to str
        What is wrong with each cut frame, by its number in the file.
    count : int
        Frames of the file, whole and cut.
    form : str
        What ASE calls such a file.
    """

    text: str | None
    cut: dict[int, str]
    count: int
    form: str


def whole_frames(path: Path) -> Whole | None:
    """Which frames of a LAMMPS dump or an xyz file are whole; None for a file of any other kind.

    Parameters
    ----------
    path
        A file; it may be compressed.
    """
    from ase.io.formats import open_with_compression

    try:
        with open_with_compression(str(path), "r") as file:
            if not _is_one(file.read(4096), path):
                return None
        with open_with_compression(str(path), "r") as file:
            text = file.read()
    except (OSError, UnicodeDecodeError, EOFError, ValueError):
        return None
    dump = text.lstrip().startswith(DUMP[:5])
    if dump:  # a frame that was cut, and the next one behind it in the same line
        text = re.sub(rf"(?<=[^\n]){DUMP}", f"\n{DUMP}", text)
    lines = text.split("\n")
    ended = lines[-1] == ""
    lines = [line.rstrip("\r") for line in (lines[:-1] if ended else lines)]
    form = "lammps-dump-text" if dump else "extxyz"
    parts = list(_dump_parts(lines) if dump else _xyz_parts(lines))
    if parts and not ended and not parts[-1].wrong and parts[-1].end == len(lines):
        last = parts[-1]
        parts[-1] = Part(last.begin, last.end, _last_number(lines[last.begin : last.end]))
    cut = {k: part.wrong for k, part in enumerate(parts) if part.wrong}
    if not cut:
        return Whole(None, {}, len(parts), form)
    kept = [line for part in parts if not part.wrong for line in lines[part.begin : part.end]]
    return Whole("\n".join(kept) + "\n" if kept else "", cut, len(parts), form)


def _is_one(begin: str, path: Path) -> bool:
    """Whether a file is a dump or an xyz file, by its beginning."""
    if begin.lstrip().startswith("ITEM:"):
        return True
    first = begin.split("\n", 1)[0].strip()
    return first.isdigit() and any(s in (".xyz", ".extxyz") for s in path.suffixes)


def _dump_parts(lines: list[str]) -> Iterator[Part]:
    """The frames of a LAMMPS dump."""
    starts = [_with_units(lines, k) for k, line in enumerate(lines) if line.startswith(DUMP)]
    ends = [*starts[1:], len(lines)][: len(starts)]
    if lines and (not starts or any(line.strip() for line in lines[: starts[0]])):
        yield Part(0, starts[0] if starts else len(lines), HEADER)
    for begin, following in zip(starts, ends, strict=True):
        end = following
        while end > begin + 1 and not lines[end - 1].strip():
            end -= 1
        rows = _expected_end(lines, begin, end)
        # the beginning of one more frame's header behind the rows of this one
        header = rows < end and (lines[rows].startswith("ITEM:") or "ITEM:".startswith(lines[rows]))
        yield Part(begin, rows if header else end, _wrong_with_dump(lines[begin : rows if header else end]))
        if header:
            yield Part(rows, following, HEADER)


def _expected_end(lines: list[str], begin: int, end: int) -> int:
    """Where the rows of a dump's frame should end; its end where its header does not say."""
    count = -1
    for k in range(begin, min(end, begin + MOST_HEADER)):
        if lines[k].startswith("ITEM: NUMBER OF ATOMS") and k + 1 < end and lines[k + 1].strip().isdigit():
            count = int(lines[k + 1])
        if lines[k].startswith("ITEM: ATOMS") and count >= 0:
            return min(end, k + 1 + count)
    return end


def _with_units(lines: list[str], start: int) -> int:
    """Where a frame begins: with its units and its time, if they stand there."""
    while start >= 2 and lines[start - 2].rstrip() in ("ITEM: TIME", "ITEM: UNITS"):
        start -= 2
    return start


def _wrong_with_dump(lines: list[str]) -> str:
    """What is wrong with a frame of a dump."""
    count, first, columns = -1, -1, 0
    for k, line in enumerate(lines[:MOST_HEADER]):
        if line.startswith("ITEM: NUMBER OF ATOMS") and k + 1 < len(lines) and lines[k + 1].strip().isdigit():
            count = int(lines[k + 1])
        if line.startswith("ITEM: ATOMS"):
            first, columns = k + 1, len(line.split()) - 2
            break
    if count < 0 or first < 0:
        return HEADER
    return _wrong_rows(lines[first:], count, columns, columns)


def _wrong_rows(rows: list[str], count: int, least: int, columns: int) -> str:
    """What is wrong with rows: each has `least` columns or more, the last one as many as it should."""
    whole = sum(len(row.split()) >= least for row in rows[:-1])
    whole += sum(len(row.split()) == columns for row in rows[-1:])
    if whole < count or len(rows) != count:
        return f"cut off: its header says {count} atoms, {whole} are there"
    return ""


def _xyz_parts(lines: list[str]) -> list[Part]:
    """The frames of an xyz file."""
    at = 0
    parts: list[Part] = []
    while at < len(lines):
        if not lines[at].strip():
            at += 1
            continue
        if not lines[at].strip().isdigit():
            # what was cut, and goes on in the same line with a whole frame behind it
            if parts and not any(line.strip() for line in lines[parts[-1].end : at]):
                parts[-1] = Part(parts[-1].begin, at, "cut off: what follows is no frame")
            following = _next_frame(lines, at + 1)
            if not parts:
                parts.append(Part(at, following, "no frame begins where it should"))
            at = following
            continue
        count = int(lines[at])
        end = at + 2 + count
        wrong = _wrong_with_xyz(lines[at:end], count)
        if wrong:
            end = _next_frame(lines, at + 1)
        parts.append(Part(at, min(end, len(lines)), wrong))
        at = end
    return parts


def _next_frame(lines: list[str], at: int) -> int:
    """The next line from which a whole frame can be read."""
    for k in range(at, len(lines)):
        text = lines[k].strip()
        if text.isdigit() and not _wrong_with_xyz(lines[k : k + 2 + int(text)], int(text)):
            return k
    return len(lines)


def _wrong_with_xyz(lines: list[str], count: int) -> str:
    """What is wrong with a frame of an xyz file."""
    if len(lines) < 2 or count == 0:
        return HEADER if count else ""
    rows = lines[2:]
    columns = len(rows[0].split()) if rows else 4
    return _wrong_rows(rows, count, 4, max(columns, 4))


def _last_number(lines: list[str]) -> str:
    """What is wrong with a frame whose last line has no end, if a number that was cut there would matter.

    Many programs end a file without ending its last line. The number is whole if all of its column have
    equally many decimals, or has decimals enough.
    """
    last = lines[-1].split()[-1].lower()
    rows = [row.split() for row in lines[-2 : -2 - ROWS_COMPARED : -1]]
    usual = {_decimals(row[-1]) for row in rows if len(row) == len(lines[-1].split())}
    fixed = len(usual) == 1 and _decimals(last) in usual
    enough = "e" not in last and usual and _decimals(last) >= max(min(usual), ENOUGH_DECIMALS)
    return "" if fixed or enough else "cut off: its last line has no end, and its last number may be cut"


def _decimals(number: str) -> int:
    """Digits after the point, -1 where there is no point."""
    return len(number.partition(".")[2]) if "." in number else -1
