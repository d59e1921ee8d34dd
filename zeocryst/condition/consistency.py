"""What only several keys of a condition together show to be wrong."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from zeocryst.cell import heights
from zeocryst.condition.model import MOST_FINE, UNTIL, Condition, Cut, Seed, System
from zeocryst.condition.particles_consistency import check_particles
from zeocryst.condition.substances import amounts
from zeocryst.errors import InputError
from zeocryst.frameworks.table import framework_types, start_codes, start_structure, start_t_count
from zeocryst.model.forcefield import ForceField
from zeocryst.model.scales import scale_of, swing_rate
from zeocryst.model.solvent import check_step, check_types
from zeocryst.units import steps

#: Most frames of a run that anybody keeps.
MOST_FRAMES = 10**7


def check_together(condition: Condition, forcefield: ForceField, where: str) -> None:
    """Raise `InputError` where keys contradict each other, the model or the files beside the condition."""
    system = condition.system
    osda = amounts(system.recipe)["OSDA"] if system.recipe else 0
    needs_s = (system.framework and system.S_in_cages) or system.n_S or osda
    if needs_s and "S" not in forcefield.types:
        raise InputError(f"{where}: system: S beads need a force field with type S")
    if system.file is not None and not (condition.folder / system.file).is_file():
        raise InputError(f"{where}: system: file = {system.file!r}; no such file beside the condition")
    bead_types(system.types, forcefield, where)
    _check_solvent(condition, forcefield, where)
    _check_stiffness(condition, forcefield, where)
    _check_edits(condition, forcefield, where)
    dynamic = [stage for stage in condition.stages if stage.n_steps]
    if dynamic and condition.output.interval_ps > sum(stage.time_ps for stage in dynamic):
        raise InputError(
            f"{where}: output: interval_ps = {condition.output.interval_ps:g}; "
            f"expected at most the length of the run, {condition.time_ps:g} ps"
        )
    _check_interval(condition, where)
    _check_fine(condition, where)
    _check_until(condition, where)
    check_particles(condition, forcefield, where)
    first = condition.stages[0] if condition.stages else None
    if first is not None and system.new_velocities and first.n_steps and first.temperature_K is None:
        raise InputError(
            f"{where}: system: new_velocities = true; expected a temperature_K of stage 1, which they have"
        )


def _check_interval(condition: Condition, where: str) -> None:
    """No shorter than a time step, and no more frames than anybody can keep."""
    interval = condition.output.interval_ps
    longest = max((stage.timestep_fs for stage in condition.stages if stage.n_steps), default=0.0)
    if 1000 * interval < longest:
        raise InputError(
            f"{where}: output: interval_ps = {interval:g}; expected at least the longest time step, "
            f"{longest / 1000:g} ps"
        )
    frames = sum(stage.time_ps for stage in condition.stages if stage.n_steps) / interval
    if frames > MOST_FRAMES:
        raise InputError(
            f"{where}: output: interval_ps = {interval:g}; expected a longer one: these are {frames:.2g} "
            f"frames, and at most {MOST_FRAMES:.0e} are written"
        )


def _check_seed(seed: Seed, system: System, forcefield: ForceField, where: str) -> None:
    """The ball of crystal is no larger than what it is put into."""
    shortest = _shortest_box(system, forcefield)
    if 2 * seed.radius_A > shortest:
        raise InputError(
            f"{where}: radius_A = {seed.radius_A:g}; expected at most half of the shortest width of the box, "
            f"{shortest / 2:.1f} Å: a smaller seed, or more beads"
        )


def _shortest_box(system: System, forcefield: ForceField) -> float:
    """Shortest width of the box of a start, Å, or a bound; infinite where only its file or recipe knows."""
    scale = scale_of(forcefield)
    if system.framework in start_codes():
        cell = start_structure(system.framework)[0]
        return scale * float(heights(cell * np.array(system.repeat)[:, None]).min())
    if system.framework is not None:  # calculated later; no cell is wider in all directions than a cube
        n_t = start_t_count(system.framework) * math.prod(system.repeat)
        return scale * float(
            (1000.0 * n_t / framework_types()[system.framework].density_T_per_1000A3) ** (1 / 3)
        )
    if system.n_T is None or system.density_T_per_1000A3 is None:
        return math.inf
    return float((1000.0 * system.n_T / system.density_T_per_1000A3) ** (1 / 3))


def _check_fine(condition: Condition, where: str) -> None:
    """A whole number of frames in memory from one that is written to the next, and not too many."""
    interval, fine = condition.output.interval_ps, condition.output.fine_ps
    if fine is None:
        return
    here = f"{where}: output: fine_ps = {fine:g}; expected"
    if not 2 <= round(interval / fine) <= MOST_FINE:
        raise InputError(
            f"{here} a part of interval_ps = {interval:g}, from a half to {1 / MOST_FINE:g} of it: "
            f"{interval / 2:g} to {interval / MOST_FINE:g}"
        )
    for n, stage in enumerate(condition.stages, start=1):
        if stage.n_steps and steps(interval, stage.timestep_fs) % steps(fine, stage.timestep_fs):
            raise InputError(
                f"{here} a time that goes into interval_ps = {interval:g} a whole number of times, counted in "
                f"the time steps of stage {n} ({stage.timestep_fs:g} fs)"
            )


def _check_until(condition: Condition, where: str) -> None:
    """No stage waits for more T than there are."""
    most = _most_t(condition.system)
    for n, stage in enumerate(condition.stages, start=1):
        for until in stage.ends:
            counts_t = until.quantity in UNTIL and math.isinf(UNTIL[until.quantity][1])
            if counts_t and not until.below and until.value > most:
                raise InputError(
                    f"{where}: stage {n}.until: {until.quantity} = {until.value:g}; expected at most {most:g}, "
                    "the number of T in all"
                )


def _most_t(system: System) -> float:
    """Number of T of a start, infinite where only its file knows."""
    if system.n_T is not None:
        return system.n_T
    if system.framework is None:
        return math.inf
    return start_t_count(system.framework) * math.prod(system.repeat)


def _check_solvent(condition: Condition, forcefield: ForceField, where: str) -> None:
    """A friction for each bead type, where one is needed, and time steps that it bears."""
    if condition.solvent is not None:
        check_types(condition.solvent, forcefield, where)
    for n, stage in enumerate(condition.stages, start=1):
        here = f"{where}: stage {n}"
        if condition.friction is not None:
            check_step(forcefield, condition.friction, stage.kind, stage.timestep_fs, here)
        elif stage.kind == "brownian":
            raise InputError(
                f"{here}: kind = 'brownian' needs a solvent, whose friction it has; "
                "add [solvent] (viscosity_mPa_s and radius_A have defaults), or use langevin"
            )


def _check_stiffness(condition: Condition, forcefield: ForceField, where: str) -> None:
    """No time step in which a pair of the model swings by more than a radian: it would explode."""
    rates = {pair: swing_rate(forcefield, *pair) for pair in forcefield.pairs}
    pair, fastest = max(rates.items(), key=lambda found: found[1])
    for n, stage in enumerate(condition.stages, start=1):
        # without inertia nothing swings: see `zeocryst.model.solvent.check_step`
        if stage.n_steps and stage.kind != "brownian" and fastest * stage.timestep_fs > 1000:
            raise InputError(
                f"{where}: stage {n}: timestep_fs = {stage.timestep_fs:g}; expected at most "
                f"{1000 / fastest:.3g}: a pair {'-'.join(pair)} of {forcefield.name} swings with a period of "
                f"{2000 * math.pi / fastest:.3g} fs"
            )


def _check_edits(condition: Condition, forcefield: ForceField, where: str) -> None:
    """A droplet has no pressure; a seed that is cut afterwards could not be followed."""
    free = seeded = False
    for n, stage in enumerate(condition.stages, start=1):
        if isinstance(stage.edit, Cut):
            free = stage.edit.box == "vacuum"
            if seeded:
                raise InputError(
                    f"{where}: stage {n}: kind = 'cut' after a seed was put in; cut first, then seed"
                )
        seeded = seeded or isinstance(stage.edit, Seed)
        if stage.hold_seed and not seeded:
            raise InputError(
                f"{where}: stage {n}: hold_seed = true, and no stage before it puts a seed in; add one of kind "
                "'seed'"
            )
        if free and stage.kind == "npt":
            raise InputError(
                f"{where}: stage {n}: kind = 'npt', but the aggregate stands in a vacuum, where no barostat "
                "can act; use langevin or nvt, or cut it with box = 'packed'"
            )
    if not any(isinstance(stage.edit, Cut) for stage in condition.stages):
        for n, stage in enumerate(condition.stages, start=1):
            if isinstance(stage.edit, Seed):
                _check_seed(stage.edit, condition.system, forcefield, f"{where}: stage {n}")


def bead_types(
    types: Mapping[str, str | tuple[str, ...]] | None, forcefield: ForceField, where: str
) -> dict[str, str]:
    """Bead type of the model for each type name of a file.

    Parameters
    ----------
    types
        `System.types`: a name or several by bead type, or bead types by name; what is not mentioned is called
        what the model calls it.
    forcefield
        The model.
    where
        The condition, for messages.

    Raises
    ------
    InputError
        Neither side has bead types only, or a name stands for two of them.
    """
    beads = set(forcefield.types)
    given = {key: (value,) if isinstance(value, str) else tuple(value) for key, value in (types or {}).items()}
    called = [name for several in given.values() for name in several]
    if set(given) <= beads and len(set(called)) == len(called):
        names = {name: bead for bead, several in given.items() for name in several}
    elif set(called) <= beads and len(called) == len(given):
        names = {name: bead for name, (bead,) in given.items()}
    else:
        names = {}
    if names or not given:
        # what is not mentioned is called what the model calls it
        left = beads - set(names.values())
        return names | {bead: bead for bead in forcefield.types if bead in left and bead not in names}
    raise InputError(
        f"{where}: system.types = {types}; expected what each bead type of {forcefield.name} "
        f'({", ".join(forcefield.types)}) is called in the file, such as {{ T = "Si", S = "X" }} or '
        '{ T = ["Al", "P"] }'
    )
