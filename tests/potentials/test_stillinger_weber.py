"""The oracle against the formula, central differences and the published reference energy."""

import numpy as np
import pytest

from zeocryst.cell import box_to_cell, volume
from zeocryst.potentials.stillinger_weber import evaluate
from zeocryst.units import BAR_PER_EV_PER_A3

TYPES = ["T", "S"]


def _of_frame(frame, ts):
    return evaluate(
        frame.particles.position, box_to_cell(frame.configuration.box), frame.particles.typeid, TYPES, ts
    )


def test_reference_energy_and_pressure_of_sod(sod, ts):
    # found with two independent setups, see the README
    result = _of_frame(sod, ts)
    assert result.energy.sum() == pytest.approx(-383.333106, rel=1e-8)
    pressure = result.virial[:3].sum() / 3 / volume(box_to_cell(sod.configuration.box)) * BAR_PER_EV_PER_A3
    assert pressure == pytest.approx(2535.05, abs=0.01)


@pytest.mark.parametrize(("kinds", "sigma", "epsilon"), [((0, 0), 2.7275, 0.536761), ((0, 1), 5.13, 0.06938)])
def test_a_pair_by_hand(ts, kinds, sigma, epsilon):
    r = 1.15 * sigma
    x = r / sigma
    by_hand = 7.049556277 * epsilon * (0.6022245584 * x**-4 - 1) * np.exp(1 / (x - 1.8))
    result = evaluate([[0, 0, 0], [r, 0, 0]], np.eye(3) * 60, kinds, TYPES, ts)
    assert result.energy.sum() == pytest.approx(by_hand, rel=1e-12)
    beyond = evaluate([[0, 0, 0], [1.8 * sigma + 1e-9, 0, 0]], np.eye(3) * 60, kinds, TYPES, ts)
    assert beyond.energy.sum() == 0


def test_a_trimer_by_hand(ts):
    # arms of 3.0 and 3.3 Å at a right angle: cos theta - cos theta0 = 1/3; the third side is out of reach
    # of the two-body force only if it is beyond 4.9095 Å: 3.0^2 + 3.3^2 = 4.46^2, so it counts as well
    eps, sigma = 0.536761, 2.7275
    place = np.array([[0, 0, 0], [3.0, 0, 0], [0, 3.3, 0]])

    def two(r):
        x = r / sigma
        return 7.049556277 * eps * (0.6022245584 * x**-4 - 1) * np.exp(1 / (x - 1.8))

    def arm(r):
        return np.exp(1.2 / (r / sigma - 1.8))

    c = np.hypot(3.0, 3.3)
    expected = two(3.0) + two(3.3) + two(c)
    expected += 23.15 * eps * (0 + 1 / 3) ** 2 * arm(3.0) * arm(3.3)
    expected += 23.15 * eps * (3.0 / c + 1 / 3) ** 2 * arm(3.0) * arm(c)
    expected += 23.15 * eps * (3.3 / c + 1 / 3) ** 2 * arm(3.3) * arm(c)
    result = evaluate(place, np.eye(3) * 60, [0, 0, 0], TYPES, ts)
    assert result.energy.sum() == pytest.approx(expected, rel=1e-12)


@pytest.fixture
def disordered(sod):
    rng = np.random.default_rng(3)
    shear = np.array([[1.0, 0, 0], [0.1, 1.03, 0], [-0.07, 0.05, 0.96]])
    positions = (sod.particles.position + rng.normal(scale=0.25, size=(378, 3))) @ shear
    return positions, box_to_cell(sod.configuration.box) @ shear, np.asarray(sod.particles.typeid)


def test_forces_are_central_differences(disordered, ts):
    x, cell, kinds = disordered
    forces = evaluate(x, cell, kinds, TYPES, ts).forces
    h = 1e-5
    for bead, axis in [(0, 0), (57, 1), (200, 2), (330, 0), (377, 2)]:
        energies = []
        for sign in (1, -1):
            y = x.copy()
            y[bead, axis] += sign * h
            energies.append(evaluate(y, cell, kinds, TYPES, ts).energy.sum())
        assert forces[bead, axis] == pytest.approx(-(energies[0] - energies[1]) / (2 * h), abs=2e-7)
    assert forces.sum(axis=0) == pytest.approx(np.zeros(3), abs=1e-10)


def test_virial_is_the_strain_derivative(disordered, ts):
    x, cell, kinds = disordered
    virial = evaluate(x, cell, kinds, TYPES, ts).virial
    h = 1e-5
    for k, (a, b) in enumerate([(0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2)]):
        energies = []
        for sign in (1, -1):
            strain = np.eye(3)
            strain[a, b] += sign * h
            energies.append(evaluate(x @ strain, cell @ strain, kinds, TYPES, ts).energy.sum())
        assert virial[k] == pytest.approx(-(energies[0] - energies[1]) / (2 * h), abs=1e-5)


def test_a_small_cell_equals_its_supercell(ts):
    # one SOD cell is smaller than the cut-offs: beads meet several images of the same neighbour
    t = np.array([[1, 2, 0], [3, 2, 0], [2, 1, 0], [2, 3, 0], [0, 1, 2], [0, 3, 2],
                  [0, 2, 1], [0, 2, 3], [2, 0, 1], [2, 0, 3], [1, 0, 2], [3, 0, 2]]) * 8.9561 / 4  # fmt: skip
    rng = np.random.default_rng(5)
    t += rng.normal(scale=0.1, size=t.shape)
    cell = np.eye(3) * 8.9561
    one = evaluate(t, cell, np.zeros(12), TYPES, ts)
    eight = np.vstack([t + np.array(s) @ cell for s in np.ndindex(2, 2, 2)])
    many = evaluate(eight, 2 * cell, np.zeros(96), TYPES, ts)
    assert many.energy.sum() == pytest.approx(8 * one.energy.sum(), rel=1e-12)
    assert many.forces[:12] == pytest.approx(one.forces, abs=1e-11)
    assert many.virial == pytest.approx(8 * one.virial, rel=1e-10)


def test_same_bits_every_time(disordered, ts):
    x, cell, kinds = disordered
    first = evaluate(x, cell, kinds, TYPES, ts).forces
    assert all((evaluate(x, cell, kinds, TYPES, ts).forces == first).all() for _ in range(3))
