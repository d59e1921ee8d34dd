"""Structure-directing agents as molecules: from SMILES or files to conformers, charges, UFF terms (RDKit)."""

from zeocryst.molecules.model import Molecule
from zeocryst.molecules.named import molecule_named, shipped
from zeocryst.molecules.uff import uff_topology

__all__ = ["Molecule", "molecule_named", "shipped", "uff_topology"]
