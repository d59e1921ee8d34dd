"""Runs: started from Python, and opened again whether they are finished, stopped or going on."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from zeocryst.door.frames import Frames
from zeocryst.door.wording import said_in_python
from zeocryst.errors import InputError, whole_number

if TYPE_CHECKING:
    import networkx
    import pandas
    from ase import Atoms

    from zeocryst.condition import Condition

State = Literal["finished", "running", "stopped"]


@dataclass(frozen=True, repr=False)
class Run:
    """A run's folder; what is asked for is read from it anew each time.

    Attributes
    ----------
    folder : pathlib.Path

    Examples
    --------
    >>> import zeocryst as zc
    >>> condition = zc.Condition(
    ...     system={"start": "framework", "framework": "SOD", "repeat": (2, 2, 2)},
    ...     stages=[{"kind": "nve", "temperature_K": 300, "time_ps": 0.5}],
    ...     output={"interval_ps": 0.5, "backmap": False, "report": False},
    ... )
    >>> started = zc.run(condition, "results/other", threads=1, quiet=True)
    >>> run = zc.open_run("results/other")
    >>> run.state, run.verdict, len(run.frames), len(run.frames[-1].particles.position)
    ('finished', 'crystalline', 2, 112)
    """

    folder: Path

    def __post_init__(self) -> None:
        """Keep where it is, also when the working directory is another one later."""
        object.__setattr__(self, "_shown", Path(self.folder))
        object.__setattr__(self, "folder", Path(self.folder).absolute())

    @property
    def shown(self) -> Path:
        """The folder as it was given."""
        return Path(vars(self)["_shown"])

    def check_there(self) -> None:
        """See that the folder is there still; raises `InputError`."""
        if not self.folder.is_dir():
            raise InputError(f"no folder {self.shown}")

    @property
    def state(self) -> State:
        """Whether it is finished, going on in some process, or stopped (the same call goes on)."""
        from zeocryst.files.rundir import is_running

        self.check_there()
        if is_running(self.folder):
            return "running"
        return "finished" if (self.folder / "summary.json").is_file() else "stopped"

    @property
    def condition(self) -> Condition:
        """What is run, with every default."""
        from zeocryst.condition import read_condition

        return read_condition(self.folder)

    @property
    def order_parameters(self) -> pandas.DataFrame:
        """A row for each frame so far: ``step``, ``time_ps``, ``stage`` and what was measured, with units."""
        import pandas as pd

        header, rows = self._rows()
        return pd.DataFrame([[row[name] for name in header] for row in rows], columns=header)

    def _rows(self) -> tuple[list[str], list[dict[str, Any]]]:
        """The table, as far as it is written: another process may be about to add a row."""
        from zeocryst.foundation.textfiles import read_table
        from zeocryst.report.run import WORDS

        self.check_there()
        path = self.folder / "order_parameters.csv"
        if not path.is_file():
            return [], []
        header, texts = read_table(path, growing=True)
        try:
            return header, [
                {name: text if name in WORDS else _number(name, text) for name, text in row.items()}
                for row in texts
            ]
        except ValueError as error:
            raise InputError(f"{path}: damaged: {error}") from None

    @property
    def frames(self) -> Frames:
        """Its frames so far, read one by one: ``frames[-1]``, ``frames[::10]``, ``len(frames)``."""
        self.check_there()
        return Frames(self.folder / "trajectory.gsd", shown=self.shown / "trajectory.gsd")

    @property
    def summary(self) -> dict[str, Any]:
        """``summary.json``; raises `InputError` unless the run is finished."""
        from zeocryst.files.records import read_summary

        self.check_there()
        if not (self.folder / "summary.json").is_file():
            raise InputError(f"{self}; a summary is made at its end")
        return read_summary(self.folder)

    @property
    def verdict(self) -> str:
        """What became of it: crystalline, partly crystalline or amorphous; `InputError` unless finished."""
        return str(self.summary["verdict"])

    @property
    def atoms(self) -> Atoms:
        """The atoms that its last frame stands for; raises `InputError` where the run made none."""
        from zeocryst.reading.formats import read_images

        path = self.folder / "framework.extxyz"
        if not path.is_file():
            raise InputError(f"{self.shown}: the run has made no atoms (yet); zeocryst.backmap(run) makes some")
        return read_images(path)[0]

    @property
    def network(self) -> networkx.MultiGraph:
        """Sites and bonds of its last frame (see `zeocryst.door.graphs`)."""
        from zeocryst.door.graphs import as_graph
        from zeocryst.network.bonds import network_of_frame

        if not len(self.frames):
            raise InputError(f"{self.shown}: the run has no frames yet")
        return as_graph(network_of_frame(self.frames[-1])[0])

    @property
    def report(self) -> Path:
        """Path of ``report.html``, which is there once the run is finished."""
        return self.folder / "report.html"

    def __str__(self) -> str:
        if not self.folder.is_dir():
            return f"{self.shown}: the folder is not there"
        state = self.state
        if state == "finished":
            return f"{self.shown}: finished. {self.summary['sentence']}"
        rows = self._rows()[1]
        far = f" at {rows[-1]['time_ps']:g} ps of {self._most()}" if rows else ", without a frame so far"
        share = rows[-1].get("crystalline_share") if rows else None
        words = "" if share is None else f", {100 * share:.0f} % of the T crystalline"
        end = "" if state == "running" else "; the same call of zeocryst.run goes on"
        return f"{self.shown}: {state}{far}{words}{end}"

    def _most(self) -> str:
        condition = self.condition
        return f"{'at most ' if condition.can_end_early else ''}{condition.time_ps:g} ps"

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        from html import escape

        from zeocryst.report.analysis import over_time
        from zeocryst.report.page import drawn, image, types_table

        rows = self._rows()[1] if self.folder.is_dir() else []
        shown = f"<p>{escape(str(self))}</p>"
        file = self.folder / "figures" / "order.png"
        if self.folder.is_dir() and self.state == "finished":
            summary = self.summary
            shown += types_table(summary["types"], 1 - sum(float(row["share"]) for row in summary["types"]))
            if file.is_file():
                return shown + image(file, "Order parameters over time.")
        return shown + (drawn(over_time(rows, None)[0], "Order parameters over time.") if len(rows) > 1 else "")


def _number(name: str, text: str) -> float | int:
    """A number of the table, NaN where nothing stands; steps and stages are whole, as in an analysis."""
    if not text:
        return math.nan
    return int(text) if name in ("step", "stage") else float(text)


@said_in_python
def open_run(folder: str | os.PathLike[str]) -> Run:
    """Open the folder of a run, finished or not, also while it goes on in another process.

    Nothing is written, and a run that goes on is not disturbed; what is asked for later is read then.

    Parameters
    ----------
    folder : path
        What was given to ``--out``.

    Returns
    -------
    Run

    Raises
    ------
    InputError
        It is no folder, or holds no run.

    Examples
    --------
    >>> import zeocryst as zc
    >>> zc.open_run("nowhere")
    Traceback (most recent call last):
    zeocryst.errors.InputError: no folder nowhere
    """
    from zeocryst.door.structures import as_path
    from zeocryst.files.records import read_json

    if isinstance(folder, Run):
        raise InputError("this is a run that is open already; give the path of its folder, or use it as it is")
    place = as_path(folder, "folder")
    if place.is_file():
        raise InputError(f"{place} is a file; give the folder of a run")
    if not place.is_dir():
        raise InputError(f"no folder {place}")
    if (place / "checkpoint").is_dir():
        return Run(place)
    summary: dict[str, Any] = {}
    if (place / "summary.json").is_file():
        summary = read_json(place / "summary.json")
    if {"condition", "seed", "verdict"} <= set(summary):
        return Run(place)
    if (place / "sites.gsd").is_file():
        raise InputError(
            f"{place} holds an analysis, no run; zeocryst.analyze has it from the trajectory again"
        )
    if {"source", "backmap"} <= set(summary):
        raise InputError(
            f"{place} holds back-mapped atoms, no run; ase.io.read has them from {place / 'framework.extxyz'}"
        )
    raise InputError(f"{place} holds no run: there is no checkpoint and no summary.json of one")


@said_in_python
def run(
    condition: Condition | str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    seed: int | None = None,
    engine: str | None = None,
    device: Literal["auto", "cpu", "gpu"] | None = None,
    threads: int | None = None,
    walltime: str | float | None = None,
    restart: bool = False,
    quiet: bool = False,
) -> Run:
    """Run a condition, from its start to the report: ``zeocryst run``.

    A run that was stopped (Ctrl-C or the notebook's stop button, the walltime) is kept with its last good
    state, and the same call goes on; one that is finished is opened. In a notebook a bar shows how far it is.

    Parameters
    ----------
    condition : Condition, str or path
        One that was built in Python, the name of one that comes with zeocryst (``"sgt_seeded"``), or the path
        of a ``condition.toml`` or of its folder.
    out : path
        The run's folder; nothing in it is overwritten.
    seed : int, optional
        Of all random numbers; the condition's own if not given.
    engine, device, threads : optional
        What integrates, where, and with how many threads at most; the condition's own if not given.
    walltime : str or float, optional
        Stop in time: ``"1h50m"``, or seconds.
    restart : bool
        Set an old run in the folder aside, and begin anew.
    quiet : bool
        No progress.

    Returns
    -------
    Run
        Its `Run.state` is ``"stopped"`` where it was stopped on purpose.

    Raises
    ------
    InputError
        Something about the condition, the options or the folder is wrong; nothing was written.
    SimulationError
        The engine failed; the last good state is kept.

    Examples
    --------
    >>> import zeocryst as zc
    >>> condition = zc.Condition(
    ...     system={"start": "framework", "framework": "SOD", "repeat": (2, 2, 2)},
    ...     stages=[{"kind": "langevin", "temperature_K": 300, "time_ps": 0.5}],
    ...     output={"interval_ps": 0.25, "backmap": False, "report": False},
    ... )
    >>> run = zc.run(condition, out="results/short", seed=3, threads=1, quiet=True)
    >>> run.verdict, len(run.frames)
    ('crystalline', 3)
    >>> run.order_parameters[["step", "time_ps"]]
       step  time_ps
    0     0     0.00
    1    50     0.25
    2   100     0.50
    """
    import numba

    from zeocryst.door.structures import as_path
    from zeocryst.foundation.interrupt import parse_walltime
    from zeocryst.running.beginning import Options
    from zeocryst.running.pipeline import run as run_to_end

    place = as_path(out, "out")
    threads = None if threads is None else whole_number(threads, "threads", 1)
    seed = None if seed is None else whole_number(seed, "seed")
    if device not in (None, "auto", "cpu", "gpu"):
        raise InputError(f"device = {device!r}; expected auto, cpu or gpu")
    seconds = parse_walltime(walltime) if isinstance(walltime, str) else _seconds(walltime)
    options = Options(engine, device, threads, seed, seconds, restart, quiet)
    before = numba.get_num_threads()
    try:
        run_to_end(as_condition(condition), place, options)
    finally:
        numba.set_num_threads(before)
    return Run(place)


def _seconds(walltime: Any) -> float | None:
    """A walltime in seconds that was given as a number."""
    try:
        seconds = None if walltime is None else float(walltime)
    except (TypeError, ValueError):
        seconds = math.nan
    if seconds is None or (seconds >= 0 and not isinstance(walltime, bool)):
        return seconds
    raise InputError(f"walltime = {walltime!r}; expected seconds, 0 or more, or a text such as '1h50m'")


def as_condition(given: Condition | str | os.PathLike[str]) -> Condition:
    """A condition from whatever says which.

    Raises
    ------
    InputError
        There is none, or a name means two different ones.
    """
    from zeocryst.condition import Condition, read_condition
    from zeocryst.condition.reading import read_shipped, shipped_names

    if isinstance(given, Condition):
        return given
    if not isinstance(given, str | os.PathLike):
        raise InputError(f"condition = {given!r}; expected a Condition, a shipped name or a path")
    path = Path(given)
    if isinstance(given, str) and given in shipped_names():
        there = path.is_file() or (path / "condition.toml").is_file()
        if there and read_condition(path).to_toml() != read_shipped(given).to_toml():
            raise InputError(
                f"{given!r} is a shipped condition and also a folder here, which differs; say ./{given} for "
                f"the folder, or Condition.shipped({given!r})"
            )
        return read_shipped(given)
    return read_condition(path)
