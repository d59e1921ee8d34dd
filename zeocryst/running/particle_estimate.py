"""What the level of particles of a condition would cost, and what its potential amounts to."""

from __future__ import annotations

from typing import Any

import numpy as np

from zeocryst.beads import N_S_MARK, N_T_MARK
from zeocryst.cell import box_to_cell
from zeocryst.condition import Condition, System
from zeocryst.engines import choose_engine
from zeocryst.errors import SimulationError
from zeocryst.model.solvent import DEFAULT_VISCOSITY_MPA_S, step_length
from zeocryst.running.failure import told
from zeocryst.running.particle_level import level_of, limited_half_time_ps, potential_of
from zeocryst.running.trial import speed_of
from zeocryst.units import BOLTZMANN_EV_PER_K


def estimate_particles(condition: Condition) -> dict[str, Any]:
    """Make the first frame of the particles and run a few trial steps; writes nothing.

    Parameters
    ----------
    condition
        With `Condition.particles`.

    Returns
    -------
    dict
        ``n_particles``, ``n_T``, ``n_S``, ``box_A``, ``steps``, ``time_ps``, ``frames``, ``engine``,
        ``steps_per_s``, ``wall_s``, ``potential`` (numbers), ``words`` (sentences on potential and time step).
    """
    level, frame, forcefield = level_of(condition)
    assert condition.particles is not None
    chosen = condition.engine
    engine, why = choose_engine(
        forcefield, chosen.name, chosen.device, chosen.threads, frame, stages=level.stages
    )
    speed = float("nan")
    dynamic = [stage for stage in level.stages if stage.n_steps]
    words = []
    if dynamic:
        longest = max(dynamic, key=lambda stage: stage.n_steps)
        try:
            speed = speed_of(engine, frame, longest, level.friction)
        except SimulationError as error:
            raise SimulationError(f"particles: {told(error, level, level.stages.index(longest))}") from None
        assert level.friction is not None
        assert longest.temperature_K is not None
        step = step_length(forcefield, level.friction, longest.timestep_fs, max(longest.temperature_K))
        words.append(f"particles, {longest.kind}: {step.in_words(longest.timestep_fs)}")
    temperature = condition.particles.temperature_K
    potential = potential_of(condition.particles, forcefield)
    cell = box_to_cell(np.asarray(frame.configuration.box))
    limited = limited_half_time_ps(condition, abs(float(np.linalg.det(cell))), potential)
    thermal = potential["at_contact_eV"] / (BOLTZMANN_EV_PER_K * temperature)
    words.append(
        f"two particles in contact have {potential['at_contact_eV']:.3g} eV ({thermal:.3g} kT); stability "
        f"ratio {potential['stability_ratio']:.3g}; aggregates halve in number after about "
        f"{limited * max(1.0, potential['stability_ratio']):.3g} ps"
    )
    if condition.solvent is None:
        words.append(
            f"without [solvent] the viscosity is {DEFAULT_VISCOSITY_MPA_S:g} mPa s, water's at 20 °C (0.28 at "
            "100 °C): times are in proportion to it"
        )
    return {
        "n_particles": condition.particles.number,
        "n_T": int(np.sum(frame.log[N_T_MARK])),
        "n_S": int(np.sum(frame.log[N_S_MARK])),
        "box_A": float(cell[0, 0]),
        "steps": level.n_steps,
        "time_ps": level.time_ps,
        "frames": sum(int(stage.time_ps / level.output.interval_ps) + 1 for stage in dynamic) + 1,
        "engine": why,
        "steps_per_s": float(f"{speed:.4g}") if dynamic else None,
        "wall_s": round(level.n_steps / speed) if dynamic else 0,
        "potential": potential,
        "words": words,
    }


def stand_in(condition: Condition, n_t: int, n_s: int) -> Condition:
    """A melt of about as many beads as the particles become, to try the level of the beads with.

    Parameters
    ----------
    condition
        With particles that are resolved.
    n_t, n_s
        What all of them have in them.
    """
    particles = condition.particles
    assert particles is not None
    assert particles.resolve is not None
    part = particles.resolve
    share = 1.0
    if part.part == "neck" and part.most_T is not None:
        share = min(1.0, part.most_T / n_t)
    density = particles.density_T_per_1000A3
    system = System(
        "melt", n_T=max(1, round(share * n_t)), n_S=round(share * n_s), density_T_per_1000A3=density
    )
    return condition.with_checked(system=system, particles=None)
