"""Judges a back-mapped structure; used by nothing that makes one.

Everything is measured anew from the atoms, as a stranger would who was handed the CIF.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from zeocryst.cell import neighbour_pairs
from zeocryst.errors import InputError
from zeocryst.network.bonds import SI_O_BOND_A, Network, bonds_from_oxygens
from zeocryst.network.topology import coordination_sequences

if TYPE_CHECKING:
    from ase import Atoms

#: Farthest contact looked at, Å.
REACH_A = 3.2


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
    numbers = atoms.numbers
    i, j, shift, distance = neighbour_pairs(atoms.positions, atoms.cell[:], REACH_A, full=True)
    kind_i, kind_j = numbers[i], numbers[j]
    bonded = (kind_i == 14) & (kind_j == 8) & (distance < SI_O_BOND_A)
    n_si = int((numbers == 14).sum())
    oxygens_of_si = np.bincount(i[bonded], minlength=len(atoms))[numbers == 14]
    si_of_o = np.bincount(j[bonded], minlength=len(atoms))[numbers == 8]
    oh = (kind_i == 8) & (kind_j == 1) & (distance < 1.2)
    h_of_o = np.bincount(i[oh], minlength=len(atoms))[numbers == 8]
    network = network_of_atoms(atoms)
    pairs = np.sort(np.column_stack([network.first, network.second]), axis=1)
    keys = np.column_stack([pairs, np.where((network.first > network.second)[:, None], -1, 1) * network.shift])
    _, repeats = np.unique(keys, axis=0, return_counts=True)
    angles = _bridge_angles(i[bonded], j[bonded], shift[bonded], atoms)

    heavy = (kind_i != 1) & (kind_j != 1)
    hydrogen = (kind_i == 1) | (kind_j == 1)
    o_o = (kind_i == 8) & (kind_j == 8)

    def least(chosen: np.ndarray) -> float:
        return float(distance[chosen].min()) if chosen.any() else float("nan")

    si_o = distance[bonded]
    volume_change = float(atoms.get_volume() / volume_before - 1)
    figures = {
        "formula": _formula(atoms),
        "n_si": n_si,
        "n_silanol": int(((si_of_o == 1) & (h_of_o == 1)).sum()),
        "q4_share": float((network.degree == 4).mean()),
        "q_n": {f"Q{n}": int((network.degree == n).sum()) for n in range(5)},
        "si_o_mean_A": float(si_o.mean()),
        "si_o_std_A": float(si_o.std()),
        "si_o_si_mean_deg": float(angles.mean()) if len(angles) else float("nan"),
        "si_o_si_std_deg": float(angles.std()) if len(angles) else float("nan"),
        "min_contact_A": least(heavy),
        "min_o_o_A": least(o_o),
        "min_h_A": least(hydrogen),
        "edge_sharing_pairs": int((repeats == 2).sum()),
        "face_sharing_pairs": int((repeats > 2).sum()),
        "dls_residual": residual,
        "volume_change": volume_change,
        "density_T_per_1000A3": 1000.0 * n_si / atoms.get_volume(),
    }
    same = network.n_sites == wanted.n_sites and np.array_equal(
        coordination_sequences(network, 6), coordination_sequences(wanted, 6)
    )
    bad_si = int((oxygens_of_si != 4).sum())
    bad_o = int((si_of_o + h_of_o != 2).sum())
    balance = int(4 * n_si + (numbers == 1).sum() - 2 * (numbers == 8).sum())
    geometry = "distances of zeolites and silanols; limits of zeocryst"
    dls = "DLS-76 (Baerlocher, Hepp, Meier 1977)"
    figure = figures
    checks = [
        Check("network kept", float(same), "", "1", bool(same), "coordination sequences to 6 shells"),
        Check("Si without four O", bad_si, "atoms", "0", bad_si == 0, "valence"),
        Check("O without two bonds", bad_o, "atoms", "0", bad_o == 0, "valence"),
        Check("charge of Si4+ O2- H+", balance, "e", "0", balance == 0, "valence"),
        _between("mean Si-O", figure["si_o_mean_A"], "Å", 1.59, 1.63, dls),
        _between("closest heavy atoms", figure["min_contact_A"], "Å", 1.40, None, geometry),
        _between("closest O-O", figure["min_o_o_A"], "Å", 2.20, None, geometry),
        _between("closest contact of H", figure["min_h_A"], "Å", 0.90, None, geometry),
        _between("volume change", volume_change, "", -0.02, 0.02, "the cell is that of the simulation"),
        _between("edge-sharing pairs", figure["edge_sharing_pairs"], "", None, 0, "Pauling's third rule"),
        _between("face-sharing pairs", figure["face_sharing_pairs"], "", None, 0, "Pauling's third rule"),
    ]
    return figures, checks


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


def _bridge_angles(si: np.ndarray, o: np.ndarray, shift: np.ndarray, atoms: Atoms) -> np.ndarray:
    """Si-O-Si angles, degrees."""
    order = np.argsort(o, kind="stable")
    si, o, shift = si[order], o[order], shift[order]
    arms = atoms.positions[si] - atoms.positions[o] - shift @ atoms.cell[:]
    twice = np.flatnonzero(o[1:] == o[:-1])
    a, b = arms[twice], arms[twice + 1]
    cosine = (a * b).sum(axis=1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
    return np.asarray(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


def as_records(checks: list[Check]) -> list[dict[str, Any]]:
    """Checks as dictionaries, for ``summary.json``; NaN becomes null."""
    records = []
    for check in checks:
        record = asdict(check)
        record["value"] = None if np.isnan(check.value) else check.value
        records.append(record)
    return records
