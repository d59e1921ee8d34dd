"""Silicate oligomers: names and graphs of the clusters of T that a solution is made of (data only).

The small ones are those that 29Si NMR finds in alkaline silicate solutions (C. T. G. Knight, S. D. Kinrade,
J. Phys. Chem. B 106, 3329 (2002), and references there), rings and prisms named as in zeolites. The larger
ones stand for the precursors of MFI with 11, 22 and 33 T that were proposed (C. E. A. Kirschhock, R.
Ravishankar, F. Verspeurt, P. J. Grobet, P. A. Jacobs, J. A. Martens, J. Phys. Chem. B 103, 4965 and 11021
(1999)) and disputed (Knight and Kinrade, above; reply on page 3333). What was proposed is a "tetracyclic
undecamer" and aggregates of it, up to 33 T around one tetrapropylammonium ion, with the topology of MFI. The
drawings were not at hand when this was written: these graphs are ours, pieces of MFI around one intersection
of channels (T within 11.5 Å of its centre) that were chosen so:

- each unit is a union of five-rings with 11 T and 14 bonds, that is four independent rings (tetracyclic),
- three units share no T, have the same graph, and hang together,
- two bonds or more join each of the outer units to the middle one, so that none swings on a single bond,
- relaxed in the T-S model, one, two and three units keep their bonds (from six starts that differ by 0.02 Å),
- of all such threes it has most of the 22 T that line the intersection (7), of those most bonds (49), and of
  those it is the nearest to the centre; the only other one as near is its mirror image.

MFI-11 is the middle unit, four five-rings; MFI-22 has the unit that four bonds join to it, MFI-33 also the
one that three bonds join.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from zeocryst.errors import InputError, nearest
from zeocryst.frameworks.table import start_structure

#: T-T distances of the perfect framework up to this are bonds, Å (the longest is 3.26, the next distance 3.51).
_BOND_A = 3.4
#: The 33 T of MFI: site of the start structure and cell along the second and third vector; unit after unit.
_MFI_SITES = (
    (19, 0, -1), (56, 0, -1), (80, 0, -1), (88, 0, -1), (3, 0, 0), (64, 0, 0),
    (72, 0, 0), (8, 1, -1), (32, 1, -1), (40, 1, -1), (24, 1, 0),
    (11, 0, 0), (19, 0, 0), (27, 0, 0), (35, 0, 0), (43, 0, 0), (0, 1, 0),
    (16, 1, 0), (59, 1, 0), (75, 1, 0), (83, 1, 0), (91, 1, 0),
    (10, 0, -1), (58, 0, -1), (82, 0, -1), (90, 0, -1), (1, 0, 0), (9, 0, 0),
    (18, 0, 0), (26, 0, 0), (41, 0, 0), (66, 0, 0), (74, 0, 0),
)  # fmt: skip
#: Other names of each; case, spaces, ``-`` and ``_`` do not matter.
_NAMES: dict[str, tuple[str, ...]] = {
    "monomer": ("Q0",),
    "dimer": (),
    "trimer": ("linear trimer",),
    "3R": ("cyclic trimer", "S3R"),
    "4R": ("cyclic tetramer", "S4R"),
    "5R": ("cyclic pentamer", "S5R"),
    "6R": ("cyclic hexamer", "S6R"),
    "D3R": ("prismatic hexamer",),
    "D4R": ("cubic octamer",),
    "D5R": ("prismatic decamer",),
    "D6R": ("prismatic dodecamer",),
    "MFI-11": ("tetracyclic undecamer",),
    "MFI-22": (),
    "MFI-33": (),
}


@dataclass(frozen=True)
class Oligomer:
    """A cluster of T.

    Attributes
    ----------
    name : str
    n_T : int
    bonds : tuple of (int, int)
        Each once, the smaller number first.
    shape : (n_T, 3) array
        Where its T are, roughly, with bonds of length 1; a model of T relaxes it.
    """

    name: str
    n_T: int
    bonds: tuple[tuple[int, int], ...]
    shape: NDArray[np.float64]


@cache
def oligomers() -> dict[str, Oligomer]:
    """The library by name, small ones first."""
    shapes = {
        "monomer": np.zeros((1, 3)),
        "dimer": np.array([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0]]),
        "trimer": np.array([[-0.8, 0.6, 0.0], [0.0, 0.0, 0.0], [0.8, 0.6, 0.0]]),
    }
    shapes |= {f"{n}R": _ring(n) for n in (3, 4, 5, 6)} | {f"D{n}R": _prism(n) for n in (3, 4, 5, 6)}
    made = {name: _cluster(name, shape, 1.2) for name, shape in shapes.items()}
    cell, sites = start_structure("MFI")
    rows = np.array(_MFI_SITES)
    cut = sites[rows[:, 0]] + rows[:, 1:] @ cell[1:]
    return made | {f"MFI-{n}": _cluster(f"MFI-{n}", cut[:n], _BOND_A) for n in (11, 22, 33)}


def _ring(n: int) -> NDArray[np.float64]:
    """A regular polygon with sides of 1; a hexagon in the shape of a chair, which has tetrahedral angles."""
    turn = 2 * np.pi * np.arange(n) / n
    radius = 0.5 / np.sin(np.pi / n)
    pucker = 0.15 if n == 6 else 0.0
    return np.column_stack([radius * np.cos(turn), radius * np.sin(turn), pucker * (-1.0) ** np.arange(n)])


def _prism(n: int) -> NDArray[np.float64]:
    turn = 2 * np.pi * np.arange(n) / n
    radius = 0.5 / np.sin(np.pi / n)
    ring = np.column_stack([radius * np.cos(turn), radius * np.sin(turn), np.zeros(n)])
    return np.vstack([ring, ring + np.array([0.0, 0.0, 1.0])])


def _cluster(name: str, shape: NDArray[np.float64], longest: float) -> Oligomer:
    """A cluster whose bonds are the pairs up to `longest`, scaled to bonds of length 1 on average."""
    first, second = np.triu_indices(len(shape), 1)
    length = np.linalg.norm(shape[first] - shape[second], axis=1)
    bonded = length <= longest
    bonds = tuple(zip(first[bonded].tolist(), second[bonded].tolist(), strict=True))
    scale = length[bonded].mean() if bonds else 1.0
    return Oligomer(name, len(shape), bonds, (shape - shape.mean(axis=0)) / scale)


def _plain(name: str) -> str:
    return name.lower().translate(str.maketrans("", "", " -_"))


def oligomer_name(given: str) -> str:
    """The library's name for what a user calls an oligomer.

    Raises
    ------
    InputError
        There is none; names the nearest.
    """
    known = {_plain(word): name for name, others in _NAMES.items() for word in (name, *others)}
    if _plain(given) in known:
        return known[_plain(given)]
    words = [word for name, others in _NAMES.items() for word in (name, *others)]
    raise InputError(f"no oligomer is called {given!r}; {nearest(given, words)}")
