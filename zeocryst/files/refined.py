"""Refined atoms as files for the next program: CIF and GSD with charges, POSCAR, extxyz.

Atoms may carry the arrays ``charge`` (e), ``type`` (names of a force field) and ``molecule`` (0 for the
framework, n for guest n). Every file has the same positions: each guest whole, with its middle in the cell, and
all other atoms in the cell. (ASE reads the extxyz's column ``charge`` as ``get_charges()``.) All are in P 1,
since atoms that have been relaxed obey no symmetry to the last digit.
"""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from zeocryst.cell import Ints, box_to_cell, make_frame, wrap
from zeocryst.files.atomfiles import bare, cell_lines, species, write_extxyz, write_plain_data
from zeocryst.files.trajectory import write_frame
from zeocryst.foundation.textfiles import write_text
from zeocryst.refinement.bonding import covalent_bonds, molecule_of

if TYPE_CHECKING:
    import gsd.hoomd
    from ase import Atoms


def write_refined(
    folder: Path, atoms: Atoms, name: str = "refined", *, bonds: ArrayLike | None = None, data: bool = True
) -> list[Path]:
    """Write ``name.cif``, ``name.extxyz``, ``name.POSCAR``, ``name.gsd`` and ``name.data``.

    Parameters
    ----------
    folder
        Made where it is not there.
    atoms
        With a cell; of the arrays ``charge``, ``type`` and ``molecule`` those that there are.
    name
        What the files are called.
    bonds : (M, 2) int array, optional
        Bonded atoms; without it those that are near enough (`zeocryst.refinement.bonding.covalent_bonds`).
    data
        Whether to write ``name.data``, that of LAMMPS without any bonds (`write_plain_data`); a force field
        writes its own.

    Returns
    -------
    list of Path
        What was written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    given = sorted(covalent_bonds(atoms)) if bonds is None else bonds
    pairs = np.asarray(given, dtype=np.int64).reshape(-1, 2)
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]  # an atom and its own image, in a tiny cell
    tidy = whole_guests(atoms, pairs)
    paths = {ending: folder / f"{name}.{ending}" for ending in ("cif", "extxyz", "POSCAR", "gsd", "data")}
    write_text(paths["cif"], cif_with_charges(tidy, name))
    write_extxyz(paths["extxyz"], tidy)
    write_text(paths["POSCAR"], poscar(tidy, f"{name}.extxyz"))
    write_frame(paths["gsd"], bonded_frame(tidy, pairs))
    if data:
        write_plain_data(paths["data"], tidy)
    else:
        del paths["data"]
    return list(paths.values())


def whole_guests(atoms: Atoms, bonds: Ints) -> Atoms:
    """A copy without a calculator whose guests are not torn apart by the cell's faces.

    A guest follows its bonds; what of it has none to the rest (a bond that broke) stands nearest to its first
    atom. The middle of a guest, and every other atom, comes into the cell.
    """
    tidy = atoms.copy()
    molecule = molecule_of(atoms)
    framework = molecule == 0
    cell = np.asarray(atoms.cell[:])
    places = np.array(atoms.positions)
    places[framework] = wrap(places[framework], cell)
    for guest in np.unique(molecule[~framework]):
        members = np.flatnonzero(molecule == guest)
        places[members] = _joined(places, members, bonds, cell)
        middle = places[members].mean(axis=0)
        places[members] += wrap(middle[None], cell)[0] - middle
    tidy.positions = places
    return tidy


def _joined(
    places: NDArray[np.float64], members: Ints, bonds: Ints, cell: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Positions of the atoms of one guest, each beside the one that it is bonded to."""
    from ase.geometry import find_mic

    inside = bonds[np.isin(bonds, members).all(axis=1)]
    beside: dict[int, list[int]] = {int(k): [] for k in members}
    for a, b in inside.tolist():
        beside[a].append(b)
        beside[b].append(a)
    done: dict[int, NDArray[np.float64]] = {}
    for first in members.tolist():
        if first in done:
            continue
        start = done[int(members[0])] if done else places[first]
        done[first] = start + find_mic(places[first] - start, cell)[0]
        front = [first]
        while front:
            here = front.pop()
            for there in beside[here]:
                if there not in done:
                    done[there] = done[here] + find_mic(places[there] - done[here], cell)[0]
                    front.append(there)
    return np.array([done[int(k)] for k in members])


def cif_with_charges(atoms: Atoms, title: str) -> str:
    """The text of a CIF in P 1; charges as ``_atom_site_charge``, the name that MOF databases and EQeq use."""
    charge = atoms.arrays.get("charge")
    names = ("label", "type_symbol", "symmetry_multiplicity", "fract_x", "fract_y", "fract_z", "occupancy")
    count: dict[str, int] = {}
    rows = []
    for k, (symbol, place) in enumerate(zip(atoms.symbols, _fractions(atoms).tolist(), strict=True)):
        count[symbol] = count.get(symbol, 0) + 1
        x, y, z = place
        row = f"{symbol}{count[symbol]} {symbol} 1 {x:.8f} {y:.8f} {z:.8f} 1.0"
        rows.append(row if charge is None else f"{row} {charge[k]:.8f}")
    formula = sorted(count.items())
    lines = [
        f"data_{title}",
        f"_chemical_formula_sum '{' '.join(f'{symbol}{number}' for symbol, number in formula)}'",
        "_cell_formula_units_Z 1",
        *cell_lines(atoms.cell[:]),
        "_space_group_name_H-M_alt 'P 1'",
        "_space_group_IT_number 1",
        "loop_",
        "_space_group_symop_operation_xyz",
        "'x,y,z'",
        "loop_",
        *(f"_atom_site_{each}" for each in (*names, *(() if charge is None else ("charge",)))),
        *rows,
    ]
    return "\n".join(lines) + "\n"


def poscar(atoms: Atoms, reference: str) -> str:
    """A POSCAR (VASP 5), species together; behind each position the atom's number in `reference`."""
    from ase.io.vasp import write_vasp

    rank = {symbol: k for k, symbol in enumerate(species(atoms))}
    order = np.argsort([rank[symbol] for symbol in atoms.symbols], kind="stable")
    sorted_atoms = bare(atoms)[order]
    text = StringIO()
    write_vasp(text, sorted_atoms, direct=True)
    _, *lines = text.getvalue().splitlines()
    head, places = lines[: -len(atoms)], lines[-len(atoms) :]
    note = f"behind each position: # the atom's number in {reference}, from 0"
    return (
        "\n".join([note, *head, *(f"{x}  # {k}" for x, k in zip(places, order.tolist(), strict=True))]) + "\n"
    )


def bonded_frame(atoms: Atoms, bonds: Ints) -> gsd.hoomd.Frame:
    """A GSD frame: elements as types, charges, twice the covalent radii as diameters, bonds by their elements.

    ``body`` is the guest's number, -1 for the framework; with ``image`` guests are whole.
    """
    from ase.data import covalent_radii

    types = species(atoms)
    kinds = np.array([types.index(symbol) for symbol in atoms.symbols])
    masses = dict(zip(atoms.symbols, atoms.get_masses().tolist(), strict=True))
    frame = make_frame(atoms.positions, atoms.cell[:], kinds, types, masses)
    cell = box_to_cell(frame.configuration.box)
    straight = _fractions(atoms) @ cell - cell.sum(axis=0) / 2  # fractions are the same in the box's axes
    turns = np.round((straight - frame.particles.position) @ np.linalg.inv(cell))
    frame.particles.image = turns.astype(np.int32)
    frame.particles.diameter = 2 * covalent_radii[atoms.numbers]
    molecule = molecule_of(atoms)
    frame.particles.body = np.where(molecule > 0, molecule, -1).astype(np.int32)
    if "charge" in atoms.arrays:
        frame.particles.charge = np.asarray(atoms.arrays["charge"], dtype=float)
    if len(bonds):
        names = np.array(["-".join(sorted((types[kinds[a]], types[kinds[b]]))) for a, b in bonds])
        listed, typeid = np.unique(names, return_inverse=True)
        frame.bonds.N = len(bonds)
        frame.bonds.types = listed.tolist()
        frame.bonds.typeid = typeid.astype(np.uint32)
        frame.bonds.group = np.asarray(bonds, dtype=np.int32)
    return frame


def _fractions(atoms: Atoms) -> NDArray[np.float64]:
    """Fractional coordinates as they are, (N, 3)."""
    return np.asarray(atoms.positions @ np.linalg.inv(atoms.cell[:]))
