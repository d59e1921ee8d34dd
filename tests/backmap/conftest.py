"""What the tests of back-mapping share: the reference's own oxygens, bond by bond, and its residual."""

import numpy as np
import pytest

from zeocryst.backmap.dls import prescribed_terms, residual
from zeocryst.backmap.oxygens import add_oxygens
from zeocryst.cell import neighbour_pairs
from zeocryst.order.derive import network_of


class Reference:
    """One framework type: its network, its oxygens in the order of the bonds, the residual of its own atoms.

    The residual is R of the DLS-76 terms for the reference's atoms as they are (not refined any further).
    """

    def __init__(self, atoms):
        self.atoms = atoms
        self.network = network_of(atoms)
        n = self.network.n_sites
        t, o, cell = atoms.positions[atoms.numbers == 14], atoms.positions[atoms.numbers == 8], atoms.cell[:]
        i, j, shift, d = neighbour_pairs(np.vstack([t, o]), cell, 2.2, full=True)
        mine = (i >= n) & (j < n)
        i, j, shift, d = i[mine], j[mine], shift[mine], d[mine]
        order = np.lexsort((d, i))  # the order in which network_of makes bonds of oxygens
        i, j, shift = i[order], j[order], shift[order]
        begin = np.flatnonzero(np.append(True, i[1:] != i[:-1]))
        count = np.diff(np.append(begin, len(i)))
        self.terminal = o[i[begin[count == 1]] - n]
        self.terminal_site = j[begin[count == 1]]
        bridge = begin[count >= 2]
        assert (j[bridge] == self.network.first).all()
        # beside the first T, as in a Silicate
        self.oxygens = o[i[bridge] - n] - shift[bridge] @ cell

    @property
    def fully_connected(self):
        return (self.network.degree == 4).all()

    @property
    def own_residual(self):
        silicate = add_oxygens(self.network, np.random.default_rng(1))
        positions = np.vstack([self.network.positions, self.oxygens])
        return residual(prescribed_terms(silicate), positions, self.network.cell)


@pytest.fixture(scope="session")
def references(reference):
    return {code: Reference(atoms) for code, atoms in sorted(reference.items())}


@pytest.fixture(scope="session")
def connected(references):
    """The 237 fully connected types."""
    found = {code: r for code, r in references.items() if r.fully_connected}
    assert len(found) == 237
    return found
