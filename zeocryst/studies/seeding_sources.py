"""Where a seeding study's driving force is from, and whether that is about the same thing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zeocryst.errors import InputError

if TYPE_CHECKING:
    from zeocryst.studies.seeding_plan import SeedingPlan

#: S per T of a melt and of its crystal, or of two studies, are the same within this share: enthalpies of unlike
#: compositions have no difference.
SAME_COMPOSITION = 0.02
#: Frameworks that are stackings of the same layers: their melting points and driving forces differ little.
FAMILIES = (frozenset({"dia", "lon"}),)


def check_below(plan: SeedingPlan, melting_point_K: float, source: str) -> None:
    """Nuclei are critical below the melting point only."""
    above = [f"{t:g}" for t in plan.temperatures_K if t >= melting_point_K]
    if above:
        raise InputError(
            f"[seeding] temperatures_K: {', '.join(above)} K at or above the melting point of "
            f"{melting_point_K:.5g} K ({source}), where no nucleus is critical; expected lower ones"
        )


def unlike_composition(plan: SeedingPlan) -> str | None:
    """Why enthalpies of this melt and this crystal make no driving force; None where they do."""
    melt, crystal_S = plan.n_S / plan.n_T, plan.crystal_S_per_T
    if not plan.n_S or abs(melt - crystal_S) <= SAME_COMPOSITION * crystal_S:
        return None
    fitting = round(crystal_S * plan.n_T)
    return (
        f"the melt has {melt:.4g} S for a T and {plan.framework} {crystal_S:.4g}: the difference of enthalpies "
        f"of unlike compositions is no driving force; give a melt of the crystal's composition (n_S = "
        f"{fitting} for n_T = {plan.n_T}), or driving_force_eV of this melt"
    )


def of_another(plan: SeedingPlan, known: Mapping[str, Any]) -> list[str]:
    """What is not quite the same in the melting study, in words.

    Raises
    ------
    InputError
        It is about another model, framework, pressure or composition.
    """

    def refuse(what: str, theirs: object, own: object) -> InputError:
        """The error for what is not the same."""
        return InputError(
            f"[seeding] melt = {plan.melt!r}: that study has {what} {theirs}, and this one {own}; its melting "
            f"point and driving force are not those of this study"
        )

    remarks = []
    model = known.get("forcefield")
    if model is not None and not _same_model(plan, str(model)):
        raise refuse("the force field", model, plan.model.name)
    framework = known.get("framework")
    if framework is not None and framework != plan.framework:
        if not any({framework, plan.framework} <= family for family in FAMILIES):
            raise refuse("the framework", framework, plan.framework)
        remarks.append(f"that study is of {framework}, the seeds are of {plan.framework}")
    pressure = known.get("pressure_bar")
    if pressure is not None and abs(pressure - plan.pressure_bar) > 1:
        raise refuse("a pressure of", f"{pressure:g} bar", f"{plan.pressure_bar:g} bar")
    share, own = known.get("S_per_T"), plan.n_S / plan.n_T
    if share is not None and abs(share - own) > SAME_COMPOSITION * max(share, own):
        raise refuse("S for each T:", f"{share:.4g}", f"{own:.4g}")
    step = known.get("timestep_fs")
    if step is not None and abs(step - plan.timestep_fs) > 1e-6:
        remarks.append(f"that study has time steps of {step:g} fs and this one of {plan.timestep_fs:g} fs")
    return remarks


def _same_model(plan: SeedingPlan, name: str) -> bool:
    """Whether a force field is this study's, by what is in it; one that can't be read, by its name."""
    from zeocryst.model.forcefield import read_forcefield

    if name == plan.model.name:
        return True
    try:
        other = read_forcefield(name)
    except InputError:
        return Path(name).stem == plan.model.name
    own = plan.model
    return (other.masses, other.pairs, other.triplets) == (own.masses, own.pairs, own.triplets)


def melting_of(plan: SeedingPlan, folder: Any) -> Mapping[str, Any] | None:
    """The summary of the melting study that the plan names; None without one.

    Raises
    ------
    InputError
        There is none, it has no driving force, or it is about something else (`of_another`).
    """
    from zeocryst.files.records import read_json

    if plan.melt is None:
        return None
    path = Path(folder) / plan.melt
    path = path if path.suffix == ".json" else path / "summary.json"
    if not path.is_file():
        raise InputError(
            f"[seeding] melt = {plan.melt!r}: no {path}; expected the folder of a finished melting study"
        )
    summary = read_json(path)
    if not summary.get("driving_force"):
        raise InputError(
            f"[seeding] melt = {plan.melt!r}: that study has no driving force (it found no melting point, or "
            f"measured no enthalpies); give melting_point_K or driving_force_eV instead"
        )
    of_another(plan, summary)
    check_below(plan, float(summary["driving_force"]["melting_point_K"]), f"melt = {plan.melt!r}")
    return summary
