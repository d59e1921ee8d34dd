"""Cages: polyhedra of rings, each of which is a face, that enclose a part of space.

This is the only place with cycless, which finds them ("vitrites", M. Matsumoto, A. Baba, I. Ohmine, J. Chem.
Phys. 127, 134504 (2007)): closed surfaces of rings in which two rings meet at each bond and two or three at
each site, and that have no further ring across them and no single site inside (its quick test, which is
local). They are named by their faces, as zeolite cages are: ``4^6.6^8`` is the sodalite cage. The centres of
voids where S beads are put at the start (`zeocryst.solution.cages`) are something else.

Not every primitive ring is a face: SOD has twelve-rings about the waist of its cage. Faces are the *strong*
rings (K. Goetzke, H.-J. Klein, J. Non-Cryst. Solids 127, 215 (1991)): those that are not the sum of smaller
ones, a sum being the bonds that are in an odd number of them. A waist is the sum of the faces on either side
of it. Smaller rings are looked for as far as two rings away.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from zeocryst.errors import InputError
from zeocryst.network.bonds import Network
from zeocryst.network.rings import find_rings

Floats = NDArray[np.float64]
#: A site and the lattice vector of its image.
Node = tuple[int, int, int, int]
Ring = tuple[Node, ...]

#: Largest face, in T: what has larger windows is a channel system rather than a cage, and the search among
#: surfaces of channels (MFI) has no end. FAU needs 12.
LARGEST_FACE = 8
#: Most faces of a cage: LTA, RHO and FAU have 26.
MOST_FACES = 26
#: A cell is repeated until it is this wide, Å, so that no cage meets itself (the largest, in FAU, is 16 Å wide
#: from T to T).
WIDTH_A = 20.0
#: Where there are more strong rings than this for each T, nearly every way around closes some surface, and the
#: search has no end: quartz has 6. The 271 framework types have 0.75 to 2.83 (ANA), moganite 3.
MOST_RINGS_PER_T = 4.0


@dataclass(frozen=True)
class Cage:
    """One cage.

    Attributes
    ----------
    symbol : str
        Numbers of faces by size, such as ``5^12.6^4``.
    sites : (n,) int array
    positions : (n, 3) float array, Å
        Of its sites, whole: not wrapped into the cell.
    faces : list of int arrays
        Rows of `sites` along each face, all in the same sense seen from outside (or all from inside).
    """

    symbol: str
    sites: NDArray[np.int64]
    positions: Floats
    faces: list[NDArray[np.int64]]

    @property
    def centre(self) -> Floats:
        """Mean of its sites' positions, (3,) Å."""
        return np.asarray(self.positions.mean(axis=0))

    def contains(self, points: Floats) -> NDArray[np.bool_]:
        """Which points (P, 3) Å are inside: those about which the faces turn by a full solid angle.

        Faces are triangles from their centre. The solid angle of a triangle is that of A. Van Oosterom,
        J. Strackee, IEEE Trans. Biomed. Eng. 30, 125 (1983).
        """
        turned = np.zeros(len(points))
        for face in self.faces:
            corners = self.positions[face]
            a = corners - points[:, None]
            b = np.roll(corners, -1, axis=0) - points[:, None]
            c = np.broadcast_to(corners.mean(axis=0) - points[:, None], a.shape)
            la, lb, lc = (np.linalg.norm(v, axis=2) for v in (a, b, c))
            top = np.einsum("pni,pni->pn", a, np.cross(b, c))
            bottom = (
                la * lb * lc
                + np.einsum("pni,pni->pn", a, b) * lc
                + np.einsum("pni,pni->pn", b, c) * la
                + np.einsum("pni,pni->pn", c, a) * lb
            )
            turned += 2 * np.arctan2(top, bottom).sum(axis=1)
        return np.asarray(np.abs(turned) > 2 * np.pi)


def _moved(ring: Ring, shift: Sequence[int]) -> Ring:
    x, y, z = shift
    return tuple((s, a + x, b + y, c + z) for s, a, b, c in ring)


def _bonds(ring: Ring) -> list[tuple[Node, Node]]:
    """The bonds of a ring, each with its lower node first."""
    return [(a, b) if a < b else (b, a) for a, b in zip(ring, ring[1:] + ring[:1], strict=True)]


class _Nearby:
    """Rings by the sites they go through, to find those that touch others."""

    def __init__(self) -> None:
        self._through: dict[int, list[tuple[int, tuple[int, int, int]]]] = defaultdict(list)
        self._rings: list[Ring] = []

    def add(self, ring: Ring) -> None:
        """Take a ring in, by each of its nodes."""
        for s, x, y, z in ring:
            self._through[s].append((len(self._rings), (x, y, z)))
        self._rings.append(ring)

    def touching(self, nodes: set[Node]) -> dict[tuple[int, int, int, int], Ring]:
        """Every image of a ring that has one of these nodes."""
        out = {}
        for s, x, y, z in nodes:
            for number, (a, b, c) in self._through[s]:
                shift = (x - a, y - b, z - c)
                key = (number, *shift)
                if key not in out:
                    out[key] = _moved(self._rings[number], shift)
        return out


def _is_sum(ring: Ring, others: list[Ring]) -> bool:
    """Whether a ring is the sum of some of the others, over the field of two elements."""
    bit: dict[tuple[Node, Node], int] = {}

    def row(member: Ring) -> int:
        """The bonds of a ring as the bits of a number."""
        return sum(1 << bit.setdefault(bond, len(bit)) for bond in _bonds(member))

    target = row(ring)
    pivots: dict[int, int] = {}
    for other in others:
        value = row(other)
        while value and (top := value.bit_length()) in pivots:
            value ^= pivots[top]
        if value:
            pivots[top] = value
    while target and (top := target.bit_length()) in pivots:
        target ^= pivots[top]
    return target == 0


def strong_rings(network: Network, largest: int = LARGEST_FACE) -> list[Ring]:
    """Rings that are not the sum of smaller ones, each as its nodes: site and lattice vector."""
    sizes: dict[int, list[Ring]] = defaultdict(list)
    for sites, shifts in find_rings(network, largest):
        sizes[len(sites)].append(tuple(zip(sites.tolist(), *shifts.T.tolist(), strict=True)))
    nearby = _Nearby()
    strong: list[Ring] = []
    for size in sorted(sizes):
        kept = []
        for ring in sizes[size]:
            near = nearby.touching(set(ring))
            around = nearby.touching({node for other in near.values() for node in other})
            if not _is_sum(ring, list(around.values())):
                kept.append(ring)
        for ring in kept:
            nearby.add(ring)
        strong += kept
    return strong


def _repeats(cell: Floats) -> NDArray[np.int64]:
    """How often a cell is repeated along each vector so that it is `WIDTH_A` wide."""
    heights = 1 / np.linalg.norm(np.linalg.inv(cell), axis=0)
    return np.asarray(np.ceil(WIDTH_A / heights), dtype=np.int64)


def _glued(faces: list[Ring]) -> list[Ring] | None:
    """The faces of one cage with the same image for a site of all of them, all in the same sense.

    None where they do not close without crossing the cell.
    """
    placed: dict[int, Ring] = {0: faces[0]}
    at: dict[tuple[int, int], list[int]] = defaultdict(list)
    for number, face in enumerate(faces):
        for a, b in zip(face, face[1:] + face[:1], strict=True):
            at[min(a[0], b[0]), max(a[0], b[0])].append(number)
    stack = [0]
    while stack:
        number = stack.pop()
        face = placed[number]
        for a, b in zip(face, face[1:] + face[:1], strict=True):
            for other in at[min(a[0], b[0]), max(a[0], b[0])]:
                if other in placed:
                    continue
                mine = faces[other]
                m = [node[0] for node in mine].index(a[0])
                mine = _moved(mine, [a[c] - mine[m][c] for c in (1, 2, 3)])
                if mine[(m + 1) % len(mine)] == b:  # neighbours go along their common bond in opposite senses
                    mine = mine[::-1]
                placed[other] = mine
                stack.append(other)
    steps = Counter(pair for face in placed.values() for pair in zip(face, face[1:] + face[:1], strict=True))
    closed = len(placed) == len(faces) and all(n == 1 and steps[b, a] == 1 for (a, b), n in steps.items())
    return [placed[k] for k in range(len(faces))] if closed else None


def find_cages(network: Network, largest: int = LARGEST_FACE, most_faces: int = MOST_FACES) -> list[Cage]:
    """All cages of a network, each once.

    Parameters
    ----------
    network
        Sites and bonds, with positions.
    largest
        Largest face, in T.
    most_faces
        Most faces of a cage.

    Returns
    -------
    list of Cage

    Raises
    ------
    InputError
        The net is too dense for cages: it has more than `MOST_RINGS_PER_T`.
    """
    from cycless.polyhed import polyhedra_iter

    repeats = _repeats(network.cell)
    strong = strong_rings(network, largest)
    if len(strong) > MOST_RINGS_PER_T * network.n_sites:
        raise InputError(
            f"{len(strong) / network.n_sites:.1f} rings for each T; cages are looked for where there are at "
            f"most {MOST_RINGS_PER_T:g}"
        )
    rings = _repeated(strong, repeats, network.n_sites)
    labels = [[node[0] for node in ring] for ring in rings]
    cages: dict[Ring, list[Ring]] = {}
    for members in polyhedra_iter(labels, maxnfaces=most_faces, quick=True):
        whole = _glued([rings[k] for k in sorted(members)])
        if whole is None:
            continue
        faces = [_unrepeated(face, repeats, network.n_sites) for face in whole]
        # cages that differ by a lattice vector are one: that whose lowest site is in the cell itself
        _, x, y, z = min(node for face in faces for node in face)
        faces = [_moved(face, (-x, -y, -z)) for face in faces]
        cages.setdefault(tuple(sorted({node for face in faces for node in face})), faces)
    return [_cage(network, nodes, faces) for nodes, faces in cages.items()]


def _repeated(rings: list[Ring], repeats: NDArray[np.int64], n_sites: int) -> list[Ring]:
    """The rings of a repeated cell; those that meet themselves there are left out."""
    out = []
    for ring in rings:
        nodes = np.array(ring)
        for cell in np.ndindex(*repeats):
            image = nodes[:, 1:] + cell
            place = np.ravel_multi_index(tuple((image % repeats).T), tuple(repeats))
            label = (place * n_sites + nodes[:, 0]).tolist()
            if len(set(label)) == len(ring):
                out.append(tuple(zip(label, *(image // repeats).T.tolist(), strict=True)))
    return out


def _unrepeated(ring: Ring, repeats: NDArray[np.int64], n_sites: int) -> Ring:
    """A ring of the repeated cell as one of the cell."""
    out = []
    for label, *image in ring:
        place = np.array(np.unravel_index(label // n_sites, tuple(repeats)))
        out.append((label % n_sites, *(place + np.array(image) * repeats).tolist()))
    return tuple(out)


def _cage(network: Network, nodes: Ring, faces: list[Ring]) -> Cage:
    row = {node: k for k, node in enumerate(nodes)}
    table = np.array(nodes)
    return Cage(
        symbol(len(face) for face in faces),
        table[:, 0],
        network.positions[table[:, 0]] + table[:, 1:] @ network.cell,
        [np.array([row[node] for node in face]) for face in faces],
    )


def count_inside(cages: Sequence[Cage], points: ArrayLike, cell: ArrayLike) -> NDArray[np.int64]:
    """How many points, or images of points, each cage holds, (C,).

    Parameters
    ----------
    cages
        As from `find_cages`.
    points : (P, 3) array, Å
        Such as the positions of S beads.
    cell : (3, 3) array, Å
        The network's.
    """
    from scipy.spatial import cKDTree

    out = np.zeros(len(cages), dtype=np.int64)
    beads = np.asarray(points, dtype=float).reshape(-1, 3)
    if not len(cages) or not len(beads):
        return out
    matrix = np.asarray(cell, dtype=float)
    inverse = np.linalg.inv(matrix)
    reach = np.array([np.linalg.norm(cage.positions - cage.centre, axis=1).max() for cage in cages])
    # all images of the points that can be near a centre in the cell: margins are fractions of its heights
    margin = reach.max() * np.linalg.norm(inverse, axis=0)
    most = np.ceil(margin).astype(int)
    images = np.array(list(np.ndindex(*(2 * most + 1)))) - most
    cloud = ((beads @ inverse) % 1.0 + images[:, None]).reshape(-1, 3)
    cloud = cloud[((cloud >= -margin) & (cloud <= 1 + margin)).all(axis=1)] @ matrix
    tree = cKDTree(cloud)
    for k, cage in enumerate(cages):
        centre = (cage.centre @ inverse % 1.0) @ matrix
        near = cloud[tree.query_ball_point(centre, reach[k])]
        out[k] = cage.contains(near - centre + cage.centre).sum()
    return out


def symbol(sizes: Iterable[int]) -> str:
    """Numbers of faces by size: ``4^6.6^8``."""
    return ".".join(f"{size}^{count}" for size, count in sorted(Counter(sizes).items()))
