"""Structure-directing agents as molecules: from SMILES or files to conformers, charges, UFF terms (RDKit)."""
