import numpy as np
import pytest

from zeocryst.cell import (
    atoms_to_frame,
    box_to_cell,
    cell_to_box,
    frame_to_atoms,
    heights,
    neighbour_pairs,
    volume,
    wrap,
)  # fmt: skip
from zeocryst.errors import InputError

TILTED = np.array([[9.0, 0, 0], [-4.5, 8.0, 0], [1.0, 2.0, 7.0]])


def test_box_of_a_hexagonal_cell():
    # hexagonal: xy = cos(120°)/sin(120°) by GSD's definition of the tilt factors
    a = np.array([[10.0, 0, 0], [-5.0, 5 * 3**0.5, 0], [0, 0, 12.0]])
    box, rotation = cell_to_box(a)
    assert box == pytest.approx([10, 5 * 3**0.5, 12, -1 / 3**0.5, 0, 0])
    assert rotation == pytest.approx(np.eye(3))
    assert box_to_cell(box) == pytest.approx(a)


def test_a_rotated_cell_keeps_all_distances():
    from scipy.spatial.transform import Rotation

    turn = Rotation.from_euler("xyz", [20, 50, 70], degrees=True).as_matrix()
    rng = np.random.default_rng(1)
    x = rng.random((20, 3)) @ TILTED
    box, rotation = cell_to_box(TILTED @ turn.T)
    before = np.sort(neighbour_pairs(x, TILTED, 4.0)[3])
    after = np.sort(neighbour_pairs(x @ turn.T @ rotation.T, box_to_cell(box), 4.0)[3])
    assert after == pytest.approx(before)


def test_left_handed_and_flat_cells_are_refused():
    for cell in (np.diag([1.0, 1, -1]), np.zeros((3, 3)), np.full((3, 3), np.nan)):
        with pytest.raises(InputError, match="lattice vectors"):
            cell_to_box(cell)


def test_wrap_moves_by_lattice_vectors_only():
    rng = np.random.default_rng(2)
    x = rng.normal(scale=40, size=(200, 3))
    for centred in (False, True):
        y = wrap(x, TILTED, centred=centred)
        shift = (y - x) @ np.linalg.inv(TILTED)
        assert shift == pytest.approx(np.round(shift), abs=1e-9)
        fractional = y @ np.linalg.inv(TILTED)
        low = -0.5 if centred else 0.0
        assert (fractional >= low - 1e-12).all()
        assert (fractional < low + 1).all()


def test_wrap_of_a_tiny_negative_number():
    assert wrap([[-1e-18, 0, 0]], np.eye(3) * 5)[0] == pytest.approx([0, 0, 0])


def test_heights_and_volume():
    assert volume(TILTED) == pytest.approx(9 * 8 * 7)
    assert heights(TILTED)[2] == pytest.approx(7.0)


def test_neighbours_across_images_of_a_small_cell():
    # one site in a cubic cell of 3 Å: six neighbours at 3 Å, twelve at 3 sqrt 2
    i, j, shift, d = neighbour_pairs([[0.1, 0.2, 0.3]], np.eye(3) * 3, 4.5, full=True)
    assert (np.isclose(d, 3)).sum() == 6
    assert (np.isclose(d, 3 * 2**0.5)).sum() == 12
    assert np.linalg.norm(shift @ (np.eye(3) * 3), axis=1) == pytest.approx(d)


def test_neighbours_take_single_precision():
    x = np.array([[0, 0, 0], [1, 1, 1]], dtype=np.float32)
    assert neighbour_pairs(x, np.eye(3, dtype=np.float32) * 9, 2.0)[3] == pytest.approx([3**0.5])


def test_frame_to_atoms_and_back(ts):
    from ase import Atoms

    atoms = Atoms("Si3X", scaled_positions=[[0, 0, 0], [0.3, 0.2, 0.9], [0.5, 0.5, 0.5], [0.9, 0.1, 0.2]],
                  cell=TILTED, pbc=True)  # fmt: skip
    frame = atoms_to_frame(atoms, {"Si": "T", "X": "S"}, ts.masses)
    assert list(frame.particles.types) == ["T", "S"]
    back = frame_to_atoms(frame, {"T": "Si", "S": "X"})
    delta = (back.get_scaled_positions() - atoms.get_scaled_positions() + 0.5) % 1 - 0.5
    assert abs(delta).max() < 1e-6
    with pytest.raises(InputError, match="X"):
        atoms_to_frame(atoms, {"Si": "T"}, ts.masses)
