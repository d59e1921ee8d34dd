"""Atoms moved by the forces of a calculator, by ASE: to the nearest minimum, or for a while at a temperature.

The minimum is found by L-BFGS (D. C. Liu, J. Nocedal, Math. Program. 45, 503 (1989)), which has no line search
in ASE: where the energy rises it begins anew from the lowest place, with steps half as long. A free cell moves
along the logarithm of its deformation (ASE's ``FrechetCellFilter``). The bath is that of G. Bussi, D. Donadio,
M. Parrinello, J. Chem. Phys. 126, 014101 (2007).
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from zeocryst.cell import volume
from zeocryst.errors import SimulationError
from zeocryst.refinement.watching import State, Watched
from zeocryst.units import BAR_PER_EV_PER_A3, steps

if TYPE_CHECKING:
    from ase import Atoms

#: Largest force on an atom at a minimum, eV/Å, and largest component of the stress where the cell is free,
#: eV/Å^3 (160 bar, by which quartz changes its volume by 0.04 %).
FORCE_LIMIT, STRESS_LIMIT = 0.02, 1e-4
#: Most steps to a minimum.
MOST_STEPS = 500
#: Longest step of an atom, Å, and how often it is halved.
LONGEST_STEP, MOST_HALVINGS = 0.1, 6
#: A rise of the energy of so much for each atom, eV, is no step on the way down.
RISE = 0.002
#: A cell whose volume changes by more than this factor has come apart or collapsed.
MOST_SWELLING = 1.6
#: Time steps, fs, without and with H; time constant of the bath, fs.
STEP_FS, STEP_WITH_H_FS, BATH_FS = 1.0, 0.5, 100.0
#: So many times the wanted temperature, and K besides: the simulation has exploded.
HOTTEST, HOTTEST_K = 10.0, 2000.0


@dataclass(frozen=True)
class Minimum:
    """Where a descent ended.

    Attributes
    ----------
    state : State
    converged : bool
    steps : int
        Steps of the optimizer, those included that were taken back.
    """

    state: State
    converged: bool
    steps: int


def descend(atoms: Atoms, watched: Watched, *, free_cell: bool) -> Minimum:
    """Move atoms to their nearest minimum.

    Parameters
    ----------
    atoms
        They are moved; their calculator is `watched`.
    watched
        Gives stress where the cell is free.
    free_cell
        Let the cell change, at zero pressure.

    Raises
    ------
    SimulationError
        The calculator failed, or the cell came apart.
    """
    lowest, taken, longest = watched.at(atoms), 0, LONGEST_STEP
    begun = volume(atoms.cell[:])
    while not _at_rest(lowest) and taken < MOST_STEPS and longest > LONGEST_STEP / 2**MOST_HALVINGS:
        lowest, done = _downhill(
            atoms, watched, lowest, longest, MOST_STEPS - taken, begun, free_cell=free_cell
        )
        taken += done
        longest /= 2
        atoms.set_cell(lowest.cell)
        atoms.positions = lowest.positions
    return Minimum(lowest, _at_rest(lowest), taken)


def _downhill(
    atoms: Atoms, watched: Watched, lowest: State, longest: float, most: int, begun: float, *, free_cell: bool
) -> tuple[State, int]:
    """The lowest place before the energy rises or all is at rest, and the steps taken."""
    from ase.filters import FrechetCellFilter
    from ase.optimize import LBFGS

    rise = RISE * len(atoms)
    # so that a strain is about as stiff as a bond, whatever the number of atoms: ASE's own factor takes twice
    # as many steps (CHA 36 instead of 20, quartz 24 instead of 16)
    stiffness = len(atoms) ** 0.5
    target = FrechetCellFilter(atoms, exp_cell_factor=stiffness) if free_cell else atoms
    with warnings.catch_warnings(), LBFGS(target, logfile=None, maxstep=longest) as way:
        # of the filter's logarithm, with an error of 1e-13
        warnings.filterwarnings("ignore", "logm result may be inaccurate", RuntimeWarning)
        # of forces that stay the same, which `watched` tells
        warnings.filterwarnings("ignore", "(divide by zero|invalid value) encountered", RuntimeWarning, "ase")
        for _ in way.irun(fmax=0.0, steps=most):
            now = watched.at(atoms)
            ratio = volume(now.cell) / begun if free_cell else 1.0
            if not 1 / MOST_SWELLING < ratio < MOST_SWELLING:
                raise SimulationError(
                    f"{watched.origin.label}: the free cell has {ratio:.2f} times its volume after "
                    f"{way.nsteps} steps: it comes apart, or collapses"
                )
            if now.energy_eV < lowest.energy_eV or _at_rest(now):
                lowest = now
            if _at_rest(now) or now.energy_eV > lowest.energy_eV + rise:
                break
        return lowest, int(way.nsteps)


def _at_rest(state: State) -> bool:
    return state.largest_force <= FORCE_LIMIT and state.largest_stress <= STRESS_LIMIT


def simulate(
    atoms: Atoms, watched: Watched, *, time_ps: float, temperature_K: float, seed: int
) -> dict[str, Any]:
    """Move atoms for a while at constant volume and temperature.

    Parameters
    ----------
    atoms
        They are moved; their calculator is `watched`.
    seed
        Of the first velocities and the bath.

    Returns
    -------
    dict
        ``timestep_fs``, ``steps``, and ``temperature_K``, the mean over the second half.

    Raises
    ------
    SimulationError
        The calculator failed, or the atoms became far too hot.
    """
    from ase import units
    from ase.constraints import FixCom
    from ase.md.bussi import Bussi

    rng = np.random.default_rng(seed)
    step = STEP_WITH_H_FS if (atoms.numbers == 1).any() else STEP_FS
    count = steps(time_ps, step)
    mass = atoms.get_masses()[:, None]
    # twice the temperature: half of it becomes potential energy at once, since a simulation begins at a minimum
    momenta = rng.normal(size=(len(atoms), 3)) * np.sqrt(mass * units.kB * 2 * temperature_K)
    if len(atoms) > 1:
        atoms.set_constraint(FixCom())  # three degrees of freedom less
        momenta -= mass * momenta.sum(axis=0) / mass.sum()
    atoms.set_momenta(momenta)
    seen = []
    with Bussi(atoms, step * units.fs, temperature_K, BATH_FS * units.fs, rng=rng, logfile=None) as way:
        for _ in way.irun(steps=count):
            seen.append(float(atoms.get_temperature()))
            if seen[-1] > HOTTEST * temperature_K + HOTTEST_K:
                raise SimulationError(
                    f"{watched.origin.label}: {seen[-1]:.0f} K after {way.nsteps} steps of {step:g} fs instead "
                    f"of {temperature_K:g} K: the simulation exploded"
                )
    atoms.set_constraint()
    return {"timestep_fs": step, "steps": count, "temperature_K": float(np.mean(seen[len(seen) // 2 :]))}


def pressure_bar(state: State) -> float | None:
    """Pressure of a state, bar; None where its stress is not known."""
    return None if state.stress is None else float(-state.stress[:3].mean() * BAR_PER_EV_PER_A3)
