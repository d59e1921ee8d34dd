"""What a quench changed: bonds, clusters and places before and after, counted with one cut-off."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zeocryst.beads import Beads
from zeocryst.network.bonds import Network, bonds_from_sites
from zeocryst.network.clusters import find_clusters

if TYPE_CHECKING:
    import gsd.hoomd

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: A T that moves farther than this, Å, half a bond's length, is not where it was. Heat alone does not take a T
#: there: quenched, crystals of the T-S model at 600 to 900 K move their T by 0.5 Å in the root mean square and
#: 1.3 Å at most.
FAR_A = 1.5
#: A frame has become another when a larger share of its bonds than this was made or lost, of its T is not where
#: it was, or of its T is in another cluster. Hot crystals, whose wrong bonds a quench mends, change 0 to 4 % of
#: their bonds and no place, liquids that begin to order 10 to 14 % and 1 %, half-grown crystals at 600 K 14 to
#: 26 % and 4 to 13 %, melts at 1400 to 1800 K 36 to 44 % and 12 to 34 %.
CHANGED_BONDS, CHANGED_PLACES, CHANGED_CLUSTERS = 0.2, 0.05, 0.02
#: Images of a bond's second T are told apart up to so many cells away.
IMAGES = 5


@dataclass(frozen=True)
class Change:
    """Before and after a quench.

    Attributes
    ----------
    bonds_before, bonds_made, bonds_lost : int
        Pairs of T within the cut-off of the frame before, nearest first and at most four a T, before and after.
    clusters_before, clusters_after, largest_before, largest_after : int
        Number of clusters, and T of the largest.
    T_in_other_clusters : int
        T that left their cluster or joined another: 0 where every cluster has the T that it had.
    T_far : int
        T that moved farther than `FAR_A`.
    n_T : int
    T_most_A, T_rms_A, S_most_A, S_rms_A : float
        How far they moved, at most and in the root mean square, Å; 0 where there are none.
    """

    bonds_before: int
    bonds_made: int
    bonds_lost: int
    clusters_before: int
    clusters_after: int
    largest_before: int
    largest_after: int
    T_in_other_clusters: int
    T_far: int
    n_T: int
    T_most_A: float
    T_rms_A: float
    S_most_A: float
    S_rms_A: float

    @property
    def bonds_share(self) -> float:
        """Bonds made and lost, of those before."""
        return (self.bonds_made + self.bonds_lost) / max(self.bonds_before, 1)

    def record(self) -> dict[str, Any]:
        """For ``summary.json``."""
        return {**asdict(self), "bonds_changed_share": self.bonds_share}

    def another(self) -> list[str]:
        """Why the frame became another one, in words; empty where it did not."""
        found = []
        if self.bonds_share > CHANGED_BONDS:
            found.append(
                f"{self.bonds_made} bonds made and {self.bonds_lost} lost of {self.bonds_before}, more than "
                f"{_percent(CHANGED_BONDS)}"
            )
        if self.T_far > CHANGED_PLACES * self.n_T:
            found.append(
                f"{_percent(self.T_far / self.n_T)} of the T moved by more than {FAR_A:g} Å, more than "
                f"{_percent(CHANGED_PLACES)}"
            )
        if self.T_in_other_clusters > CHANGED_CLUSTERS * self.n_T:
            found.append(
                f"{_percent(self.T_in_other_clusters / self.n_T)} of the T in other clusters, more than "
                f"{_percent(CHANGED_CLUSTERS)}"
            )
        return found

    def in_words(self) -> str:
        """Distances, bonds and clusters: what the quench did."""
        clusters = "every cluster kept its T"
        if self.T_in_other_clusters:
            clusters = (
                f"{self.T_in_other_clusters} T are in another cluster (of {self.clusters_before} there are "
                f"{self.clusters_after}, the largest of {self.largest_before} T has {self.largest_after})"
            )
        return (
            f"moved T by {self.T_rms_A:.2f} Å (root mean square; {self.T_most_A:.2f} at most), made "
            f"{self.bonds_made} bonds and lost {self.bonds_lost} of {self.bonds_before}; {clusters}"
        )


def compare(before: Network, after: Network, moved_T: Floats, moved_S: Floats) -> Change:
    """What became of a network.

    Parameters
    ----------
    before, after : Network
        Of the same sites, with bonds by the same cut-off; `after` not wrapped anew, so that a bond that stayed
        leads to the same image.
    moved_T, moved_S : (N, 3), (P, 3) arrays
        By what they moved, Å.
    """
    old, new = bond_keys(before), bond_keys(after)
    was, has = find_clusters(before), find_clusters(after)
    t, s = (np.linalg.norm(d, axis=1) for d in (moved_T, moved_S))
    return Change(
        bonds_before=len(old),
        bonds_made=len(np.setdiff1d(new, old)),
        bonds_lost=len(np.setdiff1d(old, new)),
        clusters_before=len(was.size),
        clusters_after=len(has.size),
        largest_before=int(was.size[0]),
        largest_after=int(has.size[0]),
        T_in_other_clusters=strangers(was.label, has.label) + strangers(has.label, was.label),
        T_far=int((t > FAR_A).sum()),
        n_T=before.n_sites,
        T_most_A=float(t.max(initial=0.0)),
        T_rms_A=rms(t),
        S_most_A=float(s.max(initial=0.0)),
        S_rms_A=rms(s),
    )


def rms(values: Floats) -> float:
    """Root mean square; 0 of nothing."""
    return float(np.sqrt((values**2).mean())) if len(values) else 0.0


def way(before: gsd.hoomd.Frame, after: gsd.hoomd.Frame) -> Floats:
    """By what each bead moved in a box that stayed, by the shortest way, (N, 3) Å."""
    seen = Beads.of(before)
    moved = Beads.of(after).centred - seen.centred
    return np.asarray(moved - np.round(moved @ np.linalg.inv(seen.cell)) @ seen.cell)


def displaced(network: Network, moved: Floats) -> Network:
    """The network of the same sites elsewhere, by the same cut-off; positions are not wrapped anew."""
    return bonds_from_sites(network.positions + moved, network.cell, network.cutoff)


def bond_keys(network: Network) -> Ints:
    """A number for each bond, sorted: the same for the same sites and image, whichever comes first."""
    first, second, shift = network.first, network.second, network.shift
    # the sign of the first part of the shift that is not zero tells a site's two bonds to its own images apart
    lead = np.sign(shift) @ (9, 3, 1)
    back = (first > second) | ((first == second) & (lead < 0))
    i, j = np.where(back, second, first), np.where(back, first, second)
    turned = np.where(back[:, None], -shift, shift)
    code = np.zeros_like(i)
    for part in (np.clip(turned, -IMAGES, IMAGES) + IMAGES).T:
        code = code * (2 * IMAGES + 1) + part
    return np.sort((i * network.n_sites + j) * (2 * IMAGES + 1) ** 3 + code)


def first_sites(keys: Ints, n_sites: int) -> Ints:
    """The first site of each bond, from its number."""
    return np.asarray(keys // (2 * IMAGES + 1) ** 3 // n_sites)


def strangers(group: Ints, other: Ints) -> int:
    """Members of all groups that are not in the largest part that the other grouping makes of theirs.

    Parameters
    ----------
    group, other : (N,) int arrays
        Two groupings of the same N.
    """
    kinds = int(other.max()) + 1
    pairs, count = np.unique(group * kinds + other, return_counts=True)
    most = np.zeros(int(group.max()) + 1, dtype=np.int64)
    np.maximum.at(most, pairs // kinds, count)
    return int(len(group) - most.sum())


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
