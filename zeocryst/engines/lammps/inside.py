"""Pairs within a molecule that have terms of their own, as bonds of LAMMPS.

A bond takes its two particles out of the pair terms and of Coulomb's force, the lattice sum's share with it,
which nothing else does; so every two atoms of such a molecule are bonded, some by a bond without energy.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np

from zeocryst.engines.lammps.datafile import term_labels
from zeocryst.errors import InputError
from zeocryst.model.topology import Coefficients, Terms, Topology

#: LAMMPS's style of a bond whose energy is a formula, and its coefficients for Lennard-Jones.
FORMULA = "lepton"
LENNARD_JONES = '0.0 "4*{epsilon!r}*(({sigma!r}/r)^12-({sigma!r}/r)^6)"'


def as_bonds(topology: Topology) -> Topology:
    """The same topology with `Topology.inside` among its bonds.

    Raises
    ------
    InputError
        Bonded particles are to feel each other's pair terms, or a term within is not of style lj/cut.
    """
    inside = topology.inside
    if not len(inside.atoms):
        return topology
    if topology.special_pair[0] or topology.special_coulomb[0]:
        raise InputError(
            "particles one bond apart must not feel pair terms where molecules have terms inside; special_pair "
            f"begins with {topology.special_pair[0]:g}, special_coulomb with {topology.special_coulomb[0]:g}"
        )
    for style, _ in inside.coefficients:
        if style != "lj/cut":
            raise InputError(f"terms inside a molecule are of style lj/cut, not {style}")
    bonded = {tuple(sorted(row)) for row in np.vstack([topology.bonds.atoms, inside.atoms]).tolist()}
    rest = []
    for molecule in np.unique(topology.molecule[inside.atoms[:, 0]]):
        members = np.flatnonzero(topology.molecule == molecule).tolist()
        rest += [pair for pair in combinations(members, 2) if pair not in bonded]
    bonds, names = topology.bonds, list(term_labels(topology.bonds))
    coefficients: list[Coefficients] = list(bonds.coefficients)
    first = len(coefficients)
    names += [f"inside_{label}" for label in term_labels(inside)]
    coefficients += [_formula(c) for c in inside.coefficients]
    rows = [bonds.atoms, inside.atoms]
    kinds = [bonds.kind, inside.kind + first]
    if rest:
        rows.append(np.array(rest, np.int64))
        kinds.append(np.full(len(rest), len(coefficients), np.int64))
        names.append("inside_nothing")
        coefficients.append(("zero", ()))
    merged = Terms(np.vstack(rows), np.concatenate(kinds), tuple(names), tuple(coefficients))
    return replace(topology, bonds=merged, inside=Terms.none(2))


def _formula(coefficients: Coefficients) -> Coefficients:
    epsilon, sigma = coefficients[1]
    return FORMULA, (epsilon, sigma)
