"""Judges a back-mapped structure; used by nothing that makes one.

Everything is measured anew from the atoms, as a stranger would who was handed the CIF.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from zeocryst.backmap.local import local_geometry
from zeocryst.cell import neighbour_pairs
from zeocryst.errors import InputError
from zeocryst.network.bonds import SI_O_BOND_A, Network, bonds_from_oxygens
from zeocryst.units import G_PER_CM3_PER_AMU_PER_A3

if TYPE_CHECKING:
    from ase import Atoms

#: Farthest contact looked at, Å.
REACH_A = 3.5


@dataclass(frozen=True)
class Check:
    """One line of the validity report: a value, its limits, whether it passed, and where they come from."""

    name: str
    value: float
    unit: str
    limit: str
    passed: bool
    source: str


def network_of_atoms(atoms: Atoms) -> Network:
    """The T network of atoms: Si (and Al) that share a bridging O.

    Raises
    ------
    InputError
        There is no Si, or a cell vector is missing.
    """
    numbers = atoms.numbers
    tetrahedral = (numbers == 14) | (numbers == 13)
    if not tetrahedral.any():
        found = ", ".join(sorted(set(atoms.get_chemical_symbols())))
        raise InputError(f"no Si or Al among the atoms, only {found}; say which are T with --types T=X")
    return bonds_from_oxygens(atoms.positions[tetrahedral], atoms.positions[numbers == 8], atoms.cell[:])


def examine(
    atoms: Atoms, wanted: Network, residual: float, volume_before: float
) -> tuple[dict[str, Any], list[Check]]:
    """Figures and checks of a structure.

    Parameters
    ----------
    atoms
        Si, O and H, with a cell.
    wanted
        The network that it stands for, sites in the order of the Si.
    residual
        The residual that the geometry was solved to.
    volume_before
        Volume of the coarse-grained frame, Å^3.

    Returns
    -------
    figures : dict
        formula, n_silanol, q4_share, si_o_mean_A, si_o_std_A, si_o_si_mean_deg, min_contact_A,
        dls_residual, volume_change, edge_sharing_pairs, ...
    checks : list of Check
    """
    local = local_geometry(atoms)
    network = network_of_atoms(atoms)
    repeats = _bridges_per_pair(network)
    n_si = int((atoms.numbers == 14).sum())
    figures = {
        "formula": _formula(atoms),
        "n_si": n_si,
        "n_silanol": int(((local.t_of_o == 1) & (local.h_of_o == 1)).sum()),
        "q4_share": float((network.degree == 4).mean()),
        "q_n": {f"Q{n}": int((network.degree == n).sum()) for n in range(5)},
        "valences": {
            "Si": _counts(local.oxygens),
            "O": _counts(local.t_of_o + local.h_of_o),
        },
        **_spread("si_o", "A", local.t_o),
        **_spread("o_si_o", "deg", local.o_t_o),
        **_spread("si_o_si", "deg", local.t_o_t),
        **_contacts(atoms),
        "edge_sharing_pairs": int((repeats == 2).sum()),
        "face_sharing_pairs": int((repeats > 2).sum()),
        "dls_residual": residual,
        "volume_change": float(atoms.get_volume() / volume_before - 1),
        "density_T_per_1000A3": 1000.0 * n_si / atoms.get_volume(),
        "density_g_cm3": float(atoms.get_masses().sum() / atoms.get_volume() * G_PER_CM3_PER_AMU_PER_A3),
    }
    same = same_network(network, wanted)
    charge = 4 * n_si + (atoms.numbers == 1).sum() - 2 * (atoms.numbers == 8).sum()
    checks = [
        Check("network kept", float(same), "", "1", bool(same), "bonds, with their lattice images"),
        _none("Si without four O", int((local.oxygens != 4).sum()), "atoms"),
        _none("O without two bonds", int((local.t_of_o + local.h_of_o != 2).sum()), "atoms"),
        _none("charge of Si4+ O2- H+", int(charge), "e"),
        *_geometry_checks(figures),
    ]
    return figures, checks


def same_network(found: Network, wanted: Network) -> bool:
    """Whether two networks of the same sites in the same order have the same bonds.

    Sites may have moved, and have been wrapped into the cell, which changes the lattice shifts of their bonds.
    """
    if found.n_sites != wanted.n_sites or len(found.first) != len(wanted.first):
        return False
    place = found.positions @ np.linalg.inv(found.cell) - wanted.positions @ np.linalg.inv(wanted.cell)
    turns = np.round(place - np.median(place - np.round(place), axis=0)).astype(np.int64)

    def listed(network: Network, shift: np.ndarray) -> np.ndarray:
        """The bonds, each written in one way, sorted."""
        swap = network.first > network.second
        a, b = np.where(swap, network.second, network.first), np.where(swap, network.first, network.second)
        own = (a == b)[:, None]
        shift = np.where(swap[:, None], -shift, shift)
        leading = np.sign(shift @ np.array([1 << 40, 1 << 20, 1]))[
            :, None
        ]  # the sign of the first that is not 0
        shift = np.where(own, shift * leading, shift)
        rows = np.column_stack([a, b, shift])
        return np.asarray(rows[np.lexsort(rows.T)])

    moved = found.shift + turns[found.second] - turns[found.first]
    return bool(np.array_equal(listed(found, moved), listed(wanted, wanted.shift)))


def _contacts(atoms: Atoms) -> dict[str, float]:
    """The shortest distances, Å; the closest Si-Si and Si-O that are no bonds among them."""
    z = atoms.numbers
    i, j, _, d = neighbour_pairs(atoms.positions, atoms.cell[:], REACH_A)
    heavy, si_o = (z[i] != 1) & (z[j] != 1), (z[i] == 14) ^ (z[j] == 14)
    return {
        "min_contact_A": _least(d[heavy]),
        "min_o_o_A": _least(d[(z[i] == 8) & (z[j] == 8)]),
        "min_si_si_A": _least(d[(z[i] == 14) & (z[j] == 14)]),
        "min_si_o_unbonded_A": _least(d[heavy & si_o & (d > SI_O_BOND_A)]),
        "min_h_A": _least(d[~heavy]),
    }


def _counts(values: np.ndarray) -> dict[str, int]:
    """How many atoms have how many bonds."""
    found, number = np.unique(values, return_counts=True)
    return {str(int(v)): int(n) for v, n in zip(found, number, strict=True)}


def _geometry_checks(figures: dict[str, Any]) -> list[Check]:
    """The checks of distances, volume and shared edges."""
    geometry = "distances of zeolites and silanols; limits of zeocryst"
    dls = "DLS-76 (Baerlocher, Hepp, Meier 1977)"
    cell = "the cell is that of the simulation"
    pauling = "Pauling's third rule"
    return [
        _between("mean Si-O", figures["si_o_mean_A"], "Å", 1.59, 1.63, dls),
        _between("closest heavy atoms", figures["min_contact_A"], "Å", 1.40, None, geometry),
        _between("closest O-O", figures["min_o_o_A"], "Å", 2.20, None, geometry),
        _between("closest contact of H", figures["min_h_A"], "Å", 0.90, None, geometry),
        _between("volume change", figures["volume_change"], "", -0.02, 0.02, cell),
        _between("edge-sharing pairs", figures["edge_sharing_pairs"], "", None, 0, pauling),
        _between("face-sharing pairs", figures["face_sharing_pairs"], "", None, 0, pauling),
    ]


def _spread(name: str, unit: str, values: np.ndarray) -> dict[str, float]:
    """Mean and standard deviation, NaN of nothing."""
    mean, std = (float(values.mean()), float(values.std())) if len(values) else (float("nan"), float("nan"))
    return {f"{name}_mean_{unit}": mean, f"{name}_std_{unit}": std}


def _least(values: np.ndarray) -> float:
    """The smallest, NaN of nothing."""
    return float(values.min()) if len(values) else float("nan")


def _bridges_per_pair(network: Network) -> np.ndarray:
    """How many bridging oxygens each bonded pair of T shares."""
    pairs = np.sort(np.column_stack([network.first, network.second]), axis=1)
    sign = np.where((network.first > network.second)[:, None], -1, 1)
    return np.asarray(np.unique(np.column_stack([pairs, sign * network.shift]), axis=0, return_counts=True)[1])


def _none(name: str, count: int, unit: str) -> Check:
    """A check that there is none, by valence."""
    return Check(name, count, unit, "0", count == 0, "valence")


def _formula(atoms: Atoms) -> str:
    """Such as Si576O1155H6."""
    counts = ((s, int((atoms.symbols == s).sum())) for s in ("Si", "Al", "O", "H"))
    return "".join(f"{s}{n}" for s, n in counts if n)


def _between(name: str, value: float, unit: str, low: float | None, high: float | None, source: str) -> Check:
    """A check of a range; a value that is not defined (no such atoms) passes."""
    low_good = low is None or value >= low
    high_good = high is None or value <= high
    if low is not None and high is not None:
        limit = f"{low:g} to {high:g}"
    else:
        limit = f"at least {low:g}" if low is not None else f"at most {high:g}"
    return Check(name, float(value), unit, limit, bool(np.isnan(value) or (low_good and high_good)), source)


def as_records(checks: list[Check]) -> list[dict[str, Any]]:
    """Checks as dictionaries, for ``summary.json``; NaN becomes null."""
    records = []
    for check in checks:
        record = asdict(check)
        record["value"] = None if np.isnan(check.value) else check.value
        records.append(record)
    return records
