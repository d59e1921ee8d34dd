"""Growth of a slab: where its two fronts are in each frame, and how fast each of them moves."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zeocryst.order.drift import MIN_POINTS, Drift, drift
from zeocryst.order.slab import Slab, along, locate

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

#: Sites of a frame: positions (N, 3) Å, cell (3, 3) Å, and each site's grain (N,), -1 in none.
Sites = tuple[Floats, Floats, Ints]

#: Nearer to each other than this, through the slab or through the melt, two fronts are not two any more, Å.
APART_A = 8.0
#: A frame whose slab differs in thickness from the median of so many on each side by more than so many times
#: the usual difference (as a standard deviation), and by so much at least, was labelled wrongly (F. R. Hampel,
#: J. Am. Stat. Assoc. 69, 383 (1974)).
NEIGHBOURS, OUTLIER, LEAST_OUTLIER_A = 3, 4.0, 4.0
#: The slab's own sites: in its middle, and crystalline in this share of the frames; at least so many; their
#: phases as near together as at first, or sites are not the same from frame to frame.
OWN_SHARE, MIN_OWN, TOGETHER = 0.8, 5, 0.9


@dataclass(frozen=True)
class Track:
    """The fronts over time.

    Attributes
    ----------
    normal : (3,) int array
        Of the fronts, in reciprocal lattice vectors.
    frames : (M,) int array
        Numbers of the frames.
    position : (M, 2) array
        Distance of the lower (negative) and the upper front from the middle of the slab's own sites, Å.
    left_out : int
        Frames between them that were left out, since they were labelled wrongly.
    end : str
        Why there is no later one.
    """

    normal: Ints
    frames: Ints
    position: Floats
    left_out: int
    end: str

    @property
    def thickness(self) -> Floats:
        """Of the slab, (M,) Å."""
        return np.asarray(self.position[:, 1] - self.position[:, 0])


def follow_fronts(frames: Iterable[int], sites: Callable[[int], Sites], normal: Ints) -> Track | str:
    """Follow the fronts of a slab until they meet, or it has melted.

    Fronts are measured from the slab's own sites, those in its middle that stay crystalline, so that neither
    a drift of the whole box nor the barostat is taken for growth; distances are those of each frame's cell.

    Parameters
    ----------
    frames
        Numbers of the frames, in order.
    sites
        Gives the sites of one.
    normal : (3,) int array
        From `zeocryst.order.slab.slab_normal`.

    Returns
    -------
    Track or str
        A sentence why not, where too few frames show a slab, or sites change their numbers.
    """
    numbers, places, end = _until_the_end(frames, sites, normal)
    thick = np.array([np.nan if s is None else (s.high - s.low) * p for s, p, _, _ in places])
    keep = ~_outliers(thick)
    n = int(keep.sum())
    if n < MIN_POINTS:
        return (
            f"only {n} frames show two fronts apart ({end}); at least {MIN_POINTS} are needed, so frames "
            "should be nearer in time there"
        )
    numbers, places = numbers[keep], [p for p, kept in zip(places, keep, strict=True) if kept]
    position = _from_own_sites(places)
    return position if isinstance(position, str) else Track(normal, numbers, position, int((~keep).sum()), end)


#: Fronts, period (Å), and phase and crystallinity of each site of a frame.
_Place = tuple[Slab | None, float, Floats, Bools]


def _until_the_end(
    frames: Iterable[int], sites: Callable[[int], Sites], normal: Ints
) -> tuple[Ints, list[_Place], str]:
    """Frames, their fronts, and why there are no more; two frames in a row without two fronts are an end."""
    numbers: list[int] = []
    places: list[_Place] = []
    last = ""
    for k in frames:
        positions, cell, grain = sites(k)
        phase, period = along(positions, cell, normal)
        if places and len(places[0][2]) != len(phase):
            return np.array(numbers), places, "then the number of T changes"
        solid = grain >= 0
        slab = locate(phase, solid, period)
        thick = period * (float(solid.mean()) if slab is None else slab.high - slab.low)
        state = ""
        if thick < APART_A:
            state = "then the slab has melted"
        elif period - thick < APART_A:
            state = "then the fronts have met"
        if state and state == last:
            return np.array(numbers[:-1]), places[:-1], state
        last = state
        numbers.append(k)
        places.append((None if state else slab, period, phase, solid))
    return np.array(numbers, dtype=np.int64), places, "to the end"


def _outliers(thick: Floats) -> Bools:
    """Frames without fronts, and those that alone show another thickness than the frames around them."""
    n = len(thick)
    wrong = ~np.isfinite(thick)
    around = [thick[max(0, k - NEIGHBOURS) : k + NEIGHBOURS + 1] for k in range(n)]
    usual = np.array([np.median(a[np.isfinite(a)]) if np.isfinite(a).any() else np.nan for a in around])
    off = abs(thick - usual)
    if wrong.all():
        return wrong
    limit = max(LEAST_OUTLIER_A, OUTLIER * 1.4826 * float(np.median(off[~wrong])))
    return np.asarray(wrong | (np.nan_to_num(off) > limit))


def _from_own_sites(places: list[_Place]) -> Floats | str:
    """Distances of the fronts from the middle of the slab's own sites, (M, 2) Å."""
    slab, _, phase, _ = places[0]
    assert slab is not None
    width = slab.high - slab.low
    apart = abs((phase - (slab.low + slab.high) / 2 + 0.5) % 1.0 - 0.5)
    solid = np.mean([s for _, _, _, s in places], axis=0)
    own = (apart < width / 4) & (solid >= OWN_SHARE)
    if int(own.sum()) < MIN_OWN:
        return (
            f"fewer than {MIN_OWN} T in the middle of the slab stay crystalline, so nothing tells where it is"
        )
    position = np.empty((len(places), 2))
    first = None
    for k, (fronts, period, where, _) in enumerate(places):
        assert fronts is not None
        mean = np.exp(2j * np.pi * where[own]).mean()
        first = abs(mean) if first is None else first
        if abs(mean) < TOGETHER * first:
            return "the T of the slab's middle do not stay together: are they in one order in all frames?"
        middle = float(np.angle(mean)) / (2 * np.pi)
        position[k] = -((middle - fronts.low) % 1.0) * period, ((fronts.high - middle) % 1.0) * period
    return position


@dataclass(frozen=True)
class Speeds:
    """Speed of the lower and the upper front away from the slab's middle and their mean, with errors, Å/ns."""

    lower: Drift
    upper: Drift
    mean: Drift


def front_speeds(time_ps: Floats, track: Track) -> Speeds:
    """Speeds of the fronts of a slab; positive when it grows, negative when it melts.

    Errors are from the fluctuations along this one trajectory (`zeocryst.order.drift`). The mean is half the
    rate of the thickness, so that its error knows of what moves both fronts.

    Parameters
    ----------
    time_ps : (M,) array
        Of the frames of the track.
    track
        From `follow_fronts`.
    """
    lower, upper = track.position.T
    curves = (-lower, upper, track.thickness / 2)
    return Speeds(*(Drift(*(1000 * value for value in drift(time_ps, x))) for x in curves))
