"""The compiled parts of back-mapping against scipy, finite differences and vesin."""

import numpy as np
import pytest

from zeocryst.backmapping import distances as kernels
from zeocryst.backmapping.descent import Descent, VolumeTerm
from zeocryst.backmapping.distances import Terms, related
from zeocryst.backmapping.dls import prescribed_terms
from zeocryst.backmapping.grid import around, build_grid
from zeocryst.backmapping.oxygens import add_oxygens
from zeocryst.cell import neighbour_pairs

SKEWED = np.array([[7.0, 0, 0], [2.5, 8, 0], [-3, 1.5, 9]])


def some_terms(rng, n=12, m=60):
    i, j = rng.integers(n, size=m), rng.integers(n, size=m)
    shift = rng.integers(-1, 2, size=(m, 3))
    apart = (i != j) | (shift != 0).any(axis=1)
    i, j, shift = i[apart], j[apart], shift[apart]
    one_sided = rng.random(len(i)) < 0.3
    return Terms(i, j, shift, rng.uniform(2, 6, len(i)), rng.uniform(0.2, 2, len(i)), one_sided)


def misfits(terms, positions, cell):
    """Straight from the definition."""
    d = np.linalg.norm(terms.vectors(positions, cell), axis=1)
    off = terms.weight * (d - terms.distance)
    return np.where(terms.one_sided, np.minimum(off, 0), off)


@pytest.mark.parametrize("seed", range(3))
def test_j_and_its_transpose_are_the_derivatives(seed):
    rng = np.random.default_rng(seed)
    terms = some_terms(rng)
    positions = rng.random((12, 3)) @ SKEWED
    m = len(terms.i)
    gap, slope, off, out = np.empty((m, 3)), np.empty((m, 3)), np.empty(m), np.empty(m)
    value = kernels.misfit(
        positions,
        terms.i,
        terms.j,
        terms.shift @ SKEWED,
        terms.distance,
        terms.weight,
        terms.one_sided,
        gap,
        slope,
        off,
    )
    assert off == pytest.approx(misfits(terms, positions, SKEWED))
    assert value == pytest.approx((off**2).sum())
    step, strain = rng.normal(size=(12, 3)), rng.normal(size=(3, 3))
    strain = strain + strain.T
    kernels.forward(step, strain, True, terms.i, terms.j, gap, slope, out)
    h = 1e-6
    sides = []
    for sign in (1, -1):
        bent = np.eye(3) + sign * h * strain
        sides.append(misfits(terms, (positions + sign * h * step) @ bent, SKEWED @ bent))
    assert out == pytest.approx((sides[0] - sides[1]) / (2 * h), abs=1e-5)
    # the transpose, by the definition of one
    t = rng.normal(size=m)
    back = np.empty((12, 3))
    kernels.backward(t, *terms.by_atom(12), slope, back, 0.0, step)
    back6 = kernels.backward_strain(t, gap, slope)
    six = np.array([strain[0, 0], strain[1, 1], strain[2, 2], strain[0, 1], strain[0, 2], strain[1, 2]])
    assert t @ out == pytest.approx(np.vdot(back, step) + back6 @ six)


def test_where_a_descent_ends_scipy_finds_nothing_lower(connected):
    from scipy.optimize import least_squares

    network = connected["SOD"].network
    silicate = add_oxygens(network, np.random.default_rng(2))
    terms = prescribed_terms(silicate)
    begin = (misfits(terms, silicate.positions, network.cell) ** 2).sum()
    descent = Descent(silicate.positions, network.cell, terms)
    reached = descent.run(tolerance=1e-6)
    assert reached == pytest.approx((misfits(terms, descent.positions, network.cell) ** 2).sum())
    assert reached < 0.05 * begin
    found = least_squares(
        lambda x: misfits(terms, x.reshape(-1, 3), network.cell), descent.positions.ravel(), max_nfev=15
    )
    assert reached <= 1.02 * 2 * found.cost


def test_the_volume_term_gives_its_volume():
    """All but no distance and the volume: a cell of the wrong size takes the right one."""
    one = np.zeros(1, dtype=int)
    terms = Terms(one, one, np.array([[1, 0, 0]]), np.array([10.0]), np.array([1e-3]))
    descent = Descent(np.ones((1, 3)), np.eye(3) * 10, terms, VolumeTerm(1.0, 1100.0, 4))
    assert descent.run(tolerance=1e-9) < 1e-5
    assert np.linalg.det(descent.cell) == pytest.approx(1100.0, rel=2e-3)


@pytest.mark.parametrize("reach", [1.5, 4.0, 11.0])
def test_around_a_point_is_what_a_neighbour_list_finds(reach):
    """Also where the cell is smaller than the reach, and from a point outside the cell."""
    rng = np.random.default_rng(4)
    points = rng.random((15, 3)) @ SKEWED + 3 * SKEWED[0]
    origin = rng.random(3) @ SKEWED - 2 * SKEWED[1]
    grid = build_grid(points, SKEWED, reach)
    found, number = np.empty((4000, 3)), np.empty(4000, np.int64)
    count = around(origin, grid, found, number)
    i, j, shift, d = neighbour_pairs(np.vstack([origin, points]), SKEWED, reach, full=True)
    mine = (i == 0) & (j != 0)
    assert count == mine.sum()
    assert np.sort(np.linalg.norm(found[:count], axis=1)) == pytest.approx(np.sort(d[mine]))
    assert np.sort(number[:count]).tolist() == np.sort(j[mine] - 1).tolist()


def test_related_pairs_are_those_of_terms_and_no_others():
    rng = np.random.default_rng(3)
    terms = some_terms(rng)
    known = {
        (a, b, *s) for a, b, s in zip(terms.i.tolist(), terms.j.tolist(), terms.shift.tolist(), strict=True)
    }
    known |= {(b, a, -x, -y, -z) for a, b, x, y, z in known}
    i, j, shift, _ = neighbour_pairs(rng.random((12, 3)) @ SKEWED, SKEWED, 6.0)
    found = related(i, j, shift, terms.i, terms.j, terms.shift, *terms.by_atom(12))
    by_set = [(a, b, *s) in known for a, b, s in zip(i.tolist(), j.tolist(), shift.tolist(), strict=True)]
    assert found.tolist() == by_set
    assert 0 < found.sum() < len(found)
