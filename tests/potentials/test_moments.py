"""The kernels against the oracle, which loops over triplets: on the CPU, and on the GPU or its simulator."""

import itertools
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from zeocryst.cell import box_to_cell, neighbour_pairs
from zeocryst.model.forcefield import Triplet
from zeocryst.potentials import moments
from zeocryst.potentials.cpu import Forces
from zeocryst.potentials.neighbours import Lists
from zeocryst.potentials.stillinger_weber import evaluate

TYPES = ["T", "S"]
HOOMD_ORDER = [0, 3, 4, 1, 5, 2]  # of xx yy zz xy xz yz


def full_list(x, cell, reach):
    """Head, count and neighbours, in no order of types."""
    i, j, _, _ = neighbour_pairs(x, cell, reach, full=True)
    order = np.lexsort((np.random.default_rng(1).random(len(i)), i))
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


def test_an_evaluator_is_the_oracle_also_where_a_bead_has_moved_and_in_a_small_box(sod, ts):
    import copy

    from zeocryst.potentials.cpu import Evaluator

    frame, rng, evaluator = copy.deepcopy(sod), np.random.default_rng(8), Evaluator(ts)
    frame.particles.types, frame.particles.typeid = ["S", "T"], 1 - np.asarray(frame.particles.typeid)
    for scale in (0.02, 0.3, 0.3, 0.0):  # the list is kept, made anew, and the last time the box has changed
        x = np.asarray(frame.particles.position, dtype=float)
        frame.particles.position = x + rng.normal(scale=scale, size=x.shape)
        if not scale:
            frame.configuration.box = [*(0.99 * np.asarray(frame.configuration.box)[:3]), 0, 0.05, 0]
        found = evaluator.evaluate(frame)
        cell = box_to_cell(frame.configuration.box)
        oracle = evaluate(frame.particles.position, cell, frame.particles.typeid, ["S", "T"], ts)
        assert found.energy == pytest.approx(oracle.energy, abs=1e-11)
        assert found.forces == pytest.approx(oracle.forces, abs=1e-10)
        assert found.virial == pytest.approx(oracle.virial, abs=1e-8)
    small = copy.deepcopy(frame)
    small.configuration.box = [17.0, 17.0, 17.0, 0, 0, 0]  # less than two cut-offs of 9.2 Å
    small.particles.N, small.particles.position, small.particles.typeid = 2, [[0, 0, 0], [3.0, 0.1, 0]], [1, 1]
    oracle = evaluate(small.particles.position, np.eye(3) * 17, [1, 1], ["S", "T"], ts)
    assert evaluator.evaluate(small).energy.sum() == pytest.approx(oracle.energy.sum(), rel=1e-12)
    assert oracle.energy.sum() < 0


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


@pytest.mark.alone
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
import json, sys
import numpy as np
from numba import cuda
from zeocryst.potentials import cuda as there

arrays = dict(np.load(sys.argv[1]))
steps = json.loads(sys.argv[3])
counts = dict.fromkeys(("launch", "launcher", "to_device", "copy_to_device", "copy_to_host", "view"), 0)


def counted(name, function):
    def call(*arguments, **options):
        counts[name] += 1
        return function(*arguments, **options)
    return call


class Given:
    \"\"\"An array of another library's on the device.\"\"\"

    def __init__(self, array):
        self.array = cuda.to_device(array)

    @property
    def __cuda_array_interface__(self):
        host = getattr(self.array, "_ary", None)  # of the simulator
        if host is None:
            return self.array.__cuda_array_interface__
        return {"data": (host.ctypes.data, False), "shape": host.shape, "strides": host.strides}


simulated = not hasattr(cuda, "as_cuda_array")
if simulated:
    cuda.as_cuda_array = lambda given: given.array
forces = there.Forces(arrays["pairs"], arrays["arms"])
sets = [{name: Given(arrays[name]) for name in arrays if name not in ("pairs", "arms", "box")} for _ in range(2)]
long = Given(np.concatenate([arrays["neighbour"], np.zeros(len(arrays["neighbour"]), arrays["neighbour"].dtype)]))
if simulated:
    from numba.cuda.simulator.cudadrv.devicearray import FakeCUDAArray
    from numba.cuda.simulator.kernel import FakeCUDAKernel
    launch = FakeCUDAKernel.__call__
    def call(self, *arguments):
        counts["launch"] += not self._device
        return launch(self, *arguments)
    FakeCUDAKernel.__call__ = call
    FakeCUDAKernel.__getitem__ = counted("launcher", FakeCUDAKernel.__getitem__)
    for name in ("copy_to_device", "copy_to_host"):
        setattr(FakeCUDAArray, name, counted(name, getattr(FakeCUDAArray, name)))
    cuda.to_device = counted("to_device", cuda.to_device)
    cuda.as_cuda_array = counted("view", cuda.as_cuda_array)
found, box = [], arrays["box"]
for step in steps:
    given = dict(sets[step.get("set", 0)])
    if step.get("long"):
        given["neighbour"] = long
    before = dict(counts)
    forces.compute(
        (given["position"], given["kind"]), box * step.get("scale", 1.0),
        (given["head"], given["count"], given["neighbour"]), (given["force"], given["energy"], given["virial"]),
    )
    found.append({name: counts[name] - before[name] for name in counts})
out = [sets[steps[-1].get("set", 0)][name].array.copy_to_host() for name in ("force", "energy", "virial")]
np.savez(sys.argv[2], *out)
print(json.dumps({"simulated": simulated, "steps": found}))
"""


def gas(rng, n=140, edge=19.0):
    """Beads of a tilted box, of which one in ten is an S; none very near another."""
    box = np.array([edge, edge + 1, edge + 2, 0.1, -0.2, 0.05])
    grid = (np.array(list(np.ndindex(6, 6, 6)))[rng.permutation(216)[:n]] + 0.5) / 6 - 0.5
    x = (grid + rng.normal(scale=0.02, size=grid.shape)) @ box_to_cell(box)
    return x, box, (rng.random(n) < 0.1).astype(np.int32)


def on_the_gpu(x, box, kind, forcefield, *, steps, folder, simulator=False):
    """Forces, energies and virials of the last step, and what each step did; in a process of its own.

    The simulator has to be chosen before numba loads.
    """
    from numba import cuda

    pairs, arms = moments.pack(forcefield, TYPES)
    head, count, neighbour = full_list(x, box_to_cell(box), 9.3)
    n = len(x)
    np.savez(
        folder / "given.npz", position=x, kind=kind, box=box, head=head, count=count, neighbour=neighbour,
        pairs=pairs, arms=arms, force=np.full((n, 3), 7.0), energy=np.full(n, 7.0), virial=np.full((n, 6), 7.0),
    )  # fmt: skip
    environment = dict(os.environ)
    if simulator or not cuda.is_available():
        environment["NUMBA_ENABLE_CUDASIM"] = "1"
    command = [
        sys.executable,
        "-c",
        GPU,
        str(folder / "given.npz"),
        str(folder / "found.npz"),
        json.dumps(steps),
    ]
    done = subprocess.run(
        command, check=True, env=environment, cwd=Path(__file__).parent, stdout=subprocess.PIPE
    )
    found = np.load(folder / "found.npz")
    return [found[name] for name in found.files], json.loads(done.stdout)


@pytest.mark.parametrize("model", ["ts", "odd"])
def test_the_gpus_kernels_are_the_cpus(model, ts, odd, tmp_path):
    """On the GPU if there is one, else in numba's CUDA simulator."""
    forcefield = {"ts": ts, "odd": odd}[model]
    x, box, kind = gas(np.random.default_rng(6))
    expected = run(x, box, kind, lists(x, box_to_cell(box), kind, 9.3), forcefield)
    assert abs(expected[0]).max() > 0.1
    found, _ = on_the_gpu(x, box, kind, forcefield, steps=[{}], folder=tmp_path)
    for mine, wanted in zip(found, expected, strict=True):
        assert mine == pytest.approx(wanted, abs=1e-11)


def test_a_step_on_the_gpu_makes_nothing_anew(ts, tmp_path):
    """Two launches a step; arguments where arrays lie elsewhere; room where lists grow; no copy, whatever the box."""
    x, box, kind = gas(np.random.default_rng(7), n=40)
    steps = [
        {}, {}, {"set": 1}, {}, {"set": 1}, {"scale": 1.01}, {"scale": 1.01}, {"long": True}, {"long": True}, {},
        {"set": 1},
    ]  # fmt: skip
    found, told = on_the_gpu(x, box, kind, ts, steps=steps, folder=tmp_path, simulator=True)
    assert told["simulated"]
    nothing = {"launch": 2, "launcher": 0, "to_device": 0, "copy_to_device": 0, "copy_to_host": 0, "view": 0}
    arrays = {**nothing, "view": 8, "launcher": 2}  # views of the given arrays, which own no memory
    assert told["steps"] == [
        {**arrays, "to_device": 7},  # the numbers of the beads and six scratch arrays
        nothing,
        arrays,  # HOOMD-blue swaps its arrays when it sorts
        nothing,
        nothing,
        nothing,  # another box, which travels with the launch
        nothing,
        {**arrays, "to_device": 6},  # longer lists than ever
        nothing,
        arrays,
        arrays,
    ]
    expected = run(x, box, kind, lists(x, box_to_cell(box), kind, 9.3), ts)
    for mine, wanted in zip(found, expected, strict=True):
        assert mine == pytest.approx(wanted, abs=1e-11)


@pytest.mark.parametrize(
    ("beads", "size"),
    [(100, 32), (8_000, 32), (16_895, 32), (16_896, 64), (33_791, 64), (33_792, 128), (10**6, 128)],
)
def test_blocks_leave_no_multiprocessor_idle(beads, size):
    """An H100 has 132; a warp is 32 threads."""
    from zeocryst.potentials.cuda import block_size

    assert block_size(beads, 132) == size
