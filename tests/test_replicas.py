"""Several runs in one report, through the command line."""

import csv
import json

import numpy as np
import pytest
from command_line import call, is_one_message

from zeocryst.order.kinetics import Frames, course

LIQUID = Frames(lambda k: None, lambda k: (np.zeros((192, 3)), 20 * np.eye(3), np.full(192, -1)))


def finished(folder, seed, wait, **other):
    """A run's folder with what the report reads: 1000 ps at one temperature, a nucleus after `wait`."""
    time = np.arange(0.0, 1001.0, 2.0)
    grain = np.where(time > wait, np.minimum(192, 60 + 4 * (time - wait)), 0)
    rows = [
        {"time_ps": t, "crystalline_share": n / 192, "largest_grain_sites": int(n), "stage": 3}
        for t, n in zip(time.tolist(), grain.tolist(), strict=True)
    ]
    summary = {"condition": "melt", "seed": seed, "verdict": "crystalline" if grain[-1] else "amorphous",
               "quenched": {}, "n_T": 192, "n_S": 32, "types": [], "time_ps": 1000.0, **other}  # fmt: skip
    folder.mkdir(parents=True)
    (folder / "summary.json").write_text(json.dumps(summary | course(rows, 0, LIQUID)))
    return str(folder)


@pytest.fixture
def runs(tmp_path):
    """Nuclei after 100, 300 and 600 ps, and two runs without."""
    waits = (100.0, 300.0, 600.0, 2000.0, 2000.0)
    return [finished(tmp_path / f"run{k}", k, wait) for k, wait in enumerate(waits)]


def test_runs_are_reported_together(runs, tmp_path):
    out = tmp_path / "together"
    done = call("report", *runs, "--out", out, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found == json.loads((out / "summary.json").read_text())
    waited = found["replicas"]["waiting_time_ps"]
    # 101, 301 and 601 ps (frames are 2 ps apart) and twice 1000, over three nuclei; 8 nm^3 each
    assert waited["mean"] == pytest.approx(3003 / 3)
    assert waited["rate_per_m3_s"] == pytest.approx(3 / 3.003e-9 / 8e-27)
    assert (waited["n_events"], waited["n_censored"], waited["n_replicas"]) == (3, 2, 5)
    with (out / "points.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["waiting_time_ps"] for row in rows] == ["100.0", "300.0", "600.0", "", ""]
    assert {row["watched_ps"] for row in rows} == {"1000.0"}
    with (out / "figures" / "survival.csv").open() as file:
        curve = [(float(row["time_ps"]), float(row["waiting"])) for row in csv.DictReader(file)]
    np.testing.assert_allclose(curve, [(101, 0.8), (301, 0.6), (601, 0.4), (1000, 0.4)])
    page = (out / "report.html").read_text()
    for words in ("3 of 5 runs", "What is assumed", "data:image/png"):
        assert words in page


def test_one_without_a_nucleus_is_no_estimate(runs, tmp_path):
    done = call("report", *runs[3:], "--out", tmp_path / "vain")
    assert done.returncode == 0, done.stderr
    assert "0 of 2 runs" in done.stdout
    assert "more than 542 ps" in done.stdout
    assert (tmp_path / "vain" / "figures" / "survival.svg").is_file()


def test_other_conditions_are_no_replicas(runs, tmp_path):
    other = finished(tmp_path / "other", 7, 50.0, n_S=12)
    done = call("report", *runs, other, "--out", tmp_path / "out")
    assert "differ in n_S (12, 32)" in done.stdout


@pytest.mark.parametrize("wrong", ["twice", "full", "not a run", "json"])
def test_what_cannot_be_put_together_is_said(runs, tmp_path, wrong):
    arguments = {
        "twice": (*runs, runs[0], "--out", tmp_path / "out"),
        "full": (*runs, "--out", runs[0]),
        "not a run": (*runs, tmp_path, "--out", tmp_path / "out"),
        "json": (runs[0], "--json"),
    }[wrong]
    words = {"twice": "given twice", "full": "not empty", "not a run": "no finished run", "json": "--out DIR"}
    done = call("report", *arguments)
    assert done.returncode == 2
    assert words[wrong] in is_one_message(done)
    assert not (tmp_path / "out").exists()
