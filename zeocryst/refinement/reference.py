"""Energies relative to alpha-quartz, and to water where there are silanols, all by the same method.

For Si(n)O(m)H(k) the energy is that of the reaction ``n SiO2 (quartz) + k/2 H2O (gas) -> Si(n)O(m)H(k)`` for
each Si: potential energies of minima, without zero-point motion and heat, the water a single molecule. Where
the formula is no sum of SiO2 and H2O (Al, cations, guests, an O missing), or the method cannot describe quartz
or water, there is no such energy, and the reason is said.
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
#: The box of a water molecule for methods that need a periodic one, Å.
WATER_BOX_A = 20.0


@dataclass(frozen=True)
class Reference:
    """Energy of a reference; None with the reason where there is none.

    Attributes
    ----------
    energy_eV : float or None
        Per SiO2, or per H2O.
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
    start = quartz_atoms(float(getattr(method, "least_width_A", 0.0)))
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
    key = ("water", type(method).__name__, method.name, method.source)
    if key not in _found:
        _found[key] = _water(method, threads)
    return _found[key]


def _water(method: Method, threads: int) -> Reference:
    from ase.build import molecule

    start = molecule("H2O", cell=[WATER_BOX_A] * 3, pbc=True)
    start.center()
    try:
        method.check(start, {})
        end = method.minimize(start, {}, free_cell=False, threads=threads)
    except (InputError, SimulationError) as error:
        return Reference(None, f"{method.name} describes no water: {in_short(error)}")
    if not end.converged or covalent_bonds(end.atoms) != covalent_bonds(start):
        return Reference(None, f"a molecule of water does not last with {method.name}")
    return Reference(end.energy_eV, f"a molecule of water by {method.name}: {end.energy_eV:.4f} eV")


def above_quartz(
    method: Method, atoms: Atoms, energy: float, guests: Guests, *, threads: int = 1
) -> dict[str, Any]:
    """Energy of atoms relative to alpha-quartz (and water), for ``summary.json``.

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
    solid = quartz(method, threads=threads)
    if solid.energy_eV is None:
        return found | {"reference": f"none: {solid.words}"}
    if k == 0:
        above = energy / n - solid.energy_eV
        return found | {"above_quartz_kJ_per_mol": above * KJ_PER_MOL_PER_EV, "reference": solid.words}
    gas = water(method, threads=threads)
    if gas.energy_eV is None:
        return found | {"reference": f"none for the {k} H of silanols: {gas.words}"}
    above = (energy - n * solid.energy_eV - k / 2 * gas.energy_eV) / n
    words = f"{solid.words}; and {k / 2:g} x {gas.words}"
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
