"""Aggregates of nanoparticles, grown without any dynamics: clusters fly into clusters and stay where they touch."""

import gsd.hoomd
import numpy as np
from scipy.spatial.transform import Rotation

from zeocryst.beads import N_S_MARK, N_T_MARK

#: Distance of two surfaces that touch, Å.
TOUCH_A = 1.65
DENSITY = 17.0
MASS = 28.0855


def classes(number, radius, spread, seed, *, density=DENSITY, S_per_T=0.0625, most=8):
    """T and S of particles of a lognormal distribution in a few classes, and their radii."""
    draws = np.random.default_rng(seed).normal(size=number)
    if not spread:
        draws = np.zeros(number)
    width = np.ptp(draws) / (most - 1) or 1.0
    radii = radius * np.exp(spread * np.round(draws / width) * width)
    n_T = np.round(density / 1000 * 4 / 3 * np.pi * radii**3).astype(int)
    total = round(S_per_T * n_T.sum())
    n_S = np.floor(S_per_T * n_T).astype(int)
    more = np.argsort(n_S - S_per_T * n_T, kind="stable")[: total - n_S.sum()]
    n_S[more] += 1
    return n_T, n_S, (3 * n_T * 1000 / (4 * np.pi * density)) ** (1 / 3)


def particles_frame(places, n_T, n_S, radii, side, mass=MASS):
    """A frame of particles as the level of particles has it."""
    from zeocryst.cell import wrap

    kinds = np.unique(n_T)
    frame = gsd.hoomd.Frame()
    frame.configuration.box = [side, side, side, 0, 0, 0]
    frame.configuration.step = 0
    frame.particles.N = len(places)
    frame.particles.types = [f"P{k + 1}" for k in range(len(kinds))]
    frame.particles.typeid = np.searchsorted(kinds, n_T).astype(np.uint32)
    frame.particles.position = wrap(places, side * np.eye(3), centred=True)
    frame.particles.diameter = 2 * np.asarray(radii)
    frame.particles.mass = mass * (np.asarray(n_T) + np.asarray(n_S))
    frame.log[N_T_MARK] = np.asarray(n_T, dtype=np.int32)
    frame.log[N_S_MARK] = np.asarray(n_S, dtype=np.int32)
    return frame


def grown(radii, seed):
    """Places of spheres in one aggregate, (N, 3): of two clusters, the smallest, one flies into the other."""
    rng = np.random.default_rng(seed)
    groups = [([k], np.zeros((1, 3))) for k in range(len(radii))]
    while len(groups) > 1:
        groups.sort(key=lambda group: len(group[0]))
        (a, x), (b, y), *rest = groups
        x, y = Rotation.random(None, rng).apply(x), Rotation.random(None, rng).apply(y)
        groups = [*rest, (a + b, np.vstack([x, _meet(x, radii[a], y, radii[b], rng)]))]
    numbers, places = groups[0]
    found = np.empty_like(places)
    found[numbers] = places
    return found - found.mean(axis=0)


def _meet(x, r, y, s, rng):
    """Where a cluster comes to lie that flies along an axis until it touches another."""
    reach = np.linalg.norm(x, axis=1).max() + np.linalg.norm(y, axis=1).max() + r.max() + s.max()
    contact = r[:, None] + s + TOUCH_A
    while True:
        angle, off = rng.uniform(0, 2 * np.pi), reach * np.sqrt(rng.random())
        y_at = y + [0, off * np.cos(angle), off * np.sin(angle)]
        across = ((y_at[None, :, 1:] - x[:, None, 1:]) ** 2).sum(axis=2)
        hit = across < contact**2
        if hit.any():
            along = x[:, None, 0] - y_at[None, :, 0] + np.sqrt(np.maximum(contact**2 - across, 0))
            return y_at + [along[hit].max(), 0, 0]
