"""Files of other programs to atoms, whatever they are called: CIF, what engines write, what ASE reads."""
