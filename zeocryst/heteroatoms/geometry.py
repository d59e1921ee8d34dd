r"""The geometry of a framework whose T are not all Si, by distance least squares with bonds of each T.

A T-O bond that an H shares is longer: Al-O(H) by 0.15 Å and Si-O(H) by 0.08 Å (1.89 and 1.69 Å; the shell model
of Schröder et al., Chem. Phys. Lett. 188, 320 (1992), relaxes to 1.89 to 1.92 and 1.68 to 1.70 Å). The others
of that T then shorten, so that the sum of its bond valences

.. math:: s = \exp((r_0 - r) / 0.37\,\mathrm{Å})

stays that of the atom (I. D. Brown, D. Altermatt, Acta Cryst. B41, 244 (1985)).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from zeocryst.backmapping.dls import solve
from zeocryst.backmapping.hydrogens import place_hydrogens
from zeocryst.backmapping.oxygens import Silicate
from zeocryst.cell import wrap
from zeocryst.errors import InputError
from zeocryst.heteroatoms.elements import ELEMENTS
from zeocryst.network.bonds import Network

if TYPE_CHECKING:
    from ase import Atoms

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: How much longer a bond of T to O with an H is, Å.
LONGER_A = {"Si": 0.08, "Ge": 0.08}
LONGER_OTHERS_A = 0.15
#: b of the bond valence, Å.
SOFTNESS_A = 0.37
#: An O may be so far off the middle of its bond, Å: more, and the atoms are not those of the network.
OFF_MIDDLE_A = 1.5


def silicate_of(atoms: Atoms, network: Network) -> Silicate:
    """Atoms in the order of back-mapping (T, an O for each bond, O of silanols, H) with their bonds.

    Raises
    ------
    InputError
        The atoms are not those of the network.
    """
    n, m = network.n_sites, len(network.first)
    owner = np.repeat(np.arange(n), np.maximum(4 - network.degree, 0)).astype(np.int64)
    numbers = atoms.numbers
    end = n + m + len(owner)
    fits = len(atoms) >= end and (numbers[n:end] == 8).all() and not np.isin(numbers[:n], (1, 8)).any()
    if not fits:
        raise InputError(
            f"{len(atoms)} atoms ({atoms.get_chemical_formula()}) are not {n} T, {m} bridging O and "
            f"{len(owner)} O of silanols in this order"
        )
    cell = np.asarray(atoms.cell[:], dtype=float)
    inverse = np.linalg.inv(cell)

    def beside(points: Floats, places: Floats) -> Floats:
        """The images of points that are nearest to places."""
        return np.asarray(points - np.round((points - places) @ inverse) @ cell)

    sites = beside(atoms.positions[:n], network.positions @ np.linalg.inv(network.cell) @ cell)
    moved = replace(network, positions=sites, cell=cell)
    middle = sites[network.first] + 0.5 * moved.vectors
    bridging = beside(atoms.positions[n : n + m], middle)
    terminal = beside(atoms.positions[n + m : end], sites[owner])
    if m and np.linalg.norm(bridging - middle, axis=1).max() > OFF_MIDDLE_A:
        worst = int(np.linalg.norm(bridging - middle, axis=1).argmax())
        raise InputError(f"atom {n + worst} (O) is not near the bond that it should bridge")
    return Silicate(moved, bridging, terminal, owner)


def bond_lengths(symbols: list[str], silicate: Silicate, protonated: Ints) -> Floats:
    """The length to aim at of each bond of ``silicate.bonds()``, (P,) Å.

    Parameters
    ----------
    symbols
        Elements of the T.
    silicate
        T and O with their bonds.
    protonated : (K,) int array
        Bridging O (numbers in ``silicate.positions``) that carry an H.
    """
    t, o, _ = silicate.bonds()
    plain = np.array([ELEMENTS[s].length_A for s in symbols])
    extra = np.array([LONGER_A.get(s, LONGER_OTHERS_A) for s in symbols])
    long = np.isin(o, protonated)
    count = np.bincount(t[long], minlength=len(symbols))
    # valences in units of an ordinary bond of that T: four of them make the atom's
    each = np.exp(-extra / SOFTNESS_A)
    rest = (4 - count * each) / np.maximum(4 - count, 1)
    return np.asarray(np.where(long, (plain + extra)[t], (plain - SOFTNESS_A * np.log(rest))[t]))


def settle(atoms: Atoms, silicate: Silicate, protonated: Ints) -> tuple[Atoms, Silicate]:
    """The framework's geometry solved anew, each T with bonds of its own length; the cell is kept.

    Parameters
    ----------
    atoms
        T, bridging O, O and H of silanols, as back-mapping makes them.
    silicate
        The same with its bonds: `silicate_of`.
    protonated
        Bridging O (numbers among the atoms) that will carry an H.

    Returns
    -------
    atoms : ase.Atoms
        Moved; the silanols' H turned anew to where there is room.
    silicate : Silicate
        Likewise.
    """
    symbols = atoms.get_chemical_symbols()[: silicate.network.n_sites]
    solved, _ = solve(silicate, lengths=bond_lengths(symbols, silicate, protonated))
    hydrogens = place_hydrogens(solved)
    new = atoms.copy()
    if len(new) != solved.n_atoms + len(hydrogens):
        raise InputError(
            f"{len(new)} atoms, where the framework has {solved.n_atoms} T and O and {len(hydrogens)} H of "
            "silanols"
        )
    new.positions[:] = wrap(np.vstack([solved.positions, hydrogens]), new.cell[:])
    return new, solved
