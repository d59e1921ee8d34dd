"""The road from amorphous to crystal in atoms: what several back-mapped frames are, one beside the other.

`survival` says how much of a coarse-grained network its atoms have kept, `along` what can be compared from
frame to frame, measured anew on whatever the atoms ended as (refined, or as the geometry was solved), and
`road` puts the frames of a summary into one table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zeocryst.answers.choosing import in_words
from zeocryst.backmapping.local import Local, histogram, local_geometry
from zeocryst.backmapping.shifts import q4_shifts
from zeocryst.cell import neighbour_pairs
from zeocryst.network.bonds import SI_O_BOND_A, Network, bonds_from_oxygens, network_of_frame
from zeocryst.network.rings import rings_per_site
from zeocryst.order.diffraction import powder_pattern

if TYPE_CHECKING:
    import gsd.hoomd
    from ase import Atoms

Ints = NDArray[np.int64]

#: Largest rings that are counted.
LARGEST_RING = 10
#: Every so many points of the powder pattern are kept: 0.1 degrees apart, lines being 0.2 degrees wide.
EVERY = 2
#: What stands in the table of a road, where it is known: column, and where an entry of the summary has it.
COLUMNS: dict[str, tuple[str, ...]] = {
    "frame": ("frame",),
    "label": ("label",),
    "time_ps": ("time_ps",),
    "largest_grain_sites": ("largest_grain_sites",),
    "crystalline_share": ("crystalline_share",),
    "above_quartz_kJ_per_mol": ("refined", "above_quartz_kJ_per_mol"),
    "bonds_lost": ("refined", "bonds_lost"),
    "bonds_gained": ("refined", "bonds_gained"),
    "volume_change": ("refined", "volume_change"),
    "si_o_si_mean_deg": ("along", "si_o_si_deg", "mean"),
    "si_o_si_std_deg": ("along", "si_o_si_deg", "std"),
    **{f"q{n}_share": ("along", "q_n", f"Q{n}") for n in range(4, -1, -1)},
    "overcoordinated_share": ("along", "overcoordinated_share"),
    **{f"rings{n}_per_T": ("along", "rings_per_T", str(n)) for n in range(3, 9)},
    "shift_29Si_mean_ppm": ("along", "shift_29Si_ppm", "mean"),
    "shift_29Si_std_ppm": ("along", "shift_29Si_ppm", "std"),
    "silanols_per_T": ("along", "silanols_per_T"),
    "bonds_given_out_kept": ("network_survival", "kept_share"),
    "bonds_of_run_kept": ("network_survival", "of_the_run", "kept_share"),
}


def survival(given: Network, beads: gsd.hoomd.Frame | None, atoms: Atoms) -> dict[str, Any]:
    """How much of a coarse-grained network is bridged by oxygens in the atoms made of it.

    A bond has survived where an O bridges its two T; where several bonds join the same two T (by way of
    different images), as many of them as there are such O.

    Parameters
    ----------
    given
        The bonds that were given out, of the quenched frame where it was quenched.
    beads
        The frame as it was simulated, whose own bonds are compared as well; None where there is none.
    atoms
        T in the order of the sites, then whatever follows; ``molecule`` is 0 for what is the framework's.

    Returns
    -------
    dict
        ``bonds_before``, ``kept``, ``lost``, ``gained`` and ``kept_share`` (None of no bonds) of the bonds that
        were given out; ``of_the_run`` the same of the run's own.
    """
    bridged = _codes(*_bridges(atoms, given.n_sites), given.n_sites)
    record = _compared(_codes(given.first, given.second, given.n_sites), bridged)
    if beads is not None and "T" in (beads.particles.types or []):
        own = network_of_frame(beads)[0]
        if own.n_sites == given.n_sites:
            record["of_the_run"] = _compared(_codes(own.first, own.second, own.n_sites), bridged)
    return record


def _bridges(atoms: Atoms, n_sites: int) -> tuple[Ints, Ints]:
    """The two T of each bridging O of the framework."""
    guests = atoms.arrays.get("molecule", np.zeros(len(atoms), dtype=int)) > 0
    oxygen = np.flatnonzero((atoms.numbers == 8) & ~guests)
    places = np.vstack([atoms.positions[:n_sites], atoms.positions[oxygen]])
    i, j, _, distance = neighbour_pairs(places, atoms.cell[:], SI_O_BOND_A, full=True)
    mixed = (i >= n_sites) & (j < n_sites)
    i, j, distance = i[mixed], j[mixed], distance[mixed]
    order = np.lexsort((distance, i))
    i, j = i[order], j[order]
    begin = np.flatnonzero(np.append(True, i[1:] != i[:-1])) if len(i) else np.zeros(0, dtype=np.int64)
    two = begin[np.diff(np.append(begin, len(i))) >= 2]
    return j[two], j[two + 1]


def _codes(first: Ints, second: Ints, n_sites: int) -> Ints:
    """A number for the two T of each bond, whichever comes first."""
    return np.asarray(np.minimum(first, second) * n_sites + np.maximum(first, second), dtype=np.int64)


def _compared(before: Ints, after: Ints) -> dict[str, Any]:
    names = np.unique(np.concatenate([before, after]))
    was, has = (np.bincount(np.searchsorted(names, codes), minlength=len(names)) for codes in (before, after))
    kept = int(np.minimum(was, has).sum())
    return {
        "bonds_before": len(before),
        "kept": kept,
        "lost": len(before) - kept,
        "gained": len(after) - kept,
        "kept_share": kept / len(before) if len(before) else None,
    }


def along(atoms: Atoms, n_sites: int, of: str, *, substituted: bool = False) -> dict[str, Any]:
    """What can be compared from frame to frame, of the framework's atoms as they ended.

    Parameters
    ----------
    atoms
        The first `n_sites` are the T; ``molecule`` is 0 for what is the framework's.
    n_sites
        Number of T.
    of
        What the atoms are, in words.
    substituted
        Whether T are other than Si, as whom they may stand here.

    Returns
    -------
    dict
        ``of``; ``rings_per_T`` (primitive rings by size); ``si_o_si_deg`` (``mean``, ``std``, ``histogram``);
        ``q_n`` (share of the Si with n bridging O), ``overcoordinated_share`` (with more than four O);
        ``shift_29Si_ppm`` of the Q4 (None where T are other than Si, whose neighbours' shifts are others);
        ``n_silanol``, ``silanols_per_T``; ``pattern`` (Cu K-alpha powder pattern of these atoms, the highest
        point 100).
    """
    framework = atoms[atoms.arrays.get("molecule", np.zeros(len(atoms), dtype=int)) == 0]
    local = local_geometry(framework)
    oxygens = framework.positions[framework.numbers == 8]
    network = bonds_from_oxygens(framework.positions[:n_sites], oxygens, framework.cell[:])
    pure = not substituted and bool((framework.numbers[:n_sites] == 14).all())
    rings = rings_per_site(network, LARGEST_RING)
    q_n = local.q_n
    bridges = np.bincount(q_n[q_n >= 0], minlength=5)
    silanols = int(((local.t_of_o == 1) & (local.h_of_o >= 1)).sum())
    angle, intensity = powder_pattern(atoms.positions, atoms.get_chemical_symbols(), atoms.cell[:])
    return {
        "of": of,
        "rings_per_T": {str(size): float(n) for size, n in enumerate(rings) if size >= 3},
        "si_o_si_deg": {**_spread(local.t_o_t), "histogram": histogram(local.t_o_t, 100, 180, 40)},
        "q_n": {f"Q{n}": float(bridges[n] / max(len(local.sites), 1)) for n in range(5)},
        "overcoordinated_share": float((q_n < 0).mean()) if len(q_n) else 0.0,
        "shift_29Si_ppm": _shifts(local) if pure else None,
        "n_silanol": silanols,
        "silanols_per_T": silanols / max(n_sites, 1),
        "pattern": {
            "two_theta_from_deg": float(angle[0]),
            "step_deg": float(EVERY * (angle[1] - angle[0])),
            "intensity": [round(float(value), 2) for value in intensity[::EVERY]],
        },
    }


def _shifts(local: Local) -> dict[str, Any]:
    """Of the Q4 of a framework all of whose T are Si."""
    shifts = q4_shifts(local)[1]
    return {"sites": len(shifts), **_spread(shifts), "histogram": histogram(shifts, -132, -80, 52)}


def _spread(values: NDArray[np.float64]) -> dict[str, float | None]:
    some = len(values) > 0
    return {"mean": float(values.mean()) if some else None, "std": float(values.std()) if some else None}


def road(entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The frames of a summary one beside the other, in order of time.

    Parameters
    ----------
    entries
        Of the frames, as in ``summary.json``; what one lacks (``refined``, say) is None in its row.

    Returns
    -------
    dict
        ``sentence``: how the frames were chosen, empty where they were asked for; ``rows``: `COLUMNS`, those
        that no frame has left out.
    """
    rows = [{name: _found(entry, path) for name, path in COLUMNS.items()} for entry in entries]
    known = [name for name in COLUMNS if any(row[name] is not None for row in rows)]
    return {
        "sentence": in_words([str(entry["label"]) for entry in entries]),
        "rows": [{name: row[name] for name in known} for row in rows],
    }


def _found(entry: Mapping[str, Any], path: Sequence[str]) -> Any:
    value: Any = entry
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value
