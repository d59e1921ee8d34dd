"""Pair distributions against counts."""

import numpy as np
import pytest

from zeocryst.cell import box_to_cell, make_frame
from zeocryst.order.pair_distribution import pair_distribution

MASSES = {"T": 1.0, "S": 1.0}


def table(frame):
    return pair_distribution(frame).distributions["pair_distribution"]


@pytest.mark.parametrize("edge", [12.0, 30.0])
def test_an_ideal_gas_has_one(edge):
    """In cells smaller than the reach as well; the mean over frames, within its own scatter."""
    n = round(0.02 * edge**3)
    far = slice(40, None)  # 2 Å and more, where a bin has many pairs
    found = {"g_TT": [], "g_TS": [], "g_SS": []}
    for seed in range(40 if edge < 20 else 8):
        points = np.random.default_rng(seed).random((2 * n, 3)) * edge
        g = table(make_frame(points, np.eye(3) * edge, [0] * n + [1] * n, ["T", "S"], MASSES))
        for name, values in found.items():
            values.append(g[name][far].mean())
    for name, values in found.items():
        expected = 1 if name == "g_TS" else 1 - 1 / n
        assert np.mean(values) == pytest.approx(expected, abs=4 * np.std(values) / len(values) ** 0.5), name


def test_shells_of_two_simple_cubic_lattices():
    """CsCl: 6 T at a, 12 at a sqrt 2 around a T, 8 S at a sqrt 3 / 2."""
    a = 5.03  # no shell on the border of two bins
    points = np.array([[0, 0, 0], [a / 2] * 3])
    frame = make_frame(points, np.eye(3) * a, [0, 1], ["T", "S"], MASSES)
    g = table(frame)
    r = g["r_A"]

    def count(name, low, high):
        """Neighbours between two distances: the integral of 4 pi r^2 rho g."""
        shells = 4 / 3 * np.pi * ((r + 0.025) ** 3 - (r - 0.025) ** 3)
        return (g[name] * shells)[(r > low) & (r < high)].sum() / a**3

    assert count("g_TT", 4.8, 5.2) == pytest.approx(6, rel=1e-4)
    assert count("g_SS", 6.9, 7.2) == pytest.approx(12, rel=1e-4)
    assert count("g_TS", 4.2, 4.5) == pytest.approx(8, rel=1e-4)
    assert count("g_TS", 0, 4.2) == 0
    # the same in a supercell
    cells = np.array(list(np.ndindex(3, 2, 4))) * a
    many = (points + cells[:, None]).reshape(-1, 3)
    large = table(make_frame(many, np.diag([3 * a, 2 * a, 4 * a]), [0, 1] * 24, ["T", "S"], MASSES))
    for name in ("g_TT", "g_TS", "g_SS"):
        assert large[name] == pytest.approx(g[name], abs=1e-3)


def test_a_sheared_cell_has_the_same(sod):
    cell = box_to_cell(sod.configuration.box)
    points = np.asarray(sod.particles.position, dtype=float) + cell.sum(axis=0) / 2
    sheared = np.array([[1, 0, 0], [1, 1, 0], [-1, 0, 1]]) @ cell
    other = table(make_frame(points, sheared, sod.particles.typeid, ["T", "S"], MASSES))
    for name, values in table(sod).items():
        assert other[name] == pytest.approx(values, abs=0.02 * values.max())


def test_undefined_is_nan():
    frame = make_frame([[0, 0, 0], [15, 15, 15]], np.eye(3) * 40, [0, 0], ["T"], MASSES)
    found = table(frame)
    assert (found["g_TT"] == 0).all()
    assert np.isnan(found["g_TS"]).all()
    assert np.isnan(found["g_SS"]).all()
