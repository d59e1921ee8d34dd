"""Gels from their condition to atoms: what was a cluster is one in the quenched frame and in the atoms."""

import json
from pathlib import Path

import ase.io
import numpy as np
import pytest

from zeocryst import cli
from zeocryst.backmapping.checks import network_of_atoms
from zeocryst.engines import choose_engine
from zeocryst.files.trajectory import read_frame
from zeocryst.network.bonds import network_of_frame
from zeocryst.network.clusters import find_clusters
from zeocryst.quench.relax import quench

RUNS = Path(__file__).resolve().parents[2] / "runs"


def sizes(network):
    return find_clusters(network).size.tolist()


def sizes_of_atoms(path):
    return sizes(network_of_atoms(ase.io.read(path)))


def run(tmp_path, n_t, recipe=None, frames="100", time="600"):
    """The shipped condition with fewer T, and with another recipe, run to its end."""
    text = (RUNS / "silicalite_gel" / "condition.toml").read_text("utf-8")
    changes = {"n_T = 800": f"n_T = {n_t}", "interval_ps = 20": f"interval_ps = {frames}",
               "time_ps = 600": f"time_ps = {time}", **(recipe or {})}  # fmt: skip
    for old, new in changes.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    path = tmp_path / "condition.toml"
    path.write_text(text, "utf-8")
    out = tmp_path / "out"
    assert (
        cli.main(["run", str(path), "--out", str(out), "--engine", "lammps", "--threads", "1", "--quiet"]) == 0
    )
    return out, json.loads((out / "summary.json").read_text("utf-8"))


def check_summary(out, summary):
    """The run's words, its atoms and its last frame speak of the same clusters."""
    found = sizes(network_of_frame(read_frame(out / "trajectory.gsd"))[0])
    change = summary["quenched"]["change"]
    assert change["clusters_before"] == change["clusters_after"] == len(found)
    assert change["largest_before"] == change["largest_after"] == found[0]
    assert change["T_in_other_clusters"] == 0
    assert 0 < change["T_rms_A"] <= 0.6
    assert change["T_most_A"] <= 1.5
    assert summary["quenched"]["sentence"] in summary["sentence"]
    assert f"the largest has {found[0]} T" in summary["sentence"]
    of = f"the largest cluster, {found[0]} of {sum(found)} T"
    assert f"Back-mapped ({of}) to Si{found[0]}O" in summary["sentence"]
    assert sizes_of_atoms(out / "framework.extxyz") == found[:1]
    page = (out / "report.html").read_text("utf-8")
    # no cluster is ten times as large as one of ten T here
    assert "no fractal dimension: the" in page
    assert of in page
    assert summary["quenched"]["sentence"] in page
    assert summary["quenched"]["sentence"] in (out / "log.txt").read_text("utf-8")


def test_a_gel_of_much_osda_in_little_water(tmp_path):
    """1 SiO2 : 0.3 OSDA : 10 H2O."""
    recipe = {"SiO2 = 25": "SiO2 = 10", "OSDA = 9": "OSDA = 3", "H2O = 480": "H2O = 100", "ethanol = 100": ""}
    out, summary = run(tmp_path, 64, recipe, frames="15", time="15")
    check_summary(out, summary)


@pytest.mark.slow
def test_silicalite_gel(ts, tmp_path):
    """At 0.1, 0.3 and 0.6 ns; `backmap` builds every cluster of a frame."""
    out, summary = run(tmp_path, 128)
    check_summary(out, summary)
    engine, _ = choose_engine(ts, "lammps", "cpu", 1)
    for frame in (1, 3, 6):
        before = read_frame(out / "trajectory.gsd", frame)
        found = quench(engine, before, ts)
        network = network_of_frame(before)[0]
        print(frame, sizes(network), found.sentence)
        assert sizes(network) == sizes(found.network) == sizes(network_of_frame(found.frame)[0])
        same = np.stack([find_clusters(n).label for n in (network, found.network)])
        assert len(np.unique(same, axis=1).T) == len(sizes(network))
        assert found.change.T_most_A <= 1.5
        assert found.change.T_rms_A <= 0.6
        built = tmp_path / f"frame{frame}"
        assert cli.main(["backmap", str(out), "--frame", str(frame), "--out", str(built)]) == 0
        said = json.loads((built / "summary.json").read_text("utf-8"))
        assert said["quenched"]["change"]["T_in_other_clusters"] == 0
        assert said["words"][-1] == said["quenched"]["sentence"]
        assert sizes_of_atoms(built / "framework.extxyz") == sizes(network)
