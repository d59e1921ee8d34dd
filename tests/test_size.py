"""Large systems: what is thinned or left out by a stated rule, stopped in the middle, and promised beforehand.

The rules are tried on small systems, with their limits lowered; sizes themselves in the slow tests at the end.
"""

import csv
import json
import os
import resource
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from command_line import ROOT, ZEOCRYST, call

from zeocryst.condition import Condition, read_condition
from zeocryst.engines import choose_engine
from zeocryst.network.bonds import network_of_frame
from zeocryst.order import AGGREGATION, DEFAULT, measure
from zeocryst.quench import apart, relax
from zeocryst.report import figures
from zeocryst.running import beginning, conclusion, pipeline
from zeocryst.running.beginning import Options, first_frame
from zeocryst.running.costs import Size
from zeocryst.running.estimate import estimate
from zeocryst.units import BOLTZMANN_EV_PER_K

GEL = (ROOT / "runs" / "silicalite_gel" / "condition.toml").read_text("utf-8")


def gel(n_t, time_ps=0.5, interval_ps=0.5):
    text = GEL.replace("n_T = 800 ", f"n_T = {n_t} ")
    return text.replace("time_ps = 600", f"time_ps = {time_ps}").replace(
        "interval_ps = 20", f"interval_ps = {interval_ps}"
    )


def rows_of(out):
    with (out / "order_parameters.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def old_mixed(before, after, count):
    """As it was before it had to be quick."""
    pairs = np.unique(np.stack([before, after], axis=1), axis=0)
    parts = np.bincount(pairs[:, 0], minlength=count)
    guests = np.bincount(pairs[:, 1])
    joined = np.zeros(count, dtype=bool)
    joined[pairs[guests[pairs[:, 1]] > 1, 0]] = True
    return (parts > 1) | joined


def test_who_left_or_joined_is_found_as_before():
    rng = np.random.default_rng(1)
    for count in (1, 3, 40):
        before = np.concatenate([np.arange(count), rng.integers(count, size=60)])
        for after in (
            before,
            rng.permutation(count)[before],
            np.where(rng.random(len(before)) < 0.05, 0, before),
        ):
            assert (apart._mixed(before, after, count) == old_mixed(before, after, count)).all()


def test_the_larger_a_frame_the_fewer_looks():
    looks = [apart.most_looks(n) for n in (1, 20_000, 20_001, 40_000, 100_000, 500_000, 10**7)]
    assert looks == [200, 200, 199, 100, 40, 8, 8]


def test_a_large_solution_is_quenched_a_part_of_the_way(ts, monkeypatch):
    """Six looks take out most of the energy that 200 do; that there were no more is said."""
    condition = Condition.from_toml(gel(60))
    engine, _ = choose_engine(ts, "lammps", "cpu", 1)
    samples = engine.run(
        first_frame(condition, ts), condition.stages[0], seed=1, every=100, friction=condition.friction
    )
    frame = [sample.frame() for sample in samples][-1]
    hot = engine.evaluate(frame).energy_eV
    whole = relax.quench(engine, frame, ts)
    assert whole.bounded["cut_short"] is None
    assert "part" not in whole.sentence
    monkeypatch.setattr(apart, "ALL_LOOKS_T", 30)
    monkeypatch.setattr(apart, "LOOKS", 12)
    told = []
    part = relax.quench(engine, frame, ts, lambda *numbers: told.append(numbers))
    assert part.bounded["cut_short"] == {"looks": 8, "of": 12, "above_T": 30}
    assert told == [(k, 8) for k in range(1, 9)]
    assert (
        "In a frame of more than 30 T the way to the minimum is followed a part: here for 8 of 12"
        in part.sentence
    )
    assert part.sentence in json.dumps(part.record(), ensure_ascii=False)
    assert hot > part.energy_eV > whole.energy_eV
    assert hot - part.energy_eV > 0.8 * (hot - whole.energy_eV)
    assert part.change.T_in_other_clusters == 0


def test_one_large_network_is_not_followed_to_its_minimum(ts, sgt, monkeypatch):
    engine, _ = choose_engine(ts, "lammps", "cpu", 1)
    whole = relax.quench(engine, sgt, ts)
    monkeypatch.setattr(relax, "MOST_MINIMIZED_T", 100)
    monkeypatch.setattr(apart, "ALL_LOOKS_T", 100)
    part = relax.quench(engine, sgt, ts)
    assert part.sentence.startswith("The quench moved T by")
    assert part.bounded["one"]
    assert part.energy_eV == pytest.approx(whole.energy_eV, rel=1e-3)


def test_atoms_of_very_many_are_left_out_and_that_is_said(short, tmp_path, monkeypatch):
    monkeypatch.setattr(conclusion, "MOST_BUILT_T", 90)
    out = tmp_path / "out"
    summary, finished = pipeline.run(short, out, Options(engine="lammps", threads=1, quiet=True))
    assert finished
    why = (
        "No atoms were made of all 96 T: those of more than 90 T are made on demand only, by zeocryst backmap "
        f"{out}."
    )
    assert summary["no_atoms"] == why
    assert why in summary["sentence"]
    assert summary["thinned"] == [why]
    assert "backmap" not in summary
    assert not (out / "framework.cif").exists()
    for name in ("log.txt", "report.html", "summary.json"):
        assert why in (out / name).read_text("utf-8")
    assert call("backmap", out, "--out", tmp_path / "atoms").returncode == 0
    assert (tmp_path / "atoms" / "framework.cif").is_file()


def test_what_the_report_shows_in_part_is_said(tmp_path, monkeypatch):
    """In the log, the summary and the report; where all is small nothing is."""
    from zeocryst.report import run as report

    monkeypatch.setattr(figures, "MOST_DRAWN_T", 30)
    monkeypatch.setattr(report, "T_WITH_SIZES", 120)
    monkeypatch.setattr(apart, "ALL_LOOKS_T", 20)
    monkeypatch.setattr(apart, "LOOKS", 10)
    out = tmp_path / "out"
    condition = Condition.from_toml(gel(64, interval_ps=0.1))
    summary, _ = pipeline.run(condition, out, Options(engine="lammps", threads=1, quiet=True))
    assert [words.split()[0] for words in summary["thinned"]] == ["In", "Pictures", "Sizes"]
    assert "3 of 6 frames" in summary["thinned"][2]
    for words in summary["thinned"]:
        for name in ("log.txt", "report.html", "summary.json"):
            assert words in (out / name).read_text("utf-8")
    sizes = (out / "figures" / "cluster_shapes.csv").read_text("utf-8")
    assert len({line.split(",")[0] for line in sizes.splitlines()[1:]}) == 3


def test_pictures_of_a_large_frame_show_a_slice(sgt, monkeypatch):
    everything = figures.pictures([("whole", sgt)])[1]
    assert len(everything) == 576
    monkeypatch.setattr(figures, "MOST_DRAWN_T", 144)
    sgt.log[figures.GRAIN] = np.arange(sgt.particles.N)
    try:
        shown = figures.pictures([("slice", sgt)])[1]
    finally:
        del sgt.log[figures.GRAIN]
    assert 0.6 * 144 < len(shown) < 1.6 * 144
    by_number = {row["T"]: row for row in everything}
    network, sites = network_of_frame(sgt)
    depth = int(np.argsort(-np.linalg.norm(network.cell, axis=1), kind="stable")[2])
    for row in shown:  # the same sites, from the middle, with the grain that the frame has
        mine = by_number[row["T"]]
        assert [row[k] for k in ("x_A", "y_A", "z_A")] == [mine[k] for k in ("x_A", "y_A", "z_A")]
        assert row["grain"] == sites[row["T"]]
        place = (network.positions[row["T"]] @ np.linalg.inv(network.cell))[depth]
        assert abs(place - 0.5) <= 0.125 + 1e-9


@pytest.mark.parametrize("frame", [1, 3, 11])
def test_measuring_is_broken_off_and_made_up_for(short, tmp_path, monkeypatch, frame):
    """The state is kept before a large frame is measured: nothing is run twice, and no frame is missing."""
    options = Options(engine="lammps", threads=1, quiet=True)
    whole = tmp_path / "whole"
    pipeline.run(short, whole, options)
    monkeypatch.setattr(pipeline, "BREAKABLE_BEADS", 10)
    out, calls = tmp_path / "out", []

    def asked_to_stop(*given, **more):
        """As the order parameters, and in one frame a signal comes."""
        calls.append(1)
        if len(calls) == frame:
            os.kill(os.getpid(), signal.SIGTERM)
        return measure(*given, **more)

    monkeypatch.setattr(pipeline, "measure", asked_to_stop)
    with pytest.raises(KeyboardInterrupt):
        pipeline.run(short, out, options)
    assert len(calls) == frame
    stopped = json.loads((out / "provenance.json").read_text())["interruptions"]
    assert [(entry["reason"], entry["step"]) for entry in stopped] == [("SIGTERM", 100 * (frame - 1))]
    summary, finished = pipeline.run(short, out, options)
    assert finished
    assert [(row["step"], row["stage"]) for row in rows_of(out)] == [
        (row["step"], row["stage"]) for row in rows_of(whole)
    ]
    assert len(calls) == len(rows_of(whole)) + 1
    assert summary["verdict"] == "crystalline"


def test_a_large_start_is_relaxed_in_part(ts, monkeypatch):
    frame = first_frame(
        Condition(
            system={"start": "melt", "n_T": 400, "n_S": 25},
            stages=[{"kind": "nvt", "temperature_K": 900, "time_ps": 10}],
        ),
        ts,
    )
    engine, _ = choose_engine(ts, "lammps", "cpu", 1)
    before, lowest = engine.evaluate(frame).energy_eV, engine.minimize(frame)[1]
    relaxed, words = beginning.nearly_relaxed(engine, frame)
    found = engine.evaluate(relaxed)
    # what is left is less than the heat of 300 K, 3/2 kT a bead; it was six times that
    assert (found.energy_eV - lowest) / 425 < 1.5 * 300 * BOLTZMANN_EV_PER_K < (before - lowest) / 425 / 5
    # no bead is thrown: kT at 1000 K over 0.1 Å is 0.9 eV/Å
    assert np.abs(found.forces).max() < 5
    assert "0.001 eV a bead" in words


def test_check_tells_every_part(short):
    found = estimate(read_condition(short))
    names = [part["what"] for part in found["parts"]]
    assert names[0] == "first frame"
    assert [name.split()[0] for name in names] == [
        "first",
        "measuring",
        "writing",
        "quench",
        "names",
        "atoms",
        "report",
    ]
    assert found["total_s"] >= found["wall_s"]
    hurried = estimate(Condition.from_toml(gel(6000, time_ps=1, interval_ps=0.005)))
    assert "more than the" in hurried["parts_words"][-1]
    assert "interval_ps" in hurried["parts_words"][-1]


def test_memory_is_linear_in_the_beads():
    one, two, four = (Size(n, n, False, False).memory_bytes for n in (10**6, 2 * 10**6, 4 * 10**6))
    assert four - two == 2 * (two - one)
    assert one < 3.5e9


def peak_of(*arguments):
    """Status, messages, and most memory, MB, of a command."""
    program = (
        "import resource, subprocess, sys; done = subprocess.run(sys.argv[1:], capture_output=True, text=True);"
        "print(done.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 / 1e6, done.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *ZEOCRYST, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=True,
    )
    status, most, *messages = done.stdout.split(maxsplit=2)
    return int(status), float(most), messages


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.parametrize("start", ["gel", "crystal"])
def test_memory_is_as_promised(tmp_path, start):
    """20 000 T: within 30 % of what `check` says, once all is compiled."""
    text = gel(20_000)
    if start == "crystal":
        head = '[system]\nstart = "framework"\nframework = "SOD"\nrepeat = [12, 12, 12]\n'
        text = (
            head
            + '[[stage]]\nkind = "langevin"\ntemperature_K = 500\ntime_ps = 0.5\n[output]\ninterval_ps = 0.5\n'
        )
    path = tmp_path / "condition.toml"
    path.write_text(text)
    promised = json.loads(call("check", path, "--json", "--threads", "1").stdout)["memory_MB"]
    assert call(
        "run", ROOT / "runs" / "silicalite_gel", "--out", tmp_path / "compiled", "--walltime", "1s"
    ).returncode
    status, most, messages = peak_of("run", path, "--out", tmp_path / "out", "--threads", "1", "--quiet")
    assert status == 0, messages
    print(promised, most)
    assert promised == pytest.approx(most, rel=0.3)


@pytest.mark.slow
@pytest.mark.alone
def test_measuring_is_linear():
    """Four times the T: at most six times the time of the processor, and four and a half times the memory of arrays."""
    spent = []
    for n_t in (10_000, 10_000, 40_000):
        condition = Condition.from_toml(gel(n_t))
        forcefield = condition.read_forcefield()
        begin = time.process_time()
        frame = first_frame(condition, forcefield)
        measure(network_of_frame(frame)[0], [*DEFAULT, *AGGREGATION], frame)
        spent.append(time.process_time() - begin)
    print(spent, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    assert spent[2] < 6 * spent[1]


@pytest.mark.slow
@pytest.mark.alone
def test_the_conclusion_stops_at_once_and_goes_on(tmp_path):
    """SIGTERM while 30 000 T are quenched, and again while the report is written."""
    path, out = tmp_path / "condition.toml", tmp_path / "out"
    path.write_text(gel(30_000))
    for words, wait in (("simulation done", 4.0), ("back-mapping", 0.0)):
        process = subprocess.Popen(
            [*ZEOCRYST, "run", str(path), "--out", str(out), "--threads", "1"],
            stderr=subprocess.PIPE,
            text=True,
        )
        log = out / "log.txt"
        seen = log.read_text("utf-8").count(words) if log.is_file() else 0
        for _ in range(6000):
            if process.poll() is not None or (log.is_file() and log.read_text("utf-8").count(words) > seen):
                break
            time.sleep(0.05)
        time.sleep(wait)
        begin = time.monotonic()
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 4, errors
        assert time.monotonic() - begin < 5
        assert "Traceback" not in errors
    done = call("run", path, "--out", out, "--threads", "1", timeout=900)
    assert done.returncode == 0, done.stderr
    summary = json.loads((out / "summary.json").read_text("utf-8"))
    assert [entry["reason"] for entry in summary["interruptions"]] == ["SIGTERM", "SIGTERM"]
    assert summary["n_T"] == 30_000
    assert "the way to the minimum is followed a part" in summary["quenched"]["sentence"]
    assert "A slice of the middle is drawn" in (out / "report.html").read_text("utf-8")


def test_what_goes_on_is_shown_once_it_takes_a_while(monkeypatch, capsys):
    from zeocryst.foundation import working
    from zeocryst.foundation.progress import Line

    line = Line(quiet=False, stream=sys.stderr)
    monkeypatch.setattr(working, "LOG_INTERVAL_S", 0.05)
    monkeypatch.setattr(Line, "_interval", 0.01)
    monkeypatch.setattr(working, "LIVE_INTERVAL_S", 0.02)
    with working.Working(line).on("naming it") as told:
        time.sleep(0.2)
        told(3, 8)
        time.sleep(0.1)
    shown = capsys.readouterr().err
    assert "naming it  for 0:00" in shown
    assert "naming it  3 of at most 8" in shown
    with working.Working(Line(quiet=True)).on("naming it"):
        time.sleep(0.1)
    assert capsys.readouterr().err == ""
    assert max(map(len, shown.splitlines())) < 80
