"""Judges a back-mapped structure; used by nothing that makes one.

Everything is measured anew from the atoms, as a stranger would who was handed the CIF.

A check can fail. What back-mapping makes so whatever the network (charge, valences, the volume of a fixed cell,
the mean of prescribed bonds in a free one) is an invariant: broken, it says that the program is wrong.

How many of the 237 fully connected reference frameworks pass, as they are, and back-mapped from their T:

==============================  =====  ===========  ============================================
check                           as is  back-mapped  that fail
==============================  =====  ===========  ============================================
network kept, edges, faces        237          237
shortest, longest Si-O            237          237
smallest, largest O-Si-O          237          237
smallest Si-O-Si                  235          234  RWY, SOS; back-mapped AET too (119.1 degrees)
largest angle variance            237          237
largest DLS residual of a Si      235          236  RWY; as is GON (bonds of 1.58 Å)
mean Si-O                         236          237  as is GON
closest O-O of two tetrahedra     226          228  idealized germanates with double four-rings
closest Si-Si, Si-O               237          237
==============================  =====  ===========  ============================================

RWY is a sulfide, SOS a borogermanate. Checks of H apply to none of them. Of the frames of 256 T in
``unseeded.gsd``, quenched, the melt and three more that are not crystalline fail four to six of 16 checks; of
the two crystals one fails one of 13 (one Si-O-Si of 119.9 degrees), the other, which has two silanols, two of
15 (O-Si-O up to 122.7 degrees).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from zeocryst.backmapping.contacts import Contact, contacts
from zeocryst.backmapping.judging import Check, none, ranged
from zeocryst.backmapping.local import Local, local_geometry
from zeocryst.cell import neighbour_pairs
from zeocryst.errors import InputError
from zeocryst.network.bonds import Network, bonds_from_oxygens
from zeocryst.units import G_PER_CM3_PER_AMU_PER_A3

if TYPE_CHECKING:
    from ase import Atoms

#: Farthest contact of any two atoms that is looked at, Å.
CLOSE_A = 3.5
#: Limits of bonds (Å), angles (degrees), and the strain of one T (degrees^2, and without unit).
SI_O_A = (1.56, 1.65)
O_SI_O_DEG = (100.0, 120.0)
SI_O_SI_DEG = 120.0
VARIANCE, RESIDUAL = 50.0, 0.02
#: The mean of prescribed bonds, Å: 1.61 within 2 %.
MEAN_SI_O_A = (1.58, 1.64)
OURS = "limit of zeocryst"
TETRAHEDRON = f"{OURS}; 102.9 to 117.5° and 1.561 to 1.629 Å in 237 reference frameworks"
BRIDGE = (
    "120 to 180° in vitreous silica (Mozzi, Warren, J. Appl. Cryst. 2, 164 (1969)); 133.6 to 180° in 35 "
    "zeolites of pure silica (Wragg, Morris, Burton, Chem. Mater. 20, 1561 (2008))"
)
STRAIN = f"{OURS}; measure of Robinson, Gibbs, Ribbe, Science 172, 567 (1971)"
DLS = f"{OURS}; measure of DLS-76 (Baerlocher, Hepp, Meier 1977)"
CELL = "the cell is that of the simulation"
#: Each kind of contact: the check's name, the shortest distance (Å), and why.
CONTACTS = {
    "O-O": ("closest O-O of two tetrahedra", 2.5, f"{OURS}; O-O of the shortest usual hydrogen bonds"),
    "Si-Si": ("closest Si-Si without a bridge", 3.2, f"{OURS}; as far as Si-Si over a straight bridge"),
    "Si-O": ("closest Si-O without a bond", 2.8, f"{OURS}; 3.00 Å in 237 reference frameworks"),
    "H-H": ("closest H-H", 1.7, f"{OURS}; van der Waals: 2.4 Å (Bondi, J. Phys. Chem. 68, 441 (1964))"),
    "H-O": ("closest H-O without a bond", 1.5, f"{OURS}; strong hydrogen bonds"),
    "H-Si": ("closest H-Si of another silanol", 2.2, f"{OURS}; as far as the Si of its own silanol"),
}


@dataclass(frozen=True)
class Examination:
    """What a structure is found to be.

    Attributes
    ----------
    figures : dict
        formula, n_silanol, q4_share, si_o_mean_A, si_o_std_A, si_o_si_mean_deg, min_contact_A, dls_residual,
        volume_change, edge_sharing_pairs, ...
    checks : list of Check
        What can fail.
    invariants : list of Check
        What holds by construction. One that does not is a fault of the program, not of the structure.
    """

    figures: dict[str, Any]
    checks: list[Check]
    invariants: list[Check]


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
    atoms: Atoms, wanted: Network, residual: float, volume_before: float, *, free_cell: bool = False
) -> Examination:
    """Figures, checks and invariants of a structure.

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
    free_cell
        Whether the cell could change: the volume is a check then, an invariant otherwise.
    """
    local = local_geometry(atoms)
    near = contacts(atoms, local)
    network = network_of_atoms(atoms)
    figures = _figures(atoms, local, network, near)
    figures |= {
        "dls_residual": residual,
        "volume_change": float(atoms.get_volume() / volume_before - 1),
    }
    same = same_network(network, wanted) and not network.restored  # a bond needs its O
    kept = Check("network kept", float(same), "", "1", bool(same), "bonds, with their lattice images")
    swelling = ranged("volume change", [figures["volume_change"]], "", (-0.02, 0.02), CELL)
    checks = [
        kept,
        none("edge-sharing pairs", figures["edge_sharing_pairs"], "", "Pauling's third rule"),
        none("face-sharing pairs", figures["face_sharing_pairs"], "", "Pauling's third rule"),
        *geometry_checks(local),
        *contact_checks(near),
    ]
    invariants = _invariants(atoms, local)
    # a cell that is given can stretch the bonds (SOD of the T-S model does), one that is free holds their mean
    mean = ranged("mean Si-O", [figures["si_o_mean_A"]], "Å", MEAN_SI_O_A, DLS)
    checks.append(swelling if free_cell else mean)
    invariants.append(mean if free_cell else swelling)
    return Examination(figures, checks, invariants)


def _figures(atoms: Atoms, local: Local, network: Network, near: dict[str, Contact]) -> dict[str, Any]:
    """What is counted and measured."""
    repeats = _bridges_per_pair(network)
    n_si = int((atoms.numbers == 14).sum())
    return {
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
        **_contacts(atoms, near),
        "edge_sharing_pairs": int((repeats == 2).sum()),
        "face_sharing_pairs": int((repeats > 2).sum()),
        "density_T_per_1000A3": 1000.0 * n_si / atoms.get_volume(),
        "density_g_cm3": float(atoms.get_masses().sum() / atoms.get_volume() * G_PER_CM3_PER_AMU_PER_A3),
    }


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


def _contacts(atoms: Atoms, near: dict[str, Contact]) -> dict[str, float]:
    """The shortest distances, Å: of any two heavy atoms, and of those that no bond relates."""
    z = atoms.numbers
    i, j, _, d = neighbour_pairs(atoms.positions, atoms.cell[:], CLOSE_A)
    heavy = (z[i] != 1) & (z[j] != 1)
    of_h = [near[kind].distance for kind in ("H-H", "H-O", "H-Si")]
    return {
        "min_contact_A": _least(d[heavy]),
        "min_o_o_A": _least(d[(z[i] == 8) & (z[j] == 8)]),
        "min_si_si_A": _least(d[(z[i] == 14) & (z[j] == 14)]),
        "min_o_o_apart_A": _least(near["O-O"].distance),
        "min_si_si_unbridged_A": _least(near["Si-Si"].distance),
        "min_si_o_unbonded_A": _least(near["Si-O"].distance),
        "min_h_h_A": _least(near["H-H"].distance),
        "min_h_o_A": _least(near["H-O"].distance),
        "min_h_A": _least(np.concatenate(of_h)),
    }


def _counts(values: np.ndarray) -> dict[str, int]:
    """How many atoms have how many bonds."""
    found, number = np.unique(values, return_counts=True)
    return {str(int(v)): int(n) for v, n in zip(found, number, strict=True)}


def _invariants(atoms: Atoms, local: Local) -> list[Check]:
    """What back-mapping makes so, whatever the network: valences and charge."""
    z = atoms.numbers
    charge = 4 * (z == 14).sum() + (z == 1).sum() - 2 * (z == 8).sum()
    return [
        none("Si without four O", int((local.oxygens != 4).sum()), "atoms", "valence"),
        none("O without two bonds", int((local.t_of_o + local.h_of_o != 2).sum()), "atoms", "valence"),
        none("charge of Si4+ O2- H+", int(charge), "e", "valence"),
    ]


def geometry_checks(local: Local) -> list[Check]:
    """Bonds, angles and the strain of each tetrahedron."""
    bonds, angles, bridges = local.bonds, local.bonds[local.edges], local.bonds[local.bridges]
    o_t_o = np.column_stack([angles[:, 0, 1], angles[:, 0, 0], angles[:, 1, 1]])
    t_o_t = np.column_stack([bridges[:, 0, 0], bridges[:, 0, 1], bridges[:, 1, 0]])
    sites = local.sites[:, None]
    return [
        ranged("shortest Si-O", local.t_o, "Å", (SI_O_A[0], None), TETRAHEDRON, bonds),
        ranged("longest Si-O", local.t_o, "Å", (None, SI_O_A[1]), TETRAHEDRON, bonds),
        ranged("smallest O-Si-O", local.o_t_o, "degrees", (O_SI_O_DEG[0], None), TETRAHEDRON, o_t_o),
        ranged("largest O-Si-O", local.o_t_o, "degrees", (None, O_SI_O_DEG[1]), TETRAHEDRON, o_t_o),
        ranged("smallest Si-O-Si", local.t_o_t, "degrees", (SI_O_SI_DEG, None), BRIDGE, t_o_t),
        ranged(
            "largest angle variance of a Si", local.angle_variance, "degrees^2", (None, VARIANCE), STRAIN, sites
        ),
        ranged("largest DLS residual of a Si", local.residual, "", (None, RESIDUAL), DLS, sites),
    ]


def contact_checks(near: dict[str, Contact]) -> list[Check]:
    """How near atoms come that no bond relates."""
    return [
        ranged(name, near[kind].distance, "Å", (least, None), source, near[kind].atoms)
        for kind, (name, least, source) in CONTACTS.items()
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


def _formula(atoms: Atoms) -> str:
    """Such as Si576O1155H6."""
    counts = ((s, int((atoms.symbols == s).sum())) for s in ("Si", "Al", "O", "H"))
    return "".join(f"{s}{n}" for s, n in counts if n)
