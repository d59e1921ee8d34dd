"""The kernels against the oracle, which loops over triplets: on the CPU, and on the GPU or its simulator."""

import itertools
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from zeocryst.cell import box_to_cell, neighbour_pairs
from zeocryst.forcefield import Triplet
from zeocryst.potentials import moments
from zeocryst.potentials.cpu import Forces
from zeocryst.potentials.neighbours import Lists, full_list
from zeocryst.potentials.stillinger_weber import evaluate

TYPES = ["T", "S"]
HOOMD_ORDER = [0, 3, 4, 1, 5, 2]  # of xx yy zz xy xz yz


def half_list(x, cell, reach):
    """Head, count and neighbours, each pair once, in no order of types."""
    i, j, _, _ = neighbour_pairs(x, cell, reach, full=True)
    i, j = i[i < j], j[i < j]
    order = np.argsort(i, kind="stable")
    count = np.bincount(i, minlength=len(x))
    return np.concatenate([[0], np.cumsum(count)[:-1]]), count, j[order]


def lists(x, cell, kind, reach, group=7):
    """All pairs, as the kernels of the CPU want them; made without `VerletList`."""
    i, j, _, _ = neighbour_pairs(x, cell, reach, full=True)
    order = np.argsort(kind, kind="stable").astype(np.uint32)
    n_first = int((kind == 0).sum())
    edges = sorted({*range(0, n_first, group), *range(n_first, len(x), group), n_first, len(x)})
    groups = np.array(list(itertools.pairwise(edges)))
    head, count, rows, full = np.zeros((len(x), 2), int), np.zeros((len(x), 2), np.int32), [], 0
    for bead in range(len(x)):
        for t in range(2):
            mine = j[(i == bead) & (kind[j] == t)]
            head[bead, t], count[bead, t] = full, len(mine)
            rows.append(np.pad(mine, (0, -len(mine) % moments.LANES), constant_values=bead))
            full += len(rows[-1])
    return Lists(groups, order, head, count, np.concatenate(rows).astype(np.uint32))


def run(x, box, kind, near, forcefield, *, acting=None, virial=True):
    """Forces, energies and virials; what the arrays held before must not matter."""
    n = len(x)
    out = [np.full((n, 3), 7.0), np.full(n, 7.0), np.full((n, 6), 7.0)]
    Forces(*moments.pack(forcefield, TYPES, acting)).compute(x, kind, box, near, out, virial=virial)
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
    assert_agrees(run(x, box, kind, lists(x, box_to_cell(box), kind, 9.6), ts), x, box, kind, ts)


def test_energy_of_each_bead_is_the_oracles(shaken, ts):
    x, box, kind = shaken
    energy = run(x, box, kind, lists(x, box_to_cell(box), kind, 9.6), ts)[1]
    assert energy == pytest.approx(evaluate(x, box_to_cell(box), kind, TYPES, ts).energy, abs=1e-12)


@pytest.fixture
def odd(ts):
    """A made-up model in which every triplet counts, each with an angle of its own."""
    triplets = {}
    for n, (i, j, k) in enumerate(
        [("T", "T", "T"), ("T", "T", "S"), ("T", "S", "S"), ("S", "T", "T"), ("S", "T", "S")]
    ):
        triplets[i, j, k] = triplets[i, k, j] = Triplet(0.02 * (n + 1), 3.0 + n, -0.5 + 0.2 * n)
    pairs = {key: replace(pair, p=5.5, q=1.5, gamma=0.7) for key, pair in ts.pairs.items()}
    return replace(ts, pairs=pairs, triplets=triplets)


def test_triplets_of_several_types_and_odd_exponents(shaken, odd):
    x, box, kind = shaken
    assert_agrees(run(x, box, kind, lists(x, box_to_cell(box), kind, 9.6), odd), x, box, kind, odd)


def test_virials_that_are_not_asked_for_are_left_alone(shaken, ts):
    x, box, kind = shaken
    near = lists(x, box_to_cell(box), kind, 9.6)
    force, energy, virial = run(x, box, kind, near, ts, virial=False)
    oracle = evaluate(x, box_to_cell(box), kind, TYPES, ts)
    assert force == pytest.approx(oracle.forces, abs=1e-11)
    assert energy == pytest.approx(oracle.energy, abs=1e-12)
    assert (virial == 7.0).all()


def test_the_exponential():
    exponential = moments.compiled(lambda f: f)["exponential"]
    for x in np.linspace(-40.0, 0.0, 4001):
        assert exponential(x) == pytest.approx(np.exp(x), rel=1e-13, abs=1e-20)
    assert 0 < exponential(-1e9) < 1e-25


def test_types_left_to_another_force(shaken, ts):
    """T alone: as if the S were not there."""
    x, box, kind = shaken
    force, energy, _ = run(x, box, kind, lists(x, box_to_cell(box), kind, 9.6), ts, acting=["T"])
    t = kind == 0
    oracle = evaluate(x[t], box_to_cell(box), kind[t], TYPES, ts)
    assert energy[t] == pytest.approx(oracle.energy, abs=1e-12)
    assert force[t] == pytest.approx(oracle.forces, abs=1e-11)
    assert (force[~t] == 0).all()


def test_a_half_list_made_full(shaken):
    x, box, kind = shaken
    head, count, neighbour = full_list(*half_list(x, box_to_cell(box), 9.6))
    i, j, _, _ = neighbour_pairs(x, box_to_cell(box), 9.6, full=True)
    for bead in range(len(x)):
        assert sorted(neighbour[head[bead] : head[bead] + count[bead]]) == sorted(j[i == bead])


def test_same_bits_every_time_with_any_number_of_threads(shaken, ts):
    import numba

    x, box, kind = shaken
    near = lists(x, box_to_cell(box), kind, 9.6)
    first = run(x, box, kind, near, ts)
    threads = numba.get_num_threads()
    try:
        for count in range(1, threads + 1):
            numba.set_num_threads(count)
            again = run(x, box, kind, near, ts)
            assert all((a == b).all() for a, b in zip(first, again, strict=True))
    finally:
        numba.set_num_threads(threads)


def test_views_of_larger_arrays_will_do(shaken, ts):
    """HOOMD-blue's positions are the first three columns of four, its types the bits of the fourth."""
    x, box, kind = shaken
    four = np.zeros((len(x), 4))
    four[:, :3] = x
    near = lists(x, box_to_cell(box), kind, 9.6)
    found = run(four[:, :3], box, np.stack([kind, kind], axis=1)[:, 0], near, ts)
    assert_agrees(found, x, box, kind, ts)


GPU = """
import sys
import numpy as np
from numba import cuda
from zeocryst.potentials.cuda import forces
arrays = dict(np.load(sys.argv[1]))
given = [cuda.to_device(arrays[name]) for name in sorted(arrays)]
forces(*given, usual=bool(int(sys.argv[3])))
np.savez(sys.argv[2], *[a.copy_to_host() for a in given[-3:]])
"""


@pytest.mark.parametrize("model", ["ts", "odd"])
def test_the_gpus_kernels_are_the_cpus(model, ts, odd, tmp_path):
    """On the GPU if there is one, else in numba's CUDA simulator, which has to be chosen before numba loads."""
    from numba import cuda

    forcefield = {"ts": ts, "odd": odd}[model]
    rng = np.random.default_rng(6)
    n, edge = 140, 19.0
    box = np.array([edge, edge + 1, edge + 2, 0.1, -0.2, 0.05])
    grid = (np.array(list(np.ndindex(6, 6, 6)))[rng.permutation(216)[:n]] + 0.5) / 6 - 0.5
    x = (grid + rng.normal(scale=0.02, size=grid.shape)) @ box_to_cell(box)
    kind = (rng.random(n) < 0.1).astype(np.int32)
    expected = run(x, box, kind, lists(x, box_to_cell(box), kind, 9.3), forcefield)
    assert abs(expected[0]).max() > 0.1
    head, count, neighbour = full_list(*half_list(x, box_to_cell(box), 9.3))
    pairs, arms = moments.pack(forcefield, TYPES)
    arrays = [
        x, kind, moments.edges(box), np.arange(n, dtype=np.uint32), head[:, None], count[:, None], neighbour,
        pairs, arms, *moments.scratch(n, len(neighbour) + n, 2), np.full((n, 3), 7.0), np.full(n, 7.0),
        np.full((n, 6), 7.0),
    ]  # fmt: skip
    np.savez(tmp_path / "given.npz", **{f"{k:02d}": a for k, a in enumerate(arrays)})
    environment = dict(os.environ)
    if not cuda.is_available():
        environment["NUMBA_ENABLE_CUDASIM"] = "1"
    subprocess.run(
        [
            sys.executable, "-c", GPU, str(tmp_path / "given.npz"), str(tmp_path / "found.npz"),
            str(int(moments.usual(pairs))),
        ],
        check=True, env=environment, cwd=Path(__file__).parent,
    )  # fmt: skip
    found = np.load(tmp_path / "found.npz")
    for name, wanted in zip(found.files, expected, strict=True):
        assert found[name] == pytest.approx(wanted, abs=1e-11)
