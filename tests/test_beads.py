"""One look at a frame: against what ASE says of the same beads, in a tilted cell."""

import numpy as np
import pytest

from zeocryst.beads import Beads
from zeocryst.cell import frame_to_atoms, make_frame

CELL = np.array([[11.0, 0.0, 0.0], [2.0, 9.0, 0.0], [-1.5, 1.0, 8.0]])


@pytest.fixture
def frame():
    points = np.random.default_rng(3).random((7, 3)) @ CELL
    return make_frame(points, CELL, [0, 1, 0, 1, 1, 0, 0], ["T", "S"], {"T": 28.0, "S": 60.0})


def test_it_is_what_ase_sees(frame):
    beads, atoms = Beads.of(frame), frame_to_atoms(frame, {"T": "Si", "S": "X"})
    assert np.allclose(beads.cell, atoms.cell[:], atol=1e-5)
    apart = np.linalg.solve(beads.cell.T, (beads.positions - atoms.positions).T)
    assert np.abs(apart - apart.round()).max() < 1e-5
    assert beads.volume == pytest.approx(atoms.get_volume())
    assert (beads.are("T") == (atoms.numbers == 14)).all()
    assert (beads.count("T"), beads.count("S"), beads.count("O")) == (4, 3, 0)
    assert not beads.are("O").any()


def test_nothing_is_written_through_it(frame):
    beads, before = Beads.of(frame), np.array(frame.particles.position)
    for values in (beads.cell, beads.centred, beads.kinds):
        with pytest.raises(ValueError, match="read-only"):
            values[0] = 0
    beads.positions[0] = 99.0
    assert (np.asarray(frame.particles.position) == before).all()
