"""The tables of the types that are newer than the main table, from the database's CIFs.

``python -m zeocryst.order.derive_recent FOLDER`` reads ``CODE.cif`` of each type in `CODES` from a folder and
writes ``recent.json`` and ``recent_nets.json``: nets and what follows from them, no coordinates.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from zeocryst.order.derive import dataset, describe_network, net_of, network_of, primitive, write_table
from zeocryst.reading.formats import read_images

if TYPE_CHECKING:
    from ase import Atoms

#: Types of the database (as its table of types had them in July 2026) that the main table lacks, but for HEI,
#: whose structure was not found, and for EOS and RFE, whose nets are those that the table has of *UOE and *MRE.
CODES = (
    "ANO", "ERS", "EWF", "HOS", "HZF", "ION", "IRT", "IVY", "JSY", "JZO", "JZT", "KLW", "MAN", "NJO", "NJW",
    "PTF", "PTO", "ZJN",
)  # fmt: skip
SOURCE = (
    "Derived by zeocryst.order.derive_recent from the idealized SiO2 structures of the Database of Zeolite "
    "Structures (Ch. Baerlocher, D. Brouwer, B. Marler, L.B. McCusker, "
    "https://www.iza-structure.org/databases/), as of May 2026."
)


def write_recent(structures: dict[str, Atoms], folder: Path) -> None:
    """Write the two tables from structures by code."""
    types, nets = {}, {}
    for code in sorted(structures):
        atoms = structures[code]
        found = dataset(atoms)
        group = {"space_group": found.international, "space_group_number": found.number}
        types[code] = describe_network(network_of(atoms)) | group
        nets[code] = net_of(network_of(primitive(atoms)))
    for name, content in (("recent.json", types), ("recent_nets.json", nets)):
        write_table(folder / name, SOURCE, content)


if __name__ == "__main__":
    read = {code: read_images(Path(sys.argv[1]) / f"{code}.cif")[0] for code in CODES}
    write_recent(read, Path(__file__).parents[1] / "frameworks")
