"""Energies relative to alpha-quartz, and to what silanols are made of, all by the same method.

For Si(n)O(m)H(k) by a calculator the energy is that of ``n SiO2 (quartz) + k/2 H2O (gas) -> Si(n)O(m)H(k)``,
for each Si: potential energies of minima, without zero-point motion and heat, the gas a single molecule. A
force field whose atoms have types knows no energy of a bond made or broken: only what has the same types on
both sides can be compared (ClayFF has 650 kJ/mol for ``SiO2 + 2 H2O -> Si(OH)4``, which takes some 40). There
it is that of ``(n - k/4) SiO2 (quartz) + k/4 Si(OH)4 (gas) -> Si(n)O(m)H(k)``, with as many silanols on both
sides.

Where the formula is no sum of SiO2 and H2O (Al, cations, guests, an O missing), or the method cannot describe
the references, there is no such energy, and the reason is said.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from zeocryst.cell import heights
from zeocryst.errors import InputError, SimulationError
from zeocryst.foundation.textfiles import in_short
from zeocryst.refinement.bonding import covalent_bonds, molecule_of
from zeocryst.refinement.protocol import Guests, Method
from zeocryst.units import KJ_PER_MOL_PER_EV

if TYPE_CHECKING:
    from ase import Atoms

#: L. Levien, C. T. Prewitt, D. J. Weidner, Am. Mineral. 65, 920 (1980), 1 atm: P3_221, cell in Å and degrees.
QUARTZ_CELL = (4.916, 4.916, 5.4054, 90.0, 90.0, 120.0)
QUARTZ_GROUP = 154
QUARTZ_SITES = {"Si": (0.4697, 0.0, 2 / 3), "O": (0.4135, 0.2669, 0.1191 + 2 / 3)}
#: What relaxes to another volume than this share of quartz's is no quartz any more.
MOST_SWELLING = 0.15
#: The reference is not to cost more than what it is for: quartz of so many times as many atoms, and a few.
MOST_TIMES, FEW_ATOMS = 2, 20
#: The box of a molecule, for methods that need a periodic one, Å.
BOX_A = 20.0


@dataclass(frozen=True)
class Reference:
    """Energy of a reference; None with the reason where there is none.

    Attributes
    ----------
    energy_eV : float or None
        Per SiO2, or of a molecule.
    words : str
        What it is, or why there is none.
    """

    energy_eV: float | None
    words: str


#: Found in this process, by method.
_found: dict[tuple[str, ...], Reference] = {}


def quartz_atoms(least_width_A: float = 0.0) -> Atoms:
    """Alpha-quartz as published, repeated until its cell is so wide between all opposite faces."""
    from ase.spacegroup import crystal

    basis = [QUARTZ_SITES["Si"], QUARTZ_SITES["O"]]
    cell = crystal(["Si", "O"], basis, spacegroup=QUARTZ_GROUP, cellpar=QUARTZ_CELL)
    times = np.ceil(least_width_A / heights(cell.cell[:])).astype(int)
    many = cell.repeat(tuple(int(max(1, t)) for t in times))
    many.info.clear()
    del many.arrays["spacegroup_kinds"]
    return many


def quartz(method: Method, *, threads: int = 1) -> Reference:
    """Energy per SiO2 of alpha-quartz, relaxed with its cell by the same method; once in a process."""
    key = ("quartz", type(method).__name__, method.name, method.source)
    if key not in _found:
        _found[key] = _quartz(method, threads)
    return _found[key]


def _quartz(method: Method, threads: int) -> Reference:
    start = quartz_atoms(method.least_width_A)
    n = int((start.numbers == 14).sum())
    try:
        method.check(start, {})
        end = method.minimize(start, {}, free_cell=True, threads=threads)
    except (InputError, SimulationError) as error:
        return Reference(None, f"{method.name} gives no alpha-quartz: {in_short(error)}")
    ratio = end.atoms.get_volume() / start.get_volume()
    if not end.converged:
        return Reference(None, f"alpha-quartz did not converge with {method.name}")
    if abs(ratio - 1) > MOST_SWELLING or covalent_bonds(end.atoms) != covalent_bonds(start):
        return Reference(
            None, f"alpha-quartz does not stay quartz with {method.name}: {ratio:.2f} times its volume"
        )
    return Reference(
        end.energy_eV / n,
        f"alpha-quartz relaxed with its cell by {method.name}: {end.energy_eV / n:.4f} eV per SiO2, volume "
        f"{100 * (ratio - 1):+.1f} % of that measured",
    )


def water(method: Method, *, threads: int = 1) -> Reference:
    """Energy of a molecule of water, relaxed by the same method; once in a process."""
    from ase.build import molecule

    return _molecule(method, molecule("H2O"), "water", threads)


def silicic_acid(method: Method, *, threads: int = 1) -> Reference:
    """Energy of a molecule of Si(OH)4, relaxed by the same method; once in a process."""
    return _molecule(method, silicic_acid_atoms(), "Si(OH)4", threads)


def silicic_acid_atoms() -> Atoms:
    """Si(OH)4 with usual bonds (Si-O 1.63, O-H 0.96 Å, Si-O-H 115 degrees), its O-H turned without symmetry.

    With symmetry a minimization would stop between minima, 7 kJ/mol (SLC) to 13 kJ/mol (ClayFF) too high; over
    random turns the minima of these differ by 1 kJ/mol.
    """
    from ase import Atoms

    corners = np.array([[1, 1, 1], [-1, -1, 1], [-1, 1, -1], [1, -1, -1]]) / 3**0.5
    across = np.cross([0, 0, 1], corners)
    across /= np.linalg.norm(across, axis=1)[:, None]
    turn = np.array([[0.4], [1.5], [3.2], [5.3]])
    outwards = np.cos(turn) * across + np.sin(turn) * np.cross(corners, across)
    bend = np.radians(180 - 115)
    oxygens = 1.63 * corners
    hydrogens = oxygens + 0.96 * (np.cos(bend) * corners + np.sin(bend) * outwards)
    return Atoms("SiO4H4", positions=np.vstack([np.zeros((1, 3)), oxygens, hydrogens]))


def _molecule(method: Method, start: Atoms, called: str, threads: int) -> Reference:
    """Energy of a molecule alone in a box."""
    key = (called, type(method).__name__, method.name, method.source)
    if key not in _found:
        _found[key] = _relaxed_molecule(method, start, called, threads)
    return _found[key]


def _relaxed_molecule(method: Method, start: Atoms, called: str, threads: int) -> Reference:
    start.set_cell([BOX_A] * 3)
    start.pbc = True
    start.center()
    try:
        method.check(start, {})
        end = method.minimize(start, {}, free_cell=False, threads=threads)
    except (InputError, SimulationError) as error:
        return Reference(None, f"{method.name} describes no {called}: {in_short(error)}")
    if not end.converged or covalent_bonds(end.atoms) != covalent_bonds(start):
        return Reference(None, f"a molecule of {called} does not last with {method.name}")
    return Reference(end.energy_eV, f"a molecule of {called} by {method.name}: {end.energy_eV:.4f} eV")


def above_quartz(
    method: Method, atoms: Atoms, energy: float, guests: Guests, *, threads: int = 1
) -> dict[str, Any]:
    """Energy relative to alpha-quartz (and to what silanols are made of), for ``summary.json``.

    Parameters
    ----------
    method
        The one that gave `energy`.
    atoms
        What has this energy.
    energy
        Of all atoms, eV.
    guests
        Their molecules.

    Returns
    -------
    dict
        ``energy_eV_per_SiO2`` (of all atoms, for each Si; None where they are no silica),
        ``above_quartz_kJ_per_mol`` (for each Si; None where there is no reference), ``reference``, in words.
    """
    count = Counter(atoms.get_chemical_symbols())
    n, m, k = count["Si"], count["O"], count["H"]
    why = _no_silica(atoms, count)
    if why:
        return {"energy_eV_per_SiO2": None, "above_quartz_kJ_per_mol": None, "reference": f"none: {why}"}
    found: dict[str, Any] = {"energy_eV_per_SiO2": energy / n, "above_quartz_kJ_per_mol": None}
    if 2 * m != 4 * n + k:
        excess = m - 2 * n - k / 2
        why = f"{atoms.get_chemical_formula()} is no sum of SiO2 and H2O ({excess:+g} O)"
        return found | {"reference": f"none: {why}"}
    size = len(quartz_atoms(method.least_width_A))
    if size > MOST_TIMES * len(atoms) + FEW_ATOMS:
        why = f"quartz would need {size} atoms with {method.name}, far more than there are here ({len(atoms)})"
        return found | {"reference": f"none: {why}"}
    solid = quartz(method, threads=threads)
    if solid.energy_eV is None:
        return found | {"reference": f"none: {solid.words}"}
    if k == 0:
        above = energy / n - solid.energy_eV
        return found | {"above_quartz_kJ_per_mol": above * KJ_PER_MOL_PER_EV, "reference": solid.words}
    if method.breaks_bonds:
        gas, molecules, silicon = water(method, threads=threads), k / 2, float(n)
    else:
        gas, molecules, silicon = silicic_acid(method, threads=threads), k / 4, n - k / 4
    if gas.energy_eV is None:
        return found | {"reference": f"none for the {k} H of silanols: {gas.words}"}
    above = (energy - silicon * solid.energy_eV - molecules * gas.energy_eV) / n
    words = f"{solid.words}; and {molecules:g} x {gas.words}"
    return found | {"above_quartz_kJ_per_mol": above * KJ_PER_MOL_PER_EV, "reference": words}


def _no_silica(atoms: Atoms, count: Counter[str]) -> str:
    """Why atoms are no silica with silanols; empty where they are."""
    guests = int(molecule_of(atoms).max(initial=0))
    if guests:
        return f"there are guest molecules ({guests}), whose share of the energy is not that of silica"
    other = sorted(set(count) - {"Si", "O", "H"})
    if other:
        return f"there are {', '.join(other)} besides Si, O and H"
    return "" if count["Si"] else "there is no Si"
