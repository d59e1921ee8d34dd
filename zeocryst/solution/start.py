"""The first frame of a run: a crystal, a random liquid, clusters in solution, or a frame of the user's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from zeocryst.beads import Beads
from zeocryst.cell import heights, make_frame, neighbour_pairs, volume
from zeocryst.condition import System, bead_types
from zeocryst.errors import InputError
from zeocryst.model.forcefield import ForceField
from zeocryst.model.scales import default_density
from zeocryst.solution.cages import cage_centres
from zeocryst.solution.embedding import start_in
from zeocryst.solution.packing import Kind, contacts, pack
from zeocryst.solution.precursors import relaxed
from zeocryst.solution.recipe import compose

if TYPE_CHECKING:
    import gsd.hoomd

Floats = NDArray[np.float64]
#: Beads of a random liquid start no nearer than this, Å; a minimization then relaxes them.
CLOSEST_START_A = 2.0
#: Beads of a user's frame that are nearer than this, Å, are taken for a mistake.
CLOSEST_ADOPTED_A = 0.5


def crystal(system: System, forcefield: ForceField) -> gsd.hoomd.Frame:
    """The framework's T in the model's lengths, with an S in each large cage where it has S, repeated."""
    assert system.framework is not None
    cell, t_sites, scale = start_in(system.framework, forcefield)
    with_s = system.S_in_cages and "S" in forcefield.types
    s_sites = cage_centres(t_sites, cell) if with_s else np.empty((0, 3))
    cell, t_sites, s_sites = scale * cell, scale * t_sites, scale * s_sites
    shifts = np.array(list(np.ndindex(*system.repeat))) @ cell
    t_all = (t_sites + shifts[:, None]).reshape(-1, 3)
    s_all = (s_sites + shifts[:, None]).reshape(-1, 3)
    matrix = cell * np.array(system.repeat)[:, None]
    return _frame(t_all, s_all, matrix, forcefield)


def melt(system: System, forcefield: ForceField, rng: np.random.Generator) -> gsd.hoomd.Frame:
    """A random liquid: of a framework's composition in its cell, or of given numbers of T and S.

    Beads are put on randomly chosen points of a grid, so that none overlap at any density; what is left
    of the grid is gone after the minimization and a few ps of melt.
    """
    if system.framework is not None:
        like = crystal(system, forcefield)
        beads = Beads.of(like)
        n_t, matrix = beads.count("T"), beads.cell
        n_s = len(beads.kinds) - n_t
    else:
        n_t, n_s = system.n_T or 0, system.n_S or 0
        density = system.density_T_per_1000A3 or default_density(forcefield)
        matrix = np.eye(3) * (1000.0 * n_t / density) ** (1 / 3)
    points = _grid_points(n_t + n_s, matrix, rng)
    return _frame(points[:n_t], points[n_t:], matrix, forcefield)


def gel(system: System, forcefield: ForceField, rng: np.random.Generator) -> gsd.hoomd.Frame:
    """Clusters of T and single S at random places, without overlap.

    ``particles.body`` numbers the clusters of more than one T; of all other beads it is -1, as GSD has it. T
    come first, cluster after cluster, then S.

    Raises
    ------
    InputError
        More clusters than fit, or a precursor that the model does not hold; see `zeocryst.solution.packing`.
    """
    made = compose(system)
    t, s = forcefield.types.index("T"), forcefield.types.index("S") if made.n_S else 0
    kinds = []
    for name, count in made.clusters.items():
        shape = relaxed(name, forcefield)
        kinds.append(Kind(name, count, shape, np.full(len(shape), t)))
    kinds.append(Kind("S", made.n_S, np.zeros((1, 3)), np.array([s])))
    places, _ = pack(kinds, made.side_A, contacts(forcefield), rng)
    sizes = [len(kind.places) for kind in kinds for _ in range(kind.count)]
    large = np.array(sizes) > 1
    number = np.where(large, np.cumsum(large) - 1, -1)
    points = [found.reshape(-1, 3) for found in places]
    frame = _frame(np.vstack(points[:-1]), points[-1], np.eye(3) * made.side_A, forcefield)
    frame.particles.body = np.repeat(number, sizes).astype(np.int32)
    return frame


def is_crowded(frame: gsd.hoomd.Frame, forcefield: ForceField) -> bool:
    """Whether beads of two clusters are nearer than `zeocryst.solution.packing` likes best.

    Such a start is not at rest, and has to be relaxed before it can move.
    """
    roomy = contacts(forcefield).roomy
    beads = Beads.of(frame)
    i, j, _, distance = neighbour_pairs(beads.centred, beads.cell, float(roomy.max()))
    kinds = np.array([forcefield.types.index(name) for name in beads.names])[beads.kinds]
    body = np.full(len(kinds), -1) if frame.particles.body is None else np.asarray(frame.particles.body)
    apart = (body[i] != body[j]) | (body[i] < 0)
    # positions are kept in single precision in files
    return bool((distance[apart] < roomy[kinds[i], kinds[j]][apart] - 1e-3).any())


def _grid_points(count: int, cell: Floats, rng: np.random.Generator) -> Floats:
    """Distinct points of a grid that is as coarse as it can be, in random order, (count, 3) Å."""
    tall = heights(cell)
    spacing = (volume(cell) / count) ** (1 / 3)
    while True:
        cells = np.maximum(1, np.floor(tall / spacing)).astype(int)
        if cells.prod() >= count:
            break
        spacing *= 0.98
    if (tall / cells).min() < CLOSEST_START_A:
        raise InputError(
            f"system: {count} beads in {volume(cell):.0f} Å^3 would start {(tall / cells).min():.2f} Å "
            f"apart; expected at least {CLOSEST_START_A} Å, so fewer beads or a lower density"
        )
    chosen = rng.permutation(int(cells.prod()))[:count]
    fractional = (np.column_stack(np.unravel_index(chosen, tuple(cells))) + 0.5) / cells
    return np.asarray(fractional @ cell)


def _frame(t_sites: Floats, s_sites: Floats, cell: Floats, forcefield: ForceField) -> gsd.hoomd.Frame:
    types = forcefield.types
    typeid = [types.index("T")] * len(t_sites)
    if len(s_sites):
        typeid += [types.index("S")] * len(s_sites)
    return make_frame(np.vstack([t_sites, s_sites]), cell, typeid, types, forcefield.masses)


def adopt(
    frame: gsd.hoomd.Frame,
    types: Mapping[str, str | tuple[str, ...]] | None,
    forcefield: ForceField,
    where: str,
    *,
    new_velocities: bool = False,
) -> gsd.hoomd.Frame:
    """A frame of the user's, with his type names translated and the model's masses.

    Parameters
    ----------
    frame
        As read.
    types
        What the bead types are called in the file (`zeocryst.condition.System`).
    forcefield
        The model.
    where
        The file, for messages.
    new_velocities
        Leave its velocities out, so that the beads get others.

    Raises
    ------
    InputError
        A type name has no bead type, or there are no T.
    """
    mapping = bead_types(types, forcefield, where)
    beads = Beads.of(frame)
    names, kinds = beads.names, beads.kinds
    if len(kinds) == 0 or int(kinds.max()) >= len(names):
        raise InputError(f"{where}: the frame has no beads, or bead types without a name")
    used = [names[k] for k in np.unique(kinds)]
    unknown = [name for name in used if mapping.get(name) not in forcefield.types]
    if unknown:
        raise InputError(
            f"{where}: bead types {', '.join(map(repr, unknown))} are neither the model's "
            f"({', '.join(forcefield.types)}) nor in system.types = {types or {}}; "
            f'say what they are, for example types = {{ T = "{unknown[0]}" }}'
        )
    typeid = np.array([forcefield.types.index(mapping[names[k]]) if names[k] in used else 0 for k in kinds])
    if not (typeid == forcefield.types.index("T")).any():
        raise InputError(f"{where}: no bead is of type T; system.types = {mapping}")
    cell, positions = beads.cell, beads.positions
    if not np.isfinite(positions).all():
        raise InputError(f"{where}: some positions are not finite numbers")
    made = make_frame(positions, cell, typeid, forcefield.types, forcefield.masses)
    near = neighbour_pairs(positions, cell, CLOSEST_ADOPTED_A)[3]
    if len(near):
        raise InputError(
            f"{where}: {len(near)} pairs of beads are closer than {CLOSEST_ADOPTED_A} Å (the closest "
            f"{near.min():.3f} Å); are the positions in Å, and is every bead there once?"
        )
    given = None if new_velocities else frame.particles.velocity
    if given is not None and np.isfinite(given).all():
        made.particles.velocity = np.asarray(given)
    return made
