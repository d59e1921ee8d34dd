"""Atoms judged by physics: relaxed, perhaps moved for a while, and what came of their bonds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from zeocryst.backmapping.checks import network_of_atoms
from zeocryst.backmapping.feasibility import feasibility, feasibility_in_words
from zeocryst.backmapping.local import Local, local_geometry
from zeocryst.backmapping.shifts import shift_record
from zeocryst.cell import neighbour_pairs
from zeocryst.engines.atomistic import Relaxed
from zeocryst.errors import InputError
from zeocryst.network.bonds import SI_O_BOND_A
from zeocryst.network.rings import rings_per_site
from zeocryst.order.labels import label_sites
from zeocryst.refinement.bonding import FORMERS, compare_bonds, covalent_bonds, framework_alone, molecule_of
from zeocryst.refinement.protocol import BrokenOffError, Guests, Method
from zeocryst.refinement.reference import above_quartz

if TYPE_CHECKING:
    from ase import Atoms

#: The force field whose structures the criteria on local distances were found to hold for.
JUDGES = "slc"
#: Largest rings counted, as before the refinement.
LARGEST_RING = 12


@dataclass(frozen=True)
class Dynamics:
    """A short simulation at constant volume.

    Attributes
    ----------
    time_ps, temperature_K : float
    """

    time_ps: float
    temperature_K: float = 300.0

    def __post_init__(self) -> None:
        if not 0 < self.time_ps < 1e6 or not 0 < self.temperature_K < 1e5:
            raise InputError(
                f"a simulation of {self.time_ps:g} ps at {self.temperature_K:g} K: expected a time above 0 "
                "and a temperature between 0 and 1e5 K"
            )


@dataclass(frozen=True)
class Refined:
    """Atoms after their refinement, and what is said about it.

    Attributes
    ----------
    atoms : ase.Atoms
        In the order they came in.
    record : dict
        The entry ``refined`` of ``summary.json``.
    """

    atoms: Atoms
    record: dict[str, Any]


def refine(
    atoms: Atoms,
    method: Method,
    guests: Guests | None = None,
    *,
    free_cell: bool = False,
    dynamics: Dynamics | None = None,
    seed: int = 1,
    threads: int = 1,
) -> Refined:
    """Relax atoms to their nearest minimum, and count the bonds that this makes and breaks.

    Parameters
    ----------
    atoms
        Framework, cations and guests (see `zeocryst.refinement.protocol`).
    method
        Force field or calculator (`zeocryst.refinement.methods`).
    guests
        The molecule of each number in the atoms' array ``molecule``.
    free_cell
        Whether the cell may change, at zero pressure.
    dynamics
        A simulation after the first minimum; its end is relaxed again.
    seed
        Of the simulation's velocities and random forces.
    threads
        For the method.

    Raises
    ------
    InputError
        The method lacks a species, by name.
    SimulationError
        It failed.
    """
    known = dict(guests or {})
    method.check(atoms, known)
    before, volume = covalent_bonds(atoms), atoms.get_volume()
    record: dict[str, Any] = {
        "method": method.name, "source": method.source, "cell": "free" if free_cell else "fixed",
    }  # fmt: skip
    notes: list[str] = []
    try:
        relaxed = method.minimize(atoms, known, free_cell=free_cell, threads=threads)
        notes += relaxed.notes
        if dynamics is not None:
            relaxed, told = _simulated(method, relaxed, known, dynamics, seed=seed, threads=threads)
            record["dynamics"] = told
            notes += [*told.pop("notes"), *relaxed.notes]
    except BrokenOffError as error:
        relaxed = error.reached
        record["error"] = str(error)
        notes += relaxed.notes
    changed = compare_bonds(before, relaxed.atoms)
    record |= {
        "energy_eV": relaxed.energy_eV,
        **_above(method, relaxed, known, threads, failed="error" in record),
        "converged": relaxed.converged,
        "largest_force_eV_per_A": relaxed.largest_force_eV_per_A,
        "steps": relaxed.steps,
        **changed.record(),
        "net_charge": _net_charge(relaxed.atoms, known),
        "volume_change": float(relaxed.atoms.get_volume() / volume - 1),
        **_geometry(relaxed.atoms),
        **_feasible(relaxed.atoms, judged=method.name == JUDGES and free_cell and relaxed.converged),
        **relaxed.record,
        "notes": list(dict.fromkeys(notes)),
    }
    return Refined(relaxed.atoms, record)


def _net_charge(atoms: Atoms, guests: Guests) -> float | None:
    """Of all atoms, e, with the guests that have a charge but whose atoms were given none; None if unknown."""
    charge = atoms.arrays.get("charge")
    if charge is None:
        return None
    which, net = molecule_of(atoms), float(np.sum(charge))
    for number in np.unique(which[which > 0]).tolist():
        if not np.any(charge[which == number]):
            net += guests[number].charge
    return round(net, 6) + 0.0


def _above(method: Method, relaxed: Relaxed, guests: Guests, threads: int, *, failed: bool) -> dict[str, Any]:
    """Energy per SiO2 and above quartz; none of atoms that are no minimum since the method failed."""
    if failed:
        return {
            "energy_eV_per_SiO2": None, "above_quartz_kJ_per_mol": None, "reference": "the refinement failed",
        }  # fmt: skip
    return above_quartz(method, relaxed.atoms, relaxed.energy_eV, guests, threads=threads)


def _simulated(
    method: Method, relaxed: Relaxed, guests: Guests, wanted: Dynamics, *, seed: int, threads: int
) -> tuple[Relaxed, dict[str, Any]]:
    """The minimum nearest to the end of a simulation, and the entry ``dynamics``, with its notes."""
    before = covalent_bonds(relaxed.atoms)
    moved = method.dynamics(
        relaxed.atoms,
        guests,
        time_ps=wanted.time_ps,
        temperature_K=wanted.temperature_K,
        seed=seed,
        threads=threads,
    )
    hot = compare_bonds(before, moved.atoms)
    told = {
        "time_ps": wanted.time_ps, "temperature_K": wanted.temperature_K, "energy_eV": moved.energy_eV,
        "steps": moved.steps, **hot.record(), **_geometry(moved.atoms), "of_the_engine": moved.record,
        "notes": moved.notes,
    }  # fmt: skip
    return method.minimize(moved.atoms, guests, free_cell=False, threads=threads), told


def _geometry(atoms: Atoms) -> dict[str, Any]:
    """What the framework is now: names, Q_n, rings, angles, shifts, O-H bonds."""
    alone = framework_alone(atoms)
    network, local = network_of_atoms(alone), local_geometry(alone)
    labels = label_sites(network)
    q_n = local.q_n
    bridges = np.bincount(q_n[q_n >= 0], minlength=5)
    found: dict[str, Any] = {
        "types": labels.summary(),
        "amorphous_share": round(1 - labels.crystalline_share, 4),
        "q_n": {f"Q{n}": int(count) for n, count in enumerate(bridges)},
        "q4_share": float((q_n == 4).mean()),
        "overcoordinated_T": int((q_n < 0).sum()),
        "rings_per_T": {
            str(size): float(n) for size, n in enumerate(rings_per_site(network, LARGEST_RING)) if size >= 3
        },
        "shift_29Si_ppm": _shifts(local) if not set(atoms.symbols) & {*FORMERS[1:]} else None,
    }
    for name, values in (("t_o", local.t_o), ("o_t_o", local.o_t_o), ("t_o_t", local.t_o_t)):
        unit = "A" if name == "t_o" else "deg"
        found[f"{name}_mean_{unit}"] = float(values.mean()) if len(values) else None
        found[f"{name}_std_{unit}"] = float(values.std()) if len(values) else None
    return found | _hydroxyls(alone)


def _feasible(atoms: Atoms, *, judged: bool) -> dict[str, Any]:
    """Whether silica could be synthesized, by its local distances; nothing of what cannot be judged."""
    if not judged or set(atoms.symbols) != {"Si", "O"}:
        return {}
    return {"feasibility": feasibility(local_geometry(atoms).distances(), relaxed=True)}


def _shifts(local: Local) -> dict[str, Any]:
    """29Si of silica, from the refined angles; other T shift their neighbours' lines."""
    return {**shift_record(local), "angles": "refined atoms"}


def _hydroxyls(alone: Atoms) -> dict[str, float | None]:
    """Shortest and longest O-H of the framework, Å; an H without an O counts with its nearest O."""
    z = alone.numbers
    if not (z == 1).any():
        return {"o_h_shortest_A": None, "o_h_longest_A": None}
    i, j, _, distance = neighbour_pairs(alone.positions, alone.cell[:], 3.0, full=True)
    pairs = (z[i] == 1) & (z[j] == 8)
    nearest = np.full(len(z), np.inf)
    np.minimum.at(nearest, i[pairs], distance[pairs])
    own = nearest[z == 1]
    return {"o_h_shortest_A": float(own.min()), "o_h_longest_A": float(own.max())}


def in_words(record: dict[str, Any]) -> list[str]:
    """A refinement in sentences."""
    energy, above = record["energy_eV_per_SiO2"], record["above_quartz_kJ_per_mol"]
    text = f"Refined with {record['method']}"
    text += "" if record["converged"] else " (not converged)"
    text += f": {record['bonds_lost']} bonds lost, {record['bonds_gained']} gained"
    text += f", {record['protons_lost']} protons strayed" if record["protons_lost"] else ""
    text += "" if energy is None else f"; {energy:.4f} eV per SiO2"
    text += f", {above:.1f} kJ/mol above quartz" if above is not None else ""
    said = [f"{text}; volume {100 * record['volume_change']:+.2f} %; {_named(record)}."]
    if "feasibility" in record:
        said.append(feasibility_in_words(record["feasibility"]))
    if above is None and record.get("reference"):
        said.append(f"Energy above quartz: {record['reference']}.")
    if record["lost"] or record["gained"]:
        said.append(
            f"Bonds lost (atoms numbered from 0): {', '.join(record['lost']) or 'none'}; gained: "
            f"{', '.join(record['gained']) or 'none'}."
        )
    if record["overcoordinated_T"]:
        said.append(
            f"{record['overcoordinated_T']} T have more than four O within {SI_O_BOND_A} Å; they are no Q_n, "
            "and the energy is that of atoms with these bonds."
        )
    if "dynamics" in record:
        hot = record["dynamics"]
        said.append(
            f"{hot['time_ps']:g} ps at {hot['temperature_K']:g} K between: {hot['bonds_lost']} bonds lost, "
            f"{hot['bonds_gained']} gained at its end."
        )
    return [*said, *record["notes"]]


def _named(record: dict[str, Any]) -> str:
    """Frameworks of the refined atoms."""
    names = ", ".join(f"{t['code']} {100 * float(t['share']):.0f} %" for t in record["types"])
    return f"framework {names or 'amorphous'}"
