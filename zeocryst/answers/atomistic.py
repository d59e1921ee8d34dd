"""A network to atoms with everything that is said about them: what ``zeocryst run`` and ``backmap`` share.

`realize` builds the atoms and judges them; `write_results` leaves the files; `in_words` says how they are.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zeocryst.backmapping.build import build
from zeocryst.backmapping.checks import examine, network_of_atoms
from zeocryst.backmapping.feasibility import feasibility, feasibility_in_words
from zeocryst.backmapping.ideal import IdealCrystal, ideal_crystal, no_crystal
from zeocryst.backmapping.judging import as_records, verdict, worst_places
from zeocryst.backmapping.local import histogram, local_geometry
from zeocryst.backmapping.pores import measure_pores
from zeocryst.backmapping.shifts import q4_shifts, shift_record, shifts_in_words
from zeocryst.cell import volume
from zeocryst.files.atomfiles import write_atoms, write_ideal
from zeocryst.network.bonds import Network
from zeocryst.network.matching import Choices
from zeocryst.network.periodicity import pieces
from zeocryst.network.rings import rings_per_site
from zeocryst.order.labels import label_sites

if TYPE_CHECKING:
    from ase import Atoms

#: Largest rings counted before and after.
LARGEST_RING = 12
SURFACE = "that which the centre of a nitrogen probe (radius 1.82 Å) reaches from outside (Zeo++)"


@dataclass(frozen=True)
class Realized:
    """Atoms and what is said about them.

    Attributes
    ----------
    atoms : ase.Atoms
    record : dict
        The entry ``backmap`` of ``summary.json``.
    types : list of dict
        Frameworks named from the atoms.
    amorphous_share : float
        Share of T that has no name.
    crystal : IdealCrystal or str
        The mean crystal in the type's space group, or why there is none.
    """

    atoms: Atoms
    record: dict[str, Any]
    types: list[dict[str, Any]]
    amorphous_share: float
    crystal: IdealCrystal | str

    @property
    def ideal(self) -> dict[str, Any]:
        """The entry ``ideal`` of ``summary.json``."""
        return no_crystal(self.crystal) if isinstance(self.crystal, str) else self.crystal.record()


def realize(
    network: Network, seed: int = 1, *, free_cell: bool = False, choices: Choices | None = None
) -> Realized:
    """Atoms for a network, and their validity report.

    Parameters
    ----------
    network
        Sites and bonds, at most four a site.
    seed
        Of the starts of the geometry.
    free_cell
        Whether the cell may change.
    choices
        What was decided when bonds were given out; reported.
    """
    built = build(network, seed, free_cell=free_cell)
    atoms = built.atoms
    found = examine(atoms, network, built.residual, volume(network.cell), free_cell=free_cell)
    figures = found.figures
    after = network_of_atoms(atoms)
    before_labels, labels = label_sites(network), label_sites(after)
    local = local_geometry(atoms)
    extended = any(piece.directions >= 2 for piece in pieces(network))  # a framework or a layer of one
    pores = measure_pores(atoms, seed, framework=extended)
    surface = pores["accessible_surface_A2"]
    record = {
        **figures,
        "cell": "free" if free_cell else "fixed",
        "starts": {"tried": built.starts, "kept_network": built.kept, "residuals": built.residuals},
        "choices": {
            **(asdict(choices) if choices else {"cut": network.dropped}),
            "bond_cutoff_A": network.cutoff,
            "silanols_added": int(np.maximum(4 - network.degree, 0).sum()),
            "edge_sharing_pairs": figures["edge_sharing_pairs"],
            "face_sharing_pairs": figures["face_sharing_pairs"],
        },
        "distributions": {
            "si_o_A": histogram(local.t_o, 1.5, 1.75, 50),
            "o_si_o_deg": histogram(local.o_t_o, 80, 140, 60),
            "si_o_si_deg": histogram(local.t_o_t, 100, 180, 40),
            "shift_29Si_ppm": histogram(q4_shifts(local)[1], -132, -80, 52),
        },
        "rings_per_T": {"before": _rings(network), "after": _rings(after)},
        "types": {"before": before_labels.summary(), "after": labels.summary()},
        "shift_29Si_ppm": shift_record(local),
        "local_distances": local.distances(),
        "feasibility": feasibility(local.distances()),
        "pores": pores,
        "silanols_per_nm2": 100 * figures["n_silanol"] / surface if surface else None,
        "surface": SURFACE,
        "checks": as_records(found.checks),
        "invariants": as_records(found.invariants),
        "worst_places": worst_places(found.checks),
    }
    crystal = ideal_crystal(atoms, network, labels)
    return Realized(atoms, record, labels.summary(), round(1 - labels.crystalline_share, 4), crystal)


def _rings(network: Network) -> dict[str, float]:
    """Primitive rings per T by size."""
    return {str(size): float(n) for size, n in enumerate(rings_per_site(network, LARGEST_RING)) if size >= 3}


def write_results(
    folder: Path, found: Realized, name: str = "framework", complete: Atoms | None = None
) -> None:
    """Write the atoms as CIF, extxyz, GSD and LAMMPS data; the symmetry that was found joins the record.

    The ideal crystal goes into a CIF of its own, ``ideal.cif`` beside ``framework.cif``. With `complete`, the
    same atoms with heteroatoms and guests, these are written in their place.
    """
    symmetry = write_atoms(folder, found.atoms if complete is None else complete, name)
    found.record["space_group"] = symmetry.record() if symmetry else None
    if isinstance(found.crystal, IdealCrystal):
        write_ideal(folder / f"{name.replace('framework', 'ideal')}.cif", found.crystal)


def in_words(record: dict[str, Any], ideal: dict[str, Any]) -> list[str]:
    """The validity report as sentences, and what there is of an ideal crystal."""
    choices, pores = record["choices"], record["pores"]
    said = [f"{record['formula']}: {verdict(record)}.", *_left_out(record), *_places(record)]
    before, after = (_named(record["types"][k]) for k in ("before", "after"))
    said.append(f"Framework from the T network: {before}; from the atoms: {after}.")
    cut, added = choices["cut"], choices["silanols_added"]
    said.append(
        f"{cut} pairs within the bond cut-off were left unbonded, since a T had better ones; {added} missing "
        f"bonds became silanols; {choices['edge_sharing_pairs']} pairs of tetrahedra share an edge and "
        f"{choices['face_sharing_pairs']} a face."
    )
    said.append(
        f"Si-O {record['si_o_mean_A']:.3f} ± {record['si_o_std_A']:.3f} Å, O-Si-O {_pm(record, 'o_si_o')}, "
        f"Si-O-Si {_pm(record, 'si_o_si')}; DLS residual {record['dls_residual']:.4f}; volume changed by "
        f"{100 * record['volume_change']:+.2f} %; {record['density_T_per_1000A3']:.2f} T per 1000 Å^3, "
        f"{record['density_g_cm3']:.3f} g/cm^3."
    )
    said += [shifts_in_words(record["shift_29Si_ppm"]), feasibility_in_words(record["feasibility"])]
    if pores["largest_cavity_A"] is not None:
        said.append(
            f"Largest cavity {pores['largest_cavity_A']:.2f} Å, pore-limiting diameter "
            f"{pores['pore_limiting_A']:.2f} Å, {100 * pores['accessible_volume_share']:.1f} % of the volume "
            "open to helium from outside."
        )
    else:
        said.append("Pores were not measured (a finite aggregate, too many atoms, or Zeo++ failed).")
    if record["silanols_per_nm2"] is not None and record["n_silanol"]:
        said.append(f"{record['silanols_per_nm2']:.2f} silanols per nm^2 of surface ({record['surface']}).")
    said.append(_ideal_in_words(ideal))
    return [sentence for sentence in said if sentence]


def _left_out(record: dict[str, Any]) -> list[str]:
    """The checks that say nothing about this structure."""
    nothing = [c["name"] for c in record["checks"] if c["passed"] is None]
    return [f"Not counted, since there is nothing of the kind near: {', '.join(nothing)}."] if nothing else []


def _places(record: dict[str, Any]) -> list[str]:
    """Where checks failed, at worst."""
    found = {c["name"]: c for c in record["checks"]}
    places = [
        f"{p['check']} {found[p['check']]['value']:.4g} {found[p['check']]['unit']}".rstrip()
        + f" at atoms {'-'.join(map(str, p['atoms']))} ({p['outside']} of {p['of']} beyond the limit)"
        for p in record["worst_places"]
    ]
    return [f"Worst places (atoms numbered from 0): {'; '.join(places)}."] if places else []


def _ideal_in_words(ideal: dict[str, Any]) -> str:
    """Whether there is an ideal crystal, and how near the atoms are to it."""
    if ideal["code"] is None:
        return f"No ideal crystal is written: {ideal['reason']}."
    return (
        f"Ideal crystal: {ideal['code']} in {ideal['space_group']}, the mean of {ideal['copies']} cells of its "
        f"net; T lie {ideal['rms_A']:.2f} Å and O {ideal['rms_O_A']:.2f} Å (root mean square) from the mean "
        f"places; strain of {100 * ideal['cell_strain']:.1f} % was taken off the cell."
    )


def _pm(record: dict[str, Any], name: str) -> str:
    """Mean and spread of an angle."""
    return f"{record[f'{name}_mean_deg']:.1f} ± {record[f'{name}_std_deg']:.1f}°"


def _named(types: list[dict[str, Any]]) -> str:
    """Names with shares, or amorphous."""
    return ", ".join(f"{t['code']} {100 * float(t['share']):.0f} %" for t in types) or "amorphous"
