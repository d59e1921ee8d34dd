"""Derive the table of dense silica nets from published crystal structures.

Run as ``python -m zeocryst.order.derive_dense``. Writes ``dense.json`` and ``dense_nets.json`` into
``zeocryst/frameworks``, in the form of the tables of framework types (`zeocryst.order.derive`), with the
mineral and the source of each. Two T that share an oxygen are bonded. The nets' names are those of the
Reticular Chemistry Structure Resource (M. O'Keeffe, M. A. Peskov, S. J. Ramsden, O. M. Yaghi, Acc. Chem. Res.
41, 1782 (2008), http://rcsr.net); the structures are those of the minerals as they are, and often have less
symmetry than their nets.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from zeocryst.network.barycentric import at_barycentres
from zeocryst.network.bonds import bonds_from_oxygens
from zeocryst.network.topology import coordination_sequences
from zeocryst.order.crystal import primitive_network
from zeocryst.order.derive import SHELLS, describe_network, net_of, write_table

if TYPE_CHECKING:
    from zeocryst.network.bonds import Network

Floats = NDArray[np.float64]
Places = list[tuple[float, float, float]]


class Structure(NamedTuple):
    """A published crystal structure.

    Attributes
    ----------
    mineral : str
        Common name of the mineral.
    space_group : str
        Hermann-Mauguin symbol.
    hall_number : int
        The setting, by spglib's number.
    cell : tuple of six floats
        a, b, c (Å), alpha, beta, gamma (degrees).
    tetrahedra, oxygens : lists of three floats
        Fractional coordinates.
    source : str
    """

    mineral: str
    space_group: str
    hall_number: int
    cell: tuple[float, float, float, float, float, float]
    tetrahedra: Places
    oxygens: Places
    source: str


STRUCTURES = {
    "coe": Structure(
        "coesite",
        "C2/c",
        90,
        (7.1356, 12.3692, 7.1736, 90, 120.34, 90),
        [(0.14033, 0.10833, 0.07227), (0.50682, 0.15799, 0.54077)],
        [
            (0, 0, 0),
            (0.5, 0.1163, 0.75),
            (0.2660, 0.1234, 0.9401),
            (0.3114, 0.1038, 0.3282),
            (0.0172, 0.2117, 0.4782),
        ],
        "L. Levien, C. T. Prewitt, Am. Mineral. 66, 324 (1981), 1 atm.",
    ),
    "dia": Structure(
        "cristobalite",
        "P4_12_12",
        369,
        (4.9570, 4.9570, 6.8903, 90, 90, 90),
        [(0.3047, 0.3047, 0)],
        [(0.2381, 0.1109, 0.1826)],
        "J. J. Pluth, J. V. Smith, J. Faber, J. Appl. Phys. 57, 1045 (1985), low cristobalite at 10 K.",
    ),
    "fel": Structure(
        "feldspar",
        "C2/m",
        63,
        (8.539, 13.015, 7.179, 90, 115.99, 90),
        [(0.0094, 0.1843, 0.2239), (0.7079, 0.1177, 0.3444)],
        [
            (0, 0.1461, 0),
            (0.6330, 0, 0.2851),
            (0.8276, 0.1453, 0.2256),
            (0.0330, 0.3103, 0.2572),
            (0.1813, 0.1265, 0.4038),
        ],
        "M. W. Phillips, P. H. Ribbe, Am. Mineral. 58, 263 (1973), sanidine.",
    ),
    "kea": Structure(
        "keatite",
        "P4_32_12",
        373,
        (7.464, 7.464, 8.620, 90, 90, 90),
        [(0.410, 0.410, 0), (0.326, 0.120, 0.248)],
        [(0.445, 0.132, 0.400), (0.117, 0.123, 0.296), (0.344, 0.297, 0.143)],
        "J. Shropshire, P. P. Keat, P. A. Vaughan, Z. Kristallogr. 112, 409 (1959); the hand of the space "
        "group as M. J. Mehl et al., Comput. Mater. Sci. 136, S1 (2017), have it.",
    ),
    "lon": Structure(
        "tridymite",
        "C222_1",
        116,
        (8.74, 5.04, 8.24, 90, 90, 90),
        [(0.33154, 0.03589, 0.81143)],
        [(0.3336, 0, 0), (0, 0.4403, 0.25), (0.2453, 0.1971, 0.2713)],
        "W. A. Dollase, Acta Cryst. 23, 617 (1967), orthorhombic tridymite at 220 °C.",
    ),
    "mog": Structure(
        "moganite",
        "I2/a",
        92,
        (8.7371, 4.8692, 10.7217, 90, 90.193, 90),
        [(0.25, 0.9726, 0), (0.0103, 0.2486, 0.1682)],
        [(0.9781, 0.0644, 0.2878), (0.1678, 0.1708, 0.1002), (0.8703, 0.2296, 0.0675)],
        "P. J. Heaney, J. E. Post, Am. Mineral. 86, 1358 (2001), 298 K.",
    ),
    "qtz": Structure(
        "quartz",
        "P3_221",
        443,
        (4.916, 4.916, 5.4054, 90, 90, 120),
        [(0.4697, 0, 2 / 3)],
        [(0.4135, 0.2669, 0.1191 + 2 / 3)],
        "L. Levien, C. T. Prewitt, D. J. Weidner, Am. Mineral. 65, 920 (1980), 1 atm.",
    ),
}
SOURCE = (
    "Derived by zeocryst.order.derive_dense from published crystal structures, one a net; names are those of "
    "the Reticular Chemistry Structure Resource (http://rcsr.net)."
)


def positions_of_structure(structure: Structure) -> tuple[Floats, Floats, Floats]:
    """Positions of T (N, 3) and O (P, 3) in a cell, and the cell (3, 3), Å."""
    from ase.cell import Cell

    cell = np.asarray(Cell.fromcellpar(structure.cell))
    tetrahedra, oxygens = (
        _everywhere(structure, places) @ cell for places in (structure.tetrahedra, structure.oxygens)
    )
    return tetrahedra, oxygens, cell


def network_of_structure(structure: Structure) -> Network:
    """The network of a structure's cell, bonded by its oxygens."""
    return bonds_from_oxygens(*positions_of_structure(structure))


def _everywhere(structure: Structure, places: Places) -> Floats:
    """All places in the cell that the space group makes of the given ones, (N, 3), fractional."""
    import spglib
    import spglib.error

    spglib.error.OLD_ERROR_HANDLING = False  # raise, rather than return None
    operations = spglib.get_symmetry_from_database(structure.hall_number)
    found: list[Floats] = []
    for place in places:
        images = operations["rotations"] @ np.asarray(place) + operations["translations"]
        for image in images % 1.0:
            apart = [np.abs(image - other - np.round(image - other)).max() for other in found]
            if min(apart, default=1.0) > 0.005:
                found.append(image)
    return np.array(found)


def entry_of(structure: Structure) -> dict[str, Any]:
    """The table's entry for a structure."""
    found = describe_network(network_of_structure(structure))
    kept = {"mineral": structure.mineral, "space_group": structure.space_group, "source": structure.source}
    return found | kept | {"cell_parameters": list(structure.cell)}


def net_of_structure(structure: Structure) -> dict[str, Any]:
    """The net's entry, in the primitive cell that the net itself has."""
    network = at_barycentres(network_of_structure(structure))
    return net_of(primitive_network(network, coordination_sequences(network, SHELLS)))


def main(folder: Path) -> None:
    """Write the tables into `folder`."""
    codes = sorted(STRUCTURES)
    tables = {
        "dense.json": {code: entry_of(STRUCTURES[code]) for code in codes},
        "dense_nets.json": {code: net_of_structure(STRUCTURES[code]) for code in codes},
    }
    for name, content in tables.items():
        write_table(folder / name, SOURCE, content)


if __name__ == "__main__":
    main(Path(__file__).parents[1] / "frameworks")
