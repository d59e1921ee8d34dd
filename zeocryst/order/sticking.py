"""Which particles in contact become bonded, and how often: read off the frames of a run of beads.

Every bead knows which nanoparticle it comes from (`zeocryst.beads.PARTICLE_MARK`). Two particles are in
contact where their nearest T are nearer than `CONTACT_T_A`, and bonded from the first frame with a bond of T
between them that stays. Contacts wait: until they are bonded, or until they part or the run ends, which says
that the wait was longer (`zeocryst.order.survival`). What was bonded in the first frame is left out, since
nobody saw it wait.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from zeocryst.beads import PARTICLE_MARK
from zeocryst.cell import neighbour_pairs
from zeocryst.errors import InputError
from zeocryst.model.upward import Sticking
from zeocryst.network.bonds import network_of_frame
from zeocryst.order.survival import Waits, constant_rate

if TYPE_CHECKING:
    import gsd.hoomd

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Pair = tuple[int, int]

#: Particles are in contact whose nearest T are nearer than this, Å. At the level of particles spheres are in
#: contact up to 4.65 Å from surface to surface (`zeocryst.order.particles`); the nearest T of two clusters of
#: 36 to 110 T are then 7.7 to 8.5 Å apart in the median, and 5.0 to 5.6 Å where the spheres touch (1.65 Å).
CONTACT_T_A = 8.0
#: A bond stays that is there in so many frames one after the other.
STAYS = 3
#: Where more bonds than this are expected between two frames the rate is bounded by them, not by the matter.
COARSE = 0.5


@dataclass(frozen=True)
class Contact:
    """Two particles from where they met.

    Attributes
    ----------
    pair : (int, int)
        Their numbers, the lower first.
    begin_ps, wait_ps : float
        When they met, and for how long they were watched from then.
    bonded : bool
        Whether they were bonded then; else they parted, or the run ended.
    """

    pair: Pair
    begin_ps: float
    wait_ps: float
    bonded: bool


@dataclass(frozen=True)
class Followed:
    """Contacts of a run.

    Attributes
    ----------
    contacts : list of Contact
        Those that were seen to wait.
    bonded_at_start : int
        Pairs that were bonded in the first frame, and are not among them.
    interval_ps : float
        Longest time between two frames.
    """

    contacts: list[Contact]
    bonded_at_start: int
    interval_ps: float

    @property
    def waits(self) -> Waits:
        """The waits, those in vain among them."""
        return Waits.of([c.wait_ps for c in self.contacts], [c.bonded for c in self.contacts])

    @property
    def n_bonded(self) -> int:
        """Contacts that became bonded."""
        return sum(c.bonded for c in self.contacts)


def pairs_of(frame: gsd.hoomd.Frame, reach: float = CONTACT_T_A) -> tuple[set[Pair], set[Pair]]:
    """Pairs of particles in contact, and those among them that bonds of T join.

    Parameters
    ----------
    frame
        Beads with their particles' numbers.
    reach
        Largest distance of the nearest T of two in contact, Å.

    Raises
    ------
    InputError
        The frame does not say which particles its beads come from.
    """
    if PARTICLE_MARK not in frame.log:
        raise InputError(
            f"a frame of beads: {PARTICLE_MARK} is missing; expected the number of each bead's nanoparticle, "
            "as in runs that begin with particles"
        )
    network, sites = network_of_frame(frame)
    of = np.asarray(frame.log[PARTICLE_MARK], dtype=np.int64)[sites]
    i, j, *_ = neighbour_pairs(network.positions, network.cell, reach)
    bonded = _between(of, network.first, network.second)
    return _between(of, i, j) | bonded, bonded


def _between(of: Ints, i: Ints, j: Ints) -> set[Pair]:
    """Pairs of different particles among pairs of T."""
    ends = np.sort(np.stack([of[i], of[j]], axis=1), axis=1)
    ends = np.unique(ends[ends[:, 0] != ends[:, 1]], axis=0)
    return {(int(a), int(b)) for a, b in ends}


def follow(
    frames: Iterable[tuple[float, gsd.hoomd.Frame]], *, reach: float = CONTACT_T_A, stays: int = STAYS
) -> Followed:
    """Follow the contacts of particles through a run.

    What happened between two frames is put in their middle; of a contact that was made and bonded between the
    same two frames the wait is a third of their distance, its mean for two random times.

    Parameters
    ----------
    frames
        Time (ps) and beads, in order of time.
    reach
        As in `pairs_of`.
    stays
        A bond counts that is there in so many frames one after the other. The last frames, for whose bonds this
        cannot be known, are not watched.

    Raises
    ------
    InputError
        There is no more than one frame to be watched, or times do not rise.
    """
    times, touching, bonded = [], [], []
    for time, frame in frames:
        near, joined = pairs_of(frame, reach)
        times.append(float(time))
        touching.append(near)
        bonded.append(joined)
    if stays < 1:
        raise InputError(f"stays = {stays}; expected 1 or more")
    if len(times) < 1 + stays or (np.diff(times) <= 0).any():
        raise InputError(f"{len(times)} frames; expected at least {1 + stays}, at times that rise")
    contacts = []
    at_start = 0
    for pair in sorted(set().union(*touching)):
        in_touch = np.array([pair in those for those in touching])
        in_bond = np.array([pair in those for those in bonded])
        waits, known = _waits(np.array(times), in_touch, in_bond, stays)
        contacts += [Contact(pair, begin, wait, came) for begin, wait, came in waits]
        at_start += known
    return Followed(contacts, at_start, float(np.diff(times).max()))


def _waits(
    time: Floats, near: Bools, joined: Bools, stays: int
) -> tuple[list[tuple[float, float, bool]], bool]:
    """Waits of one pair (begin, wait, whether it was bonded), and whether it was bonded in the first frame."""
    watched = len(time) - stays + 1
    lasting = [k for k in range(watched) if joined[k : k + stays].all()]
    if lasting and not lasting[0]:
        return [], True
    end = lasting[0] if lasting else watched
    edge = np.concatenate([time[:1], (time[1:] + time[:-1]) / 2])
    if not lasting:
        edge = np.append(edge[:watched], time[watched - 1])
    found = []
    k = 0
    while k < end:
        last = k
        while near[k] and last + 1 < end and near[last + 1]:
            last += 1
        if near[k] and edge[last + 1] > edge[k]:
            came = bool(lasting) and last + 1 == end
            found.append((float(edge[k]), float(edge[last + 1] - edge[k]), came))
        k = last + 1
    if lasting and not near[end - 1]:
        found.append((float(edge[end]), float(time[end] - time[end - 1]) / 3, True))
    return found, False


def sticking(followed: Followed, temperature_K: float) -> Sticking:
    r"""How often contacts become bonded, as of a rate that is constant.

    Events over the time in contact, with the exact interval of a Poisson number (`constant_rate`); where none
    was seen, a bound only.

    Raises
    ------
    InputError
        Nothing was in contact for any time.
    """
    rate = constant_rate(followed.waits)
    if rate["rate_per_ns"] is None:
        raise InputError("no two particles were in contact and not bonded: there is no rate of becoming bonded")
    low, high = rate["rate_low_per_ns"], rate["rate_high_per_ns"]
    assert low is not None
    assert high is not None
    return Sticking(
        rate["rate_per_ns"], (low, high), len(followed.contacts), followed.n_bonded, float(temperature_K)
    )


def in_words(followed: Followed, found: Sticking) -> str:
    """What was found, in a sentence."""
    low, high = found.interval_per_ns
    left = f", {followed.bonded_at_start} more were bonded at the start" if followed.bonded_at_start else ""
    if not found.n_bonded:
        return (
            f"None of {found.n_contacts} contacts became bonded{left}: fewer than {high:.3g} per ns in contact "
            "(95 %)."
        )
    words = (
        f"{found.n_bonded} of {found.n_contacts} contacts became bonded{left}: {found.rate_per_ns:.3g} per ns "
        f"in contact ({low:.3g} to {high:.3g}, 95 %)."
    )
    if found.rate_per_ns * followed.interval_ps / 1000 > COARSE:
        words += " Frames are too far apart for so fast a rate: it is a lower bound."
    return words
