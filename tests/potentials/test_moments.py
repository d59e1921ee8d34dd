"""The kernels against the oracle, which loops over triplets: on the CPU, and on the GPU or its simulator."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from zeocryst.cell import box_to_cell, neighbour_pairs
from zeocryst.forcefield import Triplet
from zeocryst.potentials import cpu, moments
from zeocryst.potentials.neighbours import full_list
from zeocryst.potentials.stillinger_weber import evaluate

TYPES = ["T", "S"]
HOOMD_ORDER = [0, 3, 4, 1, 5, 2]  # of xx yy zz xy xz yz


def lists(x, cell, reach, half=False):
    i, j, _, _ = neighbour_pairs(x, cell, reach, full=True)
    if half:
        i, j = i[i < j], j[i < j]
    order = np.argsort(i, kind="stable")
    count = np.bincount(i, minlength=len(x))
    return np.concatenate([[0], np.cumsum(count)[:-1]]), count, j[order]


def run(kernel, x, box, kind, near, forcefield, *, acting=None):
    """Forces, energies and virials; what the arrays held before must not matter."""
    n = len(x)
    out = [np.full((n, 3), 7.0), np.full(n, 7.0), np.full((n, 6), 7.0)]
    packed = moments.pack(forcefield, TYPES, acting)
    kernel(x, kind, box, *near, *packed, near[0], *moments.scratch(n, len(near[2]), 2), *out)
    return out


@pytest.fixture(params=[0.0, 0.15], ids=["orthogonal", "tilted"])
def shaken(request, sod):
    """SOD with every bead displaced and some beads outside the box."""
    box = np.array(sod.configuration.box, dtype=float)
    tilt = request.param
    box[3:] = tilt, -tilt, tilt / 2
    cell = box_to_cell(box)
    x = np.asarray(sod.particles.position) @ np.linalg.inv(box_to_cell(sod.configuration.box)) @ cell
    x += np.random.default_rng(4).normal(scale=0.25, size=x.shape)
    return x, box, np.asarray(sod.particles.typeid, dtype=np.int32)


def assert_agrees(found, x, box, kind, forcefield):
    force, energy, virial = found
    oracle = evaluate(x, box_to_cell(box), kind, TYPES, forcefield)
    assert energy.sum() == pytest.approx(oracle.energy.sum(), rel=1e-12)
    assert force == pytest.approx(oracle.forces, abs=1e-11)
    assert virial.sum(axis=0) == pytest.approx(oracle.virial[HOOMD_ORDER], abs=1e-9)


def test_moments_are_the_sum_over_triplets(shaken, ts):
    x, box, kind = shaken
    assert_agrees(run(cpu.forces, x, box, kind, lists(x, box_to_cell(box), 9.6), ts), x, box, kind, ts)


def test_energy_of_each_bead_is_the_oracles(shaken, ts):
    x, box, kind = shaken
    energy = run(cpu.forces, x, box, kind, lists(x, box_to_cell(box), 9.6), ts)[1]
    assert energy == pytest.approx(evaluate(x, box_to_cell(box), kind, TYPES, ts).energy, abs=1e-12)


def test_triplets_of_several_types_and_odd_exponents(shaken, ts):
    """A made-up model in which every triplet counts, each with an angle of its own."""
    from dataclasses import replace

    x, box, kind = shaken
    triplets = {}
    for n, (i, j, k) in enumerate(
        [("T", "T", "T"), ("T", "T", "S"), ("T", "S", "S"), ("S", "T", "T"), ("S", "T", "S")]
    ):
        triplets[i, j, k] = triplets[i, k, j] = Triplet(0.02 * (n + 1), 3.0 + n, -0.5 + 0.2 * n)
    pairs = {key: replace(pair, p=5.5, q=1.5, gamma=0.7) for key, pair in ts.pairs.items()}
    odd = replace(ts, pairs=pairs, triplets=triplets)
    assert_agrees(run(cpu.forces, x, box, kind, lists(x, box_to_cell(box), 9.6), odd), x, box, kind, odd)


def test_arms_closer_together_are_the_same(shaken, ts):
    x, box, kind = shaken
    near, packed = lists(x, box_to_cell(box), 9.6), moments.pack(ts, TYPES)
    heads, room = cpu.arm_heads(kind, *near, packed[0])
    assert room < len(near[2])
    out = [np.zeros((len(x), 3)), np.zeros(len(x)), np.zeros((len(x), 6))]
    cpu.forces(x, kind, box, *near, *packed, heads, *moments.scratch(len(x), room, 2), *out)
    assert_agrees(out, x, box, kind, ts)


def test_types_left_to_another_force(shaken, ts):
    """T alone: as if the S were not there."""
    x, box, kind = shaken
    force, energy, _ = run(cpu.forces, x, box, kind, lists(x, box_to_cell(box), 9.6), ts, acting=["T"])
    t = kind == 0
    oracle = evaluate(x[t], box_to_cell(box), kind[t], TYPES, ts)
    assert energy[t] == pytest.approx(oracle.energy, abs=1e-12)
    assert force[t] == pytest.approx(oracle.forces, abs=1e-11)
    assert (force[~t] == 0).all()


def test_a_half_list_made_full(shaken, ts):
    x, box, kind = shaken
    half = lists(x, box_to_cell(box), 9.6, half=True)
    full = full_list(*half)
    head, count, neighbour = lists(x, box_to_cell(box), 9.6)
    for i in range(len(x)):
        mine = full[2][full[0][i] : full[0][i] + full[1][i]]
        assert sorted(mine) == sorted(neighbour[head[i] : head[i] + count[i]])
    assert_agrees(run(cpu.forces, x, box, kind, full, ts), x, box, kind, ts)


def test_same_bits_every_time_with_any_number_of_threads(shaken, ts):
    import numba

    x, box, kind = shaken
    near = lists(x, box_to_cell(box), 9.6)
    first = run(cpu.forces, x, box, kind, near, ts)
    threads = numba.get_num_threads()
    try:
        for count in range(1, threads + 1):
            numba.set_num_threads(count)
            again = run(cpu.forces, x, box, kind, near, ts)
            assert all((a == b).all() for a, b in zip(first, again, strict=True))
    finally:
        numba.set_num_threads(threads)


def test_views_of_larger_arrays_will_do(shaken, ts):
    """HOOMD-blue's positions are the first three columns of four, its types the bits of the fourth."""
    x, box, kind = shaken
    four = np.zeros((len(x), 4))
    four[:, :3] = x
    near = lists(x, box_to_cell(box), 9.6)
    found = run(cpu.forces, four[:, :3], box, np.stack([kind, kind], axis=1)[:, 0], near, ts)
    assert_agrees(found, x, box, kind, ts)


GPU = """
import sys
import numpy as np
from numba import cuda
from zeocryst.potentials.cuda import forces
arrays = dict(np.load(sys.argv[1]))
given = [cuda.to_device(arrays[name]) for name in sorted(arrays)]
forces(*given)
np.savez(sys.argv[2], *[a.copy_to_host() for a in given[-3:]])
"""


def test_the_gpus_kernels_are_the_cpus(ts, tmp_path):
    """On the GPU if there is one, else in numba's CUDA simulator, which has to be chosen before numba loads."""
    from numba import cuda

    rng = np.random.default_rng(6)
    n, edge = 140, 19.0
    box = np.array([edge, edge + 1, edge + 2, 0.1, -0.2, 0.05])
    grid = (np.array(list(np.ndindex(6, 6, 6)))[rng.permutation(216)[:n]] + 0.5) / 6 - 0.5
    x = (grid + rng.normal(scale=0.02, size=grid.shape)) @ box_to_cell(box)
    kind = (rng.random(n) < 0.1).astype(np.int32)
    near = lists(x, box_to_cell(box), 9.3)
    expected = run(cpu.forces, x, box, kind, near, ts)
    assert abs(expected[0]).max() > 0.1
    out = [np.zeros((n, 3)), np.zeros(n), np.zeros((n, 6))]
    arrays = [
        x,
        kind,
        box,
        *near,
        *moments.pack(ts, TYPES),
        near[0],
        *moments.scratch(n, len(near[2]), 2),
        *out,
    ]
    np.savez(tmp_path / "given.npz", **{f"{k:02d}": a for k, a in enumerate(arrays)})
    environment = dict(os.environ)
    if not cuda.is_available():
        environment["NUMBA_ENABLE_CUDASIM"] = "1"
    subprocess.run(
        [sys.executable, "-c", GPU, str(tmp_path / "given.npz"), str(tmp_path / "found.npz")],
        check=True, env=environment, cwd=Path(__file__).parent,
    )  # fmt: skip
    found = np.load(tmp_path / "found.npz")
    for name, wanted in zip(found.files, expected, strict=True):
        assert found[name] == pytest.approx(wanted, abs=1e-11)
