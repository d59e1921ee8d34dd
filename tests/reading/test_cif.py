"""CIFs as people have them: the same crystal, whichever way it is written down."""

import time
import warnings

import ase.io
import numpy as np
import pytest
from conftest import SHARED

from zeocryst.cell import neighbour_pairs
from zeocryst.errors import InputError
from zeocryst.reading.cif import read_cif
from zeocryst.reading.elements import element_of
from zeocryst.reading.formats import notes_of, read_images

#: Sodalite: a Hall and a Hermann-Mauguin symbol of one group, from the International Tables; Si and Al in order.
CELL = "".join(f"_cell_length_{x} 8.848\n" for x in "abc") + "".join(
    f"_cell_angle_{x} 90\n" for x in ("alpha", "beta", "gamma")
)
ROWS = "Si1 0.25 0.5 0\nAl1 0.25 0 0.5\nO1 0.1401 0.1494 0.4390\n"
LOOP = "loop_\n_atom_site_label\n_atom_site_fract_x\n_atom_site_fract_y\n_atom_site_fract_z\n"
GROUP = "_symmetry_space_group_name_H-M 'P -4 3 n'\n"


def sodalite(group=GROUP, rows=ROWS, loop=LOOP, cell=CELL):
    return f"data_sod\n{cell}{group}{loop}{rows}"


def formula(atoms):
    return atoms.get_chemical_formula(mode="hill")


def same_places(a, b, most=0.05):
    """Whether each atom of a has one of b of its element within `most` Å, and the other way round."""
    both = a + b
    i, j, _, _ = neighbour_pairs(both.positions, a.cell[:], most)
    other = ((i < len(a)) != (j < len(a))) & (both.numbers[i] == both.numbers[j])
    return len(a) == len(b) and set(range(len(both))) == set(i[other]) | set(j[other])


@pytest.mark.parametrize(
    "group",
    [
        "_space_group_name_Hall 'P -4n 2 3'\n",
        "_symmetry_space_group_name_Hall 'P -4n 2 3'\n_symmetry_space_group_name_H-M 'nonsense'\n",
        GROUP,
        "_space_group_name_H-M_alt P-43n\n",
        "_symmetry_Int_Tables_number 218\n",
        "_symmetry_space_group_name_H-M '?'\n_space_group_IT_number 218\n",
        "_symmetry_space_group_name_H-M 'nonsense'\n_space_group_IT_number 218\n",
    ],
)
def test_the_group_by_any_of_its_names(group):
    [atoms] = read_cif(sodalite(group))
    assert formula(atoms) == "Al6O24Si6"
    assert same_places(atoms, read_cif(sodalite())[0])


def test_operations_are_enough_whatever_the_symbol_says():
    import gemmi

    listed = [op.triplet() for op in gemmi.find_spacegroup_by_name("P -4 3 n").operations()]
    assert len(listed) == 24
    loop = "loop_\n_symmetry_equiv_pos_as_xyz\n" + "".join(f"'{x}'\n" for x in listed)
    for symbol in ("nonsense", "P 1", "F d -3 m"):
        [atoms] = read_cif(sodalite(f"_symmetry_space_group_name_H-M '{symbol}'\n{loop}"))
        assert formula(atoms) == "Al6O24Si6"
    # an operation less is another crystal, so the list was used
    [fewer] = read_cif(sodalite(loop.replace(f"'{listed[-1]}'\n", "")))
    assert len(fewer) < 36


def test_a_group_that_is_none_is_refused_and_not_p1():
    with pytest.raises(InputError, match="Q 4 3 n.*list its operations"):
        read_cif(sodalite("_symmetry_space_group_name_H-M 'Q 4 3 n'\n"))
    with pytest.raises(InputError, match="'999'"):
        read_cif(sodalite("_space_group_IT_number 999\n"))
    with pytest.raises(InputError, match="no symmetry operation"):
        read_cif(sodalite("_symmetry_equiv_pos_as_xyz x,y\n"))


def test_p1_is_said_or_stated():
    assert notes_of(read_cif(sodalite("_symmetry_space_group_name_H-M 'P 1'\n"))[0]) == []
    [atoms] = read_cif(sodalite(""))
    assert len(atoms) == 3
    assert "no symmetry is given" in notes_of(atoms)[0]


def test_a_cell_of_another_setting_is_refused():
    with pytest.raises(InputError, match="does not have the symmetry"):
        read_cif(sodalite(cell=CELL.replace("_cell_length_c 8.848", "_cell_length_c 12.0")))


def test_both_origins_of_faujasite_are_found_by_its_bonds():
    """Baur's T and O of FAU (Fd-3m, origin 2), and the same moved to origin 1 by (1/8, 1/8, 1/8)."""
    cell = CELL.replace("8.848", "24.345")
    sites = {"Si1": (-0.05392, 0.1253, 0.03589), "O1": (0, -0.10623, 0.10623), "O2": (-0.00323, -0.00323, 0.14066),
             "O3": (0.0757, 0.0757, -0.03577), "O4": (0.07063, 0.07063, 0.32115)}  # fmt: skip
    made = {}
    for name, shift in (("2", 0.0), ("1", 0.125)):
        rows = "".join(
            f"{k} {x + shift:.5f} {y + shift:.5f} {z + shift:.5f}\n" for k, (x, y, z) in sites.items()
        )
        [atoms] = read_cif(sodalite("_symmetry_space_group_name_H-M 'F d -3 m'\n", rows, cell=cell))
        assert formula(atoms) == "O384Si192"
        assert f":{name} is taken" in notes_of(atoms)[-1]
        made[name] = atoms
        other = "F d -3 m :1" if name == "2" else "F d -3 m Z"
        [wrong] = read_cif(sodalite(f"_symmetry_space_group_name_H-M '{other}'\n", rows, cell=cell))
        assert not same_places(wrong, atoms)  # an origin that is stated is kept
    made["1"].positions -= 24.345 / 8
    assert same_places(made["1"], made["2"])


@pytest.mark.parametrize(("digits", "count"), [(6, 8), (3, 8), (2, 8)])
def test_rounded_special_positions_are_one_atom(digits, count):
    """High tridymite (P6_3/mmc): Si on 1/3, 2/3, z; O on 1/3, 2/3, 1/4 and on 1/2, 0, 0: 12 atoms."""
    third = f"{1 / 3:.{digits}f} {2 / 3:.{digits}f}"
    cell = CELL.replace("a 8.848", "a 5.052").replace("b 8.848", "b 5.052").replace("c 8.848", "c 8.270")
    cell = cell.replace("gamma 90", "gamma 120")
    rows = f"Si1 {third} 0.062\nO1 {third} 0.25\nO2 0.5 0 0\n"
    [atoms] = read_cif(sodalite("_symmetry_space_group_name_H-M 'P 63/m m c'\n", rows, cell=cell))
    assert formula(atoms) == "O8Si4"
    assert neighbour_pairs(atoms.positions, atoms.cell[:], 1.3)[0].size == 0


def test_a_split_site_keeps_its_halves_and_says_its_occupancy():
    """0.25 Å off a mirror: two halves if half occupied, one atom if it is whole."""
    group = "_symmetry_space_group_name_H-M 'P m m m'\n"
    loop = LOOP + "_atom_site_occupancy\n"
    [half] = read_cif(sodalite(group, f"Si1 0 0 0 1\nO1 {0.125 / 8.848:.5f} 0.5 0.5 0.5\n", loop))
    assert formula(half) == "O2Si"
    assert half.arrays["occupancy"].tolist() == [1, 0.5, 0.5]
    assert half.arrays["cif_site"].tolist() == [0, 1, 1]
    assert half.info["cif_labels"] == ["Si1", "O1"]
    [whole] = read_cif(sodalite(group, f"Si1 0 0 0 1\nO1 {0.125 / 8.848:.5f} 0.5 0.5 1\n", loop))
    assert formula(whole) == "OSi"
    assert np.allclose(whole.get_scaled_positions()[1], [0, 0.5, 0.5])


def test_an_operation_or_an_atom_outside_a_loop():
    [atoms] = read_cif(sodalite("_symmetry_equiv_pos_as_xyz x,y,z\n"))
    assert len(atoms) == 3
    one = "".join(
        f"_atom_site_{k} {v}\n" for k, v in (("label", "Si1"), ("fract_x", 0), ("fract_y", 0), ("fract_z", 0))
    )
    assert formula(read_cif(f"data_x\n{CELL}{one}")[0]) == "Si"


def test_no_data_line_marks_of_editors_and_fractions():
    text = sodalite().replace("data_sod\n", "\ufeff# Å, é\n").replace("0.25 0.5 0", "1/4 0.50(2) −0.000")
    assert formula(read_cif(text)[0]) == "Al6O24Si6"


def test_rows_without_coordinates():
    [atoms] = read_cif(sodalite(rows=ROWS + "Wat1 ? ? ?\nNa1 . . .\n"))
    assert formula(atoms) == "Al6O24Si6"
    assert "without coordinates: Wat1, Na1" in notes_of(atoms)[0]
    with pytest.raises(InputError, match="Si9.*without coordinates"):
        read_cif(sodalite(rows=ROWS + "Si9 ? ? ?\n"))


@pytest.mark.parametrize(
    ("rows", "line"),
    [
        (ROWS.replace("Al1 0.25 0 0.5", "Al1 0.5"), "line 15 has 2 values.*4 columns"),
        (ROWS.replace("Al1 0.25 0 0.5", "Al1 0.25 0 0.5 1.0"), "line 15 has 5 values.*4 columns"),
        (
            "".join(f"{row.split()[0]} {row}\n" for row in (ROWS + "O2 0 0 0\n").splitlines()),
            "line 14 has 5 values",
        ),
        (ROWS.replace("0.1494", "0.14x4"), "fract_y of O1.*'0.14x4', no number"),
        (ROWS.replace("0.1494", "nan"), "fract_y of O1.*'nan', no number"),
    ],
)
def test_broken_rows_are_refused_by_their_line(rows, line):
    with pytest.raises(InputError, match=line):
        read_cif(sodalite(rows=rows))


def test_rows_over_two_lines_are_no_mistake():
    [atoms] = read_cif(sodalite(rows=ROWS.replace("O1 0.1401 ", "O1 0.1401\n  ")))
    assert formula(atoms) == "Al6O24Si6"


def test_every_block_with_atoms_is_a_frame_and_is_named():
    text = f"data_global\n_journal_year 1983\n{sodalite()}\n{sodalite().replace('sod', 'other').replace('O1', 'F1')}"
    first, second = read_cif(text)
    assert formula(first) == "Al6O24Si6"
    assert formula(second) == "Al6F24Si6"
    assert "data block 'sod' of 2" in notes_of(first)[0]


def test_what_is_no_crystal_is_said():
    for text, words in (("data_x\n_a 1\n", "lists no atoms"), ("\x00\x01junk", "not a readable CIF"),
                        (sodalite(cell=""), "_cell_length_a"), (sodalite(cell=CELL.replace("90", "200")), "angle"),
                        (sodalite(rows="Q1 0 0 0\n"), "none of the 1 rows")):  # fmt: skip
        with pytest.raises(InputError, match=words):
            read_cif(text)


def test_elements_from_what_people_write():
    known = {
        "Si": "Si1 Si1A SI4 Si4+ Si/Al1 (Si,Al)1 T1 T T1o T2m Tet1", "Al": "AL Al2 Al3+", "O": "O1 OW1 Ow OH Oa O2- O-2 "
        "Wat1 WAT2 Wa3 W1 H2O2 OS1 18O", "H": "H1 D1 DO1 HO1", "Ca": "Ca1 CA", "Na": "Na NAI", "Ti": "Ti1 TI", "C": "C1A CB1",
        "Be": "BE1", "": "Q1 M1 X Vac Cent □",
    }  # fmt: skip
    for symbol, labels in known.items():
        for label in labels.split():
            assert element_of("", label)[0] == symbol, label
    assert element_of("W", "W1")[0] == "W"  # tungsten, where the type says so
    assert element_of("T", "T1") == ("Si", True)


def test_as_ase_reads_where_ase_can(reference, tmp_path):
    """Symmetric CIFs of reference frameworks, with operations: the same atoms as by ASE's reader."""
    from zeocryst.files.atomfiles import cif, find_symmetry

    for code in ("ABW", "CHA", "FER", "MTN", "NAT", "LTL"):
        atoms = reference[code].copy()
        found = find_symmetry(atoms)
        path = tmp_path / f"{code}.cif"
        path.write_text(cif(found.cell, found.sites, code, found))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs = ase.io.read(path)
        assert same_places(read_images(path)[0], theirs), code


@pytest.mark.parametrize("name", ["hall_only", "no_data_line", "question", "unlooped"])
def test_shared_messages(name):
    path = SHARED / "cases" / "cif_messages" / f"{name}.cif"
    if not path.is_file():
        pytest.skip("the cases lie beside the project's own checkout only")
    assert formula(read_images(path)[0]) == "Al6O24Si6"


@pytest.mark.slow
def test_a_hundred_thousand_atoms_in_p1_take_seconds(tmp_path):
    n = 100_000
    places = np.random.default_rng(1).random((n, 3))
    rows = "".join(f"O{k} O {x:.5f} {y:.5f} {z:.5f}\n" for k, (x, y, z) in enumerate(places))
    loop = LOOP.replace("_atom_site_label\n", "_atom_site_label\n_atom_site_type_symbol\n")
    path = tmp_path / "large.cif"
    path.write_text(
        sodalite("_symmetry_space_group_name_H-M 'P 1'\n", rows, loop, CELL.replace("8.848", "180.0"))
    )
    begin = time.process_time()
    [atoms] = read_images(path)
    assert time.process_time() - begin < 10
    assert len(atoms) > 0.999 * n


def test_coordinates_of_a_box_with_the_lengths_of_one_cell(tmp_path, reference):
    """As RASPA writes: only the volume is that of the 2 x 1 x 3 cells whose atoms are listed."""
    atoms = reference["CHA"]
    box = atoms.repeat((2, 1, 3))
    a, b, c, *angles = atoms.cell.cellpar()
    rows = "\n".join(
        f"T {s} {x:.9f} {y:.9f} {z:.9f}"
        for s, (x, y, z) in zip(box.symbols, box.get_scaled_positions(), strict=True)
    )
    text = (
        f"data_x\n_cell_length_a {a}\n_cell_length_b {b}\n_cell_length_c {c}\n_cell_angle_alpha {angles[0]}\n"
        f"_cell_angle_beta {angles[1]}\n_cell_angle_gamma {angles[2]}\n_cell_volume VOLUME\n"
        "_symmetry_Int_Tables_number 1\nloop_\n_atom_site_label\n_atom_site_type_symbol\n_atom_site_fract_x\n"
        f"_atom_site_fract_y\n_atom_site_fract_z\n{rows}\n"
    )
    (found,) = read_cif(text.replace("VOLUME", f"{box.get_volume():.1f}"))
    assert found.cell.cellpar() == pytest.approx(box.cell.cellpar(), abs=1e-6)
    assert "2 x 1 x 3 cells" in found.info["zeocryst_notes"][0]
    # a volume that is simply wrong is said, and changes nothing
    (found,) = read_cif(text.replace("VOLUME", "1234.5"))
    assert found.cell.cellpar()[:3] == pytest.approx([a, b, c], abs=1e-6)
    assert "the lengths and angles are taken" in found.info["zeocryst_notes"][0]
    (found,) = read_cif(text.replace("VOLUME", f"{atoms.get_volume():.1f}"))
    assert found.cell.cellpar()[:3] == pytest.approx([a, b, c], abs=1e-6)
    assert "volume" not in "".join(found.info["zeocryst_notes"])
