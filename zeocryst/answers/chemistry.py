"""What makes back-mapped atoms chemically complete: heteroatoms, guests, what balances charge, refinement.

The steps stand in the order in which they need each other: heteroatoms decide the charge that guests meet,
guests leave cations the room that they do not take, and refinement wants all of them. A step that fails ends
the way; what came before is kept, and the failure is told.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zeocryst.answers.asked import Prepared
from zeocryst.answers.parts import Frame, balance_charge, put_in_guests, replace_silicon
from zeocryst.errors import InputError, SimulationError
from zeocryst.network.bonds import Network

if TYPE_CHECKING:
    from ase import Atoms

    from zeocryst.molecules.model import Molecule
    from zeocryst.refinement.refine import Refined

Floats = NDArray[np.float64]


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
        Entries ``sda``, ``aluminium``, ``fluoride``, ``net_charge``, ``refined`` of ``summary.json``;
        ``formula`` of all atoms, where they are not silica alone; ``failed``: which ``step`` could not be
        done, the ``message``, and whether its ``kind`` is "input" or "simulation".
    words : list of str
    refined : Refined or None
    """

    atoms: Atoms
    guests: dict[int, Molecule] = field(default_factory=dict)
    record: dict[str, Any] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)
    refined: Refined | None = None


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
    more = f" (and {len(entries) - 1} more frames failed)" if len(entries) > 1 else ""
    raise failure(first["failed"], f"frame {first['frame']}: ", f"{more}; all that came before is in {out}")


def failure(failed: dict[str, Any], before: str = "", after: str = "") -> InputError | SimulationError:
    """The error that an entry ``failed`` tells of, with words before and after."""
    text = f"{before}{failed['step']}: {failed['message']}{after}"
    return InputError(text) if failed["kind"] == "input" else SimulationError(text)


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
    frame = Frame(atoms, network, places, prepared, seed, free_cell)
    steps: list[tuple[str, bool, Callable[[Frame], None]]] = [
        ("heteroatoms", frame.replaced, replace_silicon),
        ("structure-directing agent", prepared.molecule is not None, put_in_guests),
        ("charge balance", frame.replaced or prepared.molecule is not None, balance_charge),
        ("refinement", prepared.method is not None, _refine),
    ]
    for name, asked, step in steps:
        if not asked:
            continue
        try:
            step(frame)
        except (InputError, SimulationError) as error:
            kind = "input" if isinstance(error, InputError) else "simulation"
            frame.record["failed"] = {"step": name, "message": str(error), "kind": kind}
            frame.words.append(f"{name[0].upper()}{name[1:]} failed: {error}.")
            break
    whole = frame.together() if any(asked for _, asked, _ in steps) else atoms
    if frame.replaced or frame.molecules:  # the formula above is that of the silica
        frame.record["formula"] = whole.get_chemical_formula("hill")
        frame.words.insert(0, f"The atoms written are {frame.record['formula']}.")
    return Complete(whole, frame.molecules, frame.record, frame.words, frame.refined)


def _refine(frame: Frame) -> None:
    """Physics."""
    from zeocryst.refinement.refine import in_words, refine

    method = frame.prepared.method
    assert method is not None
    found = refine(
        frame.together(), method, frame.molecules, free_cell=frame.free_cell, dynamics=frame.wanted.dynamics,
        seed=frame.seed,
    )  # fmt: skip
    if found.record["net_charge"] is None:  # a calculator without charges: that of the formula
        found.record["net_charge"] = frame.record.get("net_charge", 0)
    frame.refined = found
    frame.record["refined"] = found.record
    frame.words += in_words(found.record)
    if "error" in found.record:
        raise SimulationError(found.record["error"])
