"""What is wrong is told as such, in one sentence, whatever was given; and what is alike is taken alike."""

import numpy as np
import pytest

import zeocryst as zc

pytest.importorskip("pandas")


@pytest.fixture(scope="module")
def sodalite():
    return zc.framework("SOD")


def frames_file(folder, count, sodalite):
    """A trajectory of gsd of T alone; the steps are 10 times the frames' numbers."""
    import gsd.hoomd

    from zeocryst.cell import make_frame

    t = sodalite[[atom.index for atom in sodalite if atom.symbol == "Si"]]
    with gsd.hoomd.open(folder / "trajectory.gsd", "w") as file:
        for k in range(count):
            frame = make_frame(t.positions, t.cell[:], np.zeros(len(t), int), ["T"], {"T": 1.0})
            frame.configuration.step = 10 * k
            file.append(frame)
    return folder / "trajectory.gsd"


def test_a_molecule_of_pymatgen_has_no_cell():
    core = pytest.importorskip("pymatgen.core")
    molecule = core.Molecule(["Si", "O"], [[0, 0, 0], [0, 0, 1.6]])
    for given in (molecule, core.IMolecule.from_sites(molecule.sites), [molecule]):
        with pytest.raises(zc.InputError, match="has no cell"):
            zc.identify(given)


@pytest.mark.parametrize("silicon", ["Si", {"Si": 0.9, "Al": 0.1}])
def test_a_layer_of_pymatgen_stays_one(silicon):
    core = pytest.importorskip("pymatgen.core")
    from zeocryst.door.structures import as_structures

    lattice = core.Lattice(np.eye(3) * 9, pbc=(True, True, False))
    structure = core.Structure(lattice, [silicon, "O"], [[0, 0, 0], [0.2, 0, 0]])
    assert as_structures(structure)._images[0].pbc.tolist() == [True, True, False]


TYPES = [3, ["Si"], 0, {"T": 3}, {"T": None}, {"T": [14]}, {"T": [["Si"]]}, {"T": ""}, {"T": []}, {3: "Si"}, b"T=Si"]


@pytest.mark.parametrize("types", TYPES, ids=repr)
def test_types_of_another_form(sodalite, types):
    with pytest.raises(zc.InputError, match="^types: expected names for the roles T, S or O"):
        zc.identify(sodalite, types=types)


@pytest.mark.parametrize("types", ["T=Si", {"T": "Si"}, {"T": ("Si",)}, {"T": np.array(["Si"])}, {}, ""], ids=repr)
def test_types_of_every_right_form(sodalite, types):
    assert zc.identify(sodalite, types=types).codes == ("SOD",)


@pytest.mark.parametrize("frame", ["1", slice(None), 1.0, True, [0]], ids=repr)
def test_a_frame_is_a_whole_number(sodalite, frame):
    for ask in (zc.identify, zc.backmap, zc.identify_all, lambda s, frame: zc.measure(s, "density", frame=frame)):
        with pytest.raises(zc.InputError, match=r"frame = .*expected a whole number"):
            ask([sodalite, sodalite], frame=frame)
    assert zc.identify([sodalite], frame=np.int64(0)).codes == ("SOD",)


def test_a_run_is_found_from_another_folder(tmp_path, monkeypatch, sodalite):
    folder = tmp_path / "a"
    (folder / "checkpoint").mkdir(parents=True)
    frames_file(folder, 3, sodalite)
    (tmp_path / "b").mkdir()
    monkeypatch.chdir(tmp_path)
    run = zc.open_run("a")
    frames = run.frames
    monkeypatch.chdir(tmp_path / "b")
    assert run.state == "stopped"
    assert len(run.frames) == len(frames) == 3
    assert frames[1:][0].configuration.step == 10
    assert zc.identify(run, frame=0).record["path"] == "a/trajectory.gsd"
    assert str(run).startswith("a: stopped")
    folder.rename(tmp_path / "c")
    for ask in (lambda: run.state, lambda: run.order_parameters, lambda: run.frames, lambda: len(frames),
                lambda: run.summary, lambda: zc.identify(run)):  # fmt: skip
        with pytest.raises(zc.InputError, match="no folder a$"):
            ask()
    assert str(run) == "a: the folder is not there"
    assert "not there" in run._repr_html_()


def test_chosen_frames_are_not_called_the_trajectory(tmp_path, sodalite):
    from zeocryst.door.frames import Frames

    path = frames_file(tmp_path, 4, sodalite)
    assert zc.identify(Frames(path), frame=2).record["path"] == str(path)
    for some, count in ((Frames(path)[2:], 2), (Frames(path)[3:], 1)):
        record = zc.identify(some, frame=0).record
        assert (record["path"], record["frame"]) == (f"{count} frames of {path}", 0)
        assert zc.identify_all(some)[0].record["path"] == record["path"]
