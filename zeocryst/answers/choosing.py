"""Which frames are back-mapped: those that are asked for, or those of a run that matter.

The frames that matter (``--frames auto``) follow the run from amorphous to crystal: the start, once the
preparation is over; the first nucleus; the transition; the end; and those in which the largest grain comes
nearest to a quarter, a half and three quarters of the way from its least to its largest size. Where there was
no transition nothing says where atoms would be well spent: then the frames are even along the largest grain's
size if that grew by a nucleus at least, and even in time if not.

The first nucleus is the first frame from which on the largest grain stays larger than it ever was before, up
to the frame in which it is largest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zeocryst.condition import read_condition
from zeocryst.errors import InputError
from zeocryst.files.records import read_summary
from zeocryst.files.trajectory import count_frames, logged
from zeocryst.foundation.textfiles import damage_told
from zeocryst.order.kinetics import NUCLEUS_T

if TYPE_CHECKING:
    import gsd.hoomd

#: A frame's number, and why it was chosen.
Chosen = tuple[str, int]
#: Parts of the way at which there is a frame, with their names.
PARTS = ((0.25, "1/4"), (0.5, "1/2"), (0.75, "3/4"))
#: Labels of a frame that was asked for by its number, and of the ends.
ASKED, START, END, TRANSITION, NUCLEUS = "frame", "start", "end", "transition", "first nucleus"
BOTH = "nucleus, transition"
GRAIN, TIME = "of the growth", "of the time"
#: What can be asked for, for messages.
FORM = "expected auto, or numbers of frames: N, N,M,... or START:STOP:STEP"


def frames_of_run(path: Path, asked: str | None) -> tuple[list[Chosen], str | None]:
    """Frames of a run, also of one that goes on if they are asked for by number; and the run's model.

    Parameters
    ----------
    path
        The run's folder.
    asked
        Numbers, "auto", or None for start, transition (or middle) and end.

    Raises
    ------
    InputError
        It holds no run, or the run no such frames.
    """
    trajectory = path / "trajectory.gsd"
    going_on = not (path / "summary.json").is_file() and (path / "checkpoint").is_dir()
    if going_on and asked not in (None, "auto") and trajectory.is_file():
        return numbered(str(asked), count_frames(trajectory)), read_condition(path).forcefield
    summary = read_summary(path)
    count = count_frames(trajectory)
    model = summary.get("forcefield")
    if asked not in (None, "auto"):
        return numbered(str(asked), count), model
    if count == 0:
        raise InputError(f"{trajectory}: the trajectory has no frames")
    from zeocryst.report.run import read_rows

    with damage_told(f"{path / 'summary.json'}: not a summary of zeocryst"):
        rows = read_rows(path / "order_parameters.csv")[:count]
        pick = moments if asked is None or "largest_grain_sites" not in rows[0] else road
        return pick(summary, rows), model


def frames_of_file(asked: str | None, count: int) -> list[Chosen]:
    """Frames of a file: every one, those asked for, or its start, middle and end."""
    if asked is None:
        return [(ASKED, k) for k in range(count)]
    if asked != "auto":
        return numbered(asked, count)
    return _each_once([(START, 0), ("middle", (count - 1) // 2), (END, count - 1)]) if count else []


def numbered(asked: str, count: int) -> list[Chosen]:
    """Frames by number, in order of time, each once.

    Parameters
    ----------
    asked
        Whole numbers and slices, with commas between.
    count
        How many frames there are.

    Raises
    ------
    InputError
        It is nothing of the kind, or there are no such frames.
    """
    found: set[int] = set()
    for part in asked.split(","):
        chosen = [_number(word, asked) for word in part.split(":")]
        if ":" in part and len(chosen) <= 3 and (len(chosen) < 3 or chosen[2] is None or chosen[2] > 0):
            found.update(range(*slice(*chosen).indices(count)))
        elif ":" in part or chosen[0] is None:
            raise InputError(f"--frames {asked}: {FORM}, whole numbers, with a STEP of 1 or more")
        elif not -count <= chosen[0] < count:
            raise InputError(
                f"--frame {asked}: no frame {chosen[0]}; there are {count}, numbered from 0 (or -1, the last)"
            )
        else:
            found.add(chosen[0] % count)
    if not found:
        raise InputError(f"--frames {asked}: that is none of the {count} frames there are")
    return [(ASKED, k) for k in sorted(found)]


def _number(word: str, asked: str) -> int | None:
    """A whole number, None for nothing."""
    try:
        return int(word) if word.strip() else None
    except ValueError:
        raise InputError(f"--frame {asked!r}: expected a whole number; {FORM}") from None


def moments(summary: Mapping[str, Any], rows: Sequence[Mapping[str, float]]) -> list[Chosen]:
    """Start, transition (or middle) and end of a run."""
    last = len(rows) - 1
    start = min(int(summary.get("start_frame", 0)), last)
    middle = _transition(summary, rows)
    between = ("middle", (start + last) // 2) if middle is None else (TRANSITION, middle)
    return _each_once([(START, start), between, (END, last)])


def road(summary: Mapping[str, Any], rows: Sequence[Mapping[str, float]]) -> list[Chosen]:
    """The frames of a run that matter, in order of time.

    Parameters
    ----------
    summary
        Of the run, with ``start_frame`` and ``transition``.
    rows
        Of its table, one a frame, with ``time_ps`` and ``largest_grain_sites``.

    Returns
    -------
    list of (str, int)
        Why each was chosen, and its number.
    """
    last = len(rows) - 1
    start = min(int(summary.get("start_frame", 0)), last)
    grain = np.nan_to_num(np.array([row["largest_grain_sites"] for row in rows]))
    transition = _transition(summary, rows)
    named = [(START, start), (END, last)]
    if transition is not None:
        nucleus = first_nucleus(grain, start)
        named.append((BOTH if nucleus == transition else TRANSITION, transition))
        named += [] if nucleus is None else [(NUCLEUS, nucleus)]
    grew = np.ptp(grain[start:]) >= NUCLEUS_T
    if transition is not None or grew:
        peak = start + int(grain[start:].argmax())
        least = grain[start : peak + 1].min()
        for part, word in PARTS:
            wanted = least + part * (grain[peak] - least)
            nearest = start + int(np.abs(grain[start : peak + 1] - wanted).argmin())
            named.append((f"{word} {GRAIN}", nearest))
    else:
        time = np.array([row["time_ps"] for row in rows[start:]])
        even = time if np.isfinite(time).all() and np.ptp(time) > 0 else np.arange(len(time))
        for part, word in PARTS:
            nearest = int(np.abs(even - even[0] - part * (even[-1] - even[0])).argmin())
            named.append((f"{word} {TIME}", start + nearest))
    return sorted(_each_once(named, first_wins=True), key=lambda entry: entry[1])


def in_words(labels: Sequence[str]) -> str:
    """How the frames of a road were chosen, from their labels; empty for frames that were asked for."""
    if any(label.endswith(TIME) for label in labels):
        return "The run had no transition, and no grain grew: the frames are even in time."
    along = any(label.endswith(GRAIN) for label in labels)
    if along and not {TRANSITION, BOTH} & set(labels):
        return "The run had no transition: the frames are even along the size of the largest grain."
    return "The frames are those that matter, and even along the size of the largest grain." if along else ""


def first_nucleus(grain: np.ndarray, start: int = 0) -> int | None:
    """The first frame from which on the largest grain is larger than ever before, until it is largest.

    Parameters
    ----------
    grain : (F,) array
        Sites of the largest grain in each frame.
    start
        The first frame that counts.

    Returns
    -------
    int or None
        None where it was a nucleus (`NUCLEUS_T`) already at the start, or never became one.
    """
    after = np.asarray(grain, dtype=float)[start:]
    if len(after) == 0 or after[0] >= NUCLEUS_T or after.max() < NUCLEUS_T:
        return None
    rise = after[: int(after.argmax()) + 1]
    before = np.concatenate([[-1.0], np.maximum.accumulate(rise)[:-1]])
    least_later = np.minimum.accumulate(rise[::-1])[::-1]
    lasting = np.flatnonzero((least_later > before) & (rise > 0))
    return start + int(lasting[0])


def moment(frame: gsd.hoomd.Frame | None) -> dict[str, Any]:
    """What a frame's log says of when it was and how far: ``time_ps``, ``largest_grain_sites``, ..."""
    if frame is None:
        return {}
    names = ("time_ps", "largest_grain_sites", "crystalline_share", "temperature_K")
    found = {name: logged(frame, name) for name in names}
    return {name: value for name, value in found.items() if value is not None}


def _transition(summary: Mapping[str, Any], rows: Sequence[Mapping[str, float]]) -> int | None:
    """The frame nearest to the transition; None without one."""
    found = summary["transition"]
    if not found.get("found") or found.get("time_ps") is None:
        return None
    times = np.array([row["time_ps"] for row in rows])
    return int(np.abs(times - float(found["time_ps"])).argmin())


def _each_once(named: Sequence[Chosen], *, first_wins: bool = False) -> list[Chosen]:
    """Each frame once, under the last of its names or the first."""
    kept: dict[int, str] = {}
    for label, index in named:
        if not (first_wins and index in kept):
            kept[index] = label
    return sorted(((label, index) for index, label in kept.items()), key=lambda entry: entry[1])
