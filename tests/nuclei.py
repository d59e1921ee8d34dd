"""Small crystals whose truth is known: balls cut out of perfect frameworks, in vacuum, in glass, cold and hot.

They are for the naming of nuclei, and made here and nowhere else: `benchmarks/nuclei.py` and the tests of
`zeocryst.order.labels` share them. Nothing here looks at a network: truth is where a T came from.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import numpy as np
from scipy.spatial import cKDTree

from zeocryst.cell import box_to_cell, heights, make_frame, neighbour_pairs
from zeocryst.condition import Stage, System
from zeocryst.engines import choose_engine
from zeocryst.engines.protocol import HELD_MARK, frozen_beads, hold
from zeocryst.frameworks.table import start_structure
from zeocryst.model.forcefield import read_forcefield
from zeocryst.running.simulation import thermalize
from zeocryst.solution.cages import cage_centres
from zeocryst.solution.start import crystal, melt
from zeocryst.units import BOLTZMANN_EV_PER_K

#: Twelve start frameworks: of few and of many kinds of T, with small and with large cages, and with channels.
TWELVE = ("AFI", "ANA", "CHA", "FAU", "FER", "LTA", "MFI", "MOR", "MTN", "RHO", "SGT", "SOD")
SIZES = (60, 80, 100, 150, 200, 300)
CENTRES = 10
#: Empty space on each side of a ball, Å.
MARGIN_A = 15.0
#: T nearer than this are bonded in a perfect framework, Å.
BOND_A = 3.4
#: The T-S model holds these at 600 K.
HELD = ("FER", "MTN", "SGT", "SOD")
#: Springs of an elastic network between bonded T and those within the next distance (over one T), eV/Å^2.
SPRINGS_EV_PER_A2 = (0.8, 0.17)
#: Spring of each T to its place, eV/Å^2: weak, and only against folding.
PLACE_EV_PER_A2 = 0.03
SECOND_A = 5.6
#: A crystal so wide that the largest ball does not meet its image, Å.
WIDE_A = 37.0
#: Beads of the glass nearer than this to a bead of the ball make room, Å: a T to a T, and where an S is one
#: of the two (where the energy of T-S and S-S changes sign).
ROOM_TT_A, ROOM_S_A = 2.8, 4.5
#: An S in a cage of the ball counts as its own if so many of the cage's T are there (share).
CAGE_SHARE = 0.7
HOT_K, HOT_PS = 600.0, 2.0
#: The glass relaxes around a ball that is held while it cools from and to these temperatures, in this time.
RELAX_K, RELAX_PS = (300.0, 10.0), 4.0
#: Melts begin at this temperature; cooling at zero pressure at the next (the melt would evaporate hotter).
MELT_K, COOL_FROM_K = 2400.0, 1200.0
#: Time in which a melt forgets its bonds, ps.
APART_PS = 4.0
#: How melts are cooled: to which temperature (K), in which time (ps; 0: not at all).
COURSES = ((2400.0, 0.0), (1200.0, 4.0), (800.0, 8.0), (600.0, 16.0), (300.0, 8.0))


@dataclass(frozen=True)
class Structure:
    """T and S in a periodic cell, and which of the T are a crystal's.

    Attributes
    ----------
    code : str
        The crystal's framework type; empty where there is none.
    positions : (N, 3) array, Å
        T, with the origin in the cell's corner.
    cell : (3, 3) array, Å
    truth : (N,) bool array
        T that were cut out of the crystal (or held in its places).
    guests : (M, 3) array, Å
        S.
    bonds : (B, 2) int array
        The pairs of T that were bonded in the perfect crystal.
    """

    code: str
    positions: np.ndarray
    cell: np.ndarray
    truth: np.ndarray
    guests: np.ndarray = field(default_factory=lambda: np.empty((0, 3)))
    bonds: np.ndarray = field(default_factory=lambda: np.empty((0, 2), dtype=np.int64))

    def frame(self):
        """As beads of the T-S model, T first."""
        return beads(self.positions, self.guests, self.cell)


@cache
def model(name: str = "ts"):
    """The force field, and an engine on one thread."""
    forcefield = read_forcefield(name)
    return forcefield, choose_engine(forcefield, "lammps", "cpu", 1)[0]


def beads(sites, guests, cell):
    """A frame of T and S."""
    forcefield, _ = model()
    kinds = [forcefield.types.index("T")] * len(sites) + [forcefield.types.index("S")] * len(guests)
    return make_frame(np.vstack([sites, guests]), cell, kinds, forcefield.types, forcefield.masses)


def from_frame(frame, like: Structure) -> Structure:
    """What `like` became: the same beads elsewhere."""
    cell = box_to_cell(frame.configuration.box)
    points = np.asarray(frame.particles.position, dtype=float) + cell.sum(axis=0) / 2
    n = len(like.positions)
    return replace(like, positions=points[:n], cell=cell, guests=points[n:])


# ---- balls --------------------------------------------------------------------------------------


def _images(cell, radius: float):
    """Lattice vectors, as whole numbers, whose cells may reach into a ball about a point of the first cell."""
    reach = np.ceil(radius * np.linalg.norm(np.linalg.inv(cell), axis=0)).astype(int) + 1
    return np.array(list(np.ndindex(*(2 * reach + 1)))) - reach


@cache
def _cages(code: str):
    cell, sites = start_structure(code)
    return cage_centres(sites, cell)


def ball(code: str, n: int, seed: int, moved=None) -> Structure:
    """The `n` T nearest to a random point of a perfect framework, in vacuum.

    The point is uniform in the cell, and the same for all sizes of one seed, so that the smaller ball lies in
    the larger one. S are in the cages most of whose T are there.

    Parameters
    ----------
    code
        One of `zeocryst.frameworks.table.start_codes`.
    n
        Number of T.
    seed
        Which centre.
    moved : (a, b, c, sites, 3) array, Å
        How far each T of a supercell is from its place; perfect when not given.
    """
    cell, unit = start_structure(code)
    rng = np.random.default_rng([seed, zlib.crc32(code.encode())])
    centre = rng.random(3) @ cell
    # frameworks have 12 T per 1000 Å^3 and more
    radius = (3 * n / (4 * np.pi * 0.012)) ** (1 / 3) + 14.0
    images = _images(cell, radius)
    every = (unit + (images @ cell)[:, None]).reshape(-1, 3) - centre
    order = np.argsort(np.linalg.norm(every, axis=1), kind="stable")
    sites = every[order[np.linalg.norm(every[order], axis=1) <= radius]]
    guests = (_cages(code) + (images @ cell)[:, None]).reshape(-1, 3) - centre
    guests = guests[np.linalg.norm(guests, axis=1) <= radius - 8.0]
    guests = guests[_enclosed(sites, guests, n)]
    pairs = cKDTree(sites[:n]).query_pairs(BOND_A, output_type="ndarray")
    if moved is not None:
        image, number = np.divmod(order[:n], len(unit))
        where = images[image] % np.array(moved.shape[:3])
        sites[:n] += moved[(*where.T, number)]
    sites = sites[:n]
    side = np.ptp(sites, axis=0).max() + 2 * MARGIN_A
    shift = side / 2 - (sites.max(axis=0) + sites.min(axis=0)) / 2
    truth = np.ones(n, dtype=bool)
    return Structure(code, sites + shift, np.eye(3) * side, truth, guests + shift, pairs.astype(np.int64))


@cache
def vibration(code: str, seed: int):
    """How far each T of a crystal at 600 K is from its place, (a, b, c, sites, 3) Å.

    Of the frameworks that the T-S model holds at that temperature (`HELD`), 2 ps of its dynamics; the others
    begin to collapse in it. There it is a sample of harmonic motion in an elastic network (M. M. Tirion, Phys.
    Rev. Lett. 77, 1905 (1996)), whose two springs give SOD what the T-S model gives it: T are 0.46 Å from
    their places, and bonds' lengths spread by 0.19 Å (both root mean square).
    """
    cell, unit = start_structure(code)
    repeat = tuple(int(k) for k in np.ceil(WIDE_A / heights(cell)))
    start = crystal(System("framework", code, repeat), model()[0])
    box = box_to_cell(start.configuration.box)
    n = int(np.prod(repeat)) * len(unit)
    places = np.asarray(start.particles.position, dtype=float)[:n]
    if code in HELD:
        hot = run(start, "langevin", HOT_K, HOT_PS, seed=seed + 1)[-1]
        delta = (np.asarray(hot.particles.position, dtype=float)[:n] - places) @ np.linalg.inv(box)
        moved = (delta - np.round(delta)) @ box
    else:
        moved = _elastic(places, box, np.random.default_rng(seed))
    return (moved - moved.mean(axis=0)).reshape(*repeat, len(unit), 3)


def _elastic(places, box, rng):
    """Displacements of an elastic network of sites at 600 K, (N, 3) Å, drawn from their normal distribution."""
    from scipy.linalg import cholesky, solve_triangular

    i, j, shift, distance = neighbour_pairs(places, box, SECOND_A)
    along = (places[j] + shift @ box - places[i]) / distance[:, None]
    spring = np.where(distance < BOND_A, *SPRINGS_EV_PER_A2)
    block = spring[:, None, None] * along[:, :, None] * along[:, None, :]
    n = len(places)
    stiffness = np.zeros((n, n, 3, 3))
    for rows, columns, sign in ((i, j, -1), (j, i, -1), (i, i, 1), (j, j, 1)):
        np.add.at(stiffness, (rows, columns), sign * block)
    # some nets fold without strain of a spring, RHO's most easily
    matrix = stiffness.transpose(0, 2, 1, 3).reshape(3 * n, 3 * n) + PLACE_EV_PER_A2 * np.eye(3 * n)
    half = cholesky(matrix, lower=True, overwrite_a=True)
    drawn = solve_triangular(half, rng.normal(size=3 * n), lower=True, trans="T")
    return np.sqrt(BOLTZMANN_EV_PER_K * HOT_K) * drawn.reshape(n, 3)


def vibrating(code: str, n: int, seed: int) -> Structure:
    """The `ball` as it is in the midst of a crystal at 600 K: cut out of one that vibrates."""
    return ball(code, n, seed, vibration(code, seed % 2))


def slab(code: str, repeat: tuple[int, int, int], axis: int, margin: float = MARGIN_A) -> Structure:
    """Whole cells of a framework with vacuum above and below along one lattice vector."""
    start = crystal(System("framework", code, repeat), model()[0])
    cell = box_to_cell(start.configuration.box)
    points = np.asarray(start.particles.position, dtype=float) + cell.sum(axis=0) / 2
    is_t = np.asarray(start.particles.typeid) == list(start.particles.types).index("T")
    normal = np.cross(cell[axis - 2], cell[axis - 1])
    normal /= np.linalg.norm(normal)
    away = 2 * margin * normal * np.sign(normal @ cell[axis])
    wide = cell.copy()
    wide[axis] += away
    sites = points[is_t] + away / 2
    pairs = _bonds_of_crystal(points[is_t], cell, axis)
    return Structure(code, sites, wide, np.ones(len(sites), dtype=bool), points[~is_t] + away / 2, pairs)


def _bonds_of_crystal(sites, cell, axis: int):
    """Pairs nearer than a bond is long, but those across the faces at the ends of an axis."""
    i, j, shift, _ = neighbour_pairs(sites, cell, BOND_A)
    inside = shift[:, axis] == 0
    return np.column_stack([i, j])[inside]


def half_held(code: str, repeat: tuple[int, int, int], seed: int, *, hot_K: float = 650.0, frames: int = 4):
    """A crystal half of which was molten and cooled to `hot_K` while the other half was held in its places.

    Returns
    -------
    list of Structure
        Frames 1 ps apart at the end of 5 ps at `hot_K`; of each, T that were held are true.
    """
    start = crystal(System("framework", code, repeat), model()[0])
    cell = box_to_cell(start.configuration.box)
    held = frozen_beads(np.asarray(start.particles.position, dtype=float), cell, 0.5)
    n = int((np.asarray(start.particles.typeid) == 0).sum())
    points = np.asarray(start.particles.position, dtype=float) + cell.sum(axis=0) / 2
    like = Structure(code, points[:n], cell, held[:n], points[n:])
    frame = run(start, "langevin", 2000.0, 10.0, seed=seed, seed_region=0.5)[-1]
    frame = run(frame, "langevin", (2000.0, hot_K), 10.0, seed=seed + 1, seed_region=0.5)[-1]
    last = run(frame, "langevin", hot_K, 5.0, seed=seed + 2, seed_region=0.5, every_ps=1.0)
    return [from_frame(frame, like) for frame in last[-frames:]]


def quenched(structure: Structure) -> Structure:
    """At its energy minimum."""
    return from_frame(model()[1].minimize(structure.frame())[0], structure)


def _enclosed(sites, guests, n: int):
    """Guests most of whose nearest T (within 1.3 times the distance of the nearest) are the first n."""
    if not len(guests):
        return np.zeros(0, dtype=bool)
    tree = cKDTree(sites)
    nearest = tree.query(guests)[0]
    walls = tree.query_ball_point(guests, 1.3 * nearest)
    return np.array([np.mean(np.array(wall) < n) >= CAGE_SHARE for wall in walls])


# ---- melts and glasses --------------------------------------------------------------------------


def run(
    frame,
    kind: str,
    temperature,
    time_ps: float,
    *,
    seed: int,
    every_ps: float | None = None,
    held=None,
    **options,
):
    """Frames of one stage of dynamics at each `every_ps`, the last one at its end; without it only that.

    The engine holds the beads `held` (a mask) where they are, when given, as it does those of a seed region.
    """
    _, engine = model(options.pop("forcefield", "ts"))
    first, last = temperature if isinstance(temperature, tuple) else (temperature, temperature)
    stage = Stage(kind, (first, last), time_ps=time_ps, timestep_fs=options.pop("timestep_fs", 5.0), **options)
    _, frozen = hold(frame, stage.seed_region)
    if held is not None:
        stage, frozen = replace(stage, seed_region=0.5), held
    frame.particles.velocity = np.zeros((frame.particles.N, 3))
    thermalize(frame, first, np.random.default_rng(seed), frozen)
    every = stage.n_steps if every_ps is None else round(every_ps * 1000 / stage.timestep_fs)
    if frozen.any():  # which ones; the engine holds them
        frame.log[HELD_MARK] = np.where(frozen, stage.seed_region, -stage.seed_region)
    samples = engine.run(frame, stage, seed=seed, every=every)
    return [sample.frame() for sample in samples if sample.step]


def liquid(n_t: int, n_s: int, seed: int, temperature_K: float = MELT_K, time_ps: float = 6.0):
    """A frame of melt that began at random places."""
    forcefield, engine = model()
    frame = melt(System("melt", n_T=n_t, n_S=n_s), forcefield, np.random.default_rng([seed, 1]))
    return run(engine.minimize(frame)[0], "langevin", temperature_K, time_ps, seed=seed)[-1]


@cache
def glass(n_t: int, n_s: int, seed: int):
    """A frame of glass: a melt cooled to 300 K in 15 ps, at its energy minimum."""
    frame = run(liquid(n_t, n_s, seed), "langevin", (1600.0, 300.0), 15.0, seed=seed)[-1]
    return model()[1].minimize(frame)[0]


def disordered(n_t: int, n_s: int, seed: int, courses=COURSES) -> Iterator[tuple[str, Structure]]:
    """Melts and glasses of one composition, from one melt, each by a course of its own from a frame of its own.

    Between two of these frames the melt has time to lose all its bonds (4 ps at 2400 K; the test of this module
    counts them), so that they are independent. Cooled ones are so at zero pressure.
    """
    frame = liquid(n_t, n_s, seed)
    truth = np.zeros(n_t, dtype=bool)
    for number, (last, time_ps) in enumerate(courses):
        frame = run(frame, "langevin", MELT_K, APART_PS, seed=seed + number + 1)[-1]
        there = frame
        if time_ps:
            there = run(
                frame, "npt", (COOL_FROM_K, last), time_ps, seed=seed, timestep_fs=10.0, coupling="iso"
            )[-1]
        cell = box_to_cell(there.configuration.box)
        points = np.asarray(there.particles.position, dtype=float) + cell.sum(axis=0) / 2
        name = f"{last:.0f}K" + (f"_in_{time_ps:.0f}ps" if time_ps else "")
        yield name, Structure("", points[:n_t], cell, truth, points[n_t:])


def molten(code: str, repeat: tuple[int, int, int], seed: int, *, hot_K: float = 720.0, frames: int = 100):
    """Frames 5 ps apart, at zero pressure above the melting point, of a crystal that began half molten.

    As in ``runs/melt_control``, but shorter; the first of them is 50 ps after the crystal was let go, which is
    gone within 20.
    """
    start = crystal(System("framework", code, repeat), model()[0])
    frame = run(start, "langevin", 1600.0, 10.0, seed=seed, seed_region=0.5)[-1]
    frame = run(frame, "langevin", (1600.0, hot_K), 10.0, seed=seed + 1, seed_region=0.5)[-1]
    options = {"timestep_fs": 10.0, "coupling": "iso"}
    frame = run(frame, "npt", hot_K, 45.0, seed=seed + 2, **options)[-1]
    n = int((np.asarray(start.particles.typeid) == 0).sum())
    like = Structure("", np.empty((n, 3)), np.eye(3), np.zeros(n, dtype=bool))
    for number, hot in enumerate(
        run(frame, "npt", hot_K, 5.0 * frames, seed=seed + 3, every_ps=5.0, **options)
    ):
        yield f"{hot_K:.0f} K, {50 + 5 * number} ps", from_frame(hot, like)


def embedded(code: str, n: int, seed: int, *, n_t: int = 800) -> Structure:
    """The `ball`, with its S, in the middle of a glass that is relaxed around it.

    What of the glass is within the ball's radius, or too close to one of its beads, makes room. The rest goes
    downhill and then cools while the ball's beads are held in their places: left to itself, the T-S model would
    deform most frameworks. Which glass it is, and which of its places, follow from the seed.
    """
    _, engine = model()
    seeded = ball(code, n, seed)
    host = glass(n_t, n_t // 10, 1 + seed % 3)
    cell = box_to_cell(host.configuration.box)
    points = np.asarray(host.particles.position, dtype=float)
    is_t = np.asarray(host.particles.typeid) == list(host.particles.types).index("T")
    # elsewhere in the glass for each ball
    points = points - np.random.default_rng([seed, n]).random(3) @ cell
    fractional = points @ np.linalg.inv(cell)
    points = (fractional - np.round(fractional)) @ cell
    middle = (seeded.positions.max(axis=0) + seeded.positions.min(axis=0)) / 2
    own_t, own_s = seeded.positions - middle, seeded.guests - middle
    keep = np.linalg.norm(points, axis=1) > np.linalg.norm(own_t, axis=1).max()
    to_t = cKDTree(own_t).query(points)[0]
    to_s = cKDTree(own_s).query(points)[0] if len(own_s) else np.full(len(points), np.inf)
    keep &= (to_t > np.where(is_t, ROOM_TT_A, ROOM_S_A)) & (to_s > ROOM_S_A)
    sites = np.vstack([own_t, points[keep & is_t]]) + cell.sum(axis=0) / 2
    guests = np.vstack([own_s, points[keep & ~is_t]]) + cell.sum(axis=0) / 2
    truth = np.arange(len(sites)) < n
    put = Structure(code, sites, cell, truth, guests, seeded.bonds)
    held = np.concatenate([truth, np.arange(len(guests)) < len(own_s)])
    near = engine.minimize(put.frame())[0]  # no bead is too close to another
    near.particles.position[held] = put.frame().particles.position[held]
    return from_frame(run(near, "langevin", RELAX_K, RELAX_PS, seed=seed + 1, held=held)[-1], put)


def heated(
    structure: Structure, seed: int, *, temperature_K: float = HOT_K, time_ps: float = HOT_PS
) -> Structure:
    """After a short time of Langevin dynamics in which every bead moves: hot, but with no time to melt."""
    return from_frame(run(structure.frame(), "langevin", temperature_K, time_ps, seed=seed + 1)[-1], structure)


# ---- files --------------------------------------------------------------------------------------


FIELDS = ("positions", "cell", "truth", "guests", "bonds")


def save(path: Path, structures: dict[str, Structure]) -> None:
    """Structures by name, in one file."""
    content = {f"{name}/{key}": getattr(s, key) for name, s in structures.items() for key in FIELDS}
    codes = {f"{name}/code": np.array(s.code) for name, s in structures.items()}
    np.savez_compressed(path, **content, **codes)


def load(path: Path) -> Iterator[tuple[str, Structure]]:
    """What `save` wrote, one by one."""
    with np.load(path) as file:
        for name in [key.removesuffix("/code") for key in file.files if key.endswith("/code")]:
            yield name, Structure(str(file[f"{name}/code"]), *(file[f"{name}/{key}"] for key in FIELDS))
