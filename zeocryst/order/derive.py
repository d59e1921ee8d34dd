"""Derive the tables of framework types from a set of reference structures.

Run as ``python -m zeocryst.order.derive REFERENCE.extxyz``. The reference holds one SiO2 cell per
framework type, with ``framework`` and ``ring_sizes`` in the info, as the Database of Zeolite Structures
has them (Baerlocher, McCusker, http://www.iza-structure.org/databases/). Written into
``zeocryst/frameworks``, one shelf below (this script needs the network, which stands above the tables):

``table.json``
    for every type its kinds of T sites, each with multiplicity, coordination sequence to `SHELLS` shells and
    vertex symbol (with rings up to `LARGEST_RING`), ring sizes, framework density and space group (spglib);
``nets.json``
    for every type its net: the bonds of a primitive cell (spglib), each as its two sites and the lattice vector
    to the second, and which sites the net's own symmetry makes one kind;
``starts.json``
    for the types in `STARTS`, from which simulations start: cell, space group (spglib) and T
    sites in the standard setting.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zeocryst.cell import volume
from zeocryst.network.angles import angles
from zeocryst.network.bonds import Network, bonds_from_oxygens
from zeocryst.network.covering import follow
from zeocryst.network.rings import vertex_symbols
from zeocryst.network.topology import coordination_sequences

if TYPE_CHECKING:
    from ase import Atoms

SHELLS = 13
LARGEST_RING = 20
STARTS = [
    "AFI",
    "ANA",
    "CFI",
    "CHA",
    "DDR",
    "DOH",
    "FAU",
    "FER",
    "GIS",
    "LTA",
    "MEL",
    "MEP",
    "MFI",
    "MOR",
    "MTN",
    "MTW",
    "NON",
    "RHO",
    "SGT",
    "SOD",
    "STO",
    "STT",
    "TON",
]
#: spglib's tolerance for the reference structures, Å.
SYMPREC_A = 0.01
SOURCE = (
    "Derived by zeocryst.order.derive from the idealized SiO2 structures of the Database of "
    "Zeolite Structures (Ch. Baerlocher, D. Brouwer, B. Marler, L.B. McCusker, "
    "https://www.iza-structure.org/databases/)."
)


def network_of(atoms: Atoms) -> Network:
    """The network of a silicate, from its Si and O."""
    silicon = atoms.numbers == 14
    oxygen = atoms.numbers == 8
    return bonds_from_oxygens(atoms.positions[silicon], atoms.positions[oxygen], atoms.cell[:])


def describe(atoms: Atoms) -> dict[str, Any]:
    """The table's entry for one framework type."""
    found = dataset(atoms)
    group = {"space_group": found.international, "space_group_number": found.number}
    return describe_network(network_of(atoms), [int(n) for n in atoms.info["ring_sizes"]]) | group


def describe_network(network: Network, ring_sizes: list[int] | None = None) -> dict[str, Any]:
    """The table's entry for a network; ring sizes are those in its vertex symbols when not given."""
    symbols = vertex_symbols(network, largest=LARGEST_RING)
    rows = coordination_sequences(network, SHELLS).tolist()
    kinds = Counter(zip(map(tuple, rows), symbols, strict=True))
    if ring_sizes is None:  # numbers of rings are subscripts there
        ring_sizes = sorted({int(size) for symbol in symbols for size in re.findall("[0-9]+", symbol)})
    return {
        "n_T": network.n_sites,
        "density_T_per_1000A3": round(1000 * network.n_sites / volume(network.cell), 3),
        "ring_sizes": ring_sizes,
        "interrupted": bool((network.degree < 4).any()),
        "sites": [
            {"multiplicity": count, "coordination_sequence": list(row), "vertex_symbol": symbol}
            for (row, symbol), count in sorted(kinds.items())
        ],
    }


def net_of(network: Network) -> dict[str, Any]:
    """The net's entry: ``bonds``, five numbers each, and the ``kinds`` of its sites.

    Two sites are of one kind if the net can be laid on itself so that one comes to lie on the other
    (`zeocryst.network.covering`); where a net cannot be followed at all, if they have the same coordination
    sequence and vertex symbol. Kinds are numbered in the order of their first site.
    """
    own = angles(network)
    n = network.n_sites
    rows = np.column_stack([coordination_sequences(network, SHELLS), own.look])
    everywhere, whole = np.ones(n, dtype=bool), np.full(n, SHELLS)

    def lies_on(a: int, b: int) -> bool:
        """Whether the net can be laid on itself with site b on site a."""
        grain = follow(own, own, np.array([[b, a]]), everywhere, whole, least=n, tries=1)[1]
        return bool((grain >= 0).all())

    kinds = np.full(n, -1)
    for a in range(n):
        if kinds[a] >= 0:
            continue
        kinds[a] = kinds.max() + 1
        alike = a + np.flatnonzero((rows[a:] == rows[a]).all(axis=1) & (kinds[a:] < 0))
        rigid = lies_on(a, a)
        kinds[[b for b in alike.tolist() if not rigid or lies_on(a, b)]] = kinds[a]
    bonds = np.column_stack([network.first, network.second, network.shift])
    return {"bonds": bonds.ravel().tolist(), "kinds": kinds.tolist()}


def primitive(atoms: Atoms) -> Atoms:
    """The primitive cell of a structure."""
    import spglib
    import spglib.error
    from ase import Atoms

    spglib.error.OLD_ERROR_HANDLING = False  # raise, rather than return None
    cell, places, numbers = spglib.find_primitive(
        (atoms.cell[:], atoms.get_scaled_positions(), atoms.numbers), symprec=SYMPREC_A
    )
    return Atoms(numbers, scaled_positions=places, cell=cell, pbc=True)


def dataset(atoms: Atoms) -> Any:
    """What spglib knows of a reference structure."""
    import spglib
    import spglib.error

    spglib.error.OLD_ERROR_HANDLING = False  # raise, rather than return None
    cell = (atoms.cell[:], atoms.get_scaled_positions(), atoms.numbers)
    return spglib.get_symmetry_dataset(cell, symprec=SYMPREC_A)


def start_structure(atoms: Atoms) -> dict[str, Any]:
    """Cell, space group and T sites of one framework type, in the standard setting."""
    found = dataset(atoms)
    sites = found.std_positions[found.std_types == 14] % 1.0
    return {
        "space_group": found.international,
        "cell_A": np.round(found.std_lattice, 6).tolist(),
        "T_sites": np.round(sites, 6).tolist(),
    }


def write_table(path: Path, source: str, content: dict[str, dict[str, Any]]) -> None:
    """Write a table, with one type a line."""
    lines = ",\n".join(
        f"{json.dumps(code)}: {json.dumps(entry, ensure_ascii=False, separators=(',', ':'))}"
        for code, entry in content.items()
    )
    path.write_text(f'{{"source": {json.dumps(source)},\n"types": {{\n{lines}\n}}}}\n', "utf-8")


def main(reference: Path, folder: Path) -> None:
    """Write the tables into `folder`."""
    import ase.io

    structures = {a.info["framework"]: a for a in ase.io.read(reference, ":")}
    types = {code: describe(structures[code]) for code in sorted(structures)}
    starts = {code: start_structure(structures[code]) for code in STARTS}
    nets = {code: net_of(network_of(primitive(structures[code]))) for code in sorted(structures)}
    for name, content in (("table.json", types), ("nets.json", nets), ("starts.json", starts)):
        write_table(folder / name, SOURCE, content)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(__file__).parents[1] / "frameworks")
