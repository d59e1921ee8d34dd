"""Whatever a notebook has as a structure, as `zeocryst.files.structures.Structures`: the one way in.

Atoms of ASE and pymatgen, frames of gsd, files, runs and sequences of them take the same way from here on, so
that the answer is the same as from a file.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from zeocryst.door.frames import Frames
from zeocryst.errors import InputError

if TYPE_CHECKING:
    import gsd.hoomd
    from ase import Atoms

    from zeocryst.chemistry.roles import Roles
    from zeocryst.door.runs import Run
    from zeocryst.files.structures import Structures

    #: One structure or several: `ase.Atoms`, a pymatgen structure, a gsd frame, a file, a run; a list or
    #: another sequence of the first three (a trajectory).
    StructureLike: TypeAlias = (
        "str | os.PathLike[str] | Atoms | gsd.hoomd.Frame | Run | Structures | Sequence[Any]"
    )
    #: What T, S and O are called: ``"T=Al,P"``, or a mapping with a name or several each.
    TypesLike: TypeAlias = str | Mapping[str, str | Sequence[str]] | None


def as_roles(types: TypesLike) -> Roles:
    """Names of T, S and O, from a text such as ``"T=Al,P,S=X"`` or a mapping such as ``{"T": ["Al", "P"]}``.

    Raises
    ------
    InputError
        It has another form, or a name has two roles.
    """
    from zeocryst.chemistry.roles import checked_roles, parse_types

    return parse_types(types) if isinstance(types, str) else checked_roles(types, "types")


def as_structures(source: StructureLike, types: TypesLike = None) -> Structures:
    """The frames of whatever it is.

    Parameters
    ----------
    source
        `ase.Atoms`, a pymatgen structure, a gsd frame, a list or trajectory of one of these, a path of any file
        that ``zeocryst identify`` reads, a run or its folder.
    types
        What T, S and O are called in it.

    Raises
    ------
    InputError
        It is none of these, or cannot be read.
    """
    from zeocryst.door.runs import Run
    from zeocryst.files.structures import Structures

    roles = as_roles(types)
    if isinstance(source, Structures):
        return source
    if isinstance(source, Run):
        source.check_there()
        made = Structures(source.folder / "trajectory.gsd", roles)
        made.path = source.shown / "trajectory.gsd"
        return made
    if isinstance(source, str | os.PathLike):
        return Structures(os.fspath(source), roles)
    if _is_molecule(source):
        raise _not_one(source)
    if _kind(source):
        return _of_one_kind([source], roles)
    if hasattr(source, "__len__") and hasattr(source, "__getitem__") and not isinstance(source, Mapping):
        return _of_one_kind(source, roles)
    raise _not_one(source)


def as_path(given: Any, name: str) -> Path:
    """A path that was given as a text or a path.

    Raises
    ------
    InputError
        It is something else, or empty.
    """
    if not isinstance(given, str | os.PathLike) or not os.fspath(given):
        raise InputError(f"{name} = {given!r}; expected the path of a folder")
    return Path(given)


def name_of(source: StructureLike) -> str:
    """What a structure is called in messages and results: its path, or what it is."""
    if isinstance(source, str | os.PathLike):
        return os.fspath(source)
    if isinstance(source, Frames):
        return source.name
    kind = _kind(source)
    if kind == "atoms":
        return f"ase.Atoms {source.get_chemical_formula()}"  # type: ignore[union-attr]
    if kind == "pymatgen":
        return f"pymatgen {source.composition.reduced_formula}"  # type: ignore[union-attr]
    return (
        "gsd.hoomd.Frame"
        if kind == "beads"
        else str(getattr(source, "path", getattr(source, "shown", "frames")))
    )


def _kind(source: Any) -> str:
    """Of a single structure in memory: "atoms", "beads" or "pymatgen"; empty for anything else.

    Told by the modules of its classes, so that nothing is imported that the caller has not imported.
    """
    for kind in type(source).__mro__:
        package, name = kind.__module__.partition(".")[0], kind.__name__
        if (package, name) == ("ase", "Atoms"):
            return "atoms"
        if (package, name) == ("gsd", "Frame"):
            return "beads"
        if (package, name) == ("pymatgen", "IStructure"):
            return "pymatgen"
    return ""


def _is_molecule(source: Any) -> bool:
    """Whether it is one of pymatgen, which is a sequence of sites, too."""
    return any(
        kind.__name__ == "IMolecule" and kind.__module__.partition(".")[0] == "pymatgen"
        for kind in type(source).__mro__
    )


def _of_one_kind(source: Any, roles: Roles) -> Structures:
    """Several structures in memory, or one in a list; beads are taken from the sequence one by one."""
    from zeocryst.files.structures import Structures

    with _open_still(source):
        count = len(source)
        first = source[0] if count else None
    if count == 0:
        raise InputError("there are no structures: the sequence is empty")
    kind = _kind(first)
    if not kind:
        raise _not_one(first)
    if isinstance(source, Frames) or count != 1:
        name = name_of(source) if hasattr(source, "path") else f"{count} structures"
    else:
        name = name_of(first)
    if kind == "beads":
        return Structures.of_beads(source, roles, name=name)
    with _open_still(source):
        images = [source[k] for k in range(count)]
    kinds = {_kind(image) for image in images}
    if not kinds <= {"atoms", "pymatgen"}:
        raise InputError(
            f"a sequence of several kinds of structures ({', '.join(sorted(kinds))}); give one kind, or use "
            "identify_all"
        )
    images = [_from_pymatgen(image) if _kind(image) == "pymatgen" else image for image in images]
    return Structures.of_atoms(images, roles, name=name)


@contextmanager
def _open_still(source: Any) -> Iterator[None]:
    """What gsd and ASE raise for a trajectory that was closed, as what it means."""
    try:
        yield
    except InputError:
        raise
    except (ValueError, OSError) as error:
        raise InputError(
            f"{type(source).__module__}.{type(source).__name__} cannot be read: {error}; was it closed?"
        ) from None


def _from_pymatgen(structure: Any) -> Atoms:
    """As `ase.Atoms`, by pymatgen itself; sites that are occupied in part go by way of a CIF, which says so."""
    import tempfile

    from zeocryst.reading.formats import read_images

    if not structure.is_ordered:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "structure.cif"
            structure.to(filename=str(path), fmt="cif")
            atoms = read_images(path)[0]
        atoms.pbc = structure.lattice.pbc  # of which a CIF says nothing
        return atoms
    from pymatgen.io.ase import AseAtomsAdaptor

    return AseAtomsAdaptor.get_atoms(structure)


def _not_one(source: Any) -> InputError:
    if _is_molecule(source):
        return InputError(f"pymatgen {type(source).__name__} has no cell; expected a pymatgen Structure")
    return InputError(
        f"{type(source).__module__}.{type(source).__name__} is no structure; expected ase.Atoms, a "
        "gsd.hoomd.Frame, a pymatgen Structure, a list of one of them, the path of a file, or a run"
    )
