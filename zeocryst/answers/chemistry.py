"""What makes back-mapped atoms chemically complete: heteroatoms, guests, what balances charge, refinement.

The steps stand in the order in which they need each other: heteroatoms decide the charge that guests meet,
guests leave cations the room that they do not take, and refinement wants all of them. A step that fails ends the
way; what came before is kept, and the failure is told.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from zeocryst.errors import InputError, SimulationError, nearest
from zeocryst.network.bonds import Network

if TYPE_CHECKING:
    from ase import Atoms

    from zeocryst.molecules.model import Molecule
    from zeocryst.refinement.protocol import Method
    from zeocryst.refinement.refine import Dynamics, Refined

Floats = NDArray[np.float64]

#: What can balance charge; F- joins where guests have more of it than the framework lacks.
CATIONS = ("H", "Na", "K", "Ca")
BALANCES = (*CATIONS, "none")
#: The anion that as-made zeolites hold in their small cages, where they grew in fluoride.
FLUORIDE = "[F-]"


@dataclass(frozen=True)
class Wanted:
    """What is asked for beside silica.

    Attributes
    ----------
    sda : str or None
        Name, SMILES or file of the molecule that each S stands for.
    si_al : float or None
        Si over `element`.
    element : str
        What takes the place of Si, or "AlPO4".
    placement : str
        "random", "clustered" or "spread".
    loewenstein : bool
        Whether Al-O-Al is forbidden.
    balance : str
        One of `BALANCES`.
    refine : str or None
        A force field or a calculator.
    dynamics : Dynamics or None
        A simulation between two minima.
    """

    sda: str | None = None
    si_al: float | None = None
    element: str = "Al"
    placement: str = "random"
    loewenstein: bool = True
    balance: str = "H"
    refine: str | None = None
    dynamics: Dynamics | None = None


#: Silica alone.
NOTHING = Wanted()


@dataclass(frozen=True)
class Prepared:
    """What is wanted, with molecule and method at hand."""

    wanted: Wanted
    molecule: Molecule | None = None
    method: Method | None = None


@dataclass(frozen=True)
class Failure:
    """A step that could not be done."""

    step: str
    message: str
    kind: Literal["input", "simulation"]


@dataclass
class Complete:
    """Atoms with all that was asked for.

    Attributes
    ----------
    atoms : ase.Atoms
        Framework, cations, guests; not refined.
    guests : dict
        The molecule of each number in the atoms' array ``molecule``.
    record : dict
        Entries ``sda``, ``aluminium``, ``net_charge``, ``refined`` of ``summary.json``.
    words : list of str
    refined : Refined or None
    failure : Failure or None
    """

    atoms: Atoms
    guests: dict[int, Molecule] = field(default_factory=dict)
    record: dict[str, Any] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)
    refined: Refined | None = None
    failure: Failure | None = None


def prepare(wanted: Wanted) -> Prepared:
    """Look up the molecule and the method, so that a misspelt one costs nothing.

    Raises
    ------
    InputError
        There is no such molecule, element, placement or method.
    """
    from zeocryst.molecules.named import molecule_named
    from zeocryst.refinement.methods import method_named

    if wanted.balance not in BALANCES:
        raise InputError(f"--balance {wanted.balance!r}; {nearest(wanted.balance, BALANCES)}")
    if wanted.dynamics is not None and wanted.refine is None:
        raise InputError("--md-ps needs a force field or a calculator: --refine NAME")
    molecule = None if wanted.sda is None else molecule_named(wanted.sda)
    method = None if wanted.refine is None else method_named(wanted.refine)
    return Prepared(wanted, molecule, method)


def simulation(time_ps: float | None, temperature_K: float) -> Dynamics | None:
    """The simulation that is asked for by its time and temperature; None where there is no time."""
    from zeocryst.refinement.refine import Dynamics

    return None if time_ps is None else Dynamics(time_ps, temperature_K)


def raise_failures(summary: dict[str, Any], out: str) -> None:
    """Raise what failed in a frame, now that all the rest is kept.

    Raises
    ------
    InputError, SimulationError
        The first failure of all frames, with how many there are.
    """
    entries = [entry for entry in [*summary["frames"], summary] if entry.get("failed")]
    if not entries:
        return
    first = entries[0]
    found = first["failed"]
    more = f" (and {len(entries) - 1} more frames failed)" if len(entries) > 1 else ""
    text = (
        f"frame {first['frame']}: {found['step']}: {found['message']}{more}; all that came before is in {out}"
    )
    raise InputError(text) if found["kind"] == "input" else SimulationError(text)


@dataclass
class _Frame:
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
        return self.prepared.wanted

    @property
    def replaced(self) -> bool:
        """Whether some Si are to be other elements."""
        return self.wanted.si_al is not None or self.wanted.element == "AlPO4"

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


def complete(
    atoms: Atoms, network: Network, places: Floats | None, prepared: Prepared, *, seed: int, free_cell: bool
) -> Complete:
    """Do what is asked for, step by step.

    Parameters
    ----------
    atoms
        Back-mapped silica, T first in the order of the network.
    network
        Its sites and bonds.
    places : (K, 3) array or None
        Where the S are, Å; None where the structure has none.
    prepared
        What is wanted.
    seed
        Of all that is random.
    free_cell
        Whether the refinement may change the cell.
    """
    frame = _Frame(atoms, network, places, prepared, seed, free_cell)
    steps: list[tuple[str, bool, Callable[[_Frame], None]]] = [
        ("heteroatoms", frame.replaced, _replace),
        ("structure-directing agent", prepared.molecule is not None, _put_in_guests),
        ("charge balance", frame.replaced or prepared.molecule is not None, _balance),
        ("refinement", prepared.method is not None, _refine),
    ]
    failure: Failure | None = None
    for name, asked, step in steps:
        if not asked:
            continue
        try:
            step(frame)
        except (InputError, SimulationError) as error:
            kind: Literal["input", "simulation"] = "input" if isinstance(error, InputError) else "simulation"
            failure = Failure(name, str(error), kind)
            frame.record["failed"] = {"step": name, "message": str(error), "kind": kind}
            frame.words.append(f"{name[0].upper()}{name[1:]} failed: {error}.")
            break
    return Complete(frame.together(), frame.molecules, frame.record, frame.words, frame.refined, failure)


def _replace(frame: _Frame) -> None:
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


def _balance(frame: _Frame) -> None:
    """What balances the charge; the framework's geometry is solved with bonds of each T's own length."""
    from zeocryst.heteroatoms.balance import balance
    from zeocryst.heteroatoms.environments import aluminium_record

    charge = sum(molecule.charge for molecule in frame.molecules.values())
    if not frame.replaced:
        frame.record["net_charge"] = charge
        if charge:
            frame.words.append(
                f"Not neutral: the guests carry {charge:+d} e and the framework is silica; Al would balance it "
                "(--si-al)."
            )
        return
    frame.framework, found = balance(
        frame.framework, frame.network, by=frame.wanted.balance, guests=frame.guest_atoms(),
        guests_charge=charge, seed=frame.seed,
    )  # fmt: skip
    element = "Al" if frame.wanted.element == "AlPO4" else frame.wanted.element
    frame.record["aluminium"] |= {
        **aluminium_record(frame.framework, frame.network, element),
        "balance": found.record,
    }
    frame.record["net_charge"] = found.record["net_charge"]
    frame.words += _charge_in_words(frame.record["aluminium"], element)
    frame.words += found.record["notes"]


def _refine(frame: _Frame) -> None:
    """Physics."""
    from zeocryst.refinement.refine import in_words, refine

    method = frame.prepared.method
    assert method is not None
    found = refine(
        frame.together(), method, frame.molecules, free_cell=frame.free_cell, dynamics=frame.wanted.dynamics,
        seed=frame.seed,
    )  # fmt: skip
    frame.refined = found
    frame.record["refined"] = found.record
    frame.words += in_words(found.record)
    if "error" in found.record:
        raise SimulationError(found.record["error"])


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
