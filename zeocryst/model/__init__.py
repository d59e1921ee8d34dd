"""The coarse-grained model: its force field, and the solvent that it leaves out."""
