"""What is asked of back-mapped atoms beside silica: guests, heteroatoms, refinement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from zeocryst.errors import InputError, nearest

if TYPE_CHECKING:
    from zeocryst.molecules.model import Molecule
    from zeocryst.refinement.protocol import Method
    from zeocryst.refinement.refine import Dynamics


@dataclass(frozen=True)
class Wanted:
    """What is asked for beside silica.

    Attributes
    ----------
    sda : str or None
        Name, SMILES or file of the molecule that each S stands for; "none" is None.
    si_al : float or None
        Si over `element`.
    element : str
        What takes the place of Si, or "AlPO4".
    placement : str
        "random", "clustered" or "spread".
    loewenstein : bool
        Whether Al-O-Al is forbidden.
    balance : str
        "H", "Na", "K", "Ca" or "none" (`zeocryst.heteroatoms.balance.BALANCES`).
    refine : str or None
        A force field or a calculator; "none" is None.
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


def prepare(wanted: Wanted) -> Prepared:
    """Look up the molecule and the method, so that a misspelt one costs nothing.

    Raises
    ------
    InputError
        There is no such molecule, element, placement, cation or method.
    """
    from zeocryst.molecules.named import molecule_named
    from zeocryst.refinement.methods import method_named

    _check_heteroatoms(wanted)
    sda, refine = (_given(name) for name in (wanted.sda, wanted.refine))
    if wanted.dynamics is not None and refine is None:
        raise InputError("--md-ps needs a force field or a calculator: --refine NAME")
    molecule = None if sda is None else molecule_named(sda)
    method = None if refine is None else method_named(refine)
    return Prepared(wanted, molecule, method)


def _given(name: str | None) -> str | None:
    """A name; "none" is none, on the command line, in a condition and in Python."""
    return None if name is None or name.lower() == "none" else name


def _check_heteroatoms(wanted: Wanted) -> None:
    """See that element, placement, ratio and what balances are such."""
    from zeocryst.heteroatoms.balance import BALANCES
    from zeocryst.heteroatoms.elements import ELEMENTS
    from zeocryst.heteroatoms.placement import PLACEMENTS, number_for_ratio

    offered = [*(name for name, data in ELEMENTS.items() if data.replaces_si), "AlPO4"]
    if wanted.element not in offered:
        raise InputError(f"--heteroatom {wanted.element!r}; {nearest(wanted.element, offered)}")
    if wanted.balance not in BALANCES:
        raise InputError(f"--balance {wanted.balance!r}; {nearest(wanted.balance, BALANCES)}")
    if wanted.placement not in PLACEMENTS:
        raise InputError(f"--placement {wanted.placement!r}; {nearest(wanted.placement, PLACEMENTS)}")
    if wanted.element == "AlPO4" and wanted.si_al is not None:
        raise InputError(f"--si-al {wanted.si_al:g}: AlPO4 has no Si; leave it out")
    if wanted.si_al is not None:
        number_for_ratio(10**9, wanted.si_al, wanted.element)  # raises where it is no ratio


def simulation(time_ps: float | None, temperature_K: float) -> Dynamics | None:
    """The simulation that is asked for by its time and temperature; None where there is no time."""
    from zeocryst.refinement.refine import Dynamics

    return None if time_ps is None else Dynamics(time_ps, temperature_K)
