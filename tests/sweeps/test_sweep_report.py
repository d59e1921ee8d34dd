"""The report of a sweep: its numbers are the summary's, whatever the axes are and however little is known."""

import csv
import html
import json
import re

import numpy as np
import pytest
from synthetic import axes, done, summary

from zeocryst.files.records import without_nan
from zeocryst.report.studies import with_error
from zeocryst.report.sweep import write_sweep
from zeocryst.report.sweep_layout import layout_of, logarithmic
from zeocryst.sweeps.sweep_statistics import over_points
from zeocryst.sweeps.sweep_words import assumptions, sentence


def made(folder, names, dones, **other):
    """The summary of a sweep of these runs, and its page as text without tags."""
    for one in dones:
        if one.summary and one.point.facts["replica"] != 2:  # the second has lost its report
            one.folder.mkdir(parents=True)
            (one.folder / "report.html").write_text("a run's own")
    points = over_points(axes(*names), dones, success="crystalline", framework="", seed=1)
    runs = [(point, run) for point in points for run in point["runs"]]
    found = without_nan({
        "name": "sweep", "title": "A sweep", "replicas": 3, "n_points": len(points), "n_runs": len(runs),
        "sentence": sentence(points, success="crystalline", framework=""),
        "assumptions": assumptions(points, success="crystalline", framework=""),
        "variables": [{"name": name, "keys": [f"stage.npt.{name}"]} for name in names],
        "counts": {s: sum(run["state"] == s for _, run in runs) for s in ("done", "failed", "running", "waiting")},
        "points": points,
        "failed": [{"name": run["name"], "values": point["values"], "replica": run["replica"], "message": run["failure"], "folder": run["folder"]}
                   for point, run in runs if run["state"] == "failed"],
        "funnel": None, **other,
    })  # fmt: skip
    found = json.loads(json.dumps(found))  # as it is on the disk
    path = write_sweep(folder, found)
    assert path == folder / "report.html"
    page = path.read_text()
    told = re.sub(
        r"<style>.*?</style>|<nav>.*?</nav>", "", page, flags=re.S
    )  # the contents have headings again
    text = html.unescape(re.sub(r"<[^>]+>", " ", told))
    return found, page, " ".join(text.split())


def run(folder, facts, wait, code="SGT"):
    types = {code: 0.92 - 0.02 * facts["replica"]} if wait < 1000 else {}
    return done(folder, facts, summary(wait, types, seed=facts["replica"]))


def along(folder):
    """Four temperatures: known, a single run, all failed, still to come."""
    dones = [run(folder, {"T_K": 560, "replica": k}, w) for k, w in ((1, 100.0), (2, 300.0), (3, 2000.0))]
    dones += [run(folder, {"T_K": 600, "replica": 1}, 150.0, "MTN")]
    dones += [done(folder, {"T_K": 640, "replica": k}, None, "the <box> flew apart") for k in (1, 2)]
    return [*dones, done(folder, {"T_K": 680, "replica": 1}, None)]


def test_numbers_are_those_of_the_summary(tmp_path):
    found, page, text = made(tmp_path, ["T_K"], along(tmp_path))
    assert found["sentence"] in text
    for point in found["points"]:
        for one in point["quantities"].values():
            assert with_error(one["mean"], one["uncertainty"]) in text
            if one["low"] is not None:
                ends = re.search(re.escape(with_error(one["mean"], one["uncertainty"])) + r" \((\S+) to (\S+)\), 3 runs|" +
                                 re.escape(with_error(one["mean"], one["uncertainty"])) + r" \((\S+) to (\S+)\), 2 runs", text)  # fmt: skip
                low, high = (float(end) for end in ends.groups() if end)
                assert (low, high) == pytest.approx((one["low"], one["high"]), abs=one["uncertainty"] / 20)
        for one in point["frameworks"]:
            told = f"{one['code']} {one['n_replicas']} of {point['n_replicas']} ({100 * one['chance_low']:.0f} to {100 * one['chance_high']:.0f} %)"
            assert told in text
    assert "1 run, no error" in text
    assert "7: 4 done, 2 failed, 1 waiting" in text
    for heading in (
        "Which framework where",
        "Curves",
        "When the runs transformed",
        "Runs that failed",
        "What is assumed",
    ):
        assert heading in text
    for wait in ("2 of 3", "1 of 1"):
        assert wait in text


def test_figures_have_their_numbers_and_forms(tmp_path):
    found, page, _ = made(tmp_path, ["T_K"], along(tmp_path))
    figures = tmp_path / "figures"
    for name in ("curves", "frameworks", "survival_waiting", "survival_transition"):
        assert all((figures / f"{name}.{kind}").is_file() for kind in ("png", "svg", "csv"))
    assert page.count("data:image/png") == 4
    with (figures / "curves.csv").open() as file:
        rows = {(r["quantity"], float(r["T_K"])): r for r in csv.DictReader(file)}
    for point in found["points"]:
        for name in ("crystalline_share", "transition_time_ps"):
            one, line = point["quantities"].get(name), rows[name, point["values"]["T_K"]]
            assert line["mean"] == ("" if one is None else repr(one["mean"]))
            assert line["low"] == ("" if one is None or one["low"] is None else repr(one["low"]))
    with (figures / "survival_transition.csv").open() as file:
        steps = [float(r["waiting"]) for r in csv.DictReader(file) if r["T_K"] == "560"]
    np.testing.assert_allclose(steps, [2 / 3, 1 / 3, 1 / 3])


def test_links_lead_where_something_is(tmp_path):
    found, page, _ = made(tmp_path, ["T_K"], along(tmp_path))
    runs = [run for point in found["points"] for run in point["runs"]]
    links = re.findall(r'href="\./([^"]+)"', page)
    assert sorted(links) == sorted(
        f"{run['folder']}/report.html" for run in runs if run["state"] == "done" and run["replica"] != 2
    )
    assert all((tmp_path / link).is_file() for link in links)
    (tmp_path / runs[1]["folder"]).mkdir(parents=True)
    write_sweep(tmp_path, found)
    assert f'href="./{runs[1]["folder"]}/"' in (tmp_path / "report.html").read_text()
    assert "the &lt;box&gt; flew apart" in page
    assert "<box>" not in page


def grid(folder, values, waits):
    return [
        run(folder, {**dict(v), "replica": k}, w, c)
        for v, (w, c) in zip(values, waits, strict=True)
        for k in (1, 2)
    ]


def test_two_axes_make_a_map(tmp_path):
    values = [{"T_K": t, "S_per_T": s} for t in (560, 600) for s in (0.03, 0.06)]
    dones = grid(tmp_path, values, [(100.0, "SGT"), (200.0, "MTN"), (2000.0, ""), (300.0, "SGT")])[:-2]
    dones += [done(tmp_path, {**values[-1], "replica": 1}, None, "no")]
    found, page, text = made(tmp_path, ["T_K", "S_per_T"], dones)
    with (tmp_path / "figures" / "phase_map.csv").open() as file:
        rows = [
            (float(r["T_K"]), float(r["S_per_T"]), r["code"], int(r["n_replicas"]), r["sure"])
            for r in csv.DictReader(file)
        ]
    assert rows == [
        (560, 0.03, "SGT", 2, "False"),
        (560, 0.06, "MTN", 2, "False"),
        (600, 0.03, "amorphous", 2, "False"),
    ]
    drawing = (tmp_path / "figures" / "phase_map.svg").read_text()
    assert "hatch" in drawing or "pattern" in drawing
    assert (tmp_path / "figures" / "heat_maps.csv").is_file()
    assert "Dashed edge" in text


def test_six_of_six_are_sure(tmp_path):
    dones = [
        run(tmp_path, {"a": a, "b": b, "replica": k}, 100.0) for a in (1, 2) for b in (1, 2) for k in range(6)
    ]
    made(tmp_path, ["a", "b"], dones)
    with (tmp_path / "figures" / "phase_map.csv").open() as file:
        assert {r["sure"] for r in csv.DictReader(file)} == {"True"}


@pytest.mark.parametrize(
    "case",
    ["empty", "one point", "one run", "all failed", "all to come", "text", "three", "sparse", "text map"],
)
def test_every_kind_of_sweep_has_a_page(tmp_path, case):
    names, values = {
        "empty": (["T_K"], []),
        "one point": ([], [{}]),
        "one run": (["T_K"], [{"T_K": 600}]),
        "all failed": (["T_K"], []),
        "all to come": (["T_K"], []),
        "text": (["framework"], [{"framework": code} for code in ("SGT", "<MTN>")]),
        "three": (["framework", "T_K", "S"], [{"framework": f, "T_K": t, "S": s} for f in "AB" for t in (1, 2, 3) for s in (1, 2)]),
        "sparse": (["T_K", "S"], [{"T_K": t, "S": s} for t, s in ((1, 4), (2, 7), (3, 9))]),
        "text map": (["framework", "S"], [{"framework": f, "S": s} for f in "AB" for s in (1, 2)]),
    }[case]  # fmt: skip
    dones = grid(tmp_path, values, [(100.0 + 50 * k, "SGT") for k in range(len(values))])
    if case == "one run":
        dones = dones[:1]
    if case.startswith("all"):
        dones = [
            done(tmp_path, {"T_K": t, "replica": 1}, None, "no" if case == "all failed" else None)
            for t in (1, 2)
        ]
    found, page, text = made(tmp_path, names, dones)
    assert found["sentence"] in text
    assert text.count("What is assumed") == 1
    drawn = {path.stem for path in (tmp_path / "figures").glob("*.png")} if values else set()
    assert ("phase_map" in drawn) == (case in ("three", "text map"))
    assert ("curves" in drawn) == (case in ("one point", "one run", "text", "sparse"))
    assert bool(drawn) == bool(values)
    assert "<MTN>" not in page


def test_layouts():
    def of(*values):
        return layout_of([{"values": v} for v in values], list(values[0]))

    assert of({"a": 1, "b": 5}, {"a": 2, "b": 5}).kind == "line"  # what does not vary is no axis
    assert of({"a": "x"}, {"a": "y"}).kind == "list"
    assert of({"a": 1}).kind == "list"
    many = of(*({"p": p, "a": a, "b": b} for p in (1, 2) for a in range(3) for b in range(4)))
    assert (many.kind, many.x, many.y, many.panels) == ("grid", "a", "b", ({"p": 1}, {"p": 2}))
    assert of(*({"a": k, "b": k} for k in range(5))).kind == "list"
    assert logarithmic([1, 10, 100])
    assert not logarithmic([1, 5, 10])
    assert not logarithmic([0, 10, 100])
