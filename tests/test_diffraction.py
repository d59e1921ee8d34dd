"""Powder patterns and structure factors against lattice constants, reflection conditions and direct sums."""

import gemmi
import numpy as np
import pytest

from zeocryst.frameworks.table import start_structure
from zeocryst.network.bonds import bonds_from_sites
from zeocryst.order.diffraction import CU_K_ALPHA_A, powder_pattern, reflections, small_angle, structure_factor


def silicate(code):
    """Si on the T of a framework, O in the middle of each bond, which keeps the space group."""
    cell, sites = start_structure(code)
    network = bonds_from_sites(sites, cell)
    oxygens = network.positions[network.first] + network.vectors / 2
    return np.vstack([sites, oxygens]), ["Si"] * len(sites) + ["O"] * len(oxygens), cell


def direct(positions, elements, cell, indices):
    """|F|^2 by the sum over the atoms."""
    g = indices @ np.linalg.inv(cell).T
    total = 0
    for symbol in set(elements):
        table = gemmi.Element(symbol).it92
        form = np.array([table.calculate_sf(float(s)) for s in (g**2).sum(axis=1) / 4])
        mine = positions[[e == symbol for e in elements]]
        total = total + form * np.exp(2j * np.pi * g @ mine.T).sum(axis=1)
    return abs(total) ** 2


@pytest.mark.parametrize("code", ["SOD", "MFI", "SGT"])
def test_lines_stand_where_the_lattice_constants_say(code):
    positions, elements, cell = silicate(code)
    angle, intensity, indices = reflections(positions, elements, cell)
    assert np.allclose(cell, np.diag(np.diag(cell)))  # so that 1/d^2 = h^2/a^2 + k^2/b^2 + l^2/c^2
    spacing = 1 / np.sqrt(((indices / np.diag(cell)) ** 2).sum(axis=1))
    expected = 2 * np.degrees(np.arcsin(CU_K_ALPHA_A / (2 * spacing)))
    assert angle == pytest.approx(expected, abs=1e-3)
    strong = intensity > 1e-4 * intensity.max()
    h, k, l = indices.T
    # International Tables A: Im-3m (SOD), Pnma (MFI), I4_1/amd (SGT)
    forbidden = {
        "SOD": (h + k + l) % 2 == 1,
        "MFI": ((h == 0) & ((k + l) % 2 == 1)) | ((l == 0) & (h % 2 == 1)),
        "SGT": (h + k + l) % 2 == 1,
    }[code]
    assert forbidden.sum() > 10
    assert not (strong & forbidden).any()
    assert strong.sum() > 10


def test_intensities_are_those_of_the_sum_over_the_atoms():
    positions, elements, cell = silicate("MFI")
    rng = np.random.default_rng(1)
    positions = positions + rng.normal(scale=0.1, size=positions.shape)
    # any cell: triclinic and turned
    from scipy.spatial.transform import Rotation

    shear = np.array([[1, 0, 0], [0.2, 1, 0], [-0.1, 0.3, 1]])
    turn = Rotation.random(random_state=2).as_matrix()
    positions, cell = positions @ shear @ turn.T, cell @ shear @ turn.T
    angle, intensity, indices = reflections(positions, elements, cell)
    theta = np.radians(angle / 2)
    expected = 2 * direct(positions, elements, cell, indices)
    expected *= (1 + np.cos(2 * theta) ** 2) / (np.sin(theta) ** 2 * np.cos(theta))
    assert abs(intensity - expected).max() < 0.01 * expected.max()
    strong = expected > 0.02 * expected.max()
    assert intensity[strong] == pytest.approx(expected[strong], rel=0.03)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        # pymatgen 2026.10.24, XRDCalculator(wavelength=1.540593), of the same atoms: 2 theta and intensity
        ("SOD", {13.959: 100.0, 19.79: 23.54, 24.299: 28.9, 28.13: 3.75, 31.532: 13.73, 34.632: 12.36, 42.758: 4.17,
                 47.533: 3.74}),
        ("MFI", {8.033: 100.0, 8.076: 69.31, 8.796: 60.35, 8.953: 69.18, 9.198: 39.05, 13.464: 13.72, 15.683: 9.92,
                 23.129: 37.49, 23.512: 29.79, 23.931: 23.26, 24.259: 19.18, 24.796: 8.16}),
    ],
)  # fmt: skip
def test_lines_of_another_program(code, expected):
    angle, intensity, _ = reflections(*silicate(code))
    found = {line: intensity[abs(angle - line) < 4e-3].sum() for line in expected}
    highest = max(found.values())
    for line, value in expected.items():
        assert 100 * found[line] / highest == pytest.approx(value, rel=0.02), line


def test_a_pattern_does_not_depend_on_cell_order_or_orientation():
    positions, elements, cell = silicate("SOD")
    angle, pattern = powder_pattern(positions, elements, cell)
    assert pattern.max() == 100
    assert angle[0] == 3
    assert angle[-1] == 50
    shifts = np.array(list(np.ndindex(2, 1, 1))) @ cell
    doubled = (positions + shifts[:, None]).reshape(-1, 3)
    order = np.random.default_rng(1).permutation(len(doubled))
    names = np.array(elements * 2)[order].tolist()
    _, other = powder_pattern(doubled[order] + [1.0, 2.0, 3.0], names, cell * [[2], [1], [1]])
    assert other == pytest.approx(pattern, abs=0.3)


def test_structure_factor_is_that_of_the_sum_over_the_points():
    rng = np.random.default_rng(1)
    cell = np.array([[14.0, 0, 0], [3, 15, 0], [-2, 4, 13]])
    points = rng.random((60, 3)) @ cell
    q, s = structure_factor(points, cell)
    reciprocal = 2 * np.pi * np.linalg.inv(cell).T
    n = np.arange(-14, 15)
    g = np.array(np.meshgrid(n, n, n, indexing="ij")).reshape(3, -1).T @ reciprocal
    length = np.linalg.norm(g, axis=1)
    g, length = g[(length > 0) & (length < 4)], length[(length > 0) & (length < 4)]
    each = abs(np.exp(1j * g @ points.T).sum(axis=1)) ** 2 / len(points)
    edges = np.append(q - 0.025, q[-1] + 0.025)
    count = np.histogram(length, edges)[0]
    total = np.histogram(length, edges, weights=each)[0]
    assert np.array_equal(np.isfinite(s), count > 0)
    good = count > 0
    assert s[good] == pytest.approx(total[good] / count[good], abs=0.03)


def test_structure_factor_of_an_ideal_gas_is_one():
    means = []
    for seed in range(5):
        points = np.random.default_rng(seed).random((500, 3)) * 30
        means.append(np.nanmean(structure_factor(points, np.eye(3) * 30)[1][20:]))
    assert np.mean(means) == pytest.approx(1, abs=0.02)


def small_angle_direct(points, cell):
    """Mean |sum|^2 / N of the wave vectors in each step, their mean length and number."""
    step = 2 * np.pi / (1 / np.linalg.norm(np.linalg.inv(cell), axis=0)).max()
    reciprocal = 2 * np.pi * np.linalg.inv(cell).T
    n = np.arange(-13, 14)
    g = np.array(np.meshgrid(n, n, n, indexing="ij")).reshape(3, -1).T @ reciprocal
    length = np.linalg.norm(g, axis=1)
    number = np.floor(2 * length / step - 1.5)  # steps of half the shortest, the first about it
    each = abs(np.exp(1j * g @ points.T).sum(axis=1)) ** 2 / len(points)
    bins = [number == k for k in range(2 * int(0.6 / step) - 1) if (number == k).any()]
    return np.array([(length[b].mean(), each[b].mean(), b.sum()) for b in bins]).T


@pytest.mark.parametrize("seed", range(3))
def test_small_angle_is_the_sum_over_the_points(seed):
    """A clump and a gas in a triclinic cell in any orientation, some points outside it."""
    from scipy.spatial.transform import Rotation

    rng = np.random.default_rng(seed)
    turn = Rotation.random(random_state=rng).as_matrix()
    cell = np.array([[80.0, 0, 0], [10, 90, 0], [5, -7, 100]]) @ turn.T
    points = np.vstack([rng.normal(scale=6, size=(300, 3)), 3 * rng.random((200, 3)) @ cell])
    q, s = small_angle(points, cell)
    q_direct, s_direct, _ = small_angle_direct(points, cell)
    assert q == pytest.approx(q_direct)
    assert s == pytest.approx(s_direct, rel=1e-4)


def test_small_angle_of_an_ideal_gas_is_one():
    """|sum|^2 / N of a wave vector is distributed exponentially, so a mean of m pairs scatters by m^-1/2."""
    found = []
    for seed in range(20):
        q, s = small_angle(np.random.default_rng(seed).random((1000, 3)) * 60, np.eye(3) * 60.0)
        found.append(s)
    *_, count = small_angle_direct(np.zeros((1, 3)), np.eye(3) * 60.0)
    deviation = (np.mean(found, axis=0) - 1) / (20 * count / 2) ** -0.5
    assert q[0] == pytest.approx(2 * np.pi / 60)
    assert len(deviation) == 9
    assert abs(deviation).max() < 4


def test_small_angle_of_a_gas_of_cubes_is_debyes_formula():
    """Rigid D4R of 3.1 Å that know nothing of each other: P. Debye, Ann. Phys. 351, 809 (1915)."""
    from scipy.spatial.transform import Rotation

    body = (np.array(list(np.ndindex(2, 2, 2))) - 0.5) * 3.1
    edge, found = 100.0, []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        turns = Rotation.random(400, random_state=rng).as_matrix()
        points = np.einsum("nij,kj->nki", turns, body) + rng.random((400, 1, 3)) * edge
        q, s = small_angle(points.reshape(-1, 3), np.eye(3) * edge)
        found.append(s)
    distance = np.linalg.norm(body[:, None] - body, axis=2)
    debye = np.array([np.sinc(k * distance / np.pi).sum() / 8 for k in q])
    assert debye[0] > 7.8
    assert debye[-1] < 4
    *_, count = small_angle_direct(np.zeros((1, 3)), np.eye(3) * edge)
    deviation = (np.mean(found, axis=0) / debye - 1) / (20 * count / 2) ** -0.5
    assert abs(deviation).max() < 4


@pytest.mark.parametrize("radius", [12.0, 20.0])
def test_small_angle_of_a_sphere_is_its_form_factor(radius):
    """One ball of N points: 1 + (N - 1) P(q), P = [3 (sin x - x cos x) / x^3]^2 (Rayleigh 1911)."""
    rng = np.random.default_rng(1)
    points = rng.uniform(-radius, radius, (40000, 3))
    points = points[np.linalg.norm(points, axis=1) < radius] + 40
    q, s = small_angle(points, np.eye(3) * 500.0)
    x = q * radius
    expected = (3 * (np.sin(x) - x * np.cos(x)) / x**3) ** 2
    assert s / len(points) == pytest.approx(expected, abs=0.005)
    # Guinier: the slope at small angle gives the radius of gyration, R times the root of 3/5
    few = q * radius * 0.6**0.5 < 0.7
    slope = np.polyfit(q[few] ** 2, np.log(s[few]), 1)[0]
    assert (-3 * slope) ** 0.5 == pytest.approx(radius * 0.6**0.5, rel=0.02)


def test_small_angle_needs_a_wave_vector():
    q, s = small_angle(np.zeros((1, 3)), np.eye(3) * 9.0)
    assert len(q) == len(s) == 0


def test_the_shortest_wave_vectors_stand_alone():
    """In a box that is twice as long as wide the first step has the one pair along its length."""
    points = np.random.default_rng(1).random((200, 3)) * [40, 40, 80]
    q, s = small_angle(points, np.diag([40.0, 40, 80]))
    assert q[0] == pytest.approx(2 * np.pi / 80)
    assert s[0] == pytest.approx(abs(np.exp(2j * np.pi * points[:, 2] / 80).sum()) ** 2 / 200, rel=1e-4)


@pytest.mark.parametrize("fold", [1, 3])
def test_a_solution_at_wide_angle_whether_or_not_its_cell_is_folded(fold, monkeypatch):
    """Rigid cubes at random against Debye's formula, with a grid that is large enough and one that is not."""
    from scipy.spatial.transform import Rotation

    from zeocryst.order import diffraction

    body = (np.array(list(np.ndindex(2, 2, 2))) - 0.5) * 3.1
    rng = np.random.default_rng(1)
    turns = Rotation.random(600, random_state=rng).as_matrix()
    points = (np.einsum("nij,kj->nki", turns, body) + rng.random((600, 1, 3)) * 90).reshape(-1, 3)
    needed = 90**3 * (2 * diffraction.RATE * 4 / (2 * np.pi)) ** 3
    monkeypatch.setattr(diffraction, "MOST_POINTS", needed / (fold - 0.5) ** 3)
    q, s = structure_factor(points, np.eye(3) * 90)
    assert q[np.isfinite(s)][0] == pytest.approx(fold * 2 * np.pi / 90, abs=0.025)
    distance = np.linalg.norm(body[:, None] - body, axis=2)
    debye = np.array([np.sinc(k * distance / np.pi).sum() / 8 for k in q])
    wide = q > 0.8
    # a mean of m pairs of wave vectors scatters by m^-1/2; gemmi is right to 0.03
    pairs = 2 * np.pi * q**2 * 0.05 * (90 / fold) ** 3 / (2 * np.pi) ** 3
    assert (abs(s - debye) < 4.5 * debye * pairs**-0.5 + 0.03)[wide].all()
    assert np.mean(s[wide] / debye[wide]) == pytest.approx(1, abs=0.02)


def test_indices_of_a_folded_cell_are_those_of_the_cell(monkeypatch):
    from zeocryst.order import diffraction

    positions, elements, cell = silicate("SOD")
    large = np.vstack([positions + np.array(x) @ cell for x in np.ndindex(2, 2, 2)])
    angle, intensity, indices = reflections(large, elements * 8, 2 * cell)
    monkeypatch.setattr(diffraction, "MOST_POINTS", 1e4)
    few_angle, few_intensity, few_indices = reflections(large, elements * 8, 2 * cell)
    assert (few_indices % 2 == 0).all()
    assert len(few_indices) < len(indices) / 6
    whole = {tuple(h): (a, i) for h, a, i in zip(indices.tolist(), angle, intensity, strict=True)}
    for h, a, i in zip(few_indices.tolist(), few_angle, few_intensity, strict=True):
        assert (a, i) == pytest.approx(whole[tuple(h)], rel=0.02, abs=1e-3 * intensity.max())
