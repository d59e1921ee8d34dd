"""The parts of a chemically complete structure: other elements for Si, guests, what balances their charge."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zeocryst.answers.asked import Prepared, Wanted
from zeocryst.network.bonds import Network

if TYPE_CHECKING:
    from ase import Atoms

    from zeocryst.molecules.model import Molecule
    from zeocryst.refinement.refine import Refined

Floats = NDArray[np.float64]

#: The anion that frameworks grown in fluoride hold in their small cages.
FLUORIDE = "[F-]"


@dataclass
class Frame:
    """A frame on its way: framework and guests apart, until all are there."""

    framework: Atoms
    network: Network
    places: Floats | None
    prepared: Prepared
    seed: int
    free_cell: bool
    guests: list[Atoms] = field(default_factory=list)
    molecules: dict[int, Molecule] = field(default_factory=dict)
    record: dict[str, Any] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)
    refined: Refined | None = None

    @property
    def wanted(self) -> Wanted:
        """What is asked for."""
        return self.prepared.wanted

    @property
    def replaced(self) -> bool:
        """Whether some Si are to be other elements."""
        return self.wanted.si_al is not None or self.wanted.element == "AlPO4"

    @property
    def guests_charge(self) -> int:
        """Of all guests, e."""
        return sum(molecule.charge for molecule in self.molecules.values())

    def together(self) -> Atoms:
        """Framework, cations, guests, with the array ``molecule``."""
        whole = self.framework.copy()
        number = [np.zeros(len(whole), np.int64)]
        for k, guest in zip(sorted(self.molecules), self.guests, strict=True):
            whole += guest
            number.append(np.full(len(guest), k, np.int64))
        whole.arrays["molecule"] = np.concatenate(number)
        return whole

    def add_guest(self, molecule: Molecule, positions: Floats) -> None:
        """One more guest."""
        from ase import Atoms

        self.guests.append(Atoms(list(molecule.symbols), positions=positions))
        self.molecules[len(self.guests)] = molecule

    def guest_atoms(self) -> Atoms | None:
        """The atoms of all guests, in the framework's cell; None where there are none."""
        from ase import Atoms

        if not self.guests:
            return None
        return sum(self.guests, Atoms(cell=self.framework.cell, pbc=True))


def replace_silicon(frame: Frame) -> None:
    """Other elements in the places of Si."""
    from zeocryst.heteroatoms.alternation import alternate
    from zeocryst.heteroatoms.placement import substitute

    wanted = frame.wanted
    if wanted.element == "AlPO4":
        frame.framework = alternate(frame.framework, frame.network, seed=frame.seed)
        frame.record["aluminium"] = {"element": "AlPO4", "placement": "strictly alternating"}
        frame.words.append("Al and P take turns on the T sites.")
        return
    frame.framework, placement = substitute(
        frame.framework, frame.network, element=wanted.element, ratio=wanted.si_al, how=wanted.placement,
        loewenstein=wanted.loewenstein, seed=frame.seed,
    )  # fmt: skip
    rule = "without" if placement.loewenstein else "without looking at"
    frame.record["aluminium"] = {
        "element": wanted.element,
        "placement": placement.how,
        "loewenstein": placement.loewenstein,
    }
    frame.words += [
        f"{wanted.element} placed {placement.how}, {rule} {wanted.element}-O-{wanted.element}.",
        *placement.notes,
    ]


def put_in_guests(frame: Frame) -> None:
    """The molecule of each S; of a structure without beads one in each void that is wide enough."""
    from zeocryst.docking import centres, place_all

    molecule = frame.prepared.molecule
    assert molecule is not None
    places, where = frame.places, "S"
    if places is None:
        places, where = centres(frame.framework, molecule), "void"
        frame.words.append(
            f"The structure has no S: {molecule.name} is tried in {len(places)} voids, the widest points that "
            "are as far apart as it is long."
        )
    found = place_all(frame.framework, places, molecule, seed=frame.seed) if len(places) else []
    frame.record["sda"] = [one.record() for one in found]
    for one in found:
        if one.positions is not None:
            frame.add_guest(molecule, one.positions)
    frame.words += _guests_in_words(frame.record["sda"], molecule, where)


def _guests_in_words(sda: list[dict[str, Any]], molecule: Molecule, where: str) -> list[str]:
    """How many found a place, at what energy; what did not, by the first three."""
    there = [one["energy_kJ_per_mol"] for one in sda if one["placed"]]
    if not sda:
        return [f"There is no {where}, so no {molecule.name} was placed."]
    text = f"{len(there)} of {len(sda)} {'S' if where == 'S' else 'voids'} hold {molecule.name}"
    text += f", at {np.mean(there):.1f} kJ/mol on average (DREIDING, rigid framework)" if there else ""
    left = [f"{one['bead']}: {one['reason']}" for one in sda if not one["placed"]]
    said = [f"{text}; charges from {molecule.charges_from}."]
    if left:
        more = f"; {len(left) - 3} more" if len(left) > 3 else ""
        said.append(f"Left out ({where} number: why): {'; '.join(left[:3])}{more}.")
    noticed = [f"{one['bead']}: {one['reason']}" for one in sda if one["placed"] and one.get("reason")]
    if noticed:
        said.append(f"Noticed ({where} number: what): {'; '.join(noticed[:3])}.")
    return said


def balance_charge(frame: Frame) -> None:
    """What balances the charge; the framework's geometry is solved with bonds of each T's own length."""
    from zeocryst.heteroatoms.balance import balance, framework_charge
    from zeocryst.heteroatoms.environments import aluminium_record

    if not frame.replaced:
        frame.record["net_charge"] = frame.guests_charge
        if frame.guests_charge:
            frame.words.append(
                f"Not neutral: the guests carry {frame.guests_charge:+d} e and the framework is silica; Al "
                "would balance it (--si-al)."
            )
        return
    excess = framework_charge(frame.framework, frame.network.n_sites) + frame.guests_charge
    if excess > 0 and frame.wanted.balance != "none":
        _put_in_fluoride(frame, excess)
    frame.framework, found = balance(
        frame.framework, frame.network, by=frame.wanted.balance, guests=frame.guest_atoms(),
        guests_charge=frame.guests_charge, seed=frame.seed,
    )  # fmt: skip
    element = "Al" if frame.wanted.element == "AlPO4" else frame.wanted.element
    record = aluminium_record(frame.framework, frame.network, element)
    frame.record["aluminium"] |= {**record, "balance": found.record}
    frame.record["net_charge"] = found.record["net_charge"]
    frame.words += [*_charge_in_words(frame.record["aluminium"], element), *found.record["notes"]]


def _put_in_fluoride(frame: Frame, number: int) -> None:
    """F- for the charge of guests beyond what the framework lacks, as frameworks grown in fluoride hold it."""
    from zeocryst.docking import centres, place_all
    from zeocryst.molecules.named import molecule_named

    fluoride = molecule_named(FLUORIDE)
    host = frame.together()
    found = [one for one in place_all(host, centres(host, fluoride), fluoride, seed=frame.seed) if one.placed]
    best = sorted(found, key=lambda one: one.energy_kJ_per_mol)[:number]
    for one in best:
        assert one.positions is not None
        frame.add_guest(fluoride, one.positions)
    frame.record["fluoride"] = len(best)
    frame.words.append(
        f"The guests carry {number:+d} e more than the framework lacks: {len(best)} F- stand in the voids that "
        "are left, as in frameworks grown in fluoride (--balance none leaves them out)."
    )


def _charge_in_words(record: dict[str, Any], element: str) -> list[str]:
    """Numbers, Q4(nAl) and what balances the charge."""
    low, balance = element.lower(), record["balance"]
    text = f"{record[f'n_{element}']} {element}"
    ratio = record[f"si_{low}"]
    text += f", Si/{element} = {ratio:.4g}" if ratio else ""
    shares = record.get(f"q4_n{element}")
    if shares and ratio:
        text += f"; Q4(n{element}), n = 0 to 4: {', '.join(f'{100 * x:.1f}' for x in shares)} %"
    said = [f"{text}; {balance['cations']} {balance['by']} balance it." if balance["cations"] else f"{text}."]
    said.append("Neutral." if balance["net_charge"] == 0 else f"Not neutral: {balance['why_not']}.")
    return said
