"""Order parameters of one structure, and of every frame of a trajectory: `measure` and `analyze`."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zeocryst.door.wording import said_in_python
from zeocryst.errors import InputError, whole_number

if TYPE_CHECKING:
    import networkx
    import pandas
    from numpy.typing import NDArray

    from zeocryst.answers.analyze import Analysis
    from zeocryst.door.structures import StructureLike, TypesLike
    from zeocryst.network.bonds import Network

    Table = dict[str, NDArray[Any]]

#: Where what is not printed is to be had: all rows, and curves.
REST = ("order_parameters has all", "curves has those of the last frame, out= writes all")


@dataclass(frozen=True, eq=False, repr=False)
class Measurement:
    """Order parameters of one structure.

    Attributes
    ----------
    source : str
        What was measured, and which of its frames.
    values : dict
        Name, with its unit, to a number; NaN where it is not defined.
    sites : dict
        Name to an array with an entry for each T, in the order of the T in the structure.
    words : dict
        Name to a text, such as the code of the largest grain.

    Examples
    --------
    >>> import zeocryst as zc
    >>> found = zc.measure(zc.framework("SOD", repeat=(2, 2, 2)), ["coordination", "crystallinity"])
    >>> found.values["q4_share"], found.words["largest_grain_framework"]
    (1.0, 'SOD')
    >>> found.sites["grain"].shape  # one number for each T
    (96,)
    """

    source: str
    values: dict[str, float]
    sites: dict[str, NDArray[Any]]
    words: dict[str, str]
    _tables: dict[str, Table]
    _sites: Network

    @property
    def curves(self) -> dict[str, pandas.DataFrame]:
        """Name to a table with units in its column names, such as g(r), or how many clusters of each size."""
        import pandas as pd

        return {name: pd.DataFrame(table) for name, table in self._tables.items()}

    @property
    def network(self) -> networkx.MultiGraph:
        """Sites and bonds, with the lattice image that each bond leads to (see `zeocryst.door.graphs`)."""
        from zeocryst.door.graphs import as_graph

        return as_graph(self._sites)

    def __str__(self) -> str:
        width = max(map(len, [*self.values, *self.words]), default=0)
        lines = [f"{name:<{width}}  {value:.6g}" for name, value in self.values.items()]
        lines += [f"{name:<{width}}  {word}" for name, word in self.words.items()]
        lines += [f"for each T: {', '.join(self.sites)}"] if self.sites else []
        lines += [f"curves: {', '.join(self._tables)}"] if self._tables else []
        return "\n".join([self.source, *lines])

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        from html import escape

        from zeocryst.report.analysis import AXES, distribution
        from zeocryst.report.page import drawn, table

        shown = f"<p>{escape(self.source)}</p>" + table(
            ["", "value"], [*self.values.items(), *self.words.items()]
        )
        if self.sites:
            shown += f"<p>for each T: {escape(', '.join(self.sites))}</p>"
        for name, curve in self._tables.items():
            if name in AXES:
                shown += drawn(distribution(name, [curve], [self.source]), name)
        return shown


@dataclass(frozen=True, eq=False, repr=False)
class TrajectoryAnalysis:
    """Order parameters of every chosen frame of a trajectory, and what became of it.

    Attributes
    ----------
    summary : dict
        What ``zeocryst analyze --json`` has, without the rows.

    Examples
    --------
    >>> import zeocryst as zc
    >>> found = zc.analyze(zc.framework("SOD", repeat=(2, 2, 2)), names=["crystallinity"])
    >>> found.verdict
    'crystalline'
    >>> found.order_parameters["largest_grain_sites"].tolist()
    [96.0]
    """

    summary: dict[str, Any]
    _found: Analysis

    @property
    def order_parameters(self) -> pandas.DataFrame:
        """A row a frame: ``frame``, ``step``, ``time_ps`` and what was measured, units in the column names."""
        import pandas as pd

        return pd.DataFrame(self._found.rows)

    @property
    def fronts(self) -> pandas.DataFrame:
        """Where the two fronts of a crystal slab were, a row a frame; no rows where there was none."""
        import pandas as pd

        return pd.DataFrame(self._found.fronts)

    @property
    def curves(self) -> dict[str, pandas.DataFrame]:
        """Curves of the last frame, by name."""
        import pandas as pd

        return {name: pd.DataFrame(tables[-1]) for name, tables in self._found.distributions.items()}

    @property
    def verdict(self) -> str:
        """What the last frame is: crystalline, partly crystalline or amorphous; empty if not measured."""
        return str(self.summary.get("verdict") or "")

    def to_json(self) -> str:
        """Everything as ``zeocryst analyze --json`` prints it."""
        return self._found.as_json()

    @property
    def sentence(self) -> str:
        """What happened, in words."""
        return str(self.summary["sentence"])

    def __str__(self) -> str:
        from zeocryst.report.terminal import in_words

        return in_words(self._found.rows, list(self._found.distributions), self.sentence, rest=REST)

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        from html import escape

        from zeocryst.report.analysis import over_time
        from zeocryst.report.page import drawn

        figure, columns = over_time(self._found.rows, self.summary.get("transition"))
        picture = drawn(figure, "Order parameters over time.") if columns and len(self._found.rows) > 1 else ""
        return f"<p>{escape(self.sentence)}</p>{picture}<pre>{escape(str(self).rpartition(chr(10))[0])}</pre>"


@said_in_python
def measure(
    structure: StructureLike,
    names: str | Sequence[str] | None = None,
    *,
    frame: int = -1,
    types: TypesLike = None,
) -> Measurement:
    """Measure order parameters of one structure.

    They are those of ``zeocryst analyze``; `zeocryst.order.REGISTRY` lists them, and each is defined, with its
    source, in the docstring of the module that computes it (`zeocryst.order`).

    Parameters
    ----------
    structure : ase.Atoms, gsd.hoomd.Frame, pymatgen Structure, path, run, or a sequence of frames
        Positions and cell in Å.
    names : str or sequence of str, optional
        Such as ``["rings", "steinhardt"]``; one that takes a framework has its code after a colon,
        ``"likeness:SGT"``. ``"all"``, and nothing, stand for all that take none but the costly ``"cages"``.
    frame : int
        Which frame, where there are several; -1 is the last.
    types : str or mapping, optional
        What T, S and O are called, such as ``"T=Al,P"``.

    Returns
    -------
    Measurement
        Numbers (units in their names), arrays with one entry for each T, curves.

    Raises
    ------
    InputError
        It is no structure, has no such frame or no T; or a name is not known.

    Examples
    --------
    Sodalite has two 4-rings and four 6-rings for every three T, so that a T has 1/2 of the first and 2/3 of the
    second (a ring of n T counts 1/n for each of them):

    >>> import zeocryst as zc
    >>> measured = zc.measure(zc.framework("SOD", repeat=(2, 2, 2)), ["rings", "density"])
    >>> round(measured.values["rings4_per_T"], 3)
    0.5
    >>> measured.network.number_of_edges()
    192
    """
    from zeocryst.answers.analyze import chosen_names
    from zeocryst.door.structures import as_structures
    from zeocryst.order import measure as measured

    wanted = chosen_names(_listed(names))
    structures = as_structures(structure, types)
    [index] = structures.chosen(frame)
    network, beads = structures.frame(index)
    found = measured(network, wanted, beads)
    return Measurement(
        f"{structures.path} frame {index}: {network.n_sites} T",
        found.values, found.sites, found.words, found.distributions, network,
    )  # fmt: skip


@said_in_python
def analyze(
    trajectory: StructureLike,
    *,
    frames: slice | int | None = None,
    names: str | Sequence[str] | None = None,
    types: TypesLike = None,
    out: str | os.PathLike[str] | None = None,
) -> TrajectoryAnalysis:
    """Measure every frame of a trajectory, and tell what happened: ``zeocryst analyze``.

    Parameters
    ----------
    trajectory : path, run, sequence of ase.Atoms or gsd frames, or a single structure
        Positions and cells in Å; times in ps, where the frames have them (``zeocryst/time_ps`` in the log of a
        gsd frame, ``time_ps`` in ``atoms.info``).
    frames : slice or int, optional
        Which frames, such as ``slice(None, None, 10)``, or one; all if not given.
    names : str or sequence of str, optional
        Order parameters, as `measure` takes them.
    types : str or mapping, optional
        What T, S and O are called, such as ``"T=Al,P"``.
    out : path, optional
        A folder, new or empty, for tables, figures and the arrays of the sites.

    Returns
    -------
    TrajectoryAnalysis

    Raises
    ------
    InputError
        It cannot be read, no frame is chosen, a name is not known, or the folder is not empty.

    Examples
    --------
    >>> import zeocryst as zc
    >>> cold = zc.framework("SOD", repeat=(2, 2, 2))
    >>> hot = cold.copy()
    >>> hot.rattle(0.05, seed=1)
    >>> found = zc.analyze([cold, hot], names=["density", "coordination"])
    >>> found.order_parameters[["frame", "q4_share"]]
       frame  q4_share
    0      0       1.0
    1      1       1.0
    """
    from zeocryst.answers.analyze import analyze as analyzed
    from zeocryst.answers.analyze import chosen_names
    from zeocryst.door.structures import as_path, as_structures

    wanted = chosen_names(_listed(names))
    chosen = _chosen(frames)
    place = None if out is None else as_path(out, "out")
    found = analyzed(as_structures(trajectory, types), chosen, wanted, out=place)
    return TrajectoryAnalysis(found.summary, found)


def _listed(names: str | Sequence[str] | None) -> list[str] | None:
    """Names as a list; None for None."""
    if names is None:
        return None
    if isinstance(names, str):
        return [names]
    if isinstance(names, bytes) or not isinstance(names, Iterable):
        raise InputError(f"names = {names!r}; expected the name of an order parameter, or a list of them")
    return list(names)


def _chosen(frames: slice | int | None) -> slice:
    """Frames as a slice that goes forwards."""
    if frames is None:
        return slice(None)
    if not isinstance(frames, slice):
        number = whole_number(frames, "frames (a slice, such as slice(None, None, 10), or one frame)")
        return slice(number, number + 1 if number != -1 else None)
    start, stop = (
        None if part is None else whole_number(part, f"frames = {frames}: one part")
        for part in (frames.start, frames.stop)
    )
    step = None if frames.step is None else whole_number(frames.step, f"frames = {frames}: its step", 1)
    return slice(start, stop, step)
