"""The shapes of silicate oligomers in a model of T: each relaxed to an energy minimum that keeps its bonds.

The graphs are those of `zeocryst.frameworks.oligomers`. An oligomer is flexible: nothing but the model holds it
together, so that it has to be a minimum of the model's energy, and one that is not is refused.

A minimum is not yet what lasts. Of 27 of each, alone in vacuum, these shares still had their bonds after 20 ps
of Langevin dynamics in the T-S model (damping 0.1 ps; quenched before looking):

====== ===== ====== ==== ==== ==== ==== ==== ==== ==== ==== ====== ====== ======
T / K  dimer trimer 3R   4R   5R   6R   D3R  D4R  D5R  D6R  MFI-11 MFI-22 MFI-33
====== ===== ====== ==== ==== ==== ==== ==== ==== ==== ==== ====== ====== ======
100    1.00  0.67   0.33 1.00 1.00 0.15 0    1.00 1.00 1.00 0.11   0.44   0
300    1.00  0.33   0.26 1.00 0.81 0    0    1.00 1.00 0.48 0      0      0
500    1.00  0.41   0.22 0.74 0.19 0    0    0.59 0.11 0    0      0      0
====== ===== ====== ==== ==== ==== ==== ==== ==== ==== ==== ====== ====== ======

(Trimer and three-ring have nearly the same energy and turn into each other.) A T with bonds to spare finds the
nearest other such T, so that open clusters close on themselves within ps; one that is to keep its shape has to
be rigid.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from zeocryst.errors import InputError
from zeocryst.frameworks.oligomers import oligomers
from zeocryst.model.forcefield import ForceField

Floats = NDArray[np.float64]

#: Relaxed T up to this many bond lengths apart are bonded (across a four-ring they are 1.41 apart).
BONDED = 1.2
#: Largest force left after relaxing, eV/Å.
FORCE_TOLERANCE = 1e-5


def bond_length(forcefield: ForceField) -> float:
    """Where the energy of a pair of T is lowest, Å (3.06 in the T-S model)."""
    from scipy.optimize import minimize_scalar

    pair = forcefield.pair("T", "T")

    def energy(r: float) -> float:
        """Of two T so far apart, eV."""
        return float(pair.two_body(np.array([r]))[0][0])

    bounds = (0.7 * pair.sigma_A, 0.999 * pair.cutoff_A)
    return float(minimize_scalar(energy, bounds=bounds, method="bounded", options={"xatol": 1e-8}).x)


def relaxed(name: str, forcefield: ForceField) -> Floats:
    """T positions of an oligomer at a minimum of the model's energy, about their centre.

    Parameters
    ----------
    name
        As `zeocryst.frameworks.oligomers.oligomers` has it.
    forcefield
        The model.

    Returns
    -------
    (n_T, 3) array, Å

    Raises
    ------
    InputError
        The model does not hold the oligomer: relaxed, its bonds are others.
    """
    oligomer = oligomers()[name]
    if not oligomer.bonds:
        return np.zeros((1, 3))
    length = bond_length(forcefield)
    # a little out of place, so that it does not stay on a saddle that symmetry makes
    start = oligomer.shape * length + np.random.default_rng(1).normal(0.0, 0.02, oligomer.shape.shape)
    places = _minimum(start, forcefield)
    first, second = np.triu_indices(oligomer.n_T, 1)
    apart = np.linalg.norm(places[first] - places[second], axis=1) / length
    bonds = tuple(zip(first[apart < BONDED].tolist(), second[apart < BONDED].tolist(), strict=True))
    if bonds != oligomer.bonds:
        raise InputError(
            f"system.precursors: {name} is not held by the model {forcefield.name}: relaxed, it has "
            f"{len(bonds)} bonds where it should have {len(oligomer.bonds)}; leave it out or take another model"
        )
    return np.asarray(places - places.mean(axis=0))


def _minimum(start: Floats, forcefield: ForceField) -> Floats:
    """T positions (n, 3) Å moved to the nearest minimum of the model's energy in vacuum."""
    import numba
    from scipy.optimize import minimize

    from zeocryst.potentials.stillinger_weber import evaluate

    # so large that it does not see its images
    cell = np.eye(3) * (np.ptp(start, axis=0).max() + 3 * forcefield.cutoff_A)
    kinds = np.zeros(len(start), dtype=np.int64)

    def energy_and_gradient(x: Floats) -> tuple[float, Floats]:
        """Energy (eV) and its gradient (eV/Å) for all coordinates in one row."""
        found = evaluate(x.reshape(-1, 3), cell, kinds, ["T"], forcefield)
        return float(found.energy.sum()), -found.forces.ravel()

    options = {"maxiter": 20_000, "maxfun": 50_000, "ftol": 1e-16, "gtol": FORCE_TOLERANCE, "maxcor": 50}
    threads = numba.get_num_threads()
    numba.set_num_threads(1)  # a few beads: threads would wait for each other longer than they work
    try:
        done = minimize(energy_and_gradient, start.ravel(), jac=True, method="L-BFGS-B", options=options)
    finally:
        numba.set_num_threads(threads)
    return np.asarray(done.x).reshape(-1, 3)
