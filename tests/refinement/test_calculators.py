"""Calculators of ASE as methods: minima that are known from theory, and every way in which one can fail."""

import importlib.util
import textwrap
from dataclasses import replace

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule

from zeocryst.errors import InputError, PluginError, SimulationError
from zeocryst.refinement.calculated import Known, formal_charge
from zeocryst.refinement.calculators import calculator_named, calculator_names
from zeocryst.refinement.protocol import BrokenOffError
from zeocryst.units import BOLTZMANN_EV_PER_K

#: Argon in units of its Lennard-Jones parameters (C. Kittel, Introduction to Solid State Physics, ch. 3): distance of
#: neighbours 1.09, cohesive energy 8.6, both for all neighbours of the face-centred lattice.
NEIGHBOURS, COHESION = 1.09, -8.6


def written(tmp_path, text, name="mine.py"):
    path = tmp_path / name
    path.write_text(textwrap.dedent(text))
    return str(path)


def argon(tmp_path, cutoff=6.0):
    return calculator_named(
        written(
            tmp_path,
            f"""
            from ase.calculators.lj import LennardJones

            def calculator():
                return LennardJones(sigma=1.0, epsilon=1.0, rc={cutoff}, smooth=False)
            """,
        )
    )


def springs(tmp_path, body="", **results):
    """A method from a file: each atom on a spring to where it first was, k = 2 eV/Å^2; `body` spoils the answers."""
    text = f"""
        import numpy as np
        from ase.calculators.calculator import Calculator, all_changes

        class Springs(Calculator):
            implemented_properties = ["energy", "forces"]
            home, calls = None, 0

            def calculate(self, atoms=None, properties=None, system_changes=all_changes):
                super().calculate(atoms, properties, system_changes)
                self.home = atoms.positions.copy() if self.home is None else self.home
                away = atoms.positions - self.home - 0.3
                energy, forces = float((away**2).sum()), -2 * away
                self.calls += 1
{textwrap.indent(textwrap.dedent(body), " " * 16)}
                self.results = {{"energy": energy, "forces": forces}}

        calculator = Springs()
    """
    return calculator_named(written(tmp_path, text))


def pair():
    return Atoms("Si2", positions=[[0, 0, 0], [2.0, 0, 0]], cell=[9, 9, 9], pbc=True)


# Minima


def test_minimum_of_springs_is_exact(tmp_path):
    end = springs(tmp_path).minimize(pair(), {}, free_cell=False)
    assert end.converged
    assert end.energy_eV == pytest.approx(0, abs=1e-3)
    assert end.atoms.positions == pytest.approx(pair().positions + 0.3, abs=0.01)
    assert end.atoms.cell[:] == pytest.approx(pair().cell[:])
    assert end.largest_force_eV_per_A <= 0.02
    assert end.atoms.calc is None


def test_free_cell_finds_the_lattice(tmp_path):
    """From a cell that is too large and skewed."""
    start = bulk("Ar", "fcc", a=1.6, cubic=True)
    start.set_cell(start.cell[:] @ [[1.02, 0.03, 0], [0, 1, 0], [0, 0, 0.99]], scale_atoms=True)
    end = argon(tmp_path).minimize(start, {}, free_cell=True)
    assert end.converged
    lengths, angles = end.atoms.cell.lengths(), end.atoms.cell.angles()
    assert lengths == pytest.approx([NEIGHBOURS * 2**0.5] * 3, rel=0.002)
    assert angles == pytest.approx([90] * 3, abs=0.1)
    density = 4 / end.atoms.get_volume()
    beyond = (
        2 * 8 * np.pi / 3 * density / 6**3
    )  # what lies beyond the cut-off, and as much that the shift takes
    assert end.energy_eV / 4 - beyond == pytest.approx(COHESION, abs=0.02)
    assert abs(end.record["pressure_bar"]) < 200
    fixed = argon(tmp_path).minimize(start, {}, free_cell=False)
    assert fixed.energy_eV > end.energy_eV
    assert fixed.atoms.cell[:] == pytest.approx(start.cell[:])


def test_rough_starts_come_down(tmp_path):
    """A minimizer without line search must not fly apart where forces are large."""
    crystal = bulk("Ar", "fcc", a=NEIGHBOURS * 2**0.5, cubic=True) * 2
    method = argon(tmp_path, 2.5)
    rough = crystal.copy()
    rough.positions += np.random.default_rng(1).normal(size=rough.positions.shape) * 0.12
    start = method.energy(rough, {})
    end = method.minimize(rough, {}, free_cell=False)
    assert start > 0 > end.energy_eV
    assert end.converged
    assert end.energy_eV == pytest.approx(method.energy(crystal, {}), abs=0.01)


def test_of_a_descent_that_comes_to_no_rest_the_lowest_place_is_given(tmp_path):
    """Forces that are not those of the energy pull the atoms uphill, whatever the length of a step."""
    uphill = """
        forces = forces + 1.0
        self.seen = [*getattr(self, "seen", []), energy]
        """
    method = springs(tmp_path, uphill)
    end = method.minimize(pair(), {}, free_cell=False)
    assert not end.converged
    assert end.energy_eV == min(method.calculator.seen) < method.calculator.seen[-1] - 0.001
    assert ((end.atoms.positions - pair().positions - 0.3) ** 2).sum() == pytest.approx(end.energy_eV)


def test_arrays_and_order_are_kept(tmp_path):
    atoms = pair()
    atoms.set_array("molecule", np.array([0, 0]))
    atoms.set_array("type", np.array(["Si_a", "Si_b"]))
    end = springs(tmp_path).minimize(atoms, {}, free_cell=False)
    assert end.atoms.arrays["type"].tolist() == ["Si_a", "Si_b"]
    assert atoms.positions == pytest.approx(pair().positions)  # what was given is not moved


# Dynamics


def test_dynamics_has_the_temperature(tmp_path):
    """Independent oscillators hold as much potential as kinetic energy, 3/2 kT each."""
    rng = np.random.default_rng(0)
    atoms = Atoms("Si800", positions=rng.random((800, 3)) * 20, cell=[20] * 3, pbc=True)

    stiff = """
        k = 1 + 2 * np.arange(len(atoms))[:, None] / len(atoms)  # not all in step
        energy, forces = float((k * away**2).sum()), -2 * k * away
        """

    def moved(seed):
        method = springs(tmp_path, stiff)
        start = method.minimize(atoms, {}, free_cell=False).atoms
        return method.dynamics(start, {}, time_ps=0.5, temperature_K=600, seed=seed)

    end, again, other = moved(3), moved(3), moved(4)
    assert end.record["steps"] == 500
    assert end.record["temperature_K"] == pytest.approx(600, rel=0.06)
    assert end.energy_eV == pytest.approx(1.5 * 800 * BOLTZMANN_EV_PER_K * 600, rel=0.12)
    assert np.array_equal(end.atoms.positions, again.atoms.positions)
    assert not np.allclose(end.atoms.positions, other.atoms.positions)
    assert "momenta" not in end.atoms.arrays


def test_hydrogen_halves_the_step(tmp_path):
    atoms = Atoms("SiH", positions=[[0, 0, 0], [3, 0, 0]], cell=[9] * 3, pbc=True)
    assert springs(tmp_path).dynamics(atoms, {}, time_ps=0.01, temperature_K=300, seed=1).record["steps"] == 20


def test_an_explosion_is_said(tmp_path):
    method = springs(tmp_path, "forces = -forces * 1e3")
    with pytest.raises(
        BrokenOffError, match=r"after \d+ steps of 1 fs instead of 300 K: the simulation exploded"
    ):
        method.dynamics(pair(), {}, time_ps=1, temperature_K=300, seed=1)


# What fails


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("if self.calls > 3: energy = float('nan')", "its energy is not a finite number"),
        ("if self.calls > 3: forces[1, 2] = np.inf", "its forces is not a finite number"),
        ("if self.calls > 3: forces = forces[:1]", r"its forces has the shape \(1, 3\); expected \(2, 3\)"),
        ("if self.calls > 3: energy = [1.0, 2.0]", r"its energy has the shape \(2,\); expected \(\)"),
        ("if self.calls > 3: forces = None", "its forces"),
        ("if self.calls > 3: raise RuntimeError('no SCF')", r"\(line \d+\): RuntimeError: no SCF"),
        ("if self.calls > 3: raise SystemExit(7)", "SystemExit: 7"),
    ],
)
def test_a_failure_on_the_way_keeps_what_was_sound(tmp_path, body, words):
    method = springs(tmp_path, body)
    with pytest.raises(BrokenOffError, match=words) as caught:
        method.minimize(pair(), {}, free_cell=False)
    message = str(caught.value)
    assert "mine.py" in message
    assert "evaluation 4" in message
    assert "Si2 (2 atoms)" in message
    reached = caught.value.reached
    assert not reached.converged
    assert 0 < reached.energy_eV < method_energy_at_start()
    assert np.isfinite(reached.atoms.positions).all()


def method_energy_at_start():
    return 6 * 0.3**2


def test_a_failure_at_once_has_nothing_to_keep(tmp_path):
    with pytest.raises(SimulationError, match="evaluation 1") as caught:
        springs(tmp_path, "raise ValueError('never')").minimize(pair(), {}, free_cell=False)
    assert not isinstance(caught.value, BrokenOffError)


def test_interruption_is_no_failure_of_the_calculator(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        springs(tmp_path, "raise KeyboardInterrupt").minimize(pair(), {}, free_cell=False)


def test_no_stress_no_free_cell(tmp_path):
    with pytest.raises(InputError, match="it gives no stress; keep the cell fixed"):
        springs(tmp_path).minimize(pair(), {}, free_cell=True)


def test_a_free_cell_repeats_everywhere(tmp_path):
    atoms = pair()
    atoms.pbc = [True, True, False]
    with pytest.raises(InputError, match="has to repeat in all directions"):
        argon(tmp_path).minimize(atoms, {}, free_cell=True)


def test_a_cell_that_comes_apart_is_said(tmp_path):
    """Repulsion alone drives a free cell to infinity."""
    method = calculator_named(
        written(
            tmp_path,
            """
            from ase.calculators.lj import LennardJones

            class Repelling(LennardJones):
                def calculate(self, *args, **kwargs):
                    super().calculate(*args, **kwargs)
                    self.results = {name: -value for name, value in self.results.items()}

            calculator = Repelling(sigma=1.0, epsilon=0.5, rc=6.0)
            """,
        )
    )
    start = bulk("Ar", "fcc", a=2.4, cubic=True)
    with pytest.raises(BrokenOffError, match="times its volume after .* it comes apart, or collapses"):
        method.minimize(start, {}, free_cell=True)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x = 1", "has no calculator; expected a function calculator"),
        ("calculator = 3", "this is int, no calculator of ASE"),
        (
            "def calculator():\n    return 1 / 0",
            r"mine.py: the calculator cannot be made \(line 2\): ZeroDivisionError",
        ),
        ("def calculator(x):\n    return x", "missing 1 required positional argument"),
        ("def calculator(:", "cannot be imported"),
        ("import nowhere_to_be_found", "nowhere_to_be_found"),
        (
            "def calculator():\n    import nowhere_at_all",
            "needs the Python package nowhere_at_all, which is not installed: python -m pip install nowhere_at_all",
        ),
    ],
)
def test_files_that_are_wrong(tmp_path, text, words):
    with pytest.raises(InputError, match=words):
        calculator_named(written(tmp_path, text))


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(PluginError, match="No such file"):
        calculator_named(str(tmp_path / "none.py"))


def test_what_a_file_prints_is_no_result(tmp_path, capsys):
    method = springs(tmp_path, "print('hello from the calculator')")
    method.energy(pair(), {})
    out = capsys.readouterr()
    assert out.out == ""
    assert "hello from the calculator" in out.err


def test_nor_is_what_its_libraries_and_programs_print(tmp_path, capfd):
    """Codes behind ASE's calculators write to the file that is open as standard output."""
    lines = "import ctypes, os; os.system('echo a program'); ctypes.CDLL(None).puts(b'a library')"
    springs(tmp_path, lines).energy(pair(), {})
    print("a result", flush=True)
    out = capfd.readouterr()
    assert out.out == "a result\n"
    assert "a program" in out.err
    assert "a library" in out.err


def test_forces_that_stay_the_same_are_told_as_such(tmp_path):
    """L-BFGS divides by their change: no warning of numpy's, and no blame of an energy that was sound."""
    text = """
import numpy as np
from ase.calculators.calculator import Calculator

class Slope(Calculator):
    implemented_properties = ["energy", "forces"]

    def calculate(self, atoms=None, properties=None, changes=None):
        super().calculate(atoms, properties, changes)
        self.results = {"energy": -atoms.positions.sum(), "forces": np.ones((len(atoms), 3))}

calculator = Slope
"""
    with pytest.raises(BrokenOffError, match="its forces do not change with the positions") as told:
        calculator_named(written(tmp_path, text)).minimize(pair(), {}, free_cell=False)
    assert np.isfinite(told.value.reached.atoms.positions).all()


# Names


def test_names_of_ase_and_import_paths():
    copper = bulk("Cu", "fcc", a=3.7)
    for text in ("emt", "EMT", "ase.calculators.emt:EMT"):
        end = calculator_named(text).minimize(copper, {}, free_cell=True)
        # measured: 3.61 Å
        assert end.atoms.get_volume() * 4 == pytest.approx(3.61**3, rel=0.03)


def test_an_element_that_it_lacks_is_named():
    with pytest.raises(
        SimulationError, match=r"emt: it failed for O2Si .*evaluation 1: .*No EMT-potential for Si"
    ):
        calculator_named("emt").minimize(Atoms("SiO2", positions=np.eye(3) * 2), {}, free_cell=False)


def test_a_misspelt_name_gets_a_hint():
    with pytest.raises(InputError, match="no force field or calculator '7nett'; did you mean '7net'.*slc"):
        calculator_named("7nett", also=["slc"])
    with pytest.raises(InputError, match="FILE.py"):
        calculator_named("gpa")


@pytest.mark.parametrize("name", ["7net", "7net-mf-0+D3"])
def test_what_is_not_installed_is_said_once(name):
    if importlib.util.find_spec("sevenn") is not None:
        pytest.skip("sevenn is installed here")
    with pytest.raises(InputError, match=r"needs the Python package sevenn.*pip install 'zeocryst\[ml\]'"):
        calculator_named(name)


def test_a_missing_module_and_a_missing_class():
    with pytest.raises(InputError, match="no_such_package, which is not installed"):
        calculator_named("no_such_package.part:Thing")
    with pytest.raises(
        InputError, match="ase.calculators.nowhere:X: the calculator cannot be made: .*No module named"
    ):
        calculator_named("ase.calculators.nowhere:X")
    with pytest.raises(InputError, match="ase.calculators.emt:Nothing: the calculator cannot be made"):
        calculator_named("ase.calculators.emt:Nothing")


def test_a_charge_that_no_formula_tells_is_said_to_be_taken_for_none(tmp_path):
    told = replace(springs(tmp_path), known=Known((), "", takes_charge=True))
    chloride = Atoms("SiCl", positions=pair().positions, cell=[9, 9, 9], pbc=True)
    notes = told.minimize(chloride, {}, free_cell=False).notes
    assert any("was told 0 e" in note for note in notes)
    assert told.calculator.parameters["charge"] == 0
    oxide = Atoms("SiO", positions=pair().positions, cell=[9, 9, 9], pbc=True)
    told = replace(springs(tmp_path), known=Known((), "", takes_charge=True))
    assert told.minimize(oxide, {}, free_cell=False).notes == ()
    assert told.calculator.parameters["charge"] == 2


def test_each_name_has_a_source():
    assert set(calculator_names()) >= {"7net-mf-0", "gfn2"}


# Charges


def test_formal_charges():
    from types import SimpleNamespace

    zeolite = Atoms("SiAlO4HNa")
    assert formal_charge(Atoms("SiO2"), {}) == 0
    assert formal_charge(zeolite, {}) == 4 + 3 - 8 + 1 + 1
    assert formal_charge(Atoms("SiCl4"), {}) is None
    both = Atoms("AlO2") + Atoms("NH4")
    both.set_array("molecule", np.array([0] * 3 + [1] * 5))
    assert formal_charge(both, {1: SimpleNamespace(charge=1)}) == 0
    assert formal_charge(both, {}) is None


def test_a_charge_that_the_calculator_is_not_told_of_is_noted(tmp_path):
    end = springs(tmp_path).minimize(Atoms("SiH", positions=[[0, 0, 0], [3, 0, 0]]), {}, free_cell=False)
    assert "a charge of +5 e, of which" in end.notes[0]


# GFN2-xTB


@pytest.fixture(scope="module")
def gfn2():
    pytest.importorskip("tblite")
    return calculator_named("gfn2")


def test_gfn2_gives_water_and_its_charges(gfn2):
    """Tight-binding geometry of water: 0.959 Å and 107.3 degrees (Bannwarth et al., 2019, and tblite's own example)."""
    end = gfn2.minimize(molecule("H2O"), {}, free_cell=False)
    assert end.converged
    assert end.atoms.get_distance(0, 1) == pytest.approx(0.959, abs=0.005)
    assert end.atoms.get_angle(1, 0, 2) == pytest.approx(107.3, abs=1)
    charge = end.atoms.arrays["charge"]
    assert charge.sum() == pytest.approx(0, abs=1e-6)
    assert charge[0] < -0.5


def test_gfn2_is_told_the_charge(gfn2):
    from types import SimpleNamespace

    guest = molecule("NH3") + Atoms("H", positions=[[0, 0, 1.1]])
    guest.set_array("molecule", np.ones(5, int))
    end = gfn2.minimize(guest, {1: SimpleNamespace(charge=1)}, free_cell=False)
    assert end.atoms.arrays["charge"].sum() == pytest.approx(1, abs=1e-6)


def test_gfn2_knows_the_gamma_point_alone(gfn2):
    with pytest.raises(
        InputError, match=r"10 Å wide between all opposite faces, this one is 9.00, 9.00, 9.00 Å"
    ):
        gfn2.check(pair(), {})
    wide = pair()
    wide.set_cell([11, 11, 11])
    gfn2.check(wide, {})
    skewed = pair()  # long enough along its edges, and too narrow between its faces
    skewed.set_cell([[11, 0, 0], [8, 8, 0], [0, 0, 11]])
    with pytest.raises(InputError, match="repeat it"):
        gfn2.check(skewed, {})


# SevenNet, where it is installed


@pytest.fixture(scope="module")
def sevennet():
    pytest.importorskip("sevenn", reason="pip install 'zeocryst[ml]'")
    return calculator_named("7net")


@pytest.mark.slow
def test_sevennet_has_quartz(sevennet):
    from zeocryst.refinement.reference import quartz_atoms

    start = quartz_atoms()
    end = sevennet.minimize(start, {}, free_cell=True)
    assert end.converged
    assert end.atoms.get_volume() == pytest.approx(start.get_volume(), rel=0.01)
    assert end.atoms.cell.lengths() == pytest.approx(start.cell.lengths(), rel=0.01)


def test_sevennet_names_what_it_lacks(sevennet):
    with pytest.raises(InputError, match="it cannot describe O2Po.*atomic number: 84"):
        sevennet.check(Atoms("PoO2"), {})
