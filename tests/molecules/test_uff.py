"""UFF as a list of terms: the engine's energy of it is RDKit's."""

from dataclasses import replace

import numpy as np
import pytest
from ase import Atoms
from rdkit import Chem, rdBase
from rdkit.Chem import AllChem

from zeocryst.engines.lammps.atoms import evaluate
from zeocryst.errors import InputError
from zeocryst.molecules import molecule_named, shipped, uff_topology
from zeocryst.units import EV_PER_KCAL_PER_MOL

#: sp2 and sp carbon, aromatic cations, amides, ethers, S, P, Si, B, three-rings.
OTHERS = (
    "C[n+]1ccn(C)c1", "C[n+]1ccccc1", "C[N+](C)(C)Cc1ccccc1", "CC(=O)N(C)C", "C1COCCOCCO1", "CN(C)[P+](C)(N(C)C)N(C)C",
    "CP(C)C", "C=CC[N+](C)(C)C", "CC#CC[N+](C)(C)C", "CSSC", "COO", "C1CC1[NH3+]", "NC(=[NH2+])N", "COC=C", "c1ccsc1",
    "C[Si](C)(C)C", "OB(O)O", "CC(=O)[O-]", "CS(=O)(=O)N", "C1N2CN3CN1CN(C2)C3", "BrCC[NH3+]",
)  # fmt: skip


def rdkits(molecule, positions):
    """Energy and gradient of RDKit's UFF, kcal/mol and Å."""
    mol = Chem.Mol(molecule.rdkit)
    conformer = Chem.Conformer(len(molecule))
    for k, place in enumerate(positions.tolist()):
        conformer.SetAtomPosition(k, place)
    mol.AddConformer(conformer, assignId=True)
    with rdBase.BlockLogs():
        field = AllChem.UFFGetMoleculeForceField(mol, vdwThresh=100.0)
    return field.CalcEnergy(), np.array(field.CalcGrad()).reshape(-1, 3)


def worst(molecule, places):
    """Largest difference of energy (kcal/mol) and of force (kcal/mol/Å) over positions."""
    topology = replace(uff_topology(molecule), cutoff_A=40.0)
    energies, forces = [], []
    for positions in places:
        ours = evaluate(Atoms(molecule.symbols, positions), topology)
        energy, gradient = rdkits(molecule, positions)
        energies.append(abs(ours.energy_eV / EV_PER_KCAL_PER_MOL - energy))
        forces.append(np.abs(ours.forces / EV_PER_KCAL_PER_MOL + gradient).max())
    return max(energies), max(forces)


def distorted(molecule, count, size=0.12):
    noise = np.random.default_rng(5).normal(scale=size, size=(count, len(molecule), 3))
    return [molecule.conformers[0] + shift for shift in noise]


@pytest.mark.parametrize("name", list(shipped()))
def test_shipped_molecules(name):
    molecule = molecule_named(name)
    energy, force = worst(molecule, [*molecule.conformers[:3], *distorted(molecule, 3)])
    assert energy < 1e-4
    assert force < 1e-3


def some_smiles():
    return [s if k % 5 == 0 else pytest.param(s, marks=pytest.mark.slow) for k, s in enumerate(OTHERS)]


@pytest.mark.parametrize("smiles", some_smiles())
def test_other_molecules(smiles):
    molecule = molecule_named(smiles)
    energy, force = worst(molecule, [molecule.conformers[0], *distorted(molecule, 2)])
    assert energy < 1e-4
    assert force < 1e-3


def test_a_wrong_term_would_be_seen():
    """The twin: one torsion of another order is 0.01 kcal/mol and more off."""
    molecule = molecule_named("choline")
    topology = replace(uff_topology(molecule), cutoff_A=40.0)
    style, (height, order, phase, weight) = topology.dihedrals.coefficients[0]
    changed = ((style, (height, order - 1, phase, weight)), *topology.dihedrals.coefficients[1:])
    wrong = replace(topology, dihedrals=replace(topology.dihedrals, coefficients=changed))
    positions = distorted(molecule, 1)[0]
    energy = evaluate(Atoms(molecule.symbols, positions), wrong).energy_eV / EV_PER_KCAL_PER_MOL
    assert abs(energy - rdkits(molecule, positions)[0]) > 0.01


def test_terms_of_water():
    """O-H of 0.990 Å and 104.51 degrees (Rappé et al. 1992, table I: O_3), no dihedral, no pair."""
    topology = uff_topology(molecule_named("O"))
    assert topology.types == ("O_3", "H_")
    assert len(topology.bonds.atoms) == 2
    assert len(topology.angles.atoms) == 1
    assert not len(topology.dihedrals.atoms)
    assert topology.bonds.coefficients[0][1][1] == pytest.approx(0.990, abs=0.001)
    _, (_, _, c1, c2) = topology.angles.coefficients[0]
    assert np.degrees(np.arccos(-c1 / (4 * c2))) == pytest.approx(104.51)
    assert topology.coulomb is None
    assert (topology.molecule == 1).all()


@pytest.mark.parametrize(
    ("smiles", "said"), [("C=C1CC1", "ring of three or four"), ("FP(F)(F)(F)F", "5 neighbours")]
)
def test_what_has_no_form_is_refused(smiles, said):
    with pytest.raises(InputError, match=said):
        uff_topology(molecule_named(smiles))
