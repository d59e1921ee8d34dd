"""Engines of other people: what is wrong with one is told by its name, before a run or in it."""

import copy
import csv
from pathlib import Path

import numpy as np
import pytest
from plugin_files import ENGINE, condition, forget_plugins, refused, small, write  # noqa: F401  (fixtures)

from zeocryst.cli import main
from zeocryst.condition import Stage
from zeocryst.engines import choose_engine
from zeocryst.errors import PluginError, PluginFailedError
from zeocryst.foundation import plugins

DURING = {
    "raises": ("now = self.evaluate(state)", "now = self.evaluate(state) if done < 30 else 1 / 0", "ZeroDivisionError"),
    "nan": ("yield protocol.sample_of(done, state, now, stage, held)", "yield __import__('dataclasses').replace(protocol.sample_of(done, state, now, stage, held), pressure_bar=np.nan)", "pressure_bar of a sample of run is nan"),
    "late": ("due = done + every(done)", "due = done + every(done) + (done > 0)", "was due"),
    "early": ("due = done + every(done)", "due = done + min(every(done), 7)", "was due"),
    "ends": ("due = done + every(done)", "due = done + every(done)\n                if done: return", "run ended after"),
    "kind": ("yield protocol.sample_of(done, state, now, stage, held)", "yield state", "yielded a Frame"),
    "step": ("yield protocol.sample_of(done, state", "yield protocol.sample_of(np.arange(2) + done, state", "expected a whole number"),
    "ragged": ("yield protocol.sample_of(done, state, now, stage, held)", "yield __import__('dataclasses').replace(protocol.sample_of(done, state, now, stage, held), energy_eV=[[1], [1, 2]])", "failed in run: ValueError"),
    "unasked": ("if done == due:", "due = begin + every(begin) if done == begin else due\n            if done == due:", "where 0 was due"),
    "frame": ("state = protocol.moved_frame(frame, box, inside, v,", "state = protocol.moved_frame(frame, box, inside * np.nan if done else inside, v,", "finite"),
}  # fmt: skip


@pytest.mark.parametrize("kind", DURING)
def test_an_engine_that_fails_during_a_run_is_named_and_its_last_good_state_kept(
    write, condition, tmp_path, capsys, kind
):
    old, new, words = DURING[kind]
    assert old in ENGINE.read_text()
    path, out = write(ENGINE.read_text().replace(old, new)), tmp_path / "run"
    run = ["run", str(condition), "--out", str(out), "--quiet", "--plugin", str(path), "--engine", "verlet"]
    assert main(run) == 3
    error = capsys.readouterr().err
    assert f"plugin {path}: its engine 'verlet'" in error
    assert words in error
    assert "stage 1 (langevin at 400 K)" in error
    assert "The last good state" in error
    assert "what helps" not in error
    if kind == "raises":
        assert "failed in run (line" in error
        with (out / "order_parameters.csv").open() as file:
            assert [int(row["step"]) for row in csv.DictReader(file)] == [0, 20]
        plugins.forget()
        assert f"plugin {path} is missing" in refused(capsys, *run[:5], "--engine", "verlet")
        plugins.forget()
        path.write_text(ENGINE.read_text())
        assert main(run) == 0


BEFORE = {
    "kinds": ('KINDS = "verlet", ("nve", "langevin")', 'KINDS = "verlet", ("nve", "dpd")', "KINDS = ('nve', 'dpd')"),
    "stage": ('KINDS = "verlet", ("nve", "langevin")', 'KINDS = "verlet", ("nve",)', "does not run langevin; it runs nve"),
    "offer": ("return protocol.Offer(", "return (", "offer('auto') returned"),
    "offering": ("return protocol.Offer(0", "return protocol.Offer(nobody if device else 0", "failed in offer('auto') (line"),
    "create": ("return Verlet(forcefield)", "return None", "has no method run"),
    "creating": ("return Verlet(forcefield)", "return Verlet(forcefield).nothing", "failed in create (line"),
    "info": ("protocol.EngineInfo(NAME,", "protocol.EngineInfo('other',", "expected EngineInfo('verlet'"),
    "version": ("NAME, \"1.0\"", "NAME, (1, 0)", "info.version = (1, 0); expected a text"),
    "precision": ("\"double\"", "np.float64", "expected a text"),
    "device": ("\"1.0\", \"cpu\"", "\"1.0\", \"tpu\"", "info.device = 'tpu'; expected 'cpu' or 'gpu'"),
    "threads": ("\"double\", 1)", "\"double\", 1.5)", "info.threads = 1.5"),
    "property": ("    def evaluate(self", "    @property\n    def minimize(self):\n        return 1 / 0\n\n    def evaluate(self", "cannot be used (line"),
    "own": ('KINDS = "verlet"', 'KINDS = "lammps"', "'lammps' of its engine is that of one of zeocryst's own"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BEFORE)
def test_an_engine_that_is_wrong_is_refused_before_anything_is_written(
    write, condition, tmp_path, capsys, kind
):
    old, new, words = BEFORE[kind]
    assert old in ENGINE.read_text()
    path, out = write(ENGINE.read_text().replace(old, new)), tmp_path / "run"
    message = refused(capsys, "run", condition, "--out", out, "--plugin", path, "--engine", "verlet")
    assert f"plugin {path}: " in message
    assert words in message
    assert not out.exists()


def test_a_device_that_it_has_not(condition, capsys):
    message = refused(capsys, "check", condition, "--plugin", ENGINE, "--engine", "verlet", "--device", "gpu")
    assert "verlet: runs on the CPU only" in message


def test_what_an_engine_says_of_a_frame_is_looked_at(write, ts, small):
    def engine(old, new):
        plugins.forget()
        plugins.load(write(ENGINE.read_text().replace(old, new)))
        return choose_engine(ts, "verlet", "cpu")[0]

    given = "return protocol.evaluation_of(frame, found.energy.sum(), found.forces, found.virial)"
    for new, words in {
        "return found": "evaluate returned a PotentialResult; expected an Evaluation",
        given.replace("found.forces", "found.forces[1:]"): r"the forces of evaluate have the shape \(111, 3\)",
        given.replace("found.virial", "np.zeros(3)"): "virial_eV of evaluate",
    }.items():
        with pytest.raises(PluginFailedError, match=words):
            engine(given, new).evaluate(small)
    with pytest.raises(PluginFailedError, match="values of the forces of evaluate are not finite"):
        engine(given, given.replace("found.forces", "np.full((112, 3), np.nan)")).minimize(small)
    mine, rigid = engine("", ""), Stage("langevin", (400.0, 400.0), time_ps=1, rigid_precursors=True)
    with pytest.raises(PluginError, match="does not run rigid_precursors"):
        mine.check(small, [rigid])


def test_an_engine_cannot_change_the_frame_that_it_is_given(write, small, ts):
    old = "        found = self.model.evaluate(frame)"
    text = ENGINE.read_text().replace(old, "        frame.particles.position[:] += 1\n" + old)
    assert text != ENGINE.read_text()
    plugins.load(write(text))
    before = small.particles.position.copy()
    choose_engine(ts, "verlet", "cpu")[0].evaluate(small)
    assert np.array_equal(small.particles.position, before)


FRAMES = {
    "typeid": ("state.particles.typeid = 1 - state.particles.typeid", "particles.typeid of a frame of run are not those"),
    "types": ("state.particles.types = ['S', 'T']", "particles.types of a frame of run are not those"),
    "mass": ("state.particles.mass = state.particles.mass * 2", "particles.mass of a frame of run are not those"),
    "box": ("state.configuration.box = [-1, *state.configuration.box[1:]]", "expected edges longer than 0"),
}  # fmt: skip


def engine_with_frames(write, ts, line):
    text, old = ENGINE.read_text(), "            now = self.evaluate(state)\n"
    new = old + "            import copy; state = copy.deepcopy(state)\n"
    last = "                yield protocol.sample_of(done, state, now, stage, held)"
    assert old in text
    assert last in text
    made = "                sample = protocol.sample_of(done, state, now, stage, held)\n"
    plugins.load(
        write(
            text.replace(old, new).replace(last, f"{made}                {line}\n                yield sample")
        )
    )
    return choose_engine(ts, "verlet", "cpu")[0]


def still(frame):
    frame = copy.deepcopy(frame)
    frame.particles.velocity = np.zeros((frame.particles.N, 3), np.float32)
    return frame


@pytest.mark.parametrize("kind", FRAMES)
def test_a_frame_with_other_beads_is_refused(write, ts, small, kind):
    line, words = FRAMES[kind]
    engine = engine_with_frames(write, ts, line)
    sample = next(engine.run(still(small), Stage("nve", time_ps=0.005, timestep_fs=5), seed=1, every=1))
    with pytest.raises(PluginFailedError, match=words):
        sample.frame()


def test_beads_that_leave_the_box_are_put_into_it(write, ts, small):
    line = "state.particles.position = state.particles.position + np.array([2, 0, -1]) * box[:3]"
    engine = engine_with_frames(write, ts, line)
    sample = next(engine.run(still(small), Stage("nve", time_ps=0.005, timestep_fs=5), seed=1, every=1))
    found = sample.frame().particles
    apart = found.position - small.particles.position
    turns = np.round(apart / small.configuration.box[:3])  # a bead on a face may stand on the other one
    assert np.abs(apart - turns * small.configuration.box[:3]).max() < 1e-4
    assert np.array_equal(found.image + turns, np.broadcast_to([2, 0, -1], (112, 3)))


def test_an_engine_that_cannot_be_closed(write, small, ts):
    text = ENGINE.read_text().replace(
        "        for done in range",
        "        try:\n          yield from self.all(frame, stage, every, begin)\n        finally:\n          1 / 0\n        for done in range",
    )
    text += """
    def all(self, frame, stage, every, begin):
        for done in (begin, begin + 1):
            now = self.evaluate(frame)
            yield protocol.sample_of(done, frame, now, stage, np.zeros(len(frame.particles.typeid), bool))
            every(done)
"""
    plugins.load(write(text))
    engine = choose_engine(ts, "verlet", "cpu")[0]
    still = copy.deepcopy(small)
    still.particles.velocity = np.zeros((112, 3), np.float32)
    stage = Stage("nve", time_ps=0.005, timestep_fs=5)
    assert stage.n_steps == 1
    samples = engine.run(still, stage, seed=1, every=1)
    assert [next(samples).step, next(samples).step] == [0, 1]
    with pytest.raises(PluginFailedError, match="failed when run was closed"):
        next(samples)


def test_a_device_that_was_not_asked_for(write, condition, capsys):
    path = write(ENGINE.read_text().replace('0 if device == "gpu" else 1', "1"))
    message = refused(capsys, "check", condition, "--plugin", path, "--engine", "verlet", "--device", "gpu")
    assert "offer('gpu') returned" in message


def test_no_plugin_is_chosen_by_itself(ts, small):
    plugins.load(ENGINE)
    assert choose_engine(ts, "auto", "cpu", frame=small)[0].info.name != "verlet"
    assert choose_engine(ts, "verlet", "cpu", frame=small)[0].info.name == "verlet"
    assert Path(plugins.given("engine")["verlet"].plugin.path) == ENGINE
