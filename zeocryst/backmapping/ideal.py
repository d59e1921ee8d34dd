r"""The ideal crystal: all copies of a framework's cell in the atoms as one, in the space group of its net.

Where nearly all T belong to one crystal of a framework type, each T and each bridging O of the atoms is laid on
the type's net (`zeocryst.network.lattice_map`), and the copies of each are averaged. Every symmetry of the net
(`zeocryst.network.automorphisms`) is then applied to the means, and to the metric of the cell, and what they
give is averaged again, so that the crystal has the whole symmetry of its framework exactly. spglib says which
space group this is, and gives the standard setting (with the origin in a centre of inversion where the group
has two choices).

What is lost on the way is reported: the spread of the copies, :math:`\sqrt{\langle |u|^2 \rangle}` with u from
the mean place to the atom (as :math:`U_\mathrm{iso} = \langle |u|^2 \rangle / 3` is written); how far the
symmetry has moved the means; and the strain that it has taken off the cell. An O that lies off a symmetry
element in each copy lies on it in the mean, and its Si-O bonds look too short, as in crystal structures from
diffraction. Silanols of vacancies and other defects and all H are left out, and so are terminal O of an
interrupted framework that point this way in one copy and that way in the next.

The space group is that of the framework type in the Database of Zeolite Structures. Of all but three types it
has all symmetries of the net (derived from the two on their own); the tetrahedra of ASV, EWO and UOZ cannot
have all of them, and of the halves of the group that have the right space group that one is taken which
moves the O least.
Of other nets (the user's) it is the symmetry of the net.

The crystal is refused where its bonds are not exactly those of the net, or its tetrahedra are none.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zeocryst.backmapping.averaging import SI_O_RANGE_A, Mean, averaged, copies_of_oxygens
from zeocryst.frameworks.table import nets, type_space_group
from zeocryst.network.automorphisms import Automorphisms, automorphisms, halves
from zeocryst.network.bonds import Network, bonds_from_oxygens, network_of_bonds
from zeocryst.network.bondtable import BondTable
from zeocryst.network.lattice_map import lattice_map
from zeocryst.order.labels import UNKNOWN, Labels

if TYPE_CHECKING:
    from ase import Atoms

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Share of all T in one grain, of T with a place in the crystal, and of the places with a T, that is needed.
LEAST_SHARE = 0.95
#: A cell that symmetry strains by more than this is not that of the framework.
MOST_STRAIN = 0.15
#: Means that symmetry moves farther than this (root mean square, Å) are not those of a crystal with that
#: symmetry. (The O of a bridge of 145 degrees is 0.48 Å off the line of its T, and on it in the mean of all
#: ways to bend; few copies of a flexible framework moved by 0.21 and 0.36 Å.)
MOST_MOVED_A = {"T": 0.5, "O": 0.6}
#: Space groups that are each other's mirror image: a crystal grows in either.
ENANTIOMORPHS = (
    (76, 78), (91, 95), (92, 96), (144, 145), (151, 153), (152, 154), (169, 170), (171, 172), (178, 179),
    (180, 181), (212, 213),
)  # fmt: skip
#: spglib's tolerance, Å: the symmetry is exact but for rounding.
SYMPREC_A = 1e-4


@dataclass(frozen=True)
class Site:
    """A site of the asymmetric unit.

    Attributes
    ----------
    label : str
        T1, T2, ... in the order of the type's table; O1, O2, ...
    element : str
    multiplicity : int
        In the standard cell.
    place : (3,) float array
        Fractional, in the standard cell.
    rms_A : float
        Root mean square distance of the copies from it.
    copies : int
        How many there are in the atoms.
    """

    label: str
    element: str
    multiplicity: int
    place: Floats
    rms_A: float
    copies: int


@dataclass(frozen=True)
class IdealCrystal:
    """A framework in its space group, in the standard setting.

    Attributes
    ----------
    code : str
        The framework type.
    number : int
        Of the space group in the International Tables.
    hall_number : int
        Its setting, as spglib numbers them.
    symbol : str
        Hermann-Mauguin, such as ``I4_1/amd``, as elsewhere, and
    setting : str
        as CIF has it, such as ``I 41/a m d :2``.
    cell : (3, 3) float array, Å
    sites : tuple of Site
    atoms : ase.Atoms
        All atoms of the standard cell.
    figures : dict
        What ``ideal`` of ``summary.json`` says beyond code and space group.
    """

    code: str
    number: int
    hall_number: int
    symbol: str
    setting: str
    cell: Floats
    sites: tuple[Site, ...]
    atoms: Atoms
    figures: dict[str, Any]

    def record(self) -> dict[str, Any]:
        """For ``summary.json``."""
        return {
            "code": self.code, "space_group": self.symbol, "space_group_number": self.number,
            "setting": self.setting, **self.figures,
            "sites": [
                {"label": s.label, "multiplicity": s.multiplicity, "rms_A": round(s.rms_A, 4),
                 "copies": s.copies}
                for s in self.sites
            ],
        }  # fmt: skip


def no_crystal(reason: str) -> dict[str, Any]:
    """The entry of ``summary.json`` where there is no ideal crystal."""
    return {"code": None, "space_group": None, "rms_A": None, "reason": reason}


def ideal_crystal(atoms: Atoms, network: Network, labels: Labels) -> IdealCrystal | str:
    """The mean crystal in its space group, or a sentence saying why there is none.

    Parameters
    ----------
    atoms
        Si in the order of the network's sites, then bridging O in the order of its bonds, then others.
    network
        The T network; its positions may be others, from before the geometry was solved.
    labels
        What the T of the atoms are.
    """
    code = _main_type(labels)
    if code not in nets():
        return code
    bonds, kinds = nets()[code]
    net = network_of_bonds(bonds, len(kinds))
    silicon, oxygen = _unwrapped(atoms, network)
    found = lattice_map(Network(silicon, atoms.cell[:], network.first, network.second, network.shift), net)
    if isinstance(found, str):
        return f"no one lattice of {code} goes through the box: {found}"
    mapped, filled = (found.site >= 0).mean(), (found.site >= 0).sum() / (found.n_cells * net.n_sites)
    if min(mapped, filled) < LEAST_SHARE:
        return (
            f"{100 * mapped:.0f} % of the T have a place in a crystal of {code} that goes through the box, and "
            f"{100 * filled:.0f} % of its places have a T; {100 * LEAST_SHARE:.0f} % are needed"
        )
    symmetry = automorphisms(net, kinds)
    if symmetry is None:
        return f"the symmetry of the net of {code} cannot be found from its bonds"
    copies = copies_of_oxygens(atoms, network, net, found, oxygen)
    best: tuple[float, Mean, Automorphisms] | str = (
        f"no group of symmetries of the net of {code} is the space group of the type, "
        f"{type_space_group(code)} in the International Tables"
    )
    for group in _groups(symmetry, found.lattice, type_space_group(code)):
        mean = averaged(net, found, copies, group)
        if isinstance(mean, str):
            return mean
        moved = mean.figures["symmetry_moved_A"]["O"]
        if isinstance(best, str) or moved < best[0]:
            best = moved, mean, group
    return best if isinstance(best, str) else _standard(code, kinds, best[1], len(best[2].matrix))


def _groups(symmetry: Automorphisms, lattice: Floats, wanted: int | None) -> list[Automorphisms]:
    """Groups of symmetries with the space group wanted: all of them, or halves, if O bring symmetry down.

    The T of ASV, EWO and UOZ have more symmetry than their tetrahedra.
    """
    if wanted is None:  # not a type of the database: all the symmetry of the net
        return [symmetry]
    alike = {wanted, *(n for pair in ENANTIOMORPHS if wanted in pair for n in pair)}
    if _number(symmetry, lattice) in alike:
        return [symmetry]
    return [half for half in halves(symmetry) if _number(half, lattice) in alike]


def _number(symmetry: Automorphisms, lattice: Floats) -> int:
    """Number of the space group of symmetries."""
    spglib = _spglib()
    metric = lattice @ lattice.T
    even = np.linalg.cholesky(np.mean([a @ metric @ a.T for a in symmetry.matrix], axis=0))
    # columns there, rows here
    turned = symmetry.matrix.transpose(0, 2, 1)
    try:
        kind = spglib.get_spacegroup_type_from_symmetry(turned, symmetry.translation, even, symprec=1e-5)
    except spglib.error.SpglibError:
        return 0
    return int(kind.number)


def _spglib() -> Any:
    """The module, which then raises rather than return None."""
    import spglib
    import spglib.error

    spglib.error.OLD_ERROR_HANDLING = False
    return spglib


def _main_type(labels: Labels) -> str:
    """The type that nearly all T belong to in one grain; a sentence where there is none."""
    if len(labels.grain) == 0 or not labels.crystalline.any():
        return "no T belongs to a crystal"
    share = labels.largest_grain_sites / len(labels.grain)
    code = labels.codes[int(labels.code[labels.grain == 0][0])]
    if share < LEAST_SHARE:
        return (
            f"the largest grain ({code}) has {100 * share:.0f} % of the T; {100 * LEAST_SHARE:.0f} % in one "
            "are needed"
        )
    return "the crystal is in no table" if code == UNKNOWN else code


def _unwrapped(atoms: Atoms, network: Network) -> tuple[Floats, Floats]:
    """Si beside the network's sites, whose bonds then hold, and the O of each bond beside its first Si, Å."""
    n, m = network.n_sites, len(network.first)
    cell = atoms.cell[:]
    inverse = np.linalg.inv(cell)
    silicon = atoms.positions[:n] @ inverse
    silicon -= np.round(silicon - network.positions @ np.linalg.inv(network.cell))
    middle = silicon[network.first] + (silicon[network.second] + network.shift - silicon[network.first]) / 2
    oxygen = atoms.positions[n : n + m] @ inverse
    oxygen -= np.round(oxygen - middle)
    return silicon @ cell, oxygen @ cell


def _standard(code: str, kinds: Ints, mean: Mean, order: int) -> IdealCrystal | str:
    """The crystal in the standard setting of its space group; a sentence where something is wrong with it."""
    wrong = _wrong(code, mean)
    if wrong:
        return wrong
    from ase import Atoms

    spglib = _spglib()
    given = (mean.cell, np.vstack([mean.t, mean.o]), np.repeat([14, 8], [len(mean.t), len(mean.o)]))
    try:
        hall = _setting(spglib.get_symmetry_dataset(given, symprec=SYMPREC_A).number)
        found = spglib.get_symmetry_dataset(given, symprec=SYMPREC_A, hall_number=hall)
        kind = spglib.get_spacegroup_type(hall)
    except spglib.error.SpglibError as error:
        return f"spglib finds no space group of the mean crystal ({error})"
    if len(found.rotations) != order:
        return (
            f"the mean crystal has {len(found.rotations)} symmetry operations, its framework {order}: the one "
            "is not the other"
        )
    standard = found.std_positions - np.floor(found.std_positions + 1e-9)
    atoms = Atoms(found.std_types, scaled_positions=standard, cell=found.std_lattice, pbc=True)
    cell = [round(float(x), 4) for x in atoms.cell.cellpar()]
    figures = {**mean.figures, "cell": cell, "T_per_cell": int((found.std_types == 14).sum())}
    setting = kind.international.replace("_", "") + (f" :{kind.choice}" if kind.choice in ("2", "H") else "")
    sites = _sites(found, standard, kinds, mean)
    return IdealCrystal(
        code,
        int(found.number),
        hall,
        str(found.international),
        setting,
        found.std_lattice,
        sites,
        atoms,
        figures,
    )


def _sites(found: Any, standard: Floats, kinds: Ints, mean: Mean) -> tuple[Site, ...]:
    """The asymmetric unit, from spglib's dataset of the mean cell and the places in its standard cell."""
    orbit = found.crystallographic_orbits
    first = np.unique(found.mapping_to_primitive, return_index=True)[1]
    origin = first[found.std_mapping_to_primitive]  # an atom of ours for each of the standard cell
    ends = np.sort(np.column_stack([kinds[mean.net.first], kinds[mean.net.second]]), axis=1)
    sites = []
    count = {"T": 0, "O": 0}
    for representative in _in_order(orbit, kinds, ends):
        mine = np.flatnonzero(orbit == representative)
        equal = np.flatnonzero(np.isin(origin, mine))
        nearest = equal[np.argmin((standard[equal] ** 2).sum(axis=1).round(6))]
        copies = int(mean.copies[mine].sum())
        square = float((mean.square[mine] * mean.copies[mine]).sum() / copies)
        letter = "T" if representative < len(kinds) else "O"
        count[letter] += 1
        element = "Si" if letter == "T" else "O"
        label = f"{letter}{count[letter]}"
        sites.append(Site(label, element, len(equal), standard[nearest], square**0.5, copies))
    return tuple(sites)


@cache
def _setting(number: int) -> int:
    """Number (spglib's) of a space group's setting: the first, with the origin in a centre of inversion."""
    spglib = _spglib()
    settings = [h for h in range(1, 531) if spglib.get_spacegroup_type(h).number == number]
    return next((h for h in settings if spglib.get_spacegroup_type(h).choice == "2"), settings[0])


def _in_order(orbit: Ints, kinds: Ints, ends: Ints) -> list[int]:
    """The first atom of each orbit: T in the order of the table, then O by the T that they bridge."""
    n, m = len(kinds), len(ends)

    def rank(k: int) -> tuple[int, ...]:
        """By what a node is put in order."""
        if k < n:
            return (0, int(kinds[k]), 0, k)
        return (1, *map(int, ends[k - n]), k) if k < n + m else (2, 0, 0, k)

    return sorted(np.unique(orbit).tolist(), key=rank)


def _wrong(code: str, mean: Mean) -> str | None:
    """What is wrong with a mean crystal, if something is."""
    if mean.figures["cell_strain"] > MOST_STRAIN:
        return f"its symmetry would strain the cell by {100 * mean.figures['cell_strain']:.0f} %"
    for kind, limit in MOST_MOVED_A.items():
        moved = mean.figures["symmetry_moved_A"][kind]
        if moved > limit:
            return f"its symmetry would move the means of {kind} by {moved:.2f} Å"
    least, most = mean.figures["si_o_A"]["least"], mean.figures["si_o_A"]["most"]
    if least < SI_O_RANGE_A[0] or most > SI_O_RANGE_A[1]:
        return (
            f"the mean places have Si-O of {least:.2f} to {most:.2f} Å, which no silicate has: the copies "
            "differ too much"
        )
    net = mean.net
    read = bonds_from_oxygens(mean.t @ mean.cell, mean.o @ mean.cell, mean.cell)
    if not BondTable(net).same(read):
        return f"the bonds of the mean crystal are not those of {code}"
    return None
