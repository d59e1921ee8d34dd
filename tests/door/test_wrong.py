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


TYPES = [
    3,
    ["Si"],
    0,
    {"T": 3},
    {"T": None},
    {"T": [14]},
    {"T": [["Si"]]},
    {"T": ""},
    {"T": []},
    {3: "Si"},
    b"T=Si",
]


@pytest.mark.parametrize("types", TYPES, ids=repr)
def test_types_of_another_form(sodalite, types):
    with pytest.raises(zc.InputError, match="^types: expected names for the roles T, S or O"):
        zc.identify(sodalite, types=types)


@pytest.mark.parametrize(
    "types", ["T=Si", {"T": "Si"}, {"T": ("Si",)}, {"T": np.array(["Si"])}, {}, ""], ids=repr
)
def test_types_of_every_right_form(sodalite, types):
    assert zc.identify(sodalite, types=types).codes == ("SOD",)


@pytest.mark.parametrize("frame", ["1", slice(None), 1.0, True, [0]], ids=repr)
def test_a_frame_is_a_whole_number(sodalite, frame):
    for ask in (
        zc.identify,
        zc.backmap,
        zc.identify_all,
        lambda s, frame: zc.measure(s, "density", frame=frame),
    ):
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
    every = run.frames
    folder.rename(tmp_path / "c")
    for ask in (lambda: run.state, lambda: run.order_parameters, lambda: run.frames, lambda: len(frames),
                lambda: run.summary, lambda: zc.identify(run), lambda: zc.identify(every)):  # fmt: skip
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


FRAMES = [
    "::2",
    [0],
    range(2),
    True,
    1.0,
    slice(None, None, 0),
    slice(None, None, -1),
    slice(1.0, 2),
    slice("a"),
]


@pytest.mark.parametrize("frames", FRAMES, ids=repr)
def test_frames_to_analyze_of_another_form(sodalite, frames):
    with pytest.raises(zc.InputError, match=r"^frames .*expected a whole number"):
        zc.analyze([sodalite] * 3, frames=frames, names="density")


@pytest.mark.parametrize(
    ("frames", "numbers"),
    [(None, [0, 1, 2]), (1, [1]), (-1, [2]), (-2, [1]), (np.int64(0), [0]), (slice(None, None, 2), [0, 2])],
)
def test_frames_to_analyze(sodalite, frames, numbers):
    found = zc.analyze([sodalite] * 3, frames=frames, names="density")
    assert found.order_parameters["frame"].tolist() == numbers


@pytest.mark.parametrize("names", [3, [3], [None], b"density", [b"density"], [["density"]]], ids=repr)
def test_names_of_another_form(sodalite, names):
    for ask in (zc.measure, lambda s, names: zc.analyze(s, names=names)):
        with pytest.raises(zc.InputError, match=r"expected (the name of an order|a text)"):
            ask(sodalite, names)


@pytest.mark.parametrize(
    "repeat", [2, None, (1.0, 1, 1), "222", ("1", "1", "1"), (1, 1), (1, 1, 0), (True, 1, 1)], ids=repr
)
def test_cells_of_another_form(repeat):
    with pytest.raises(zc.InputError, match=r"^repeat = .*whole number"):
        zc.framework("SOD", repeat=repeat)


def test_cells_as_an_array():
    assert len(zc.framework("SOD", repeat=np.array([1, 1, 2]), oxygens=False)) == 24


def test_closed_trajectories_hide_no_answers(tmp_path, sodalite):
    import gsd.hoomd
    from ase.io.trajectory import Trajectory

    with gsd.hoomd.open(frames_file(tmp_path, 2, sodalite)) as beads:
        pass
    with Trajectory(tmp_path / "a.traj", "w") as writer:
        writer.write(sodalite)
        writer.write(sodalite)
    with Trajectory(tmp_path / "a.traj") as atoms:
        pass
    for closed in (beads, atoms):
        with pytest.raises(zc.InputError, match="was it closed"):
            zc.identify(closed)
    found = zc.identify_all([beads, sodalite, atoms])
    assert [one.codes for one in found] == [("SOD",)]
    assert len(found.errors) == 2


RUN = [{"seed": "3"}, {"seed": 1.0}, {"threads": "1"}, {"threads": 0}, {"walltime": [1]}, {"walltime": -1},
       {"walltime": float("nan")}, {"walltime": True}, {"out": None}, {"out": 3}, {"out": ""}]  # fmt: skip


@pytest.mark.parametrize("wrong", RUN, ids=repr)
def test_options_of_a_run(tmp_path, monkeypatch, wrong):
    monkeypatch.chdir(tmp_path)
    [name] = wrong
    with pytest.raises(zc.InputError, match=f"^{name} = .*expected"):
        zc.run("sgt_seeded", **({"out": "made", "quiet": True} | wrong))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("seed", ["1", 1.5, 0, True, None], ids=repr)
def test_seed_of_a_backmapping(sodalite, seed):
    with pytest.raises(zc.InputError, match="^seed = .*expected a whole number of at least 1"):
        zc.backmap(sodalite, seed=seed)


def test_folders_of_another_form(tmp_path, sodalite):
    for wrong in (None, 3):
        with pytest.raises(zc.InputError, match="^folder = .*expected the path"):
            zc.open_run(wrong)
    with pytest.raises(zc.InputError, match="open already"):
        zc.open_run(zc.Run(tmp_path))
    with pytest.raises(zc.InputError, match="^out = 3; expected the path"):
        zc.analyze(sodalite, names="density", out=3)
    with pytest.raises(zc.InputError, match="^no folder nowhere"):
        _ = zc.Run("nowhere").state
    made = zc.backmap(sodalite)
    with pytest.raises(zc.InputError, match="^out = None; expected the path"):
        made.write(None)
    (tmp_path / "full").touch()
    with pytest.raises(zc.InputError, match=r"^(?!.*--out)"):
        made.write(tmp_path / "full")


LANGEVIN = {"kind": "langevin", "temperature_K": 300, "time_ps": 20}
HELD = {"crystalline_share": 0.9, "for_ps": 5}


def test_arrays_and_mappings_in_a_condition():
    def built(system, stage):
        return zc.Condition(system=system, stages=[stage])

    plain = built({"start": "framework", "framework": "SOD", "repeat": [2, 2, 2]},
                  LANGEVIN | {"temperature_K": [300, 400], "until": HELD})  # fmt: skip
    arrays = built(zc.System("framework", framework="SOD", repeat=np.array([2, 2, 2])),
                   zc.Stage("langevin", temperature_K=np.array([300.0, 400.0]), time_ps=20, until=HELD))  # fmt: skip
    assert arrays == plain
    for wrong in (LANGEVIN | {1: 2}, zc.Stage("langevin", (300, 300), time_ps=20, until={1: 2}),
                  zc.Stage("langevin", (300, 300), time_ps=20, until=3), zc.Stage("cut", edit=3)):  # fmt: skip
        with pytest.raises(zc.InputError, match="^the condition"):
            built({"start": "framework", "framework": "SOD"}, wrong)


def test_a_comma_after_types_is_none_of_them():
    from zeocryst.door.wording import in_python

    assert in_python("add --types T=O, such as") == 'add types="T=O", such as'
    assert in_python("add --types T=Al,P, such as") == 'add types="T=Al,P", such as'


def test_in(tmp_path, sodalite):
    from zeocryst.door.frames import Frames

    found = zc.identify_all([sodalite, sodalite])
    assert found[1] in found
    assert zc.identify(sodalite) not in found
    frames = Frames(frames_file(tmp_path, 3, sodalite))
    assert frames[2] in frames
    assert frames[2] not in frames[:2]


def test_columns_of_a_run_keep_their_kind(tmp_path):
    (tmp_path / "order_parameters.csv").write_text(
        "step,time_ps,stage,temperature_K,largest_grain_framework,largest_grain_sites\n0,0,1,300,SOD,96\n"
    )
    kinds = zc.Run(tmp_path).order_parameters.dtypes
    assert [kinds[name].kind for name in ("step", "stage")] == ["i", "i"]
    assert [kinds[name].kind for name in ("time_ps", "temperature_K", "largest_grain_sites")] == ["f", "f", "f"]


def test_the_lock_that_is_not_had_is_closed(tmp_path):
    pytest.importorskip("fcntl")
    from zeocryst.files.rundir import RunDirectory

    first, second = (RunDirectory(tmp_path, "", "") for _ in range(2))
    first.open()
    with pytest.raises(zc.InputError, match="another zeocryst is running"):
        second.open()
    assert second._lock is None
    first.close()
    second.open()
    assert second._lock is not None
    second.close()
