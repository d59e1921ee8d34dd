"""HOOMD-blue against LAMMPS and the formula; and its Stillinger-Weber force used without zeocryst's engine."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from zeocryst.cell import box_to_cell, volume
from zeocryst.condition import Stage, System
from zeocryst.engines import choose_engine, engine_modules
from zeocryst.errors import InputError, MissingEngineError, SimulationError
from zeocryst.potentials.stillinger_weber import evaluate
from zeocryst.running.simulation import thermalize
from zeocryst.solution.start import crystal, melt
from zeocryst.units import BAR_PER_EV_PER_A3, EV_PER_AMU_A2_PER_PS2

HERE = engine_modules()["hoomd"].offer("cpu")
needs_hoomd = [
    pytest.mark.hoomd,
    pytest.mark.skipif(not HERE.preference, reason=HERE.reason),
]


def pair_of_engines(ts):
    return [choose_engine(ts, name, "cpu")[0] for name in ("hoomd", "lammps")]


def last_frame(engine, frame, stage, seed):
    for sample in engine.run(frame, stage, seed=seed, every=stage.n_steps):
        end = sample.frame()
    return end


@pytest.fixture(scope="module")
def frames(ts):
    """A crystal at 600 K, a melt at 1600 K, and a dilute gas at a quarter of a melt's density."""
    lammps = choose_engine(ts, "lammps", "cpu")[0]
    solid = crystal(System("framework", framework="SGT", repeat=(3, 3, 1)), ts)
    thermalize(solid, 1200.0, np.random.default_rng(1))
    solid = last_frame(lammps, solid, Stage("langevin", (600.0, 600.0), time_ps=2), 1)
    found = {"crystal": solid}
    for name, density in (("melt", 17.8), ("dilute", 4.0)):
        system = System("melt", n_T=400, n_S=60, density_T_per_1000A3=density)
        frame, _ = lammps.minimize(melt(system, ts, np.random.default_rng(2)))
        thermalize(frame, 1600.0, np.random.default_rng(3))
        found[name] = last_frame(lammps, frame, Stage("langevin", (1600.0, 1600.0), time_ps=4), 2)
    return found


class TestParity:
    """The same numbers as LAMMPS."""

    pytestmark = needs_hoomd

    @pytest.mark.parametrize("name", ["crystal", "melt", "dilute"])
    def test_energy_forces_and_pressure(self, ts, frames, name):
        mine, other = (engine.evaluate(frames[name]) for engine in pair_of_engines(ts))
        print(
            f"{name}: energy {mine.energy_eV / other.energy_eV - 1:.1e} relative, forces "
            f"{abs(mine.forces - other.forces).max():.1e} eV/Å, pressure "
            f"{mine.pressure_bar / other.pressure_bar - 1:.1e} relative"
        )
        assert mine.energy_eV == pytest.approx(other.energy_eV, rel=1e-6)
        assert abs(mine.forces - other.forces).max() < 1e-5
        assert mine.pressure_bar == pytest.approx(other.pressure_bar, rel=1e-4)

    @pytest.mark.slow
    def test_structure_and_volume_at_constant_pressure(self, ts, frames):
        """Radial distribution functions and mean volumes agree within their statistical errors."""
        import freud

        curves, volumes = {}, {}
        for engine in pair_of_engines(ts):
            name = engine.info.name
            blocks, sizes = [], []
            stage = Stage("npt", (1600.0, 1600.0), 0.0, "iso", 100)
            rdf = freud.density.RDF(bins=60, r_max=9.0)
            for sample in engine.run(frames["melt"], stage, seed=5, every=100):
                if sample.step < 4000:
                    continue
                frame = sample.frame()
                sites = np.asarray(frame.particles.typeid) == 0
                box = freud.box.Box(*frame.configuration.box)
                rdf.compute((box, np.asarray(frame.particles.position)[sites]), reset=False)
                sizes.append(sample.volume_A3)
                if sample.step % 2000 == 0:
                    blocks.append(rdf.rdf.copy())
                    rdf = freud.density.RDF(bins=60, r_max=9.0)
            curves[name] = np.array(blocks)
            v = np.array(sizes)
            volumes[name] = v[: len(v) // 8 * 8].reshape(8, -1).mean(axis=1)
        (v1, v2), (g1, g2) = volumes.values(), curves.values()
        error = np.hypot(v1.std(ddof=1) / 8**0.5, v2.std(ddof=1) / 8**0.5)
        print(f"volumes {v1.mean():.1f} and {v2.mean():.1f} ± {error:.1f} Å^3")
        assert error < 0.02 * v1.mean()
        assert abs(v1.mean() - v2.mean()) < 4 * error
        errors = np.hypot(g1.std(axis=0, ddof=1) / len(g1) ** 0.5, g2.std(axis=0, ddof=1) / len(g2) ** 0.5)
        seen = errors > 0
        off = (g1.mean(axis=0) - g2.mean(axis=0))[seen] / errors[seen]
        print(f"rdf: root mean square deviation {np.sqrt((off**2).mean()):.2f} standard errors")
        assert g1.mean(axis=0).max() > 2
        # bins are correlated through the volume, so the sum has fewer degrees of freedom than there are bins
        assert np.sqrt((off**2).mean()) < 2.0


class TestForce:
    """The force in a script of one's own."""

    pytestmark = needs_hoomd

    @pytest.fixture
    def simulation(self, frames):
        import hoomd

        frame = frames["crystal"]
        simulation = hoomd.Simulation(device=hoomd.device.CPU(), seed=1)
        snapshot = hoomd.Snapshot()
        snapshot.configuration.box = list(frame.configuration.box)
        snapshot.particles.N = frame.particles.N
        snapshot.particles.types = ["T", "S"]
        snapshot.particles.typeid[:] = frame.particles.typeid
        snapshot.particles.mass[:] = frame.particles.mass
        snapshot.particles.position[:] = frame.particles.position
        snapshot.wrap()
        simulation.create_state_from_snapshot(snapshot)
        return simulation

    def at_rest(self, simulation, force):
        import hoomd

        simulation.operations.integrator = hoomd.md.Integrator(dt=0.0, forces=[force])
        simulation.always_compute_pressure = True
        simulation.run(0)

    def oracle(self, simulation, ts):
        snapshot = simulation.state.get_snapshot()
        return evaluate(
            snapshot.particles.position, box_to_cell(snapshot.configuration.box), snapshot.particles.typeid,
            ["T", "S"], ts,
        )  # fmt: skip

    def test_all_types_in_one_force(self, simulation, ts):
        from zeocryst.engines.hoomd.force import StillingerWeber

        force = StillingerWeber(ts)
        self.at_rest(simulation, force)
        expected = self.oracle(simulation, ts)
        assert force.energy == pytest.approx(expected.energy.sum(), rel=1e-12)
        assert force.energies == pytest.approx(expected.energy, abs=1e-11)
        assert force.forces == pytest.approx(expected.forces, abs=1e-11)
        assert force.virials.sum(axis=0) == pytest.approx(expected.virial[[0, 3, 4, 1, 5, 2]], abs=1e-8)

    def test_forces_are_central_differences(self, simulation, ts):
        from zeocryst.engines.hoomd.force import StillingerWeber

        force = StillingerWeber(ts)
        self.at_rest(simulation, force)
        forces, h = force.forces.copy(), 1e-4
        for bead, axis in [(0, 0), (200, 1), (400, 2), (590, 0)]:
            energies = []
            for sign in (1, -2, 1):
                with simulation.state.cpu_local_snapshot as data:
                    data.particles.position[data.particles.rtag[bead], axis] += sign * h
                simulation.run(1)  # of no length: the same step would not be computed again
                energies.append(force.energy)
            assert forces[bead, axis] == pytest.approx(-(energies[0] - energies[1]) / (2 * h), abs=1e-7)

    def test_same_bits_from_run_to_run(self, ts, frames):
        engine = choose_engine(ts, "hoomd", "cpu")[0]
        stage = Stage("nvt", (900.0, 900.0), time_ps=1)
        ends = [last_frame(engine, frames["crystal"], stage, 3).particles.position for _ in range(2)]
        assert (ends[0] == ends[1]).all()

    def test_virials_are_there_where_the_pressure_is_looked_at_and_only_there(self, ts, frames, monkeypatch):
        from zeocryst.potentials.cpu import Forces

        wanted, compute = [], Forces.compute

        def noted(self, *arrays, virial):
            wanted.append(virial)
            compute(self, *arrays, virial=virial)

        monkeypatch.setattr(Forces, "compute", noted)
        engine = choose_engine(ts, "hoomd", "cpu")[0]
        stage = Stage("nvt", (900.0, 900.0), time_ps=0.12)
        found = [
            (s.step, s.pressure_bar, s.frame()) for s in engine.run(frames["crystal"], stage, seed=3, every=10)
        ]
        assert [step for step, _, _ in found] == [0, 10, 20, 24]
        assert wanted == [True] + [k in (10, 20, 24) for k in range(1, 25)]
        for _, pressure, frame in found:
            beads = frame.particles
            v2 = (np.asarray(beads.velocity, dtype=float) ** 2).sum(axis=1)
            motion = (np.asarray(beads.mass) * v2).sum() * EV_PER_AMU_A2_PER_PS2
            expected = evaluate(
                beads.position, box_to_cell(frame.configuration.box), beads.typeid, ["T", "S"], ts
            ).virial[:3].sum()  # fmt: skip
            space = 3 * volume(box_to_cell(frame.configuration.box))
            assert pressure == pytest.approx((motion + expected) / space * BAR_PER_EV_PER_A3, rel=1e-6)

    def test_a_type_without_parameters_is_named(self, simulation, ts):
        from dataclasses import replace

        from zeocryst.engines.hoomd.force import StillingerWeber

        small = replace(ts, masses={"T": 28.0})
        with pytest.raises(InputError, match=r"no bead types \['S'\]"):
            self.at_rest(simulation, StillingerWeber(small))
        with pytest.raises(InputError, match="'Q'"):
            StillingerWeber(ts, types=["Q"])

    def test_a_box_that_shrinks_below_two_cutoffs_stops_the_run(self, ts):
        """A thin melt of 100 beads is pressed together, from 19.1 Å across to 17.5, far beyond what chance does.

        At no pressure it draws together to 18.2 Å or so, and one of some runs of 10 ps never came below 18.47.
        """
        system = System("melt", n_T=90, n_S=10, density_T_per_1000A3=13.0)
        engine, other = pair_of_engines(ts)
        frame, _ = other.minimize(melt(system, ts, np.random.default_rng(2)))
        thermalize(frame, 1600.0, np.random.default_rng(3))
        stage = Stage("npt", (1600.0, 1600.0), 3000.0, "iso", 10)
        edges = []

        def run():
            edges.extend(s.volume_A3 ** (1 / 3) for s in engine.run(frame, stage, seed=1, every=20))

        with pytest.raises(
            SimulationError, match=r"^the box has shrunk to 18\.4\d Å across, .* more than 18\.47 Å"
        ) as found:
            run()
        assert "explode" not in str(found.value)
        assert min(edges) > 18.46
        # LAMMPS looks at as many images as it takes
        edges = [sample.volume_A3 ** (1 / 3) for sample in other.run(frame, stage, seed=1, every=20)]
        assert min(edges) < 18.4

    def test_a_box_that_is_too_small_says_so(self, ts):
        small = crystal(System("framework", framework="SOD", repeat=(2, 2, 2)), ts)
        with pytest.raises(InputError, match=r"17\.9\d Å across, .* more than 18\.47 Å"):
            choose_engine(ts, "hoomd", "cpu", frame=small)
        assert choose_engine(ts, "auto", "cpu", frame=small)[0].info.name == "lammps"


def test_the_environment_asks_for_a_gpu_build_of_a_release_that_will_do():
    from zeocryst.engines.hoomd import OLDEST

    path = Path(__file__).resolve().parents[2] / "environment.yml"
    if not path.is_file():
        pytest.skip("environment.yml lies in the project's own checkout only")
    text = path.read_text("utf-8")
    (line,) = [line.split() for line in text.splitlines() if line.startswith("  - hoomd")]
    assert line == ["-", "hoomd", f">={OLDEST[0]}.{OLDEST[1]}", "*gpu*"]
    assert "CONDA_OVERRIDE_CUDA=" in text


@pytest.mark.skipif(bool(HERE.preference), reason="HOOMD-blue is installed")
def test_without_hoomd_one_sentence_says_what_to_install(ts):
    with pytest.raises(MissingEngineError, match="conda install -c conda-forge hoomd") as found:
        choose_engine(ts, "hoomd")
    assert "\n" not in str(found.value)


def test_which_engine_auto_takes(ts, monkeypatch):
    """A GPU with HOOMD-blue, else LAMMPS, else HOOMD-blue on the CPU: the order of preference of what is offered."""
    from zeocryst.engines.protocol import Offer

    modules = engine_modules()
    taken = []
    for name, module in modules.items():
        monkeypatch.setattr(
            module, "create", lambda ff, device, threads, name=name: taken.append((name, device)) or choose()
        )

    def choose():
        from types import SimpleNamespace

        return SimpleNamespace(info=SimpleNamespace(name="x", version="1", device="d", threads=1, ranks=1))

    def offers(hoomd, lammps):
        monkeypatch.setattr(modules["hoomd"], "offer", lambda device: hoomd)
        monkeypatch.setattr(modules["lammps"], "offer", lambda device: lammps)
        return choose_engine(ts)[1]

    none = Offer(0, "cpu", "not installed")
    lammps = modules["lammps"].offer("cpu")
    assert "GPU" in offers(Offer(3, "gpu", "installed and there is a GPU"), lammps)
    offers(Offer(1, "cpu", "installed"), lammps)
    offers(Offer(1, "cpu", "installed"), none)
    assert taken == [("hoomd", "gpu"), ("lammps", "cpu"), ("hoomd", "cpu")]
    with pytest.raises(MissingEngineError, match="not installed"):
        offers(none, none)


@pytest.mark.hoomd
def test_a_release_that_was_not_tried_is_said(monkeypatch):
    pytest.importorskip("hoomd")
    import hoomd

    offer = engine_modules()["hoomd"].offer
    assert "tried" not in offer("cpu").reason
    monkeypatch.setattr(hoomd.version, "version", "7.1.1")
    assert "tried with HOOMD-blue 4.8.2 only" in offer("cpu").reason


class TestGpu:
    """What the force does on a GPU, as far as there need not be one: numba's simulator runs the kernels."""

    pytestmark = needs_hoomd

    def test_errors_of_the_driver_are_one_message(self):
        from numba.cuda.cudadrv.driver import CudaAPIError

        from zeocryst.engines.hoomd.force import telling_of_the_gpu

        def stops(error):
            with telling_of_the_gpu():
                raise error

        for error, cure in [
            (CudaAPIError(2, "Call to cuMemAlloc results in CUDA_ERROR_OUT_OF_MEMORY"), "fewer beads"),
            (CudaAPIError(719, "Call to cuLaunchKernel results in\nCUDA_ERROR_LAUNCH_FAILED"), "nvidia-smi"),
        ]:
            with pytest.raises(
                SimulationError, match=f"the GPU stopped: .*{cure}.*, or use --device cpu"
            ) as found:
                stops(error)
            assert "\n" not in str(found.value)
        with pytest.raises(ZeroDivisionError):  # our own mistakes are not the GPU's
            stops(ZeroDivisionError())

    def test_arrays_of_hoomd_blue_go_to_the_kernels_as_they_are(self, ts, tmp_path):
        """In a process of its own, since the simulator has to be chosen before numba loads."""
        done = subprocess.run(
            [sys.executable, "-P", "-c", ON_THE_GPU], env={**os.environ, "NUMBA_ENABLE_CUDASIM": "1"},
            cwd=tmp_path, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        off, attached, calls = done.stdout.split()
        assert float(off) < 1e-11
        assert attached == "full"
        assert calls == "3"  # of the deep copying property none, of the buffers' three each


#: `_OnGpu` between the CPU build's simulation and stubs for what a GPU build gives.
ON_THE_GPU = """
from contextlib import nullcontext
from types import SimpleNamespace
import hoomd
import numpy as np
from numba import cuda
from zeocryst.cell import box_to_cell, make_frame, neighbour_pairs
from zeocryst.engines.hoomd import force as module
from zeocryst.model.forcefield import read_forcefield
from zeocryst.potentials import moments
from zeocryst.potentials.stillinger_weber import evaluate

ts = read_forcefield("ts")
rng = np.random.default_rng(6)
box = np.array([19.0, 20.0, 21.0, 0.1, -0.2, 0.05])
grid = (np.array(list(np.ndindex(6, 6, 6)))[rng.permutation(216)[:60]] + 0.5) / 6 - 0.5
x, kind = grid @ box_to_cell(box), (rng.random(60) < 0.2).astype(np.int32)
calls = []

class Array:
    def __init__(self, values):
        self.array = cuda.to_device(values)
        host = self.array._ary
        class Buffer:
            @property
            def __cuda_array_interface__(self):
                calls.append(1)
                return {"data": (host.ctypes.data, False), "shape": host.shape, "strides": host.strides}
        self._buffer = Buffer()

    @property
    def __cuda_array_interface__(self):
        raise AssertionError("makes a deep copy")

cuda.as_cuda_array = lambda given: given.array
i, j, _, _ = neighbour_pairs(x, box_to_cell(box), 9.3, full=True)
order = np.argsort(i, kind="stable")
count = np.bincount(i, minlength=60).astype(np.uint32)
head = np.concatenate([[0], np.cumsum(count)[:-1]]).astype(np.uint64)
near = SimpleNamespace(head_list=Array(head), n_neigh=Array(count), nlist=Array(j[order].astype(np.uint32)))
out = SimpleNamespace(force=Array(np.zeros((60, 3))), potential_energy=Array(np.zeros(60)), virial=Array(np.zeros((60, 6))))
beads = SimpleNamespace(particles=SimpleNamespace(position=Array(x), typeid=Array(kind)))

class Near:
    gpu_local_nlist_arrays = nullcontext(near)
    gpu_local_nlist_arrays.head_list = near.head_list
    gpu_local_nlist_arrays.n_neigh = near.n_neigh
    gpu_local_nlist_arrays.nlist = near.nlist
    r_cut = {}
    mode = None
    def __init__(self, **options):
        assert options == {"buffer": 1.0, "exclusions": (), "deterministic": True}
        self._cpp_obj = SimpleNamespace(setStorageMode=lambda mode: setattr(Near, "mode", mode))
    def _attach(self, simulation):
        pass

hoomd.md.nlist.Cell = Near
types = ["T", "S"]
simulation = SimpleNamespace(state=SimpleNamespace(particle_types=types))
force = SimpleNamespace(_simulation=simulation, gpu_local_force_arrays=nullcontext(out))
side = module._OnGpu(force, moments.pack(ts, types), np.full((2, 2), 9.3), module.BUFFER_A)
state = SimpleNamespace(gpu_local_snapshot=nullcontext(beads), box=hoomd.Box(*box[:3], *box[3:]))
for _ in range(3):
    side.compute(state)
oracle = evaluate(x, box_to_cell(box), kind, types, ts)
off = abs(out.force.array.copy_to_host() - oracle.forces).max()
off = max(off, abs(out.potential_energy.array.copy_to_host() - oracle.energy).max())
assert abs(oracle.forces).max() > 0.01
print(off, Near.mode.name, len(calls) // 8)
"""
