"""Critical nuclei by seeding: balls of crystal in a melt, grown or melted, and what theory makes of the size.

At each temperature some melts are made and a crystal is measured alone. Balls of a ladder of sizes are planted
into the melts, held while the melt around them relaxes, and let go; then more where growing and melting are
about as likely (`zeocryst.studies.seeding_runs`), until as many runs are done as the study has. The critical
size is that of a logistic regression (`zeocryst.studies.critical_size`) in the size that was measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from zeocryst.errors import InputError, SimulationError
from zeocryst.studies.enthalpy import MELT
from zeocryst.studies.planting import Planting
from zeocryst.studies.points import Point
from zeocryst.studies.reading import StudyFile, read_study, replica_seed
from zeocryst.studies.running import StudyFolder, StudyOptions
from zeocryst.studies.scales import interval
from zeocryst.studies.seeding_bulk import Bulk, blindness, driving_force
from zeocryst.studies.seeding_plan import KEYS, SeedingPlan, read_seeding
from zeocryst.studies.seeding_results import summary_of, temperature_result
from zeocryst.studies.seeding_runs import GRAINS, SeedRun, settled
from zeocryst.studies.seeding_sources import melting_of

#: About so many frames of a melt or a crystal are measured: at least ten, however the interval is rounded.
BULK_FRAMES = 16
#: What a nucleus is counted by where nothing is said: the first of these columns that a run has, and that sees
#: so large a share of the perfect crystal. The last has a limit of sight of about 100 T.
SIZES, SEEN = ("largest_ice_cluster", "largest_solid_sites", GRAINS), 0.5


def seeding(path: str | Path, out: Path, options: StudyOptions | None = None) -> dict[str, Any]:
    """Run a seeding study, or go on with it.

    Parameters
    ----------
    path
        The study's file.
    out
        Its folder.
    options
        What the command line says.

    Returns
    -------
    dict
        The summary.

    Raises
    ------
    InputError
        The study is wrong; nothing was written.
    SimulationError
        No melt or no seed could be run.
    """
    from zeocryst.report.seeding import write_seeding

    study, plan = read_seeding_study(path)
    known = melting_of(plan, study.folder)
    with StudyFolder(out, study.to_toml(plan.table()), options or StudyOptions()) as folder:
        if folder.summary is not None:
            return folder.summary
        summary, runs = measure_nuclei(folder, study, plan, known)
        write_seeding(folder.path, summary, [run.record() for run in runs])
        return folder.finish(summary)


def measure_nuclei(
    folder: StudyFolder, study: StudyFile, plan: SeedingPlan, known: Mapping[str, Any] | None = None
) -> tuple[dict[str, Any], list[SeedRun]]:
    """All runs of a study, and what they say.

    Parameters
    ----------
    folder
        Runs them.
    study, plan
        What is asked.
    known
        The summary of a melting study, where the plan names one.

    Returns
    -------
    summary, runs
        The summary, and every seed.
    """
    bulk = _bulk(folder, study, plan)
    planting = {t: Planting(folder, study, plan, bulk[t]) for t in plan.temperatures_K}
    runs = {t: [] if blindness(plan, bulk[t]) else planting[t].all_runs() for t in plan.temperatures_K}
    force = driving_force(plan, bulk, known)
    results = [
        temperature_result(
            plan,
            t,
            runs[t],
            bulk[t],
            force(t),
            seed=replica_seed(study.seed, "draws", t),
            n_failed=planting[t].n_failed,
        )
        for t in plan.temperatures_K
    ]
    summary = summary_of(study.name, study.title, plan, results, bulk)
    return summary, [run for t in plan.temperatures_K for run in settled(runs[t])]


def read_seeding_study(path: str | Path) -> tuple[StudyFile, SeedingPlan]:
    """The file, and its plan; raises `InputError`."""
    from zeocryst.model.scales import default_step_fs

    study = read_study(path, "seeding", KEYS)
    trial = study.condition(name="trial", seed=1, stages=[{"kind": "minimize"}])
    plan = read_seeding(study.own, trial, timestep_fs=default_step_fs(trial.read_forcefield()))
    if "density_T_per_1000A3" in study.content["system"] and trial.system.start == "melt":
        # the melts begin with it, and settle at the pressure
        plan = replace(plan, density_T_per_1000A3=float(trial.system.density_T_per_1000A3 or 0))
    plan = _with_size(study, plan)
    # every kind of run is a condition that can be read; what cannot is said before anything is written
    t = plan.temperatures_K[0]
    melt_point(study, plan, t, 1)
    crystal_point(study, plan, t)
    return study, plan


def _with_size(study: StudyFile, plan: SeedingPlan) -> SeedingPlan:
    """The plan with a size: a column that runs have, and that counts the crystal."""
    from zeocryst.network.bonds import network_of_frame
    from zeocryst.order import measure
    from zeocryst.running.beginning import measured_names
    from zeocryst.solution.start import crystal

    condition = study.condition(
        name="crystal", seed=1, stages=plan.crystal_stages(plan.temperatures_K[0]),
        system=plan.crystal_system(), output={"interval_ps": plan.interval_ps},
    )  # fmt: skip
    frame = crystal(condition.system, condition.read_forcefield())
    network, _ = network_of_frame(frame)
    values = measure(network, measured_names(condition, frame), frame).values
    if not plan.size:
        seen = [name for name in SIZES if values.get(name, 0.0) >= SEEN * network.n_sites]
        plan = replace(plan, size=next(iter(seen), GRAINS))
    if plan.size not in values:
        columns = sorted(name for name in values if name.startswith("largest"))
        raise InputError(
            f"{study.where}: seeding.size = {plan.size!r}; expected a column of a run's table, such as "
            f"{', '.join(columns)}; of an order parameter that a run does not measure by itself [output] "
            'measure has the name (size = "largest_ice_cluster" needs measure = ["ice"])'
        )
    if values[plan.size] < SEEN * network.n_sites:
        raise InputError(
            f"{study.where}: seeding.size = {plan.size!r} counts {values[plan.size]:g} of the "
            f"{network.n_sites} T of a perfect crystal of {plan.framework}; choose one that sees it"
        )
    return plan


def melt_point(study: StudyFile, plan: SeedingPlan, temperature: float, number: int) -> Point:
    """The run of a melt."""
    name = f"melt_{temperature:g}K_{number}"
    made = study.condition(
        name=name, seed=replica_seed(study.seed, "melt", temperature, number),
        stages=plan.melt_stages(temperature), system=plan.melt_system(),
        output={"interval_ps": _bulk_interval(plan)},
    )  # fmt: skip
    return Point(name, made, {"kind": "melt", "temperature_K": temperature, "replica": number})


def crystal_point(study: StudyFile, plan: SeedingPlan, temperature: float) -> Point:
    """The run of the crystal alone."""
    name = f"crystal_{temperature:g}K"
    made = study.condition(
        name=name, seed=replica_seed(study.seed, "crystal", temperature),
        stages=plan.crystal_stages(temperature), system=plan.crystal_system(),
        output={"interval_ps": _bulk_interval(plan)},
    )  # fmt: skip
    return Point(name, made, {"kind": "crystal", "temperature_K": temperature, "replica": 1})


def _bulk_interval(plan: SeedingPlan) -> float:
    return interval(plan.settle_ps, BULK_FRAMES)


def _bulk(folder: StudyFolder, study: StudyFile, plan: SeedingPlan) -> dict[float, Bulk]:
    """Melts and a crystal at each temperature, and at the melting point where its enthalpies are wanted."""
    temperatures = list(plan.temperatures_K)
    if plan.melting_point_K is not None:
        temperatures.append(plan.melting_point_K)
    points = []
    for t in temperatures:
        melts = plan.melts if t in plan.temperatures_K else 1
        points += [crystal_point(study, plan, t), *(melt_point(study, plan, t, k + 1) for k in range(melts))]
    done = folder.run(points, say="melts and crystals")
    found: dict[float, Bulk] = {}
    for t in temperatures:
        mine = [one for one in done if one.point.facts["temperature_K"] == t]
        found[t] = Bulk.of(
            t, [(one, folder.rows(one)) for one in mine if one.failure is None],
            column=plan.size, pressure_bar=plan.pressure_bar,
        )  # fmt: skip
        if t in plan.temperatures_K and not found[t].melts:
            why = "; ".join(one.failure or "" for one in mine if one.failure) or found[t].why_not(MELT)
            raise SimulationError(f"no melt at {t:g} K to plant seeds into: {why}")
    return found
