"""What crystal is this? `identify` and `identify_all`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, overload

from zeocryst.door.wording import in_python, said_in_python
from zeocryst.errors import InputError, whole_number

if TYPE_CHECKING:
    import networkx
    import pandas

    from zeocryst.door.structures import StructureLike, TypesLike
    from zeocryst.network.bonds import Network


#: Most T whose network is drawn.
MOST_DRAWN = 5000


@dataclass(frozen=True, eq=False, repr=False)
class Identification:
    """What a structure was found to be; printed, it says so as ``zeocryst identify`` does.

    Attributes
    ----------
    record : dict
        Everything, as ``zeocryst identify --json`` has it of a frame.

    Examples
    --------
    >>> import zeocryst as zc
    >>> found = zc.identify(zc.framework("LTA"))
    >>> found.codes, found.n_sites, found.amorphous_share
    (('LTA',), 24, 0.0)
    >>> found.types[0]["share"]
    1.0
    >>> found.network.number_of_edges()  # two for each T
    48
    """

    record: dict[str, Any]
    _sites: Network | None = None

    @property
    def types(self) -> list[dict[str, Any]]:
        """Framework types, those with most sites first: ``code``, ``sites``, ``share`` of all T, ``grains``."""
        return list(self.record["types"])

    @property
    def codes(self) -> tuple[str, ...]:
        """Codes of the framework types, those with most sites first."""
        return tuple(str(row["code"]) for row in self.types)

    @property
    def amorphous_share(self) -> float:
        """Share of the T that belong to no crystal, 0 to 1."""
        return float(self.record["amorphous_share"])

    @property
    def n_sites(self) -> int:
        """Number of T."""
        return int(self.record["n_sites"])

    @property
    def atoms(self) -> dict[str, Any]:
        """What the atoms were taken as: ``T``, ``O``, ``S``, ``left_out`` and ``notes``."""
        return dict(self.record["atoms"])

    @property
    def table(self) -> pandas.DataFrame:
        """The types as a table."""
        import pandas as pd

        return pd.DataFrame(self.types, columns=["code", "sites", "share", "grains"])

    @property
    def network(self) -> networkx.MultiGraph:
        """Sites and bonds, with the lattice image that each bond leads to (see `zeocryst.door.graphs`).

        Raises
        ------
        InputError
            The structure was one of many, of which networks are not kept.
        """
        from zeocryst.door.graphs import as_graph

        if self._sites is None:
            raise InputError("the networks of many structures are not kept; identify this one alone")
        return as_graph(self._sites)

    def __str__(self) -> str:
        from zeocryst.answers.identify import in_words

        return in_python(in_words(self.record))

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        from html import escape

        from zeocryst.report.figures import network_picture
        from zeocryst.report.page import drawn, types_table

        shown = types_table(self.types, self.amorphous_share) if self.record["crystal"] is None else ""
        shown += f"<pre>{escape(str(self))}</pre>"
        if self._sites is None or self.n_sites > MOST_DRAWN:
            return shown
        return shown + drawn(network_picture(self._sites), "Bonds of the T; nearer ones are darker.")


@dataclass(frozen=True, eq=False, repr=False)
class Identifications(Sequence[Identification]):
    """What several structures were found to be, and which could not be read.

    Attributes
    ----------
    record : dict
        Everything, as ``zeocryst identify --json`` has it.

    Examples
    --------
    >>> import zeocryst as zc
    >>> found = zc.identify_all([zc.framework("SOD"), "nowhere.cif"])
    >>> found[0].codes, found.errors[0]["error"]
    (('SOD',), 'no file nowhere.cif')
    """

    record: dict[str, Any]

    @cached_property
    def found(self) -> tuple[Identification, ...]:
        """What could be read, one for each frame."""
        return tuple(Identification(entry) for entry in self.record["files"] if "error" not in entry)

    @property
    def errors(self) -> tuple[dict[str, Any], ...]:
        """What could not be read: ``path``, ``frame`` where it is a frame's, and ``error``."""
        failed = (entry for entry in self.record["files"] if "error" in entry)
        return tuple(entry | {"error": in_python(entry["error"])} for entry in failed)

    def __len__(self) -> int:
        return len(self.found)

    @overload
    def __getitem__(self, index: int) -> Identification: ...
    @overload
    def __getitem__(self, index: slice) -> Identifications: ...
    def __getitem__(self, index: int | slice) -> Identification | Identifications:
        if isinstance(index, slice):
            return Identifications({"files": [one.record for one in self.found[index]]})
        return self.found[index]

    def __iter__(self) -> Iterator[Identification]:
        return iter(self.found)

    @property
    def table(self) -> pandas.DataFrame:
        """A row for each type of each structure: ``path``, ``frame``, ``code``, ``sites``, ``share`` ...

        A structure without any type has one row, whose ``code`` is ``amorphous``, or ``unknown`` where it is
        crystalline.
        """
        import pandas as pd

        rows = []
        for entry in (one.record for one in self.found):
            where = {"path": entry["path"], "frame": entry["frame"]}
            rows += [where | row for row in entry["types"]]
            if not entry["types"]:
                crystal = entry["crystal"]
                n = entry["n_sites"] if crystal is None else crystal["sites"]
                kind = "amorphous" if crystal is None else "unknown"
                rows.append(where | {"code": kind, "sites": n, "share": n / entry["n_sites"], "grains": 0})
        return pd.DataFrame(rows, columns=["path", "frame", "code", "sites", "share", "grains"])

    def __str__(self) -> str:
        return "\n".join([*map(str, self.found), *(str(entry["error"]) for entry in self.errors)])

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        from html import escape

        from zeocryst.report.page import table

        rows = self.table.to_numpy().tolist()
        said = "".join(f"<p>{escape(str(entry['error']))}</p>" for entry in self.errors)
        return table(list(self.table.columns), rows) + said


@said_in_python
def identify(structure: StructureLike, *, frame: int = -1, types: TypesLike = None) -> Identification:
    """Name the framework of a structure.

    The answer is that of ``zeocryst identify`` for a file with the same atoms. How sites are named is written
    down in `zeocryst.order.labels`: by the net of their bonds, within a grain that is large enough.

    Parameters
    ----------
    structure : ase.Atoms, gsd.hoomd.Frame, pymatgen Structure, path, run, or a sequence of frames
        Positions and cell in Å. Atoms of any elements: which are T is found by the O around them; beads are T
        and S.
    frame : int
        Which frame, where there are several; -1 is the last.
    types : str or mapping, optional
        What T, S and O are called, such as ``"T=Al,P"`` or ``{"T": "Si", "S": "X"}``.

    Returns
    -------
    Identification

    Raises
    ------
    InputError
        It is no structure, cannot be read, has no such frame or no T.

    Examples
    --------
    >>> import zeocryst as zc
    >>> found = zc.identify(zc.framework("SOD"))
    >>> found.codes
    ('SOD',)
    >>> print(found)
    ase.Atoms O24Si12 frame 0: SOD 100.0 % (12 T)
    """
    from zeocryst.answers.identify import identify_frame
    from zeocryst.door.structures import as_structures

    structures = as_structures(structure, types)
    record, network = identify_frame(structures, structures.chosen(frame)[0])
    return Identification(record, network)


@said_in_python
def identify_all(
    structures: StructureLike | Sequence[StructureLike], *, frame: int | None = None, types: TypesLike = None
) -> Identifications:
    """Name the framework of every frame of one or many structures, as ``zeocryst identify FILE...`` does.

    What cannot be read is listed in `Identifications.errors`, and hides no answers for others.

    Parameters
    ----------
    structures : as `identify` takes, or a list of such, which may be of several kinds
        Positions and cells in Å.
    frame : int, optional
        One frame of each; every one if not given.
    types : str or mapping, optional
        What T, S and O are called in all of them.

    Returns
    -------
    Identifications

    Raises
    ------
    InputError
        There is but one structure, and it cannot be read; or `types` or `frame` is wrong.

    Examples
    --------
    >>> import zeocryst as zc
    >>> print(zc.identify_all([zc.framework("SOD"), zc.framework("LTA")]).table[["path", "code", "sites"]])
                      path code  sites
    0  ase.Atoms O24Si12  SOD     12
    1  ase.Atoms O48Si24  LTA     24
    """
    from zeocryst.answers.identify import identify_each
    from zeocryst.door.structures import as_roles, as_structures, name_of

    roles = as_roles(types)
    if frame is not None:
        whole_number(frame, "frame")
    listed = list(structures) if isinstance(structures, list | tuple) else [structures]
    return Identifications(
        identify_each([(name_of(one), partial(as_structures, one, roles)) for one in listed], frame)
    )
