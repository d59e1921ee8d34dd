"""Guests, heteroatoms and refinement as users ask for them: what comes out, and what is said of what cannot be."""

import json

import ase.io
import gsd.hoomd
import numpy as np
import pytest
from ase import Atoms
from command_line import call

import zeocryst as zc
from zeocryst import cli
from zeocryst.cell import make_frame, neighbour_pairs
from zeocryst.files.trajectory import write_frame

#: A calculator in a file: springs to where the atoms are first seen, of 1 eV/Å^2; `FAILS` breaks after some calls.
SPRINGS = """
import numpy as np
from ase.calculators.calculator import Calculator, all_changes

class Springs(Calculator):
    implemented_properties = ["energy", "forces", "stress"]
    calls, home = 0, None

    def calculate(self, atoms=None, properties=None, system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        if self.home is None or len(self.home) != len(atoms):
            self.home = atoms.positions + 0.1
        self.calls += 1
        if self.calls > LIMIT:
            raise RuntimeError("the license server is down")
        away = atoms.positions - self.home
        self.results = {"energy": 0.5 * float((away**2).sum()), "forces": -away, "stress": np.zeros(6)}

def calculator():
    return Springs()
"""


@pytest.fixture
def sodalite(tmp_path):
    """SOD's T, and an S in the middle of four of its 16 cages, as a GSD file of beads."""
    atoms = zc.framework("SOD", repeat=(2, 2, 2), oxygens=False)
    cages = np.array([[0, 0, 0], [0.5, 0.5, 0.5]]) @ np.diag(atoms.cell.lengths() / 2)
    corners = np.array(list(np.ndindex(2, 2, 2))) @ np.diag(atoms.cell.lengths() / 2)
    places = (cages[:, None] + corners).reshape(-1, 3)[[0, 5, 9, 14]]
    both = np.vstack([atoms.positions, places])
    kinds = [0] * len(atoms) + [1] * len(places)
    path = tmp_path / "beads.gsd"
    write_frame(path, make_frame(both, atoms.cell[:], kinds, ["T", "S"], {"T": 28.0855, "S": 28.0855}))
    return path


def backmap(source, out, *options):
    return cli.main(["backmap", str(source), "--out", str(out), "--quench", "none", *map(str, options)])


def summary(out):
    return json.loads((out / "summary.json").read_text())


def nearest(atoms, some, others):
    """Shortest distance between two sets of atoms."""
    i, j, _, distance = neighbour_pairs(atoms.positions, atoms.cell[:], 6.0, full=True)
    return distance[some[i] & others[j]].min(initial=np.inf)


def test_each_s_becomes_a_molecule_and_every_file_has_it(sodalite, tmp_path):
    assert backmap(sodalite, tmp_path / "out", "--sda", "TMA") == 0
    found = summary(tmp_path / "out")
    assert [g["bead"] for g in found["sda"]] == list(range(4))
    assert all(g["placed"] and g["molecule"] == "TMA" and g["energy_kJ_per_mol"] < 0 for g in found["sda"])
    assert found["net_charge"] == 4
    assert any("Not neutral" in words for words in found["words"])
    atoms = ase.io.read(tmp_path / "out" / "framework.extxyz")
    assert sorted(set(atoms.arrays["molecule"])) == list(range(5))
    guests = atoms.arrays["molecule"] > 0
    assert (guests.sum(), (~guests).sum()) == (4 * 17, 96 * 3)
    # no clash: the shortest contact of H and O by van der Waals radii is 2.7 Å (Alvarez 2013), a hydrogen bond's 1.9
    assert nearest(atoms, guests, ~guests) > 1.9
    # each molecule's C sit 1.5 Å from its N, and there is one molecule a cage
    numbers = atoms.arrays["molecule"]
    middles = [atoms.positions[(numbers == n) & (atoms.numbers == 7)] for n in range(1, 5)]
    assert all(len(m) == 1 for m in middles)


def test_what_does_not_fit_is_left_out_and_said(sodalite, tmp_path):
    assert backmap(sodalite, tmp_path / "out", "--sda", "TPA") == 0
    found = summary(tmp_path / "out")
    assert not any(g["placed"] for g in found["sda"])
    assert all(g["reason"] and g["overlap_A"] > 0.5 for g in found["sda"])
    assert set(ase.io.read(tmp_path / "out" / "framework.extxyz").get_chemical_symbols()) == {"Si", "O"}


def test_none_leaves_the_pores_empty(sodalite, tmp_path):
    assert backmap(sodalite, tmp_path / "out", "--sda", "none", "--refine", "none") == 0
    found = summary(tmp_path / "out")
    assert not {"sda", "aluminium", "refined", "failed"} & set(found)


def test_a_structure_without_s_has_its_voids_filled_and_it_is_said(tmp_path):
    ase.io.write(tmp_path / "sod.cif", zc.framework("SOD", repeat=(1, 1, 2)))
    assert backmap(tmp_path / "sod.cif", tmp_path / "out", "--sda", "TMA") == 0
    found = summary(tmp_path / "out")
    assert sum(g["placed"] for g in found["sda"]) == 4
    assert any("has no S" in words for words in found["words"])


@pytest.mark.parametrize("ion", ["H", "Na"])
def test_aluminium_is_balanced(sodalite, tmp_path, ion):
    assert backmap(sodalite, tmp_path / "out", "--si-al", 11, "--balance", ion) == 0
    found = summary(tmp_path / "out")
    record = found["aluminium"]
    assert (record["n_Al"], record["si_al"]) == (8, 11.0)
    # Si/Al from Q4(nAl), Klinowski's formula, by hand
    shares = np.array(record["q4_nAl"])
    assert shares.sum() / (0.25 * shares @ np.arange(5)) == pytest.approx(11.0)
    assert found["net_charge"] == 0
    atoms = ase.io.read(tmp_path / "out" / "framework.extxyz")
    assert atoms.symbols.formula.count()[ion] == 8
    # Löwenstein: no O has two Al
    i, j, _, distance = neighbour_pairs(atoms.positions, atoms.cell[:], 2.2, full=True)
    numbers = atoms.numbers
    near = (numbers[i] == 8) & (numbers[j] == 13) & (distance < 2.2)
    assert np.bincount(i[near], minlength=len(atoms)).max() == 1


def test_the_charge_of_guests_is_told_where_their_atoms_have_none(tmp_path):
    """Two P(CH3)4+ in the two cages of one cell of SOD, which is repeated for the refinement: +2 e, not +16."""
    ase.io.write(tmp_path / "sod.cif", zc.framework("SOD"))
    out = tmp_path / "out"
    assert (
        cli.main([*f"backmap {tmp_path / 'sod.cif'} --sda C[P+](C)(C)C --refine slc --out {out}".split()]) == 0
    )
    found = summary(out)
    assert found["net_charge"] == found["refined"]["net_charge"] == 2
    assert "molecules of +2 e stand in a neutral framework" in " ".join(found["refined"]["notes"])


def test_the_formula_of_all_atoms_and_what_balances_are_in_summary_and_report(sodalite, tmp_path, capsys):
    """92 Si, 4 B and the 4 TMA that balance them, of which the silica's own formula knows nothing."""
    out = tmp_path / "out"
    assert backmap(sodalite, out, "--sda", "TMA", "--si-al", 23, "--heteroatom", "B") == 0
    whole = ase.io.read(out / "framework.extxyz")
    assert summary(out)["formula"] == whole.get_chemical_formula() == "C16H48B4N4O192Si92"
    assert "The atoms written are C16H48B4N4O192Si92." in capsys.readouterr().out
    page = (out / "report.html").read_text()
    assert "n of Q4(nB)" in page
    assert "net charge, e" in page
    assert "charge of the guests" in page


def test_the_road_is_of_the_atoms_that_are_written(tmp_path):
    """Ga-O is 0.2 Å longer than Si-O: angles side by side are those of the framework with Ga, not of the silica."""
    ase.io.write(tmp_path / "two.extxyz", [zc.framework("SOD", repeat=(1, 1, n)) for n in (1, 2)])
    out = tmp_path / "out"
    assert cli.main(f"backmap {tmp_path / 'two.extxyz'} --si-al 2 --heteroatom Ga --out {out}".split()) == 0
    found = summary(out)
    for entry in [*found["frames"], found]:
        atoms = ase.io.read(out / f"{entry['files']}.extxyz")
        oxygens = np.flatnonzero(atoms.numbers == 8)
        sites = np.flatnonzero(np.isin(atoms.numbers, (14, 31)))
        angles = [atoms.get_angle(a, o, b, mic=True) for o in oxygens
                  for a, b in [sites[np.argsort(atoms.get_distances(o, sites, mic=True))[:2]]]]  # fmt: skip
        assert entry["along"]["si_o_si_deg"]["mean"] == pytest.approx(np.mean(angles), abs=0.01)
        assert entry["along"]["shift_29Si_ppm"] is None
        assert entry["network_survival"]["kept_share"] == 1


def test_guests_balance_aluminium_first(sodalite, tmp_path):
    assert backmap(sodalite, tmp_path / "out", "--sda", "TMA", "--si-al", 11) == 0
    found = summary(tmp_path / "out")
    record = found["aluminium"]
    assert (record["n_Al"], record["balance"]["cations"], record["balance"]["guests_charge"]) == (8, 4, 4)
    assert found["net_charge"] == 0


def test_charge_that_is_too_much_is_balanced_by_fluoride_or_said(tmp_path):
    """Si/Al = 15 and a TMA+ in every large cage of SGT: one charge for each 16 T meets one Al for each 32."""
    path = tmp_path / "sgt.extxyz"
    ase.io.write(path, zc.framework("SGT"))
    assert backmap(path, tmp_path / "f", "--sda", "TMA", "--si-al", 31) == 0
    found = summary(tmp_path / "f")
    placed = sum(g["placed"] for g in found["sda"])
    assert placed > 2  # more charges than Al
    assert (found["aluminium"]["n_Al"], found["fluoride"], found["net_charge"]) == (2, placed - 2, 0)
    atoms = ase.io.read(tmp_path / "f" / "framework.extxyz")
    fluoride = atoms.numbers == 9
    assert fluoride.sum() == placed - 2
    assert nearest(atoms, fluoride, atoms.numbers == 8) > 2.5
    assert backmap(path, tmp_path / "n", "--sda", "TMA", "--si-al", 31, "--balance", "none") == 0
    found = summary(tmp_path / "n")
    assert found["net_charge"] == placed - 2
    assert any("Not neutral" in words for words in found["words"])


def test_a_refinement_is_recorded_and_its_files_are_there(sodalite, tmp_path):
    assert backmap(sodalite, tmp_path / "out", "--refine", "clayff", "--cell", "free") == 0
    refined = summary(tmp_path / "out")["refined"]
    assert refined["method"] == "clayff"
    assert (refined["bonds_lost"], refined["bonds_gained"], refined["net_charge"]) == (0, 0, 0)
    assert refined["converged"]
    assert refined["energy_eV_per_SiO2"] == pytest.approx(-41.3, abs=0.3)  # quartz -41.415: an outside trial
    assert 0 < refined["above_quartz_kJ_per_mol"] < 30
    assert [t["code"] for t in refined["types"]] == ["SOD"]
    for ending in ("cif", "extxyz", "data", "POSCAR", "gsd"):
        assert (tmp_path / "out" / f"refined.{ending}").is_file()
    moved = ase.io.read(tmp_path / "out" / "refined.extxyz")
    assert moved.get_volume() == pytest.approx(
        ase.io.read(tmp_path / "out" / "framework.extxyz").get_volume() * (1 + refined["volume_change"]),
        rel=1e-6,
    )
    assert len(moved.arrays["type"]) == len(moved)


def test_a_simulation_between_two_minima(sodalite, tmp_path):
    assert backmap(sodalite, tmp_path / "out", "--refine", "clayff", "--md-ps", 0.2) == 0
    refined = summary(tmp_path / "out")["refined"]
    assert refined["dynamics"]["time_ps"] == 0.2
    assert refined["dynamics"]["temperature_K"] == 300
    assert refined["dynamics"]["energy_eV"] > refined["energy_eV"]  # heat
    assert refined["dynamics"]["bonds_lost"] == 0


def test_the_front_door_gives_what_the_command_gives(sodalite, tmp_path):
    options = {"sda": "TMA", "si_al": 5, "balance": "Na"}
    made = zc.backmap(sodalite, quench="none", **options)
    backmap(sodalite, tmp_path / "out", "--sda", "TMA", "--si-al", 5, "--balance", "Na")
    found = summary(tmp_path / "out")
    assert made.record["sda"] == found["sda"]
    assert made.record["aluminium"]["q4_nAl"] == found["aluminium"]["q4_nAl"]
    same = ase.io.read(tmp_path / "out" / "framework.extxyz")
    assert made.atoms.get_chemical_formula() == same.get_chemical_formula()
    assert np.abs(made.atoms.positions - same.positions).max() < 1e-6
    assert made.refined is None
    made.write(tmp_path / "again")
    assert (tmp_path / "again" / "framework.cif").is_file()


def test_s_of_a_file_of_another_program_are_known_too(sodalite, tmp_path):
    """The same beads as extxyz with names of their own."""
    with gsd.hoomd.open(sodalite) as file:
        frame = file[0]
    cell = np.diag(frame.configuration.box[:3])
    symbols = np.where(frame.particles.typeid == 0, "Si", "X")
    beads = Atoms(symbols, positions=frame.particles.position + cell.sum(axis=0) / 2, cell=cell, pbc=True)
    ase.io.write(tmp_path / "beads.extxyz", beads)
    out = tmp_path / "out"
    done = cli.main(
        ["backmap", str(tmp_path / "beads.extxyz"), "--types", "T=Si,S=X", "--sda", "TMA", "--out", str(out)]
    )
    assert done == 0
    assert [(g["bead"], g["placed"], g["moved_A"] < 1) for g in summary(out)["sda"]] == [
        (n, True, True) for n in range(4)
    ]


def test_in_python_messages_are_of_python(sodalite):
    with pytest.raises(zc.InputError, match="^(?!.*--).*si_al"):
        zc.backmap(sodalite, quench="none", si_al=3, heteroatom="AlPO4")
    made = zc.backmap(sodalite, quench="none", sda="TMA")
    assert any("(si_al)" in words for words in made.words)


def test_none_is_nothing_in_python_too(sodalite):
    made = zc.backmap(sodalite, quench="none", sda="none", refine="None")
    assert made.refined is None
    assert not {"sda", "refined", "failed"} & set(made.record)


# ---- what is wrong --------------------------------------------------------------------------------


def test_in_python_a_step_that_fails_is_an_error_of_its_kind(sodalite, tmp_path):
    """What the force field lacks is the input's fault, what breaks on its way the calculator's."""
    with pytest.raises(zc.InputError, match="^refinement: .*Ge"):
        zc.backmap(sodalite, quench="none", si_al=11, heteroatom="Ge", refine="slc")
    (tmp_path / "springs.py").write_text(SPRINGS.replace("LIMIT", "3"))
    with pytest.raises(zc.SimulationError, match="^refinement: .*license server"):
        zc.backmap(sodalite, quench="none", refine=tmp_path / "springs.py")


@pytest.mark.parametrize(
    "options",
    [{"balance": "Na+"}, {"placement": "even"}, {"heteroatom": "As"}, {"refine": "none", "md_ps": 1.0}],
    ids=str,
)
def test_in_python_what_is_not_offered_is_refused(sodalite, options):
    """On the command line argparse sees to it first."""
    with pytest.raises(zc.InputError, match=next(iter(options))):
        zc.backmap(sodalite, quench="none", **options)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--refine", "slcc"], ["slcc", "slc"]),
        (["--refine", "nowhere.py"], ["nowhere.py"]),
        (["--refine", "no_such_package:Thing"], ["no_such_package"]),
        (["--sda", "nosuchthing"], ["nosuchthing"]),
        (["--sda", "missing.mol"], ["missing.mol"]),
        (["--si-al", "-3"], ["-3"]),
        (["--md-ps", "1"], ["--refine"]),
        (["--refine", "clayff", "--md-ps", "-1"], ["-1 ps"]),
    ],
)
def test_what_is_known_to_be_wrong_beforehand_writes_nothing(sodalite, tmp_path, capsys, options, words):
    assert backmap(sodalite, tmp_path / "out", *options) == 2
    said = capsys.readouterr()
    assert len(said.err.strip().splitlines()) == 1
    assert all(word in said.err for word in words), said.err
    assert not (tmp_path / "out").exists()


def test_a_molecule_file_without_hydrogens_is_refused(sodalite, tmp_path, capsys):
    Atoms(
        "NC4", [[0, 0, 0], [0.87, 0.87, 0.87], [-0.87, -0.87, 0.87], [-0.87, 0.87, -0.87], [0.87, -0.87, -0.87]]
    ).write(tmp_path / "tma.xyz")
    assert backmap(sodalite, tmp_path / "out", "--sda", tmp_path / "tma.xyz") == 2
    assert "hydrogen" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def kept(out, capsys, status, *words):
    """One message that names the folder, in which everything up to there is; the summary."""
    said = capsys.readouterr()
    assert len(said.err.strip().splitlines()) == 1, said.err
    assert all(word in said.err for word in (str(out), *words)), said.err
    assert (out / "framework.cif").is_file()
    assert (out / "report.html").is_file()
    found = summary(out)
    assert found["failed"]["message"]
    return found


def test_an_impossible_ratio_keeps_the_silica(tmp_path, capsys):
    """SGT has five-rings, so that Si/Al = 1 without Al-O-Al is impossible."""
    ase.io.write(tmp_path / "sgt.cif", zc.framework("SGT"))
    assert backmap(tmp_path / "sgt.cif", tmp_path / "out", "--si-al", 1) == 2
    kept(tmp_path / "out", capsys, 2, "Al", "impossible")


def test_a_species_that_the_force_field_lacks_is_named_and_the_rest_kept(sodalite, tmp_path, capsys):
    assert backmap(sodalite, tmp_path / "out", "--si-al", 11, "--heteroatom", "Ge", "--refine", "slc") == 2
    found = kept(tmp_path / "out", capsys, 2, "slc", "Ge")
    assert found["aluminium"]["n_Ge"] == 8
    assert "Ge" in ase.io.read(tmp_path / "out" / "framework.extxyz").get_chemical_symbols()


def test_a_calculator_that_fails_on_its_way_keeps_what_it_reached(sodalite, tmp_path, capsys):
    script = tmp_path / "springs.py"
    script.write_text(SPRINGS.replace("LIMIT", "3"))
    assert backmap(sodalite, tmp_path / "out", "--refine", script) == 3
    found = kept(tmp_path / "out", capsys, 3, "license server")
    assert not found["refined"]["converged"]
    assert found["refined"]["above_quartz_kJ_per_mol"] is None
    assert (tmp_path / "out" / "refined.extxyz").is_file()


def test_a_calculator_of_ones_own(sodalite, tmp_path):
    script = tmp_path / "springs.py"
    script.write_text(SPRINGS.replace("LIMIT", "1e9"))
    assert backmap(sodalite, tmp_path / "out", "--refine", script) == 0
    refined = summary(tmp_path / "out")["refined"]
    before, after = (ase.io.read(tmp_path / "out" / f"{name}.extxyz") for name in ("framework", "refined"))
    moved = after.positions - before.positions
    moved -= np.round(moved @ np.linalg.inv(before.cell[:])) @ before.cell[:]
    assert np.abs(moved - 0.1).max() < 0.03  # force limit of 0.02 eV/Å
    assert refined["energy_eV"] == pytest.approx(0, abs=0.1)
    assert refined["net_charge"] == 0  # of the formula: springs have none


def test_s_at_the_wall_is_said(tmp_path):
    """An S put on an O of the framework: the message names the atom."""
    atoms = zc.framework("SOD", repeat=(2, 2, 2), oxygens=False)
    bond = (
        atoms.positions[0]
        + atoms.positions[atoms.get_distances(0, range(1, len(atoms)), mic=True).argmin() + 1]
    ) / 2
    both = np.vstack([atoms.positions, [bond]])
    kinds = [0] * len(atoms) + [1]
    write_frame(
        tmp_path / "wall.gsd",
        make_frame(both, atoms.cell[:], kinds, ["T", "S"], {"T": 28.0855, "S": 28.0855}),
    )
    assert backmap(tmp_path / "wall.gsd", tmp_path / "out", "--sda", "TMA") == 0
    [guest] = summary(tmp_path / "out")["sda"]
    assert "S bead 0 lies" in guest["reason"]


def test_an_interrupt_keeps_the_frames_that_were_done(tmp_path):
    """The calculator sends the interrupt itself, in the second of three frames, which has more atoms."""
    frames = [zc.framework("SOD", repeat=(1, 1, n)) for n in (1, 2, 1)]
    ase.io.write(tmp_path / "three.extxyz", frames)
    script = tmp_path / "springs.py"
    wanted = "if len(atoms) > 40: os.kill(os.getpid(), signal.SIGINT)"
    springs = SPRINGS.replace("LIMIT", "1e9").replace(
        "        self.calls += 1\n", f"        {wanted}\n        self.calls += 1\n"
    )
    script.write_text("import os, signal\n" + springs)
    out = tmp_path / "out"
    done = call("backmap", tmp_path / "three.extxyz", "--refine", script, "--out", out)
    assert done.returncode == 4, done.stderr
    [told] = [line for line in done.stderr.splitlines() if "interrupted" in line]
    assert "1 of 3 frames were done" in told
    assert str(out) in told
    found = summary(out)
    assert found["interrupted"] == "1 of 3 frames were done"
    assert (found["frame"], found["frames"]) == (0, [])
    assert (out / f"{found['files']}.cif").is_file()
    assert (out / found["files"].replace("framework", "refined")).with_suffix(".extxyz").is_file()
    assert (out / "report.html").is_file()
