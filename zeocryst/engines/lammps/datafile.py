"""Atoms and their topology as a data file of LAMMPS: ``atom_style full``, labels, and who is whose shell."""

from __future__ import annotations

from collections.abc import Iterator

from zeocryst.engines.placing import Placed
from zeocryst.model.topology import Terms, Topology

#: Sections of terms: name in the file, name of a type, particles of each.
SORTS = (("Bond", "bonds"), ("Angle", "angles"), ("Dihedral", "dihedrals"), ("Improper", "impropers"))
#: The command that has a data file with core-shell pairs read, and the fix that it needs before.
SHELL_FIX = "fix csinfo all property/atom i_CSID"
READ_SHELLS = "fix csinfo NULL CSInfo"


def data_text(placed: Placed, topology: Topology, title: str) -> str:
    """The text of a data file.

    Parameters
    ----------
    placed
        Where the particles are.
    topology
        What they are.
    title
        Its first line.
    """
    return "\n".join(_lines(placed, topology, title)) + "\n"


def _lines(placed: Placed, topology: Topology, title: str) -> Iterator[str]:
    sorts = [(name, getattr(topology, attribute)) for name, attribute in SORTS]
    sorts = [(name, terms) for name, terms in sorts if len(terms.atoms)]
    yield " ".join(title.split())
    yield ""
    yield f"{len(topology.kind)} atoms"
    yield f"{len(topology.types)} atom types"
    for name, terms in sorts:
        yield f"{len(terms.atoms)} {name.lower()}s"
        yield f"{len(terms.coefficients)} {name.lower()} types"
    yield ""
    yield from _box(placed)
    yield from _section("Atom Type Labels", (f"{k} {name}" for k, name in enumerate(topology.types, start=1)))
    for name, terms in sorts:
        labels = (f"{k} {label}" for k, label in enumerate(term_labels(terms), start=1))
        yield from _section(f"{name} Type Labels", labels)
    masses = enumerate(zip(topology.masses, topology.types, strict=True), start=1)
    yield from _section("Masses", (f"{k} {mass:.12g} # {name}" for k, (mass, name) in masses))
    yield from _section("Atoms # full", _atoms(placed, topology))
    for name, terms in sorts:
        rows = enumerate(zip(terms.kind, terms.atoms, strict=True), start=1)
        lines = (f"{k} {kind + 1} " + " ".join(str(a + 1) for a in atoms) for k, (kind, atoms) in rows)
        yield from _section(f"{name}s", lines)
    if len(topology.shells):
        yield from _section("CSInfo", (f"{k} {core}" for k, core in enumerate(topology.owner + 1, start=1)))


def term_labels(terms: Terms) -> tuple[str, ...]:
    """A label for each kind of term."""
    return terms.names or tuple(f"t{k}" for k in range(1, len(terms.coefficients) + 1))


def _section(title: str, lines: Iterator[str]) -> Iterator[str]:
    yield ""
    yield title
    yield ""
    yield from lines


def _box(placed: Placed) -> Iterator[str]:
    cell = placed.cell.tolist()
    for k, axis in enumerate("xyz"):
        yield f"0 {cell[k][k]!r} {axis}lo {axis}hi"
    tilts = cell[1][0], cell[2][0], cell[2][1]
    if any(tilts):
        yield " ".join(f"{tilt!r}" for tilt in tilts) + " xy xz yz"


def _atoms(placed: Placed, topology: Topology) -> Iterator[str]:
    inside, images = placed.wrapped()
    columns = zip(
        topology.molecule, topology.kind, topology.charge, inside.tolist(), images.tolist(), strict=True
    )
    for k, (molecule, kind, charge, (x, y, z), (i, j, m)) in enumerate(columns, start=1):
        yield f"{k} {molecule} {kind + 1} {charge:.12g} {x!r} {y!r} {z!r} {i} {j} {m}"
