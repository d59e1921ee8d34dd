"""Atoms as files: CIF with the symmetry that is found, extxyz, GSD and LAMMPS data.

CIF, extxyz and LAMMPS data are read by ASE, GSD by gsd and OVITO (ASE has no reader for it). The CIF holds the
asymmetric unit of the standard cell where the atoms have symmetry and fill as much of space as that cell; a
supercell or another cell is written in P1, and its standard cell as ``name_unit_cell.cif`` beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zeocryst.backmapping.ideal import IdealCrystal
from zeocryst.cell import make_frame
from zeocryst.files.trajectory import write_frame
from zeocryst.foundation.textfiles import write_text

if TYPE_CHECKING:
    from ase import Atoms

#: spglib's tolerance, Å: oxygens that distance least squares has placed from a random start are as far from the
#: positions that symmetry would give them.
SYMPREC_A = 0.1
#: Above this number of atoms no symmetry is looked for: the cost is of second order.
MOST_ATOMS = 20_000


@dataclass(frozen=True)
class Symmetry:
    """The space group of atoms, in the standard setting of spglib.

    Attributes
    ----------
    symbol, hall, number
        Hermann-Mauguin and Hall symbols, number in the International Tables.
    cell : (3, 3) float array
        Of the standard cell, Å.
    sites : list of (symbol, multiplicity, x, y, z)
        The asymmetric unit, fractional coordinates in the standard cell.
    operations : list of str
        Such as ``-x+1/2,y,z``.
    volumes : float
        How many standard cells the given one holds.
    """

    symbol: str
    hall: str
    number: int
    cell: NDArray[np.float64]
    sites: list[tuple[str, int, float, float, float]]
    operations: list[str]
    volumes: float

    def record(self) -> dict[str, Any]:
        """For ``summary.json``."""
        return {
            "symbol": self.symbol, "number": self.number, "tolerance_A": SYMPREC_A,
            "asymmetric_T": sum(s[0] in ("Si", "Al") for s in self.sites),
            "standard_cells": round(self.volumes, 4),
        }  # fmt: skip


def find_symmetry(atoms: Atoms) -> Symmetry | None:
    """The space group of atoms by spglib, within `SYMPREC_A`; None when there is none but P1."""
    import spglib
    import spglib.error
    from ase.data import chemical_symbols

    if len(atoms) > MOST_ATOMS:
        return None
    old, spglib.error.OLD_ERROR_HANDLING = spglib.error.OLD_ERROR_HANDLING, False  # raise, do not return None
    try:
        given = (atoms.cell[:], atoms.get_scaled_positions(), atoms.numbers)
        found = spglib.get_symmetry_dataset(given, symprec=SYMPREC_A)
        standard = (found.std_lattice, found.std_positions % 1.0, found.std_types)
        again = spglib.get_symmetry_dataset(standard, symprec=1e-3)
        database = spglib.get_symmetry_from_database(found.hall_number)
    except spglib.error.SpglibError:
        return None
    finally:
        spglib.error.OLD_ERROR_HANDLING = old
    if again.number != found.number or (found.number == 1 and len(found.rotations) == 1):
        return None
    equivalent = again.equivalent_atoms
    sites = []
    for k in np.unique(equivalent):
        x, y, z = (float(v) for v in standard[1][k])
        sites.append((chemical_symbols[int(found.std_types[k])], int((equivalent == k).sum()), x, y, z))
    operations = [
        _operation(r, t) for r, t in zip(database["rotations"], database["translations"], strict=True)
    ]
    volumes = float(atoms.get_volume() / abs(np.linalg.det(found.std_lattice)))
    return Symmetry(
        str(found.international),
        str(found.hall),
        int(found.number),
        found.std_lattice,
        sites,
        operations,
        volumes,
    )


def cif(
    cell: NDArray[np.float64],
    sites: list[tuple[str, int, float, float, float]],
    title: str,
    symmetry: Symmetry | None,
) -> str:
    """The text of a CIF."""
    count: dict[str, int] = {}
    rows = []
    for symbol, multiplicity, x, y, z in sites:
        count[symbol] = count.get(symbol, 0) + 1
        rows.append(f"{symbol}{count[symbol]} {symbol} {multiplicity} {x:.8f} {y:.8f} {z:.8f} 1.0")
    group = ("P 1", "P 1", 1, ["x,y,z"])
    if symmetry is not None:
        group = (symmetry.symbol, symmetry.hall, symmetry.number, symmetry.operations)
    lines = [
        f"data_{title}",
        *([f"# symmetry within {SYMPREC_A} A, by spglib"] if symmetry is not None else []),
        *cell_lines(cell),
        f"_space_group_name_H-M_alt '{group[0]}'",
        f"_space_group_name_Hall '{group[1]}'",
        f"_space_group_IT_number {group[2]}",
        "loop_",
        "_space_group_symop_operation_xyz",
        *(f"'{operation}'" for operation in group[3]),
        "loop_",
        *(f"_atom_site_{name}" for name in ("label", "type_symbol", "symmetry_multiplicity", "fract_x",
                                            "fract_y", "fract_z", "occupancy")),
        *rows,
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _operation(rotation: NDArray[np.int64], translation: NDArray[np.float64]) -> str:
    """Such as ``-x+1/2,y,z``."""
    from fractions import Fraction

    parts = []
    for row, shift in zip(rotation, translation, strict=True):
        text = "".join(
            ("-" if c < 0 else "+") + axis for c, axis in zip(row.tolist(), "xyz", strict=True) if c
        ).removeprefix("+")
        fraction = Fraction(float(shift) % 1.0).limit_denominator(96)
        parts.append(text + (f"+{fraction}" if 0 < fraction < 1 else ""))
    return ",".join(parts)


def write_atoms(folder: Path, atoms: Atoms, name: str = "framework") -> Symmetry | None:
    """Write ``name.cif``, ``name.extxyz``, ``name.gsd`` and ``name.data`` (LAMMPS); returns the symmetry found.

    The GSD and the LAMMPS file have the cell in the standard orientation (a along x, b in the xy plane).
    """
    folder.mkdir(parents=True, exist_ok=True)
    symmetry = find_symmetry(atoms)
    whole = symmetry is not None and abs(symmetry.volumes - 1) < 1e-3
    if symmetry is not None:
        unit = cif(symmetry.cell, symmetry.sites, name, symmetry)
        write_text(folder / (f"{name}.cif" if whole else f"{name}_unit_cell.cif"), unit)
    if not whole:
        places = atoms.get_scaled_positions()
        sites = [(s, 1, *p) for s, p in zip(atoms.get_chemical_symbols(), places.tolist(), strict=True)]
        write_text(folder / f"{name}.cif", cif(atoms.cell[:], sites, name, None))
    write_extxyz(folder / f"{name}.extxyz", atoms)
    write_plain_data(folder / f"{name}.data", atoms)
    present = species(atoms)
    masses = dict(zip(atoms.get_chemical_symbols(), atoms.get_masses().tolist(), strict=True))
    kinds = [present.index(s) for s in atoms.get_chemical_symbols()]
    write_frame(folder / f"{name}.gsd", make_frame(atoms.positions, atoms.cell[:], kinds, present, masses))
    return symmetry


def write_extxyz(path: Path, atoms: Atoms) -> None:
    """An extended xyz file, complete or not at all."""
    import ase.io

    partial = path.with_name(f"{path.stem}.part.extxyz")
    ase.io.write(partial, atoms, format="extxyz")
    partial.replace(path)


def bare(atoms: Atoms) -> Atoms:
    """Elements, positions and cell alone."""
    from ase import Atoms as Plain

    return Plain(atoms.get_chemical_symbols(), positions=atoms.positions, cell=atoms.cell, pbc=atoms.pbc)


def species(atoms: Atoms) -> list[str]:
    """Elements that there are, in the order in which files list them: Si, Al, O, H, then the others."""
    there = set(atoms.get_chemical_symbols())
    first = [s for s in ("Si", "Al", "O", "H") if s in there]
    return [*first, *sorted(there - set(first))]


def write_plain_data(path: Path, atoms: Atoms) -> None:
    """A LAMMPS data file of elements and positions, without bonds.

    Its atoms are ``full`` where there are the arrays ``charge`` or ``molecule``, else ``atomic``.
    """
    import ase.io

    plain = bare(atoms)
    plain.set_masses(atoms.get_masses())
    style = "atomic"
    if "charge" in atoms.arrays or "molecule" in atoms.arrays:
        style = "full"
        plain.set_initial_charges(np.round(atoms.arrays.get("charge", np.zeros(len(atoms))), 8))
        plain.set_array("mol-id", np.asarray(atoms.arrays.get("molecule", np.zeros(len(atoms))), dtype=int))
    partial = path.with_name(path.name + ".part")
    order = species(atoms)
    ase.io.write(partial, plain, format="lammps-data", specorder=order, masses=True, atom_style=style)
    partial.replace(path)


def write_ideal(path: Path, crystal: IdealCrystal) -> None:
    """Write an ideal crystal as CIF: symmetry operations, the asymmetric unit, and the spread of the copies."""
    import spglib
    import spglib.error

    spglib.error.OLD_ERROR_HANDLING = False  # raise, do not return None
    operations = spglib.get_symmetry_from_database(crystal.hall_number)
    kind = spglib.get_spacegroup_type(crystal.hall_number)
    figures = crystal.figures
    formula, units = crystal.atoms.symbols.formula.reduce()
    lines = [
        f"data_{crystal.code}",
        f"_chemical_formula_sum '{' '.join(f'{e}{n}' for e, n in sorted(formula.count().items()))}'",
        f"_cell_formula_units_Z {units}",
        f"# {crystal.code} in the space group of its framework: the mean of {figures['copies']} cells of its",
        "# net, with the symmetry put on it. U_iso: mean square distance of the copies from the site, over 3.",
        f"# Root mean square distance of T {figures['rms_A']} A, of O {figures['rms_O_A']} A; strain that was",
        f"# taken off the cell {figures['cell_strain']}. H and the silanols of defects are left out.",
        *cell_lines(crystal.cell),
        f"_space_group_name_H-M_alt '{crystal.setting}'",
        f"_space_group_name_Hall '{kind.hall_symbol}'",
        f"_space_group_IT_number {crystal.number}",
        "loop_",
        "_space_group_symop_operation_xyz",
        *(
            f"'{_operation(r, t)}'"
            for r, t in zip(operations["rotations"], operations["translations"], strict=True)
        ),
        "loop_",
        *(f"_atom_site_{name}" for name in ("label", "type_symbol", "symmetry_multiplicity", "fract_x",
                                            "fract_y", "fract_z", "occupancy", "adp_type", "U_iso_or_equiv")),
        *(
            f"{s.label} {s.element} {s.multiplicity} {' '.join(f'{x:.8f}' for x in s.place)} 1.0 Uiso "
            f"{s.rms_A**2 / 3:.5f}"
            for s in crystal.sites
        ),
        "loop_",
        *(f"_zeocryst_site_{name}" for name in ("label", "rms_displacement_A", "copies")),
        *(f"{s.label} {s.rms_A:.4f} {s.copies}" for s in crystal.sites),
    ]  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, "\n".join(lines) + "\n")


def cell_lines(cell: NDArray[np.float64]) -> list[str]:
    """The cell as CIF has it."""
    from ase.cell import Cell

    names = ("length_a", "length_b", "length_c", "angle_alpha", "angle_beta", "angle_gamma")
    lengths = zip(names, Cell(cell).cellpar(), strict=True)
    return [*(f"_cell_{n} {x:.6f}" for n, x in lengths), f"_cell_volume {abs(np.linalg.det(cell)):.4f}"]
