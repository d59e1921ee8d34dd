"""Where the T of a framework type lie when no published structure is at hand: from its net alone.

The net is laid out with each site in the middle of its neighbours (`zeocryst.network.barycentric`), in the cell
in which its bonds point evenly in all directions, with the framework density of the table. Distance least
squares (`zeocryst.backmapping.dls`) with O on the bonds and a free cell then finds the geometry of silica, and
the symmetry of the net (`zeocryst.network.automorphisms`) is put on the result; both in turn, since the one may
undo some of the other, and from several starts. The T lie in the standard cell of the space group that comes
out.

Against the idealized structures of the Database of Zeolite Structures cells have the same volume (their density
is in the table), edges within 0.3 % in the median and 2 % for 95 % of the types; T-T distances are as theirs.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from zeocryst.backmapping.dls import keeps_network, solve
from zeocryst.backmapping.oxygens import add_oxygens
from zeocryst.errors import InputError
from zeocryst.frameworks.table import (
    dense_codes,
    framework_types,
    nearest_start,
    nets,
    start_codes,
    start_structure,
    start_t_count,
    startable_codes,
)
from zeocryst.model.forcefield import SILICATE, ForceField
from zeocryst.model.scales import bond_length, scale_of
from zeocryst.network.automorphisms import Automorphisms, automorphisms
from zeocryst.network.barycentric import placement
from zeocryst.network.bonds import Network, bonds_from_sites, network_of_bonds

Floats = NDArray[np.float64]

#: T-T distances over a bridge in silica, Å. Three-rings and pairs of four-rings of strained nets have less, as
#: in the database's structures; what lies beyond the second range is refused.
T_T_A, FARTHEST_T_T_A = (2.9, 3.3), (2.6, 3.4)
#: Random starts, turns of least squares and symmetry in each, and how far T leave barycentres at first, Å.
STARTS, TURNS, JITTER_A = 8, 4, 0.05
#: A turn changes bonds by less than this, Å: least squares and symmetry agree.
SETTLED_A = 0.05
#: spglib's tolerance, Å: the symmetry is exact but for rounding.
SYMPREC_A = 1e-3


@dataclass(frozen=True)
class Embedded:
    """T of a net in space.

    Attributes
    ----------
    cell : (3, 3) array, Å
        Of the standard setting.
    positions : (N, 3) array, Å
    residual : float
        R of DLS-76 that was reached.
    shortest, longest : float
        T-T distances over a bond, Å.
    """

    cell: Floats
    positions: Floats
    residual: float
    shortest: float
    longest: float


def start_of(code: str) -> tuple[Floats, Floats]:
    """Cell and T positions with which a simulation of a framework type starts.

    Returns
    -------
    cell : (3, 3) array, Å
    positions : (N, 3) array, Å

    Raises
    ------
    InputError
        A simulation cannot start from this type.
    """
    if code in start_codes():
        return start_structure(code)
    found = embedded(code)
    return found.cell, found.positions


def _is_even(code: str, forcefield: ForceField) -> bool:
    """Whether a start is laid out in full symmetry: of a dense net where T is no SiO4."""
    return forcefield.site != SILICATE and code in dense_codes()


def start_in(code: str, forcefield: ForceField) -> tuple[Floats, Floats, float]:
    """Cell and T positions with which a simulation of a framework type starts in a model.

    They are silica's (`start_of`). For a model with bonds of another length they are to be scaled, so that the
    mean T-T distance is the model's (`zeocryst.model.scales`), and dense nets are laid out in full symmetry
    where T is no SiO4: ``dia`` is cubic ice or diamond in its cubic cell of 8 T (its faces are {100}), ``lon``
    hexagonal ice in its hexagonal cell of 4 T with c/a = sqrt(8/3) (the face across the third vector is the
    basal one, those across the first two are prism faces {10-10}).

    Returns
    -------
    cell : (3, 3) array, Å
        As in silica.
    positions : (N, 3) array, Å
    scale : float
        What both are to be multiplied by, after S were put into the cages.

    Raises
    ------
    InputError
        A simulation cannot start from this type.
    """
    cell, sites = _even_cell(code) if _is_even(code, forcefield) else start_of(code)
    if scale_of(forcefield) == 1:
        return cell, sites, 1.0
    return cell, sites, scale_of(forcefield, float(_lengths(bonds_from_sites(sites, cell)).mean()))


@cache
def _even_cell(code: str) -> tuple[Floats, Floats]:
    """The barycentric placement in the cell in which bonds point evenly, in the net's standard cell."""
    bonds, kinds = nets()[code]
    network = _laid_out(network_of_bonds(bonds, len(kinds)), framework_types()[code].density_T_per_1000A3, None)
    return _standard(code, network)


def origin_in(code: str, forcefield: ForceField) -> str:
    """What was calculated for a start in a model, in words; empty for a published structure as it is."""
    _, _, scale = start_in(code, forcefield)
    even = f"the T positions of {code} are its net's barycentric placement, in the cell of its full symmetry"
    words = [even if _is_even(code, forcefield) else origin_in_words(code)]
    if scale != 1:
        length = bond_length(forcefield)
        words.append(
            f"the cell is {scale:.4f} of silica's, so that T-T are {length:.3f} Å as in {forcefield.name}"
        )
    return "; ".join(filter(None, words))


def origin_in_words(code: str | None) -> str:
    """Where a start's T positions come from, if they were calculated; empty for a published structure."""
    if code is None or code in start_codes():
        return ""
    found = embedded(code)
    return (
        f"the T positions of {code} are calculated from its net (barycentric placement, distance least "
        f"squares; R = {found.residual:.4f}, T-T {found.shortest:.2f} to {found.longest:.2f} Å)"
    )


@cache
def embedded(code: str) -> Embedded:
    """T positions of a framework type from its net; the same each time.

    Raises
    ------
    InputError
        There is no such type, or its net cannot be laid out with distances of silica.
    """
    if code not in startable_codes():
        raise InputError(f"framework {code!r} has no start structure; {nearest_start(code)}")
    bonds, kinds = nets()[code]
    net = network_of_bonds(bonds, len(kinds))
    symmetry = automorphisms(net, kinds)
    best: tuple[float, float, Network] | None = None
    for start in range(STARTS):
        network = _laid_out(net, framework_types()[code].density_T_per_1000A3, start)
        for turn in range(TURNS):
            silicate, residual = solve(
                add_oxygens(network, np.random.default_rng([start, turn])), free_cell=True
            )
            network = silicate.network if symmetry is None else _even(silicate.network, symmetry)
            off = _beyond(network) + (0.0 if keeps_network(silicate) else 10.0)
            if best is None or (off, residual) < best[:2]:
                best = off, residual, network
            if off == 0 and np.abs(_lengths(network) - _lengths(silicate.network)).max() < SETTLED_A:
                return _checked(code, best[2], best[1])
    assert best is not None
    return _checked(code, best[2], best[1])


def _laid_out(net: Network, density: float, seed: int | None) -> Network:
    """The barycentric placement in the cell in which bonds point evenly; with a seed a little off it."""
    places = placement(net)
    bonds = places[net.second] + net.shift - places[net.first]
    metric = np.linalg.inv(bonds.T @ bonds)
    volume = 1000 * net.n_sites / density
    metric *= (volume / np.sqrt(np.linalg.det(metric))) ** (2 / 3)
    cell = np.linalg.cholesky(metric)
    off = 0.0 if seed is None else JITTER_A * np.random.default_rng(seed).normal(size=places.shape)
    return Network(places @ cell + off, cell, net.first, net.second, net.shift)


def _even(network: Network, symmetry: Automorphisms) -> Network:
    """The network with the symmetry put on it: means of what all symmetries make of its places and cell."""
    places = network.positions @ np.linalg.inv(network.cell)
    places -= places.mean(axis=0)
    metric = network.cell @ network.cell.T
    cell = np.linalg.cholesky(np.mean([a @ metric @ a.T for a in symmetry.matrix], axis=0))
    total = np.zeros_like(places)
    for matrix, move, site, lattice in zip(
        symmetry.matrix, symmetry.translation, symmetry.site, symmetry.lattice, strict=True
    ):
        total[site] += places @ matrix + move - lattice
    positions = total / len(symmetry.matrix) @ cell
    return Network(positions, cell, network.first, network.second, network.shift)


def _lengths(network: Network) -> Floats:
    return np.asarray(np.linalg.norm(network.vectors, axis=1))


def _beyond(network: Network) -> float:
    """By how much T-T distances lie outside silica's range, Å."""
    d = _lengths(network)
    return float(max(0.0, T_T_A[0] - d.min()) + max(0.0, d.max() - T_T_A[1]))


def _checked(code: str, network: Network, residual: float) -> Embedded:
    """The T in their standard cell; raises where they are none of silica."""
    cell, positions = _standard(code, network)
    d = _lengths(network)
    if d.min() < FARTHEST_T_T_A[0] or d.max() > FARTHEST_T_T_A[1]:
        raise InputError(
            f"framework {code!r} has no start structure: its net was laid out with T-T distances of "
            f"{d.min():.2f} to {d.max():.2f} Å, which silica does not have; start from a file instead"
        )
    return Embedded(cell, positions, residual, float(d.min()), float(d.max()))


def _standard(code: str, network: Network) -> tuple[Floats, Floats]:
    """Cell and T of the standard setting of the space group."""
    import spglib
    import spglib.error

    spglib.error.OLD_ERROR_HANDLING = False  # raise, rather than return None
    given = (network.cell, network.positions @ np.linalg.inv(network.cell), np.ones(network.n_sites))
    try:
        found = spglib.get_symmetry_dataset(given, symprec=SYMPREC_A)
    except spglib.error.SpglibError:
        found = None
    if found is None or len(found.std_types) != start_t_count(code):
        raise InputError(f"framework {code!r} has no start structure: its net was laid out without symmetry")
    cell = np.asarray(found.std_lattice)
    places = found.std_positions - np.floor(found.std_positions + 1e-9)
    return cell, places @ cell
