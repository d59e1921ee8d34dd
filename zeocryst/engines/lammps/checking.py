"""Whether LAMMPS can take atoms with their topology, before it is tried."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from zeocryst.engines.lammps.datafile import SORTS, term_labels
from zeocryst.engines.lammps.inside import as_bonds
from zeocryst.engines.placing import check_volume
from zeocryst.errors import InputError
from zeocryst.model.topology import Terms, Topology

if TYPE_CHECKING:
    from ase import Atoms

#: Which particle of a term looks for the nearest images of the others.
OWNER = {"bonds": 0, "angles": 1, "dihedrals": 1, "impropers": 1}
#: Share of the shortest lattice vector that a term may reach, so that the nearest image is the right one.
REACH = 0.49


def checked(atoms: Atoms, topology: Topology) -> Topology:
    """The topology as LAMMPS can express it.

    Raises
    ------
    InputError
        Atoms and topology don't fit each other, or the cell is too small for its terms.
    """
    count = len(topology.kind)
    if not len(atoms):
        raise InputError("there are no atoms")
    sizes = {name: len(getattr(topology, name)) for name in ("kind", "charge", "molecule", "core")}
    if len(set(sizes.values())) > 1 or count < len(atoms):
        raise InputError(f"a topology of {sizes} particles does not fit {len(atoms)} atoms")
    shells = topology.core >= 0
    if shells[: len(atoms)].any() or not shells[len(atoms) :].all():
        raise InputError(f"the first {len(atoms)} particles must be atoms and all others shells")
    if (topology.core[shells] >= len(atoms)).any() or len(np.unique(topology.core[shells])) < shells.sum():
        raise InputError("each shell must hang on an atom of its own")
    if len(topology.masses) != len(topology.types) or not (np.asarray(topology.masses) > 0).all():
        raise InputError(f"masses {topology.masses}; expected a positive one for each of {topology.types}")
    if not np.isfinite(topology.charge).all():
        raise InputError("a charge is not a number")
    check_volume(atoms)
    _check_labels(topology.types, "type of particles")
    topology = as_bonds(topology)
    for name, attribute in SORTS:
        terms = getattr(topology, attribute)
        if len(terms.atoms):
            _check_labels(term_labels(terms), name.lower())
            _check_numbers(name.lower(), terms, count)
            if atoms.pbc.all():
                _check_images(atoms, topology, attribute, terms)
    for pair in topology.pairs:
        for kind in pair.types:
            if kind not in topology.types:
                raise InputError(f"a pair term names the type {kind!r}; there are {', '.join(topology.types)}")
    return topology


def _check_labels(labels: tuple[str, ...], what: str) -> None:
    for label in labels:
        if not re.fullmatch(r"[^\s\d*#'\"&$][^\s'\"&$#]*", label):
            raise InputError(f"{label!r} is no name of a {what}; expected no spaces and no digit in front")
    if len(set(labels)) < len(labels):
        raise InputError(f"a name of a {what} stands twice: {', '.join(labels)}")


def _check_numbers(name: str, terms: Terms, count: int) -> None:
    if len(terms.kind) != len(terms.atoms) or terms.atoms.min() < 0 or terms.atoms.max() >= count:
        raise InputError(f"a {name} names a particle that is not among the {count}")
    if terms.kind.min() < 0 or terms.kind.max() >= len(terms.coefficients):
        raise InputError(f"a {name} is of a kind that has no coefficients")
    if len(term_labels(terms)) != len(terms.coefficients):
        raise InputError(f"{len(terms.names)} names of {len(terms.coefficients)} kinds of {name}s")


def _check_images(atoms: Atoms, topology: Topology, attribute: str, terms: Terms) -> None:
    """The engine takes the nearest image of each particle of a term; it must be the one that is meant."""
    from ase.geometry import find_mic

    from zeocryst.cell import shortest_vector

    allowed = REACH * shortest_vector(atoms.cell.array)
    members = topology.owner[terms.atoms]
    middle = members[:, OWNER[attribute]]
    for column in range(members.shape[1]):
        if column == OWNER[attribute]:
            continue
        vectors = atoms.positions[members[:, column]] - atoms.positions[middle]
        _, lengths = find_mic(vectors, atoms.cell, pbc=True)
        worst = int(lengths.argmax())
        twice = np.array([len(set(row)) < len(row) for row in terms.atoms.tolist()])
        if lengths[worst] > allowed or twice.any():
            raise InputError(
                f"the cell is too small for its {attribute}: its shortest vector is {allowed / REACH:.2f} Å, "
                f"and they reach {lengths[worst]:.2f} Å, so that an atom's nearest image may be another; "
                "repeat it first (zeocryst.engines.atomistic.copies says how often)"
            )
