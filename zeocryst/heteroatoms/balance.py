"""The charge that Al leaves, and what balances it: guests first, then H+, Na+, K+ or Ca2+.

Guests (OSDAs) count first, each charge for the Al nearest to it; the Al that are left get a cation each, or a
pair of them one Ca2+. The framework's geometry is then solved anew with bonds of each T's own length, and H+
and cations are put in.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zeocryst.backmapping.dls import keeps_network
from zeocryst.backmapping.oxygens import Silicate
from zeocryst.cell import neighbour_pairs, wrap
from zeocryst.errors import InputError, nearest
from zeocryst.heteroatoms.cations import IONS, place_cations
from zeocryst.heteroatoms.elements import ELEMENTS
from zeocryst.heteroatoms.geometry import settle, silicate_of
from zeocryst.heteroatoms.protons import arms, choose_oxygens
from zeocryst.network.bonds import Network

if TYPE_CHECKING:
    from ase import Atoms

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: What can balance charge; "none": guests alone.
BALANCES = ("H", *IONS, "none")
#: Up to so many Al pairs for Ca2+ are matched with the least sum of distances, more nearest first.
MATCHED = 300
#: Al of a pair farther apart than this can't share the O around a cation, Å.
FAR_PAIR_A = 8.5


@dataclass(frozen=True)
class Balance:
    """What balances the charge.

    Attributes
    ----------
    record : dict
        ``framework_charge``, ``guests_charge``, ``by``, ``cations`` (their number), ``net_charge``, ``why_not``
        (a sentence, or None of what is neutral), ``T_OH_A`` (shortest and longest bond of an Al to the O of
        its H, or None), ``notes``.
    sites : list of (tuple of int, int)
        The Al (two for Ca2+) and the cation of each place, atom numbers.
    """

    record: dict[str, Any]
    sites: list[tuple[tuple[int, ...], int]] = field(default_factory=list)

    @property
    def neutral(self) -> bool:
        """Whether charges add up to nothing."""
        return bool(self.record["net_charge"] == 0)


def framework_charge(atoms: Atoms, n_sites: int) -> int:
    """Charge that the T leave, e: -1 for each Al, B and Ga, +1 for each P.

    Raises
    ------
    InputError
        A T is of an element that isn't known here.
    """
    counts = Counter(atoms.get_chemical_symbols()[:n_sites])
    unknown = sorted(set(counts) - set(ELEMENTS))
    if unknown:
        raise InputError(f"T of {', '.join(unknown)}: their charge isn't known; known: {', '.join(ELEMENTS)}")
    return sum(ELEMENTS[symbol].charge * number for symbol, number in counts.items())


def balance(
    atoms: Atoms, network: Network, *, by: str = "H", guests: Atoms | None = None, guests_charge: int = 0,
    seed: int = 1,
) -> tuple[Atoms, Balance]:  # fmt: skip
    """The framework with what balances its charge.

    Parameters
    ----------
    atoms
        T, bridging O, O and H of silanols, as back-mapping makes them, some Si replaced.
    network
        Its sites and bonds.
    by
        One of `BALANCES`.
    guests
        Atoms of the guests that are in the pores: nothing is put where they are.
    guests_charge
        Of all guests together, e.
    seed
        In which order the Al choose.

    Returns
    -------
    atoms : ase.Atoms
        T, O, H (silanols' first), cations; the array ``molecule`` is 0.
    balance : Balance
        Neutral, or with the reason why not.

    Raises
    ------
    InputError
        `by` isn't offered, or the atoms aren't those of the network.
    """
    if by not in BALANCES:
        raise InputError(f"balance by {by!r}; {nearest(by, BALANCES)}")
    rng = np.random.default_rng([seed, 1])
    silicate = silicate_of(atoms, network)
    left = framework_charge(atoms, network.n_sites) + guests_charge
    sites = _unbalanced(atoms, network.n_sites, guests, max(0, -left), rng)
    chosen: dict[int, int] = {}
    if by == "H":
        chosen = choose_oxygens(atoms, silicate, sites, guests, rng)
    bonds = np.array(sorted(chosen.values()), dtype=np.int64)
    new, silicate = settle(atoms, silicate, network.n_sites + bonds)
    if by == "H":
        added, placed = _with_protons(new, silicate, chosen)
    elif by in IONS:
        added, placed = _with_ions(new, silicate, sites, by, guests, rng)
    else:
        added, placed = new, []
    each = 1 if by == "H" else IONS[by].charge if by in IONS else 0
    net = left + each * len(placed)
    record: dict[str, Any] = {
        "framework_charge": left - guests_charge,
        "guests_charge": guests_charge,
        "by": by,
        "cations": len(placed),
        "net_charge": net,
        "why_not": _why_not(left, net, by, len(sites), guests_charge),
        "T_OH_A": _longer_bonds(new, silicate, chosen),
        "notes": _notes(new, silicate, placed, by),
    }
    added.set_array("molecule", np.zeros(len(added), dtype=np.int64))
    return added, Balance(record, placed)


def _unbalanced(
    atoms: Atoms, n_sites: int, guests: Atoms | None, number: int, rng: np.random.Generator
) -> Ints:
    """The T of negative charge that no guest balances: those farthest from the guests, or any."""
    symbols = atoms.get_chemical_symbols()[:n_sites]
    negative = np.array([k for k, s in enumerate(symbols) if ELEMENTS[s].charge < 0], dtype=np.int64)
    if number >= len(negative) or guests is None or len(guests) == 0:
        return np.sort(rng.permutation(negative)[:number])
    both = np.vstack([atoms.positions[negative], guests.positions])
    reach = float(np.cbrt(atoms.get_volume())) / 2
    i, j, _, distance = neighbour_pairs(both, atoms.cell[:], max(reach, 8.0), full=True)
    k = len(negative)
    to_guest = np.full(k, np.inf)
    mine = (i < k) & (j >= k)
    np.minimum.at(to_guest, i[mine], distance[mine])
    return np.sort(negative[np.argsort(-to_guest, kind="stable")[:number]])


def _with_protons(atoms: Atoms, silicate: Silicate, chosen: dict[int, int]) -> tuple[Atoms, list[Any]]:
    """The H of the Brønsted sites behind all other atoms."""
    from ase import Atoms

    if not chosen:
        return atoms.copy(), []
    sites = sorted(chosen)
    bonds = np.array([chosen[s] for s in sites], dtype=np.int64)
    ends = wrap(silicate.bridging[bonds] + arms(silicate, bonds), atoms.cell[:])
    added = atoms + Atoms(f"H{len(ends)}", positions=ends)
    return added, [((site,), len(atoms) + k) for k, site in enumerate(sites)]


def _with_ions(
    atoms: Atoms, silicate: Silicate, sites: Ints, name: str, guests: Atoms | None, rng: np.random.Generator
) -> tuple[Atoms, list[Any]]:
    """Cations behind all other atoms, as many as there is room for."""
    from ase import Atoms

    groups = [[int(s)] for s in rng.permutation(sites)]
    if IONS[name].charge == 2:
        groups = _pairs(atoms, sites)
    if not groups:
        return atoms.copy(), []
    of_site = silicate.bonds()[1].reshape(-1, 4)
    own = [np.unique(of_site[group]) for group in groups]
    places, found = place_cations(atoms, [np.array(g) for g in groups], own, name, guests)
    kept = [k for k, there in enumerate(found) if there]
    if not kept:
        return atoms.copy(), []
    added = atoms + Atoms(f"{name}{len(kept)}", positions=wrap(places[kept], atoms.cell[:]))
    return added, [(tuple(groups[k]), len(atoms) + n) for n, k in enumerate(kept)]


def _pairs(atoms: Atoms, sites: Ints) -> list[list[int]]:
    """Al by twos, near to each other; one is left over where their number is odd."""
    if len(sites) < 2:
        return []
    from ase.geometry import get_distances

    apart = get_distances(atoms.positions[sites], cell=atoms.cell, pbc=True)[1]
    if len(sites) <= MATCHED:
        import networkx as nx

        graph = nx.Graph()
        a, b = np.triu_indices(len(sites), 1)
        graph.add_weighted_edges_from(zip(a.tolist(), b.tolist(), (-apart[a, b]).tolist(), strict=True))
        found = sorted(tuple(sorted(p)) for p in nx.max_weight_matching(graph, maxcardinality=True))
        return [[int(sites[a]), int(sites[b])] for a, b in found]
    free, pairs = np.ones(len(sites), dtype=bool), []
    a, b = np.triu_indices(len(sites), 1)
    for k in np.argsort(apart[a, b], kind="stable").tolist():
        if free[a[k]] and free[b[k]]:
            free[[a[k], b[k]]] = False
            pairs.append([int(sites[a[k]]), int(sites[b[k]])])
    return pairs


def _why_not(left: int, net: int, by: str, needed: int, guests_charge: int) -> str | None:
    """Why the charge that is left over is, None where there is none."""
    if net == 0:
        return None
    if left > 0 and guests_charge == 0:
        return f"charge {net:+d} is left: P and Al of the framework are not equally many"
    if left > 0:
        return (
            f"charge {net:+d} is left: the guests carry more than the framework takes; {net} more Al, "
            "silanolates (Si-O-) or F- would balance it, or fewer guests"
        )
    if by == "none":
        return f"charge {net:+d} is left: the guests balance no more, and no cation was asked for"
    reasons = []
    each = IONS[by].charge if by in IONS else 1
    odd, beyond = needed % each, -left - needed
    without = (-net - beyond - odd) // each
    if beyond:
        reasons.append(f"{-beyond:+d} is the guests', and cations are put beside Al alone")
    if odd:
        reasons.append(f"{by}{each}+ balances {each}, and one Al is left over; H or Na would")
    if without and by == "H":
        reasons.append(f"of {needed} H+, {without} found no O that has none yet")
    elif without:
        reasons.append(f"{without} {by}{'' if each == 1 else each}+ found no room beside their Al")
    return f"charge {net:+d} is left: " + "; ".join(reasons)


def _longer_bonds(atoms: Atoms, silicate: Silicate, chosen: dict[int, int]) -> list[float] | None:
    """Shortest and longest bond of an Al to the O of its H, Å."""
    if not chosen:
        return None
    network = silicate.network
    bonds = np.array(list(chosen.values()), dtype=np.int64)
    oxygen = silicate.bridging[bonds]
    to_first = np.linalg.norm(network.positions[network.first[bonds]] - oxygen, axis=1)
    to_second = np.linalg.norm(
        network.positions[network.first[bonds]] + network.vectors[bonds] - oxygen, axis=1
    )
    length = np.where(network.first[bonds] == np.array(list(chosen)), to_first, to_second)
    return [round(float(length.min()), 4), round(float(length.max()), 4)]


def _notes(atoms: Atoms, silicate: Silicate, placed: list[tuple[tuple[int, ...], int]], by: str) -> list[str]:
    """What has to be said of the places."""
    said = []
    if not keeps_network(silicate):
        said.append(
            "with the bonds of Al the geometry could not keep all bonds of the network, and those alone"
        )
    if by == "Ca":
        far = sum(atoms.get_distance(*pair, mic=True) > FAR_PAIR_A for pair, _ in placed)
        if far:
            said.append(
                f"{far} of {len(placed)} pairs of Al that share a Ca2+ are farther apart than {FAR_PAIR_A} Å: "
                "it is beside one of the two"
            )
    if by == "H" and any(atoms.symbols[site] == "B" for (site, *_), _ in placed):
        said.append("B with H+ leaves its tetrahedron (B-O(H) opens to about 2 Å); here it is drawn as one")
    return said
