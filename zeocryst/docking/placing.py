"""Guests at all beads of a framework: each by itself first, then together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from zeocryst.docking import kernels
from zeocryst.docking.places import MOST_OVERLAP_A, Placed, closest
from zeocryst.docking.poses import (
    ROOM_A,
    SLIDE_A,
    Guest,
    Pose,
    find_poses,
    images_energy,
    radius,
    surroundings,
)
from zeocryst.docking.surroundings import (
    CUTOFF_A,
    Host,
    framework_around,
    guests_around,
    joined,
    make_host,
    shifts_near,
)
from zeocryst.errors import InputError
from zeocryst.foundation.progress import shown
from zeocryst.molecules.model import Molecule
from zeocryst.units import KJ_PER_MOL_PER_EV

if TYPE_CHECKING:
    from ase import Atoms

Floats = NDArray[np.float64]

#: Rounds in which each guest chooses its best place beside the others'.
MOST_ROUNDS = 8
#: Rounds in which each guest goes down beside the others.
SETTLING = 2
#: An S nearer than this to an atom of the framework is said to lie at the wall, Å; two S nearer than this to
#: each other, in one cage.
WALL_A, ONE_CAGE_A = ROOM_A, 4.5


def dock(
    atoms: Atoms,
    bead_position: ArrayLike,
    molecule: Molecule,
    *,
    seed: int = 1,
    slide: bool = True,
) -> Placed:
    """One guest at a bead.

    Parameters
    ----------
    atoms
        The framework, periodic; rigid.
    bead_position : (3,) array
        Å; images count.
    molecule
        The guest; its conformers are rigid.
    seed
        Of the orientations.
    slide
        Whether centres away from the bead are tried as well; without, the descent alone moves it.

    Raises
    ------
    InputError
        The framework has no cell, or DREIDING has no terms for an element.
    """
    host = _host(atoms, [molecule])
    bead = np.asarray(bead_position, dtype=float)
    pose = find_poses(host, bead, molecule, seed=seed, slide=slide)[0]
    return _judged(host, 0, bead, molecule, pose)


def place_all(
    atoms: Atoms,
    beads: ArrayLike,
    molecules: Molecule | Sequence[Molecule],
    *,
    seed: int = 1,
) -> list[Placed]:
    """A guest at each bead, or why there is none.

    Each is docked alone first, so that the outcome does not depend on the order of the beads. Then each chooses
    among its best places the one that suits those of the others, in rounds, and goes down beside them. Whoever
    is then pushed out (its energy with framework and other guests is not below zero, or atoms clash) looks for
    a place beside the others once more, and is left out if there is none: of two that exclude each other, the
    one that lies farther from its bead.

    Parameters
    ----------
    atoms
        The framework, periodic; rigid.
    beads : (K, 3) array, Å
    molecules
        One for all, or one each.
    seed
        Of the orientations.

    Returns
    -------
    list of Placed
        In the order of the beads.

    Raises
    ------
    InputError
        As `dock`; or there are not as many molecules as beads.
    """
    places = np.asarray(beads, dtype=float).reshape(-1, 3)
    given = [molecules] * len(places) if isinstance(molecules, Molecule) else list(molecules)
    if len(given) != len(places):
        raise InputError(f"{len(given)} molecules for {len(places)} beads; expected one each, or one for all")
    if not given:
        return []
    return _Together(_host(atoms, given), places, given, seed).settled()


def _host(atoms: Atoms, molecules: Sequence[Molecule]) -> Host:
    if not atoms.pbc.all() or abs(np.linalg.det(atoms.cell[:])) < 1e-6:
        raise InputError(
            "guests are put into a framework that repeats in three directions; this one has no cell"
        )
    return make_host(atoms, molecules)


def _judged(
    host: Host,
    number: int,
    bead: Floats,
    molecule: Molecule,
    pose: Pose,
    *,
    others: Sequence[Guest] = (),
    said: Sequence[str] = (),
) -> Placed:
    """Whether a guest may stay where it is, and its contacts."""
    kind, centre = host.kinds(molecule), pose.centre
    reach = float(np.linalg.norm(pose.positions - centre, axis=1).max()) + CUTOFF_A
    frame = framework_around(host, centre, reach)
    beside = guests_around(host, centre, reach, [*others, (number, pose.positions, kind)])
    beside = beside.only(~((beside.number == -1 - number) & _is_own(beside.positions, pose.positions)))
    alone, theirs = (
        kernels.exact(pose.positions, kind, host.field(c.positions, c.kind), np.empty_like(pose.positions))
        for c in (frame, beside)
    )
    met = alone + theirs
    contact, distance, overlap = closest(host, molecule, pose.positions, joined(frame, beside))
    fits = met <= 0 and overlap <= MOST_OVERLAP_A  # 0: nothing is near
    moved = float(np.linalg.norm(centre - bead))
    words = [*_wall(host, number, bead, moved if fits else None), *said]
    if not contact:
        words.append(f"nothing lies within {CUTOFF_A:g} Å of it")
    if not fits:
        words.insert(0, _misfit(molecule, contact, distance, overlap, met))
    return Placed(
        number, molecule.name, bool(fits), pose.positions if fits else None,
        float(alone + theirs / 2) * KJ_PER_MOL_PER_EV, pose.conformer, moved, contact, distance, overlap,
        "; ".join(words),
    )  # fmt: skip


def _is_own(cloud: Floats, positions: Floats) -> NDArray[np.bool_]:
    """Which atoms of a cloud are the guest's own, not its images."""
    from scipy.spatial import cKDTree

    distance, _ = cKDTree(positions).query(cloud)
    return np.asarray(distance < 1e-6)


def _misfit(molecule: Molecule, contact: str, distance: float, overlap: float, energy: float) -> str:
    return (
        f"{molecule.name} does not fit: at the best place found its energy is "
        f"{energy * KJ_PER_MOL_PER_EV:+.0f} kJ/mol, and {contact} are {distance:.2f} Å apart, "
        f"{overlap:.2f} Å nearer than their van der Waals radii"
    )


def _wall(host: Host, number: int, bead: Floats, moved: float | None) -> list[str]:
    """Says it where a bead lies at the wall."""
    near = framework_around(host, bead, WALL_A)
    if not len(near.number):
        return []
    distance = np.linalg.norm(near.positions - bead, axis=1)
    k = int(distance.argmin())
    atom = int(near.number[k])
    words = f"S bead {number} lies {distance[k]:.1f} Å from {host.elements[host.kind[atom]]} {atom}"
    if moved is not None:
        return [f"{words}: the molecule's centre is {moved:.1f} Å away from it"]
    return [f"{words}, and within {SLIDE_A:g} Å of it there is no room for the molecule"]


class _Together:
    """All guests of a framework while they settle."""

    def __init__(self, host: Host, beads: Floats, molecules: list[Molecule], seed: int) -> None:
        self.host, self.beads, self.molecules, self.seed = host, beads, molecules, seed
        self.kinds = [host.kinds(m) for m in molecules]
        self.sizes = np.array([radius(m) for m in molecules])
        self.poses: list[list[Pose]] = []
        self.now: list[Pose] = []
        self.there = np.ones(len(beads), bool)
        self.near = self._neighbours()
        self.said: list[list[str]] = [[] for _ in beads]

    def settled(self) -> list[Placed]:
        """Dock each alone, let all choose and go down, leave out who is pushed out."""
        for k in shown(range(len(self.beads)), "guests docked"):
            self.poses.append(find_poses(self.host, self.beads[k], self.molecules[k], seed=self.seed))
        self.now = [poses[0] for poses in self.poses]
        for k in range(len(self.now)):  # who does not fit an empty framework is in nobody's way
            self.there[k] = self._fits(k, ())
        self._say_shared()
        order = sorted(range(len(self.now)), key=lambda k: (round(self.now[k].energy_eV, 6), *self.beads[k]))
        self._choose(order)
        self._go_down(order)
        self._make_room(order)
        return [self._result(k) for k in range(len(self.beads))]

    def _neighbours(self) -> list[list[int]]:
        """Beads whose guests can meet, of each."""
        from zeocryst.cell import neighbour_pairs

        reach = 2 * float(self.sizes.max()) + 2 * SLIDE_A + CUTOFF_A
        i, j, _, _ = neighbour_pairs(self.beads, self.host.cell, reach, full=True)
        near: list[set[int]] = [set() for _ in self.beads]
        for a, b in zip(i.tolist(), j.tolist(), strict=True):
            if a != b:
                near[a].add(b)
        return [sorted(s) for s in near]

    def _guests(self, k: int) -> list[Guest]:
        """Those there that guest k can meet."""
        return [(n, self.now[n].positions, self.kinds[n]) for n in self.near[k] if self.there[n]]

    def _with_others(self, k: int, pose: Pose, known: dict[tuple[int, int], float] | None = None) -> float:
        """Energy of guest k in a pose with all others as they are now, eV; `known` keeps those of pairs."""
        total = 0.0
        for n in self.near[k]:
            if self.there[n]:
                pair = id(pose), id(self.now[n])
                energy = None if known is None else known.get(pair)
                if energy is None:
                    energy = self._between(k, pose, n)
                    if known is not None:
                        known[pair] = energy
                total += energy
        return total

    def _between(self, k: int, pose: Pose, n: int) -> float:
        """Energy of guest k in a pose with guest n as it is now, eV."""
        other = self.now[n]
        reach = CUTOFF_A + self.sizes[k] + self.sizes[n]
        shifts = shifts_near(self.host, pose.centre, other.centre, float(reach))
        if not len(shifts):
            return 0.0
        field = self.host.field(other.positions, self.kinds[n])
        return float(kernels.between(pose.positions, self.kinds[k], field, shifts))

    def _without_others(self, k: int, pose: Pose) -> Pose:
        """A pose whose energy has all others in it, without them."""
        return replace(pose, energy_eV=pose.energy_eV - self._with_others(k, pose))

    def _choose(self, order: list[int]) -> None:
        known: dict[tuple[int, int], float] = {}  # of pairs of poses, which come again in each round
        for _ in range(MOST_ROUNDS):
            changed = False
            for k in order:
                if not self.there[k]:
                    continue
                energies = [pose.energy_eV + self._with_others(k, pose, known) for pose in self.poses[k]]
                best = self.poses[k][int(np.argmin(energies))]
                changed |= best is not self.now[k]
                self.now[k] = best
            if not changed:
                return

    def _go_down(self, order: list[int]) -> None:
        for _ in range(SETTLING):
            for k in order:
                if self.there[k] and any(self.there[n] for n in self.near[k]):
                    self.now[k] = self._lowered(k)

    def _lowered(self, k: int) -> Pose:
        """Guest k at the nearest minimum beside the others; where it was, if that is no better."""
        host, pose = self.host, self.now[k]
        cloud = surroundings(host, pose.centre, self.sizes[k] + CUTOFF_A + 2.0, self._guests(k))
        field = host.field(cloud.positions, cloud.kind)
        energy, guest, centre = kernels.descend(pose.positions, pose.centre, self.kinds[k], field)
        whole = float(energy) + images_energy(host, self.kinds[k], guest)
        if whole >= pose.energy_eV + self._with_others(k, pose):
            return pose
        return self._without_others(k, Pose(whole, pose.conformer, guest, centre))

    def _fits(self, k: int, others: Sequence[Guest]) -> bool:
        return _judged(self.host, k, self.beads[k], self.molecules[k], self.now[k], others=others).placed

    def _make_room(self, order: list[int]) -> None:
        """Who is pushed out looks for another place; then it is left out, one at a time."""
        tried: set[int] = set()
        bad = self._pushed_out(order)
        while bad:
            worst = max((k for k in order if k in bad), key=self._worse)
            if worst in tried:
                self.there[worst] = False
            else:
                tried.add(worst)
                found = find_poses(
                    self.host, self.beads[worst], self.molecules[worst], others=self._guests(worst),
                    seed=self.seed,
                )  # fmt: skip
                self.now[worst] = self._without_others(worst, found[0])
            concerned = {worst, *self.near[worst]}
            bad = (bad - concerned) | self._pushed_out(concerned)

    def _pushed_out(self, some: Iterable[int]) -> set[int]:
        """Those of some guests that do not fit beside the others."""
        return {k for k in some if self.there[k] and not self._fits(k, self._guests(k))}

    def _worse(self, k: int) -> tuple[float, float]:
        """Who of several is left out: the one farthest from its bead, then the one of highest energy."""
        away = float(np.linalg.norm(self.now[k].centre - self.beads[k]))
        return round(away, 1), self.now[k].energy_eV + self._with_others(k, self.now[k])

    def _say_shared(self) -> None:
        """Two beads in one cage."""
        from zeocryst.cell import neighbour_pairs

        i, j, _, distance = neighbour_pairs(self.beads, self.host.cell, ONE_CAGE_A, full=True)
        for a, b, d in zip(i.tolist(), j.tolist(), distance.tolist(), strict=True):
            if a != b:
                self.said[a].append(f"S bead {b} lies {d:.1f} Å away, in the same cage")

    def _result(self, k: int) -> Placed:
        return _judged(
            self.host, k, self.beads[k], self.molecules[k], self.now[k], others=self._guests(k),
            said=self.said[k],
        )  # fmt: skip
