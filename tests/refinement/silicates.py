"""Small silicates whose bonds are known, for the tests of refinement."""

import numpy as np
from ase import Atom

import zeocryst as zc
from zeocryst.refinement.typing import surroundings


def framework():
    """All-silica SOD, 12 T."""
    return zc.framework("SOD")


def with_silanols():
    """SOD without one Si, whose four O have hydrogens: a nest of four silanols."""
    atoms = framework()
    out = int(np.flatnonzero(atoms.numbers == 14)[0])
    bare = surroundings(atoms, ["Si"], "test")
    oxygens = bare.t_o[bare.t_o[:, 0] == out, 1]
    for o in oxygens.tolist():
        to_gap = atoms.get_distance(o, out, mic=True, vector=True)
        atoms.append(Atom("H", atoms.positions[o] + 0.97 * to_gap / np.linalg.norm(to_gap)))
    del atoms[out]
    return atoms


def with_aluminium(cation, number=0):
    """SOD with one Al and what balances it, on one of its O."""
    atoms = framework()
    al = int(np.flatnonzero(atoms.numbers == 14)[0])
    atoms.symbols[al] = "Al"
    bonds = surroundings(atoms, ["Si", "Al"], "test").t_o
    o = int(bonds[bonds[:, 0] == al, 1][number])
    out = np.zeros(3)
    for t in bonds[bonds[:, 1] == o, 0].tolist():
        arm = atoms.get_distance(t, o, mic=True, vector=True)
        out += arm / np.linalg.norm(arm)
    reach = 0.97 if cation == "H" else 2.3
    atoms.append(Atom(cation, atoms.positions[o] + reach * out / np.linalg.norm(out)))
    return atoms
