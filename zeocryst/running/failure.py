"""What a failed simulation tells: in which stage it failed, and what would help there."""

from __future__ import annotations

from pathlib import Path

from zeocryst.condition import EDITS, Condition, Stage
from zeocryst.errors import BOILED, PluginFailedError, SimulationError
from zeocryst.model.forcefield import shipped

#: Beyond these a stage is far from anything that the model describes: K, bar, fs.
VERY_HOT_K, HIGH_BAR, LONG_STEP_FS = 5000.0, 2e4, 5.0
#: Words with which engines say that they lack memory, and that beads are too close together.
MEMORY, CROWDED = ("memory", "allocat"), ("overflow", "too many neighbors")
#: Words with which they say that beads flew apart.
EXPLOSIONS = ("exploded", "lost", "non-numeric", "out of range", "inner cutoff", "too far", "nan", "inf ")


def kept(error: OSError | MemoryError, out: Path) -> SimulationError:
    """What the system refused on the way, such as room on a full disk, with where things are.

    Everything was checked before, so the input is not to blame.

    Parameters
    ----------
    error
        As it was raised.
    out
        The folder of the results.
    """
    reason = " ".join(str(error).split()) or "not enough memory"
    return SimulationError(
        f"{type(error).__name__}: {reason}. What was done so far is kept in {out}; the same command goes on"
    )


def told(error: Exception, condition: Condition, number: int) -> SimulationError:
    """An engine's error with the stage in which it came, and the cure.

    Parameters
    ----------
    error
        As the engine raised it.
    condition
        The run's.
    number
        Of the stage, from 0.
    """
    number = min(number, len(condition.stages) - 1)
    stage, words = condition.stages[number], str(error).rstrip(". ")
    if not words.startswith("stage "):
        words = f"stage {number + 1} ({_named(stage)}): {words}"
    helps = "" if isinstance(error, PluginFailedError) else cure(condition, number, words)
    return SimulationError(words + (f"; {helps}" if helps else ""))


def cure(condition: Condition, number: int, words: str) -> str:
    """What would help, by what the engine said and what the stage asks for; empty where nobody knows."""
    stage, said = condition.stages[number], words.lower()
    if BOILED in words:
        return (
            f"what helps: a pressure_bar above {stage.pressure_bar:g}, which pulls the beads apart, or a lower "
            "temperature_K"
            if stage.pressure_bar < 0
            else "what was in it has boiled; what helps: a lower temperature_K, more pressure_bar, or nvt"
        )
    if any(word in said for word in MEMORY):
        return "fewer beads need less memory"
    if any(word in said for word in CROWDED):
        return "too many beads are within the model's range of each other: a lower density, or a shorter range"
    if stage.kind in EDITS or not any(word in said for word in EXPLOSIONS):
        return ""
    if stage.kind == "minimize":
        return "beads lie on top of each other in the start, or the model attracts without bound: check both"
    reasons = []
    hottest = max(stage.temperature_K or (0.0,))
    if hottest > VERY_HOT_K:
        reasons.append(f"a lower temperature_K than {hottest:g}, at which no network holds")
    if abs(stage.pressure_bar) > HIGH_BAR:
        reasons.append(f"a pressure_bar nearer to 0 than {stage.pressure_bar:g}")
    if stage.timestep_fs > LONG_STEP_FS or hottest > VERY_HOT_K:
        reasons.append(f"a smaller timestep_fs than {stage.timestep_fs:g}")
    relaxed = condition.system.start in ("melt", "gel")  # before the first stage
    relaxed = relaxed or any(s.n_steps or s.kind == "minimize" for s in condition.stages[:number])
    if not reasons and not relaxed:
        reasons.append("a minimize stage before it, since it is the first that moves beads")
    if not reasons:
        reasons.append(f"a smaller timestep_fs than {stage.timestep_fs:g}")
        if stage.kind == "npt":
            reasons.append("an nvt stage before it, so that the box need not jump")
        if condition.forcefield not in shipped():
            reasons.append(f"another model than {condition.forcefield}")
    return "what helps: " + ", or ".join(reasons)


def _named(stage: Stage) -> str:
    if stage.temperature_K is None:
        return stage.kind
    first, last = stage.temperature_K
    return f"{stage.kind} at {first:g} K" if first == last else f"{stage.kind} from {first:g} to {last:g} K"
