"""What makes back-mapped atoms chemically complete: heteroatoms, guests, what balances charge, refinement.

The steps stand in the order in which they need each other: heteroatoms decide the charge that guests meet, guests take
the room that cations are left, and refinement wants all of them. A step that fails ends the way; what came before is
kept, and the failure is told.
"""

from __future__ import annotations

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

    def error(self, where: str) -> InputError | SimulationError:
        """The error to raise once all that was done is kept."""
        text = f"{where}: {self.step}: {self.message}"
        return InputError(text) if self.kind == "input" else SimulationError(text)


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


def complete(atoms: Atoms, network: Network, places: Floats | None, prepared: Prepared, seed: int) -> Complete:
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
    """
    wanted = prepared.wanted
    made = Complete(atoms.copy())
    made.atoms.arrays["molecule"] = np.zeros(len(atoms), np.int64)
    steps = [
        ("heteroatoms", wanted.si_al is not None or wanted.element == "AlPO4", _heteroatoms),
        ("structure-directing agent", prepared.molecule is not None, _guests),
        ("charge", True, _balance),
        ("refinement", prepared.method is not None, _refine),
    ]
    for name, asked, step in steps:
        if not asked:
            continue
        try:
            step(made, network, places, prepared, seed)
        except InputError as error:
            made.failure = Failure(name, str(error), "input")
        except SimulationError as error:
            made.failure = Failure(name, str(error), "simulation")
        if made.failure is not None:
            made.words.append(f"{name[0].upper()}{name[1:]} failed: {made.failure.message}")
            made.record["failed"] = {"step": name, "message": made.failure.message}
            break
    return made
