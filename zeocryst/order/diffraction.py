"""Diffraction: X-ray powder patterns and static structure factors, by gemmi; small angles by FINUFFT.

gemmi (M. Wojdyr, J. Open Source Softw. 7, 4200 (2022)) spreads the atoms' electron density over a grid and
transforms it, so that the cost grows as the number of atoms (N log N), and every wave vector of the cell is
there; the atomic form factors are those of the International Tables for Crystallography, vol. C (1992),
table 6.1.1.4. (freud's direct sum takes N times the number of wave vectors: 4 s for 512 T to 6/Å, against
0.1 s; where it samples them, it does so at random.)

At small angle the grid is coarser than atoms are wide, which gemmi widens for it: then 1e6 points take half a
minute, for 0.5 % of S(q). There the sum over points goes straight to the wave vectors by a non-uniform Fourier
transform (FINUFFT: A. H. Barnett, J. Magland, L. af Klinteberg, SIAM J. Sci. Comput. 41, C479 (2019)), in 3 s.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from zeocryst.cell import cell_to_box, heights, volume

if TYPE_CHECKING:
    import gemmi

Floats = NDArray[np.float64]

#: Cu K-alpha 1, Å (G. Hölzer et al., Phys. Rev. A 56, 4554 (1997)).
CU_K_ALPHA_A = 1.540593
#: The pattern's range, its steps, and the width of a line at half height, degrees of 2 theta.
TWO_THETA_DEG = (3.0, 50.0)
STEP_DEG = 0.05
WIDTH_DEG = 0.2
#: Grid points of the electron density for each half of the shortest spacing, and the density (electrons/Å^3) at
#: which an atom ends: lines are right to a thousandth of the strongest.
RATE, CUTOFF = 1.3, 1e-3
#: Most grid points, 1.6 GB. A larger cell (a solution's: 1000 Å for 1e6 T) is seen at fewer wave vectors.
MOST_POINTS = 4e8
#: The structure factor's range and steps, 1/Å.
Q_MAX_PER_A, Q_STEP_PER_A = 4.0, 0.05
#: Where small angles end, 1/Å: 2 pi over the width of a cage, 10 Å.
SMALL_Q_MAX_PER_A = 0.6
#: The atom that stands for a point, since its density is the cheapest, and where it ends. In half a crystal
#: of 512 T |F|^2/N of a wave vector is then right to 0.008 (rms; 0.2 at most, in a line of 100).
POINT, POINT_CUTOFF = "H", 1e-4


def reflections(
    positions: Floats, elements: list[str], cell: Floats, wavelength_A: float = CU_K_ALPHA_A
) -> tuple[Floats, Floats, NDArray[np.int32]]:
    r"""Angle and intensity of each reflection of a powder, taken as triclinic.

    .. math:: I = |F_{hkl}|^2 \frac{1 + \cos^2 2\theta}{\sin^2\theta \cos\theta}

    with :math:`F = \sum_k f_k e^{2\pi i \mathbf{h} \cdot \mathbf{x}_k}` in electrons; atoms stand still
    where they are. The last factor is that of Lorentz and of the polarization, for a diffractometer without
    monochromator.

    Parameters
    ----------
    positions : (N, 3) array, Å
    elements
        Chemical symbol of each.
    cell : (3, 3) array, Å
    wavelength_A
        Of the X-rays, Å.

    Returns
    -------
    two_theta : (M,) array
        2 theta in degrees, up to 50.
    intensity : (M,) array
        In electrons squared; a reflection and its opposite are one.
    indices : (M, 3) int array
        Of Miller, for the cell as given.
    """
    indices, spacing, amplitude = _transform(
        positions, elements, cell, wavelength_A / (2 * np.sin(np.radians(TWO_THETA_DEG[1]) / 2))
    )
    theta = np.arcsin(wavelength_A / (2 * spacing))
    factor = (1 + np.cos(2 * theta) ** 2) / (np.sin(theta) ** 2 * np.cos(theta))
    return np.degrees(2 * theta), 2 * np.abs(amplitude) ** 2 * factor, indices


def _transform(
    positions: Floats, elements: list[str], cell: Floats, d_min: float, cutoff: float = CUTOFF
) -> tuple[NDArray[np.int32], Floats, NDArray[np.complex128]]:
    """Indices, spacing (Å) and structure factor of every reflection, of each two opposite ones one.

    Where the grid would have more than `MOST_POINTS`, only every m-th reflection along each reciprocal vector
    is there, which is as if all atoms were folded into a cell that is m times smaller each way. Averages are
    the same but for a crystal that shares this cell.
    """
    import gemmi
    from ase.cell import Cell

    points = volume(cell) * (2 * RATE / d_min) ** 3
    fold = int(np.ceil((points / MOST_POINTS) ** (1 / 3)))
    cell = cell / fold
    _, rotation = cell_to_box(cell)
    model = _model(positions @ rotation.T, elements)
    density = gemmi.DensityCalculatorX()
    density.d_min, density.rate, density.cutoff = d_min, RATE, cutoff
    density.grid.unit_cell = gemmi.UnitCell(*Cell(cell).cellpar())
    density.grid.spacegroup = gemmi.SpaceGroup("P 1")
    density.set_refmac_compatible_blur(model)
    density.put_model_density_on_grid(model)
    transformed = gemmi.transform_map_to_f_phi(density.grid, half_l=True)
    found = transformed.prepare_asu_data(dmin=d_min, unblur=density.blur)
    indices = np.array(found.miller_array)
    spacing = density.grid.unit_cell.calculate_d_array(indices)
    return fold * indices, np.asarray(spacing, dtype=float), np.asarray(found.value_array, dtype=complex)


def _model(positions: Floats, elements: list[str]) -> gemmi.Model:
    """Atoms as gemmi has them."""
    import gemmi

    model, chain, residue = gemmi.Model(1), gemmi.Chain("A"), gemmi.Residue()
    kinds = {symbol: gemmi.Element(symbol) for symbol in set(elements)}
    atom = gemmi.Atom()
    atom.b_iso = 0.0
    for place, symbol in zip(positions.tolist(), elements, strict=True):
        atom.pos = gemmi.Position(*place)
        atom.element = kinds[symbol]
        residue.add_atom(atom)
    chain.add_residue(residue)
    model.add_chain(chain)
    return model


def powder_pattern(
    positions: Floats, elements: list[str], cell: Floats, wavelength_A: float = CU_K_ALPHA_A
) -> tuple[Floats, Floats]:
    """The powder pattern: `reflections` with lines of Gaussian shape, 0.2 degrees wide at half height.

    Returns
    -------
    two_theta : (K,) array
        From 3 to 50 degrees.
    intensity : (K,) array
        The highest point is 100; all zero where nothing diffracts.
    """
    from scipy.ndimage import gaussian_filter1d

    angle, intensity, _ = reflections(positions, elements, cell, wavelength_A)
    low, high = TWO_THETA_DEG
    steps = round((high - low) / STEP_DEG)
    edges = low + (np.arange(steps + 2) - 0.5) * STEP_DEG
    binned = np.histogram(angle, edges, weights=intensity)[0]
    sigma = WIDTH_DEG / STEP_DEG / np.sqrt(8 * np.log(2))
    profile = gaussian_filter1d(binned, sigma, mode="constant")
    peak = profile.max()
    scaled = np.asarray(100 * profile / peak if peak > 0 else profile, dtype=float)
    return low + np.arange(steps + 1, dtype=float) * STEP_DEG, scaled


def structure_factor(positions: Floats, cell: Floats) -> tuple[Floats, Floats]:
    r"""Static structure factor of points in a periodic cell, from T or any other points.

    .. math:: S(q) = \frac{1}{N} \Big\langle \Big| \sum_k e^{i \mathbf{q} \cdot \mathbf{r}_k} \Big|^2
              \Big\rangle_{|\mathbf{q}| = q}

    without dimension, averaged over all wave vectors of the cell's reciprocal lattice in each step of q (the
    form factor is divided out again). An ideal gas has 1.

    Parameters
    ----------
    positions : (N, 3) array, Å
    cell : (3, 3) array, Å

    Returns
    -------
    q : (K,) array, 1/Å
        Middle of each step.
    s : (K,) array
        NaN where the cell has no wave vector.
    """
    import gemmi

    elements = [POINT] * len(positions)
    _, spacing, amplitude = _transform(positions, elements, cell, 2 * np.pi / Q_MAX_PER_A, POINT_CUTOFF)
    a1, a2, a3, a4, b1, b2, b3, b4, c = gemmi.Element(POINT).it92.get_coefs()
    stol2 = 1 / (4 * spacing**2)
    form = c + sum(a * np.exp(-b * stol2) for a, b in ((a1, b1), (a2, b2), (a3, b3), (a4, b4)))
    edges = np.arange(round(Q_MAX_PER_A / Q_STEP_PER_A) + 1, dtype=float) * Q_STEP_PER_A
    each = np.asarray(np.abs(amplitude / form) ** 2 / len(positions), dtype=float)
    _, s = _averaged(2 * np.pi / spacing, each, edges)
    return (edges[:-1] + edges[1:]) / 2, s


def small_angle(positions: Floats, cell: Floats) -> tuple[Floats, Floats]:
    """The same at small angle, from the shortest wave vector of the cell to 0.6/Å.

    Steps are half as wide as the shortest wave vector is long (2 pi over the greatest height of the cell), and
    the first has it in its middle; q is the mean length of the wave vectors in a step. Points in clusters that
    know nothing of each other have the mean of each cluster's own scattering here: for q to 0 the weight
    average of their sizes.

    Parameters
    ----------
    positions : (N, 3) array, Å
    cell : (3, 3) array, Å

    Returns
    -------
    q : (K,) array, 1/Å
        Steps without a wave vector are left out; empty where the cell has none up to 0.6/Å.
    s : (K,) array
    """
    step = 2 * np.pi / float(heights(cell).max())
    if step > SMALL_Q_MAX_PER_A:
        return np.empty(0), np.empty(0)
    edges = (np.arange(2 * int(SMALL_Q_MAX_PER_A / step), dtype=float) / 2 + 0.75) * step
    q, s = _averaged(*_intensities(positions, cell, float(edges[-1])), edges)
    return q[np.isfinite(s)], s[np.isfinite(s)]


def _intensities(positions: Floats, cell: Floats, q_max: float) -> tuple[Floats, Floats]:
    """Length (1/Å) of each wave vector up to `q_max`, and its |sum|^2 / N; by FINUFFT, to 1e-5 of N."""
    import finufft

    # the index along a vector of the cell is q times its length over 2 pi at most
    most = np.floor(q_max * np.linalg.norm(cell, axis=1) / (2 * np.pi)).astype(int)
    fractional = positions @ np.linalg.inv(cell)
    angles = np.ascontiguousarray(2 * np.pi * (fractional - np.floor(fractional)).T) - np.pi
    total = finufft.nufft3d1(*angles, np.ones(len(positions), complex), tuple(2 * most + 1), eps=1e-6)
    reciprocal = 2 * np.pi * np.linalg.inv(cell).T
    n = np.meshgrid(*(np.arange(-m, m + 1) for m in most), indexing="ij", sparse=True)
    square = sum((sum(k * g for k, g in zip(n, axis, strict=True))) ** 2 for axis in reciprocal.T)
    q = np.sqrt(np.asarray(square, dtype=float))
    chosen = (q > 0) & (q < q_max)
    return q[chosen], np.asarray(np.abs(total[chosen]) ** 2 / len(positions), dtype=float)


def _averaged(q: Floats, each: Floats, edges: Floats) -> tuple[Floats, Floats]:
    """Mean wave vector and mean intensity between the edges; NaN where there is none."""
    count = np.histogram(q, edges)[0]
    means = np.full((2, len(count)), np.nan)
    for mean, values in zip(means, (q, each), strict=True):
        np.divide(np.histogram(q, edges, weights=values)[0], count, out=mean, where=count > 0)
    return means[0], means[1]
