"""What atoms are taken for, and what is refused, by name and number; each with a twin that is not."""

import numpy as np
import pytest
from ase import Atom
from ase.build import molecule
from silicates import framework, with_aluminium, with_silanols

from zeocryst.errors import InputError
from zeocryst.refinement.forcefield import parse_atomfield, read_atomfield, shipped_atomfields
from zeocryst.refinement.methods import method_named
from zeocryst.refinement.reference import quartz
from zeocryst.refinement.roughness import rough
from zeocryst.refinement.topologies import framework_topology
from zeocryst.refinement.typing import surroundings


def test_silanols_are_typed_and_neutral():
    atoms = with_silanols()
    found = surroundings(atoms, ["Si"], "test")
    assert sorted(set(found.roles)) == ["bridging", "terminal", "tetrahedral"]
    assert found.roles.count("terminal") == 8
    for name in ("slc", "clayff"):
        topology = framework_topology(atoms, read_atomfield(name))
        assert topology.charge.sum() == pytest.approx(0, abs=1e-9)
    assert topology.angles.names == ("st-oh-ho",)
    assert len(topology.angles.atoms) == len(topology.bonds.atoms) == 4


def test_silanols_where_there_is_no_hydrogen():
    for name in ("bks", "shik", "matsui"):
        method_named(name).check(framework(), {})
        with pytest.raises(
            InputError, match=rf"{name} has no parameters for H \(atoms 36, 37, 38, 39, counted from 1\)"
        ):
            method_named(name).check(with_silanols(), {})


def test_acid_sites():
    atoms = with_aluminium("H")
    roles = surroundings(atoms, ["Si", "Al"], "test").roles
    assert roles.count("acid") == 2
    method_named("slc").check(atoms, {})
    with pytest.raises(
        InputError, match="clayff has no parameters for O .* bridging hydroxyl group .* slc has"
    ):
        method_named("clayff").check(atoms, {})
    method_named("clayff").check(with_aluminium("Na"), {})


def test_a_charge_is_refused():
    atoms = with_aluminium("Na")
    del atoms[-1]
    for name in ("slc", "clayff"):
        with pytest.raises(InputError, match=rf"{name}: the framework has a charge of -1 e.*balance Al"):
            method_named(name).check(atoms, {})


def test_an_element_that_is_not_there():
    atoms = framework()
    atoms.symbols[np.flatnonzero(atoms.numbers == 14)[3]] = "Ge"
    number = int(np.flatnonzero(atoms.numbers == 32)[0]) + 1
    for name in shipped_atomfields():
        with pytest.raises(
            InputError,
            match=rf"{name} has no parameters for Ge \(atom {number}, counted from 1\).*those that it has: .*Si",
        ):
            method_named(name).check(atoms, {})


def test_a_bond_that_has_no_term():
    """P takes the place of a T without hydroxyl groups; beside one there are no numbers for it."""
    nest = with_silanols()
    roles = surroundings(nest, ["Si"], "test")
    beside = {t for t, o in roles.t_o.tolist() if roles.roles[o] == "terminal"}
    inner = [t for t in range(len(nest)) if nest.symbols[t] == "Si" and t not in beside]
    for t, message in ((min(beside), "slc has no term for P .* and hydroxyl O"), (inner[0], "charge of .1 e")):
        other = nest.copy()
        other.symbols[t] = "P"
        with pytest.raises(InputError, match=message):
            method_named("slc").check(other, {})


@pytest.mark.parametrize("cation", ["K", "Ca"])
def test_cations_of_clayff_alone(cation):
    field = read_atomfield("clayff")
    assert field.types[cation].charge_e == {"K": 1, "Ca": 2}[cation]
    with pytest.raises(InputError, match=f"slc has no parameters for {cation}"):
        method_named("slc").check(with_aluminium(cation), {})


def test_water():
    atoms = framework()
    drop = molecule("H2O")
    drop.translate(atoms.cell.sum(axis=0) / 2 - drop.positions[0])  # the middle of a cage
    atoms += drop
    method_named("clayff").check(atoms, {})
    with pytest.raises(InputError, match="slc has no parameters for O .* as water; .*clayff, which has water"):
        method_named("slc").check(atoms, {})


def test_what_is_no_silicate():
    atoms = framework()
    oxygen = int(np.flatnonzero(atoms.numbers == 8)[0])
    fewer = atoms.copy()
    del fewer[oxygen]
    with pytest.raises(InputError, match=r"Si \(atoms \d+, \d+, counted from 1\): Si with 3 O within"):
        method_named("slc").check(fewer, {})
    no_silicon = atoms.copy()
    del no_silicon[int(np.flatnonzero(atoms.numbers == 14)[0])]
    with pytest.raises(InputError, match=r"O \(atoms .*\): O with 1 T and 0 H; slc: .* wants a hydrogen"):
        method_named("slc").check(no_silicon, {})
    stray = atoms.copy()
    stray.append(Atom("H", atoms.cell.sum(axis=0) / 2))
    with pytest.raises(InputError, match=r"H \(atom 37, counted from 1\) on no O"):
        method_named("slc").check(stray, {})
    method_named("slc").check(atoms, {})


def test_bonds_of_a_rough_start_are_those_before():
    atoms = framework().repeat((2, 2, 1))
    before = surroundings(atoms, ["Si"], "test")
    assert rough(atoms, ["Si"]) is None
    shaken = atoms.copy()
    shaken.rattle(0.2, seed=3)
    after = surroundings(shaken, ["Si"], "test")
    assert np.array_equal(before.t_o, after.t_o)
    assert after.stretch.max() > 0.4
    assert "Si-O bond" in rough(shaken, ["Si"])


def test_a_file_that_is_wrong():
    text = """
name = "mine"
form = "atoms"
source = "nowhere"
coulomb = "ewald"
cutoff_A = 8.0
[types.Si]
element = "Si"
role = "tetrahedral"
charge_e = 2.0
[types.O]
element = "O"
role = "bridging"
charge_e = -1.0
[[pair]]
types = ["Si", "O"]
form = "buckingham"
A_eV = 1000.0
rho_A = 0.3
C_eV_A6 = 0.0
"""
    assert parse_atomfield(text, "mine.toml").name == "mine"
    for wrong, message in [
        (
            ('role = "bridging"', 'role = "floating"'),
            "role = 'floating'; expected one or several of tetrahedral",
        ),
        (("rho_A = 0.3", "rho = 0.3"), "unknown key 'rho'"),
        (("A_eV = 1000.0", "A_eV = -1.0"), "A_eV = -1.0; expected"),
        (('element = "O"', 'element = "Ox"'), "element = 'Ox'"),
        (('["Si", "O"]', '["Si", "Al"]'), "types = .*'Al'"),
        (("cutoff_A = 8.0", "cutoff_A = 80.0"), "cutoff_A = 80.0; expected a number"),
        (('coulomb = "ewald"', 'coulomb = "magic"'), "coulomb = 'magic'"),
    ]:
        with pytest.raises(InputError, match=f"mine.toml: .*{message}"):
            parse_atomfield(text.replace(*wrong), "mine.toml")
    both = text.replace("[[pair]]", '[types.O2]\nelement = "O"\nrole = "bridging"\ncharge_e = -1.0\n[[pair]]')
    with pytest.raises(InputError, match="mine has no parameters for O .* 2 types fit it; expected one"):
        framework_topology(framework(), parse_atomfield(both, "mine.toml"))
    for wrong, message in [
        (text[: text.index("[[pair]]")], "entries, or a rule of mixing"),
        ('rough_start = "sclc"\n' + text, "rough_start = 'sclc'; expected one of"),
        (text.replace("[types.Si]", '[types."1Si"]'), "each once, of letters, digits and _"),
    ]:
        with pytest.raises(InputError, match=message):
            parse_atomfield(wrong, "mine.toml")
    with pytest.raises(InputError, match="stands there twice"):
        parse_atomfield(text + text[text.index("[[pair]]") :], "mine.toml")


def test_a_force_field_of_ones_own(tmp_path):
    """A path is a method; names are in any case; an unknown one lists what there is."""
    own = tmp_path / "own.toml"
    from importlib import resources

    text = resources.files("zeocryst.forcefields").joinpath("bks.toml").read_text("utf-8")
    own.write_text(text.replace('name = "bks"', 'name = "own"'))
    assert method_named(str(own)).name == "own"
    assert method_named("SLC").name == "slc"
    with pytest.raises(InputError, match="clayff.*slc"):
        method_named("sclc")


def test_a_changed_copy_is_not_taken_for_the_shipped_one(tmp_path):
    """With the same name and source: quartz's energy, and terms kept with atoms, are its own."""
    from importlib import resources

    shipped = resources.files("zeocryst.forcefields").joinpath("bks.toml").read_text("utf-8")
    own = tmp_path / "own.toml"
    own.write_text(shipped.replace("18003.7572", "19003.7572"))
    assert own.read_text() != shipped
    first, second = method_named("bks"), method_named(str(own))
    assert (first.name, second.source.startswith(first.source)) == (second.name, True)
    assert abs(quartz(second).energy_eV - quartz(first).energy_eV) > 0.1
    end = first.minimize(framework(), {}, free_cell=False).atoms
    assert first.topology(end, {})[0] is first.topology(end, {})[0]
    assert second.topology(end, {})[0].pairs == second.topology(end.copy(), {})[0].pairs
    assert second.topology(end, {})[0].pairs != first.topology(end, {})[0].pairs
