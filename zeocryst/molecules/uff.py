r"""UFF of a molecule as a list of terms: RDKit's own parameters, in the forms that LAMMPS has.

A. K. Rappé, C. J. Casewit, K. S. Colwell, W. A. Goddard, W. M. Skiff, J. Am. Chem. Soc. 114, 10024 (1992), as
RDKit has it (which differs from the paper in torsions of order and inversions of carbonyls; no charges). With
:math:`\theta` an angle, :math:`\phi` a dihedral, :math:`\omega` what a bond makes with the plane of two
others::

    bond       k/2 (r - r0)^2                                  harmonic
    angle      k (C0 + C1 cos theta + C2 cos 2 theta)          fourier          (sp3)
               k (1 + cos theta)                               fourier          (sp)
               k/9 (1 - cos 3 theta)                           cosine/periodic  (sp2)
    dihedral   V/2 (1 - c cos n phi), V shared by those about  charmm
               one bond
    inversion  K (C0 + C1 cos omega + C2 cos 2 omega), thrice  fourier
    else       D ((x/r)^12 - 2 (x/r)^6) from third neighbours  lj/cut
               on

LAMMPS's ``fourier/simple`` would do for sp2, but its forces are not the derivative of its energy (2025.7.22).
What RDKit adds where an sp or sp2 angle falls below 30 degrees is left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import combinations, combinations_with_replacement
from math import cos, radians, sin
from typing import Any

import numpy as np

from zeocryst.errors import InputError
from zeocryst.model.topology import Coefficients, Collected, PairTerm, Terms, Topology
from zeocryst.molecules.model import Molecule
from zeocryst.molecules.reading import silent
from zeocryst.units import EV_PER_KCAL_PER_MOL as KCAL

#: Oxygen's group: its single bonds prefer dihedrals of 90 degrees (UFF's equation 16 and after).
GROUP_16 = (8, 16, 34, 52)
#: Natural angle of the inversion at phosphorus with three bonds, degrees.
PHOSPHORUS_DEG = 84.4339


def _with(style: str, *numbers: float) -> Coefficients:
    """Coefficients to twelve digits, so that what differs by rounding alone is one kind."""
    return style, tuple(float(f"{x:.12g}") for x in numbers)


def _told_apart(terms: Terms) -> Terms:
    """The same with names that differ."""
    seen: dict[str, int] = {}
    names = []
    for name in terms.names:
        seen[name] = seen.get(name, 0) + 1
        names.append(name if seen[name] == 1 else f"{name}.{seen[name]}")
    return replace(terms, names=tuple(names))


def uff_topology(molecule: Molecule) -> Topology:
    """All terms of UFF inside a molecule, its partial charges beside them.

    Atoms are numbered as in the molecule; ``molecule`` is 1 for all. UFF's own energy, which RDKit's equals,
    has no charges: ``coulomb`` is None.

    Raises
    ------
    InputError
        UFF has no types for an atom, or an angle that LAMMPS has no form for (more than four neighbours; sp2
        atoms in rings of three or four).
    """
    with silent():
        return _topology(molecule)


def _topology(molecule: Molecule) -> Topology:
    from rdkit.Chem import rdForceFieldHelpers as helpers

    mol = molecule.rdkit
    if not helpers.UFFHasAllMoleculeParams(mol):
        raise InputError(f"molecule {molecule.name}: UFF (RDKit) has no types for all its atoms")
    labels, places = _types(mol)
    own = [labels[k] for k in places]
    first = [places.index(k) for k in range(len(labels))]
    masses = [mol.GetAtomWithIdx(k).GetMass() for k in first]
    pairs = []
    for a, b in combinations_with_replacement(range(len(labels)), 2):
        distance, depth = helpers.GetUFFVdWParams(mol, first[a], first[b])
        numbers = (depth * KCAL, distance / 2 ** (1 / 6))
        pairs.append(PairTerm((labels[a], labels[b]), "lj/cut", numbers))
    number = len(mol.GetAtoms())
    return Topology(
        types=tuple(labels),
        masses=np.array(masses),
        kind=np.array(places, np.int64),
        charge=molecule.partial_charges.copy(),
        molecule=np.ones(number, np.int64),
        core=np.full(number, -1, np.int64),
        bonds=_bonds(mol, own),
        angles=_angles(mol, own, molecule.name),
        dihedrals=_dihedrals(mol, own),
        impropers=_inversions(mol, own),
        pairs=tuple(pairs),
        coulomb=None,
    )


def _types(mol: Any) -> tuple[list[str], list[int]]:
    """Types of atoms that have the same element, hybridization and size, and that of each atom.

    Names are UFF's: element, then 1, 2, 3 for sp, sp2, sp3 and R for resonance.
    """
    from rdkit.Chem import HybridizationType
    from rdkit.Chem import rdForceFieldHelpers as helpers

    ends = {HybridizationType.SP: "1", HybridizationType.SP2: "2", HybridizationType.SP3: "3"}
    kinds: dict[tuple[str, tuple[float, float]], int] = {}
    labels: list[str] = []
    places = []
    for atom in mol.GetAtoms():
        end = "R" if atom.GetIsAromatic() else ends.get(atom.GetHybridization(), "")
        end = "" if atom.GetAtomicNum() in (1, 9, 17, 35, 53) else end
        name = f"{atom.GetSymbol():_<2}{end}"
        key = (name, helpers.GetUFFVdWParams(mol, atom.GetIdx(), atom.GetIdx()))
        if key not in kinds:
            kinds[key] = len(labels)
            same = sum(label.split(".")[0] == name for label in labels)
            labels.append(name if not same else f"{name}.{same + 1}")
        places.append(kinds[key])
    return labels, places


def _joined(own: list[str], atoms: Iterable[int]) -> str:
    """The name of a term: those of its atoms, read from the end that comes first in the alphabet."""
    names = [own[k] for k in atoms]
    return "-".join(min(names, names[::-1]))


def _bonds(mol: Any, own: list[str]) -> Terms:
    from rdkit.Chem import rdForceFieldHelpers as helpers

    found = Collected(2)
    for bond in mol.GetBonds():
        pair = (bond.GetBeginAtomIdx(), bond.GetEndAtomIdx())
        stiffness, length = helpers.GetUFFBondStretchParams(mol, *pair)
        found.add(pair, _joined(own, pair), _with("harmonic", stiffness / 2 * KCAL, length))
    return _told_apart(found.terms())


def _angles(mol: Any, own: list[str], name: str) -> Terms:
    from rdkit.Chem import HybridizationType as Kind
    from rdkit.Chem import rdForceFieldHelpers as helpers

    found = Collected(3)
    for atom in mol.GetAtoms():
        j = atom.GetIdx()
        neighbours = sorted(n.GetIdx() for n in atom.GetNeighbors())
        hybrid = atom.GetHybridization()
        strained = hybrid == Kind.SP2 and (atom.IsInRingSize(3) or atom.IsInRingSize(4))
        if len(neighbours) > 1 and (hybrid not in (Kind.SP, Kind.SP2, Kind.SP3) or strained):
            what = "an sp2 atom in a ring of three or four" if strained else f"{len(neighbours)} neighbours"
            raise InputError(
                f"molecule {name}: atom {j + 1} ({atom.GetSymbol()}) has {what}; UFF's angles there have no "
                "counterpart among the terms that are written; relax it with a calculator instead"
            )
        for i, k in combinations(neighbours, 2):
            stiffness, angle = helpers.GetUFFAngleBendParams(mol, i, j, k)
            label = _joined(own, (i, j, k))
            if hybrid == Kind.SP3:
                c2 = 1 / (4 * sin(radians(angle)) ** 2)
                c1 = -4 * c2 * cos(radians(angle))
                c0 = c2 * (2 * cos(radians(angle)) ** 2 + 1)
                found.add((i, j, k), label, _with("fourier", stiffness * KCAL, c0, c1, c2))
            elif hybrid == Kind.SP2:
                # 2 C / n^2 (1 - B (-1)^n cos n theta) of C, B, n
                found.add((i, j, k), label, _with("cosine/periodic", stiffness / 2 * KCAL, -1, 3))
            else:
                found.add((i, j, k), label, _with("fourier", stiffness * KCAL, 1.0, 1.0, 0.0))
    return _told_apart(found.terms())


def _dihedrals(mol: Any, own: list[str]) -> Terms:
    """Torsions about bonds between sp2 and sp3 atoms; what UFF gives to a bond is shared by all about it."""
    from rdkit.Chem import HybridizationType as Kind
    from rdkit.Chem import rdForceFieldHelpers as helpers

    found = Collected(4)
    for bond in mol.GetBonds():
        inner = (bond.GetBeginAtom(), bond.GetEndAtom())
        if any(atom.GetHybridization() not in (Kind.SP2, Kind.SP3) for atom in inner):
            continue
        j, k = (atom.GetIdx() for atom in inner)
        ends = [sorted(n.GetIdx() for n in atom.GetNeighbors() if n.GetIdx() not in (j, k)) for atom in inner]
        about = [(i, j, k, m) for i in ends[0] for m in ends[1] if i != m]
        for quartet in about:
            barrier = helpers.GetUFFTorsionParams(mol, *quartet)
            if not barrier:
                continue
            outer = [mol.GetAtomWithIdx(q).GetHybridization() == Kind.SP2 for q in quartet[::3]]
            order, sign = _wave(inner, bond, any(outer))
            # charmm: K (1 + cos(n phi - d)), d a whole number of degrees; weight 0: no 1-4 pairs of its own
            phase = 0 if sign < 0 else 180
            height = barrier / 2 / len(about) * KCAL
            found.add(quartet, _joined(own, quartet), _with("charmm", height, order, phase, 0.0))
    return _told_apart(found.terms())


def _wave(inner: tuple[Any, Any], bond: Any, outer_sp2: bool) -> tuple[int, int]:
    """Order n and sign c of V/2 (1 - c cos n phi), by UFF's rules for the two atoms in the middle."""
    from rdkit.Chem import BondType
    from rdkit.Chem import HybridizationType as Kind

    single = bond.GetBondType() == BondType.SINGLE
    planar = [atom.GetHybridization() == Kind.SP2 for atom in inner]
    chalcogen = [atom.GetAtomicNum() in GROUP_16 for atom in inner]
    if not any(planar):
        return (2, -1) if single and all(chalcogen) else (3, -1)
    if all(planar):
        return 2, 1
    tetrahedral = planar.index(False)
    if single and chalcogen[tetrahedral] and not chalcogen[1 - tetrahedral]:
        return 2, -1
    return (3, -1) if single and outer_sp2 else (6, 1)


def _inversions(mol: Any, own: list[str]) -> Terms:
    """One term for all three ways to take a bond out of the plane of the other two."""
    from rdkit.Chem import HybridizationType as Kind
    from rdkit.Chem import rdForceFieldHelpers as helpers

    found = Collected(4)
    for atom in mol.GetAtoms():
        number = atom.GetAtomicNum()
        planar = number in (6, 7, 8) and atom.GetHybridization() == Kind.SP2
        if atom.GetDegree() != 3 or not (planar or number == 15):
            continue
        a, b, c = sorted(n.GetIdx() for n in atom.GetNeighbors())
        barrier = helpers.GetUFFInversionParams(mol, a, atom.GetIdx(), b, c)
        c0, c1, c2 = (1.0, -1.0, 0.0) if planar else _pyramid(radians(PHOSPHORUS_DEG))
        quartet = (atom.GetIdx(), a, b, c)
        label = own[quartet[0]] + "-" + "-".join(sorted(own[q] for q in quartet[1:]))
        found.add(quartet, label, _with("fourier", barrier * KCAL, c0, c1, c2, 1))
    return _told_apart(found.terms())


def _pyramid(omega: float) -> tuple[float, float, float]:
    """Coefficients of an inversion whose minimum is at `omega`, radians."""
    c1 = -4 * cos(omega)
    return -(c1 * cos(omega) + cos(2 * omega)), c1, 1.0
