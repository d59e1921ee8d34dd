"""How order came about, for the summary of a run or an analysis: which experiment it was, when, how fast.

What can be said depends on what there was at the start:

- a **planar seed**, a crystal slab: the speed of each of its two fronts;
- another **crystal seed**, such as a ball: the rate at which the largest grain grows;
- **no crystal**: how long it took to begin, the time that a nucleus was waited for, and the shape of the rise,
  which is what the law of Avrami is made for;
- it was **crystalline** already: nothing.

All is told from one trajectory, and says so. `zeocryst.order.replicas` puts several together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from zeocryst.cell import volume
from zeocryst.network.bonds import Network
from zeocryst.order.avrami import avrami_exponent
from zeocryst.order.crystallinity import CRYSTALLINE_FROM
from zeocryst.order.fronts import Ints, Sites, Track, follow_fronts, front_speeds
from zeocryst.order.growth import growth_rate, rise_frames
from zeocryst.order.nucleation import find_transition, in_ps, timed, waiting_time
from zeocryst.order.slab import slab_normal

Row = Mapping[str, Any]

#: What stands in a summary's ``transition``; null where it is not defined, and ``why_not`` says why.
KEYS = (
    "found", "time_ps", "uncertainty_ps", "n_replicas", "induction_time_ps", "induction_uncertainty_ps",
    "avrami_exponent", "avrami_uncertainty", "why_not", "sentence",
)  # fmt: skip
#: The same of its ``growth``.
GROWTH_KEYS = (
    "experiment", "n_replicas", "fronts", "front_speed_A_per_ns", "front_speed_uncertainty_A_per_ns",
    "front_normal", "front_frames", "front_frames_left_out", "from_ps", "to_ps", "temperature_K",
    "rate_sites_per_ns", "rate_uncertainty_sites_per_ns", "nucleus_T", "waiting_time_ps",
    "waiting_time_uncertainty_ps", "watched_ps", "volume_A3", "why_not", "sentence",
)  # fmt: skip
PLANAR, SEED, NONE, CRYSTALLINE = "planar seed", "crystal seed", "no crystal", "crystalline"
#: Sites of a grain that counts as a nucleus; a run that begins with a smaller one begins without a crystal.
NUCLEUS_T = 60
#: The mean waiting time lies between these multiples of a single one, with 95 % certainty, where nuclei come at
#: a constant rate: 2 t / chi^2 with two degrees of freedom at 0.975 and 0.025.
FROM_ONE = (0.27, 39.5)


@dataclass(frozen=True)
class Frames:
    """What kinetics looks at in the frames of a trajectory, by the number of the row.

    Attributes
    ----------
    network
        Gives the network of a frame.
    sites
        Gives positions, cell and grains of its sites, numbered as in the network; quick.
    seeded
        Whether a crystal seed was put in, however small. Without one the first frame tells.
    """

    network: Callable[[int], Network]
    sites: Callable[[int], Sites]
    seeded: bool = False
    _tracks: dict[tuple[int, ...], Track | str] = field(default_factory=dict, repr=False)

    def track(self, among: range, normal: Ints) -> Track | str:
        """The fronts of a slab in some of the frames (`follow_fronts`); what was followed is remembered."""
        key = (among.start, among.stop, *(int(k) for k in normal))
        if key not in self._tracks:
            self._tracks[key] = follow_fronts(among, self.sites, normal)
        return self._tracks[key]


def course(rows: Sequence[Row], start: int, frames: Frames, seed: int = 1) -> dict[str, Any]:
    """How order came about, from the rows of a run or an analysis.

    Parameters
    ----------
    rows
        One a frame, with ``time_ps``, ``crystalline_share`` and ``largest_grain_sites``, and ``stage`` and
        ``temperature_K`` where they are known.
    start
        The first that counts.
    frames
        What was there.
    seed
        Of the bootstraps.

    Returns
    -------
    dict
        ``crystalline_share`` at the ``start`` and the ``end``, the ``transition`` (`KEYS`) and the ``growth``
        (`GROWTH_KEYS`).
    """
    after = rows[start:]
    share = [row["crystalline_share"] for row in after]
    normal = _normal(frames, start)
    kind = _experiment(after[0], normal is not None, frames.seeded)
    transition = _transition(after, kind, seed)
    growth: dict[str, Any] = dict.fromkeys(GROWTH_KEYS) | {"experiment": kind, "n_replicas": 1, "why_not": {}}
    words: list[str] = []
    if not timed(np.array([row["time_ps"] for row in after])):
        growth["why_not"]["growth"] = "the frames have no times, or not rising ones"
    elif kind == CRYSTALLINE:
        growth["why_not"]["growth"] = "it is crystalline from the start"
    else:
        words += _fronts(growth, rows, start, frames, normal)
        words += _rate(growth, after, transition["found"])
        words += _waiting(growth, after, transition)
        if growth["watched_ps"] is not None:
            growth["volume_A3"] = _mean_volume(after, frames.sites(start))
    growth["sentence"] = " ".join(words) or _why_nothing(growth["why_not"])
    return {
        "crystalline_share": {"start": share[0], "end": share[-1]},
        "transition": transition,
        "growth": growth,
    }


def _normal(frames: Frames, start: int) -> Any:
    """Normal of the slab that is there at the start, None without one."""
    grain = frames.sites(start)[2]
    return slab_normal(frames.network(start), grain) if (grain == 0).sum() >= NUCLEUS_T else None


def _experiment(first: Row, planar: bool, seeded: bool) -> str:
    """Which experiment it was, from the first row that counts."""
    if first["crystalline_share"] >= CRYSTALLINE_FROM:
        return CRYSTALLINE
    if planar:
        return PLANAR
    return SEED if seeded or first["largest_grain_sites"] >= NUCLEUS_T else NONE


def _transition(rows: Sequence[Row], kind: str, seed: int) -> dict[str, Any]:
    """When it rose; induction and Avrami exponent of a run that began without a crystal."""
    time, share = ([row[name] for row in rows] for name in ("time_ps", "crystalline_share"))
    found = find_transition(time, share, seed)
    record: dict[str, Any] = dict.fromkeys(KEYS) | {
        "found": found.found,
        "time_ps": found.time_ps,
        "uncertainty_ps": found.uncertainty_ps,
        "n_replicas": 1,
        "why_not": {},
    }
    words = [found.sentence]
    if not found.found:
        record["why_not"] = dict.fromkeys(("induction_time_ps", "avrami_exponent"), "there is no transition")
    elif kind != NONE:
        reason = "it begins with a crystal, so that nothing is waited for"
        record["why_not"] = {
            "induction_time_ps": reason,
            "avrami_exponent": "it begins with a crystal: the law is for nuclei at random places",
        }
    else:
        begin, spread = found.induction_time_ps or 0.0, found.induction_uncertainty_ps or 0.0
        record |= {"induction_time_ps": begin, "induction_uncertainty_ps": spread}
        late = f"The rise begins {begin:.0f} ± {in_ps(spread)} ps after the start."
        words.append(late if begin else "It begins at once.")
        avrami = avrami_exponent(time, share, seed)
        if avrami is None:
            record["why_not"]["avrami_exponent"] = "the rise has no fit by the law"
        else:
            record |= {"avrami_exponent": avrami.exponent, "avrami_uncertainty": avrami.uncertainty}
            words.append(f"Avrami exponent {avrami.exponent:.1f} ± {avrami.uncertainty:.1f}.")
    record["sentence"] = " ".join(words)
    return {key: None if isinstance(v, float) and not np.isfinite(v) else v for key, v in record.items()}


def same_stage(rows: Sequence[Row], start: int) -> range:
    """The rows from the start to the end of the stage that begins there."""
    stages = [row.get("stage") for row in rows]
    stop = start + 1
    while stop < len(rows) and stages[stop] == stages[min(start + 1, len(rows) - 1)]:
        stop += 1
    return range(start, stop)


def _fronts(growth: dict[str, Any], rows: Sequence[Row], start: int, frames: Frames, normal: Any) -> list[str]:
    """Speeds of the fronts, where there are two; what is said of them."""
    if normal is None:
        growth["why_not"]["fronts"] = "there is no crystal slab at the start, so no planar fronts"
        return []
    track = frames.track(same_stage(rows, start), normal)
    if isinstance(track, str):
        growth["why_not"]["fronts"] = track
        return [f"No front speeds: {track}."]
    chosen = [rows[k] for k in track.frames]
    time = np.array([row["time_ps"] for row in chosen])
    speeds = front_speeds(time, track)
    growth["fronts"] = [
        {"side": side, "speed_A_per_ns": one.slope, "uncertainty_A_per_ns": one.uncertainty}
        for side, one in (("lower", speeds.lower), ("upper", speeds.upper))
    ]
    growth |= {
        "front_speed_A_per_ns": speeds.mean.slope,
        "front_speed_uncertainty_A_per_ns": speeds.mean.uncertainty,
        "front_normal": normal.tolist(),
        "front_frames": len(time),
        "front_frames_left_out": track.left_out,
        "from_ps": float(time[0]),
        "to_ps": float(time[-1]),
    }
    heat = ""
    if "temperature_K" in chosen[0]:
        growth["temperature_K"] = float(np.mean([row["temperature_K"] for row in chosen]))
        heat = f", {growth['temperature_K']:.0f} K"
    rate = growth_rate(
        [row["time_ps"] for row in rows], [row["largest_grain_sites"] for row in rows], track.frames
    )
    growth |= {"rate_sites_per_ns": rate.slope, "rate_uncertainty_sites_per_ns": rate.uncertainty}
    return [_front_words(growth, track, heat)]


def _front_words(growth: Mapping[str, Any], track: Track, heat: str) -> str:
    """The speeds in a sentence."""
    low, high = (f"{one['speed_A_per_ns']:.1f} ± {one['uncertainty_A_per_ns']:.1f}" for one in growth["fronts"])
    mean = f"{growth['front_speed_A_per_ns']:.1f} ± {growth['front_speed_uncertainty_A_per_ns']:.1f}"
    left = f", {track.left_out} mislabelled left out" if track.left_out else ""
    return (
        f"Planar seed: its fronts move at {low} and {high} Å/ns, {mean} in the mean (one trajectory, errors "
        f"from its own fluctuations; {len(track.frames)} frames from {growth['from_ps']:.0f} to "
        f"{growth['to_ps']:.0f} ps{left}{heat})."
    )


def _rate(growth: dict[str, Any], rows: Sequence[Row], found: bool) -> list[str]:
    """Rate at which the largest grain grows, where it has no planar fronts; what is said of it."""
    if growth["rate_sites_per_ns"] is not None:
        return []
    time, size = ([row[name] for row in rows] for name in ("time_ps", "largest_grain_sites"))
    frames = rise_frames(time, size) if found else "there is no transition"
    if isinstance(frames, str):
        growth["why_not"]["rate_sites_per_ns"] = frames
        return [f"No growth rate: {frames}."] if found else []
    rate = growth_rate(time, size, frames)
    growth |= {
        "rate_sites_per_ns": rate.slope,
        "rate_uncertainty_sites_per_ns": rate.uncertainty,
        "from_ps": float(time[frames[0]]),
        "to_ps": float(time[frames[-1]]),
    }
    return [
        f"The largest grain grows by {rate.slope:.0f} ± {rate.uncertainty:.0f} T/ns (one trajectory, error "
        f"from its own fluctuations; {len(frames)} frames from {growth['from_ps']:.0f} to "
        f"{growth['to_ps']:.0f} ps)."
    ]


def _waiting(growth: dict[str, Any], rows: Sequence[Row], transition: Mapping[str, Any]) -> list[str]:
    """How long a nucleus was waited for, where there was none; what is said of it."""
    if growth["experiment"] != NONE:
        growth["why_not"]["waiting_time_ps"] = "it begins with a crystal"
        return []
    growth["nucleus_T"] = NUCLEUS_T
    watched = [rows[k] for k in same_stage(rows, 0)]
    growth["watched_ps"] = float(watched[-1]["time_ps"] - rows[0]["time_ps"])
    time, size = ([row[name] for row in rows] for name in ("time_ps", "largest_grain_sites"))
    until = transition["time_ps"] if transition["found"] else np.inf
    found = waiting_time(time, size, NUCLEUS_T, until)
    if isinstance(found, str):
        growth["why_not"]["waiting_time_ps"] = found
        return [f"No nucleus: {found}."]
    growth["waiting_time_ps"], growth["waiting_time_uncertainty_ps"] = found
    least, most = FROM_ONE
    return [
        f"A grain of {NUCLEUS_T} T or more is there {found[0]:.0f} ps after the start (the last frame without; "
        f"the next is {found[1]:.3g} ps later; one trajectory: the mean waiting time is {least} to {most:.0f} "
        "times that)."
    ]


def _mean_volume(rows: Sequence[Row], first: Sites) -> float:
    """Volume of the box while a nucleus is waited for, Å^3: the mean; without densities that at the start."""
    watched = [rows[k] for k in same_stage(rows, 0)]
    if not all("density_T_per_1000A3" in row for row in watched):
        return volume(first[1])
    return float(np.mean([1000 * len(first[0]) / row["density_T_per_1000A3"] for row in watched]))


def _why_nothing(reasons: Mapping[str, str]) -> str:
    """Why nothing is said of growth."""
    return f"No growth to speak of: {reasons.get('growth') or reasons['rate_sites_per_ns']}."


def front_rows(
    rows: Sequence[Row], start: int, frames: Frames, normal: Sequence[int]
) -> list[dict[str, float]]:
    """Where the fronts were whose speeds `course` found: ``time_ps``, ``lower_front_A``, ``upper_front_A``.

    Distances are from the middle of the slab's own sites (`zeocryst.order.fronts`).
    """
    track = frames.track(same_stage(rows, start), np.array(normal))
    assert not isinstance(track, str)  # speeds were found
    return [
        {"time_ps": rows[k]["time_ps"], "lower_front_A": low, "upper_front_A": high}
        for k, (low, high) in zip(track.frames.tolist(), track.position.tolist(), strict=True)
    ]
