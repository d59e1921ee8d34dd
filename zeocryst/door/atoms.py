"""Atoms of a structure of beads or T, and of a framework type: `backmap` and `framework`."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from zeocryst.door.wording import in_python, said_in_python
from zeocryst.errors import InputError, whole_number

if TYPE_CHECKING:
    import networkx
    import pandas
    from ase import Atoms

    from zeocryst.answers.asked import Prepared
    from zeocryst.answers.backmap import Answer
    from zeocryst.door.structures import StructureLike, TypesLike


@dataclass(frozen=True, eq=False, repr=False)
class Backmapped:
    """Atoms that a structure stands for, how good they are, and what was chosen on the way.

    Attributes
    ----------
    atoms : ase.Atoms
        Si in the order of the T, then O, then H.
        With guests and heteroatoms, where they were asked for: framework, cations, guests.
    refined : ase.Atoms or None
        The same atoms refined, with the arrays ``charge`` and ``type`` where the method has such.
    record : dict
        Everything, as ``zeocryst backmap --json`` has it of a frame.

    Examples
    --------
    >>> import zeocryst as zc
    >>> made = zc.backmap(zc.framework("SOD", oxygens=False))
    >>> made.atoms.get_chemical_formula(), made.passed
    ('O24Si12', True)
    >>> list(made.checks.columns)
    ['name', 'value', 'unit', 'limit', 'passed', 'source']
    """

    atoms: Atoms
    refined: Atoms | None
    record: dict[str, Any]
    _made: Answer
    _chemistry: Prepared

    @property
    def checks(self) -> pandas.DataFrame:
        """The validity report: ``name``, ``value``, ``unit``, ``limit``, ``passed``, ``source``.

        ``passed`` is None for a check of which there is nothing (no H, say).
        """
        import pandas as pd

        columns = ["name", "value", "unit", "limit", "passed", "source"]
        return pd.DataFrame(self.record["backmap"]["checks"], columns=columns).astype({"passed": object})

    @property
    def passed(self) -> bool:
        """Whether no check failed."""
        found = [*self.record["backmap"]["checks"], *self.record["backmap"]["invariants"]]
        return not any(check["passed"] is False for check in found)

    @property
    def choices(self) -> dict[str, Any]:
        """What was chosen: pairs left unbonded, silanols added, ``quench`` and ``cell``."""
        record = self.record["backmap"]
        return {**record["choices"], "quench": self.record["quench"], "cell": record["cell"]}

    @property
    def words(self) -> tuple[str, ...]:
        """How the atoms are and what was decided, in sentences."""
        return tuple(in_python(words) for words in self.record["words"])

    @property
    def network(self) -> networkx.MultiGraph:
        """The T network that the atoms were made for (see `zeocryst.door.graphs`)."""
        from zeocryst.door.graphs import as_graph

        return as_graph(self._made.ready.network)

    @said_in_python
    def write(self, out: str | os.PathLike[str]) -> Path:
        """Write CIF, extxyz, GSD and LAMMPS data into a folder that is new or empty; raises `InputError`."""
        from zeocryst.answers.backmap import write_answer
        from zeocryst.door.structures import as_path
        from zeocryst.foundation.outdir import check_empty, folder

        place = as_path(out, "out")
        check_empty(place)
        with folder(place) as made:
            assert made is not None
            write_answer(made, self._made, self._chemistry)
        return place

    def __str__(self) -> str:
        return "\n".join(self.words)

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        from html import escape

        from zeocryst.report.backmap import histograms
        from zeocryst.report.page import checks_table, drawn

        words = "".join(f"<p>{escape(word)}</p>" for word in self.words)
        picture = drawn(histograms(self.record["backmap"]), "Geometry of the atoms.")
        return words + checks_table(self.record["backmap"]["checks"]) + picture


@said_in_python
def backmap(
    structure: StructureLike,
    *,
    frame: int = -1,
    quench: Literal["ts", "none"] | None = None,
    cell: Literal["fixed", "free"] = "fixed",
    seed: int = 1,
    forcefield: str | None = None,
    types: TypesLike = None,
    sda: str | os.PathLike[str] | None = None,
    si_al: float | None = None,
    heteroatom: str = "Al",
    placement: Literal["random", "clustered", "spread"] = "random",
    loewenstein: bool = True,
    balance: Literal["H", "Na", "K", "Ca", "none"] = "H",
    refine: str | os.PathLike[str] | None = None,
    md_ps: float | None = None,
    md_temperature_K: float = 300.0,
) -> Backmapped:
    """Put atoms in the place of T: Si, a bridging O for each bond, a silanol for each missing one.

    Distance least squares (Meier, Villiger, DLS-76, ETH Zurich, 1977) solves the geometry; a frame with S is
    relaxed to its nearest energy minimum first. Then, where asked, other elements take the place of Si, a
    molecule that of each S, and a force field or a calculator refines all of them.

    Parameters
    ----------
    structure : gsd.hoomd.Frame, run, ase.Atoms, pymatgen Structure, path, or a sequence of frames
        Beads of T (and S), or atoms, of which the T count. Å.
    frame : int
        Which frame, where there are several; -1 is the last.
    quench : {"ts", "none"}, optional
        Whether beads are relaxed in the model first; those of frames that hold S if not given.
    cell : {"fixed", "free"}
        Whether the cell may change.
    seed : int
        Of the starts of the geometry.
    forcefield : str, optional
        Model of the quench; the run's own, or ``"ts"``.
    types : str or mapping, optional
        What T, S and O are called, such as ``"T=Si,S=X"``.
    sda : str or path, optional
        The molecule of each S: ``"TMA"``, ``"TEA"``, ``"TPA"``, ``"choline"``, ``"MQ"``, ``"TMAda"``, a SMILES,
        or a file.
    si_al : float, optional
        Si over `heteroatom`.
    heteroatom : str
        What takes the place of Si: ``"Al"``, ``"B"``, ``"Ge"``, ``"Ti"``, ``"Ga"``, or ``"AlPO4"``.
    placement : {"random", "clustered", "spread"}
        Of the heteroatoms.
    loewenstein : bool
        Whether Al-O-Al is forbidden.
    balance : {"H", "Na", "K", "Ca", "none"}
        What balances the charge that guests leave.
    refine : str or path, optional
        A force field (``"slc"``, ``"clayff"``, ``"bks"``, ``"shik"``, ``"matsui"``, a TOML file) or a
        calculator (``"7net"``, ``"gfn2"``, ``"package.module:Class"``, a Python file).
    md_ps, md_temperature_K : float
        A simulation of the refined atoms, ps and K; its end is relaxed again.

    Returns
    -------
    Backmapped

    Raises
    ------
    InputError
        It is no structure, has no T, or an option is none of those; what is asked for is impossible here.
    SimulationError
        The engine failed while quenching, or what refines did.

    Examples
    --------
    >>> import zeocryst as zc
    >>> made = zc.backmap(zc.framework("SOD", repeat=(2, 2, 2), oxygens=False))
    >>> made.atoms.get_chemical_formula()
    'O192Si96'
    >>> made.choices["silanols_added"]
    0
    """
    from zeocryst.answers.asked import Wanted, prepare, simulation
    from zeocryst.answers.backmap import Options, answer, entry, ready_network
    from zeocryst.answers.chemistry import failure

    seed = whole_number(seed, "seed", 1)
    if quench not in (None, "ts", "none") or cell not in ("fixed", "free"):
        raise InputError(
            f"quench = {quench!r}, cell = {cell!r}; expected quench 'ts', 'none' or None, and cell 'fixed' "
            "or 'free'"
        )
    wanted = Wanted(
        None if sda is None else str(sda), si_al, heteroatom, placement, loewenstein, balance,
        None if refine is None else str(refine), simulation(md_ps, md_temperature_K),
    )  # fmt: skip
    chemistry = prepare(wanted)
    options = Options(None, quench, cell, seed, wanted=wanted)
    source, model = _source(structure, frame, types)
    ready = ready_network(source, forcefield or model, options)
    made = answer(source, ready, options, chemistry)
    if failed := made.complete.record.get("failed"):
        raise failure(failed)
    refined = made.complete.refined
    return Backmapped(
        made.complete.atoms, None if refined is None else refined.atoms, entry(made), made, chemistry
    )


def _source(structure: StructureLike, frame: int, types: TypesLike) -> tuple[Any, str]:
    """The frame to be back-mapped, and the model that it comes from."""
    from zeocryst.answers.backmap import MODEL, Source, source_of_atoms
    from zeocryst.door.runs import Run, open_run
    from zeocryst.door.structures import as_structures

    if isinstance(structure, str | os.PathLike) and Path(structure).is_dir():
        structure = open_run(structure)
    model = structure.condition.forcefield if isinstance(structure, Run) else MODEL
    structures = as_structures(structure, types)
    [index] = structures.chosen(frame)
    beads = structures.beads(index)
    if beads is not None:
        return Source("frame", index, beads=beads), model
    return source_of_atoms(structures, index), model


@said_in_python
def framework(code: str, *, repeat: tuple[int, int, int] = (1, 1, 1), oxygens: bool = True) -> Atoms:
    """A crystal of a framework type, as silica.

    T lie where published structures have them, or where a calculation from the net puts them (which
    ``atoms.info["origin"]`` then says); O are put between bonded T by distance least squares (DLS-76).

    Parameters
    ----------
    code : str
        Code of the type, ``"SGT"``, or of a type of your own.
    repeat : (int, int, int)
        Cells along each lattice vector.
    oxygens : bool
        Whether there are O; without them the Si stand for T alone.

    Returns
    -------
    ase.Atoms
        Å; its info has ``framework``, the code.

    Raises
    ------
    InputError
        There is no such type, or nothing is known of where its T are.

    Examples
    --------
    >>> import zeocryst as zc
    >>> atoms = zc.framework("SGT")
    >>> atoms.get_chemical_formula()
    'O128Si64'
    >>> atoms.info["framework"]
    'SGT'
    """
    from ase import Atoms

    from zeocryst.frameworks.table import bare_code, nearest_start, startable_codes, why_absent
    from zeocryst.solution.embedding import origin_in_words, start_of

    name = {found.lower(): found for found in startable_codes()}.get(bare_code(str(code)).lower())
    if name is None:
        raise InputError(
            why_absent(str(code)) or f"no structure of {code!r} is known; {nearest_start(str(code))}"
        )
    if not hasattr(repeat, "__len__") or isinstance(repeat, str | bytes) or len(repeat) != 3:
        raise InputError(f"repeat = {repeat!r}; expected three whole numbers of at least 1")
    cells = [whole_number(n, f"repeat = {repeat!r}: one of them", 1) for n in repeat]
    cell, positions = start_of(name)
    atoms = Atoms(f"Si{len(positions)}", positions=positions, cell=cell, pbc=True)
    if oxygens:
        from zeocryst.backmapping.build import build
        from zeocryst.network.matching import matched_bonds

        atoms = build(matched_bonds(positions, cell)[0]).atoms
    atoms = atoms.repeat(cells)
    atoms.info = {"framework": name, "origin": origin_in_words(name) or "published T positions"}
    return atoms
