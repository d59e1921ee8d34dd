"""Files of other programs to atoms, whatever they are called: CIF, LAMMPS, and what ASE reads."""
