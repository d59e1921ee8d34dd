"""Which frames of a run are back-mapped, and what they are side by side."""

import csv
import json
import math

import ase.io
import numpy as np
import pytest
from ase import Atoms
from command_line import call, is_one_message

from zeocryst.answers.choosing import first_nucleus, frames_of_file, in_words, numbered, road
from zeocryst.answers.road import along, survival
from zeocryst.answers.road import road as side_by_side
from zeocryst.backmapping.build import build
from zeocryst.backmapping.checks import network_of_atoms
from zeocryst.cell import make_frame
from zeocryst.errors import InputError
from zeocryst.network.bonds import Network, bonds_from_sites
from zeocryst.report.road import TERMINAL, in_terminal

# ---- which frames -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "numbers"),
    [
        ("3", [3]), ("-1", [9]), ("5,1,-1,1", [1, 5, 9]), ("2:8:3", [2, 5]), (":3", [0, 1, 2]), ("8:", [8, 9]),
        ("-2:", [8, 9]), ("::4", [0, 4, 8]), ("0,6:8", [0, 6, 7]), ("7:100", [7, 8, 9]),
    ],
)  # fmt: skip
def test_frames_by_number(asked, numbers):
    assert numbered(asked, 10) == [("frame", k) for k in numbers]


@pytest.mark.parametrize(
    ("asked", "word"),
    [
        ("10", "no frame 10; there are 10"), ("-11", "no frame -11"), ("1,22", "no frame 22"), ("x", "whole number"),
        ("1,", "whole numbers"), ("", "whole numbers"), ("1.5", "whole number"), ("::0", "STEP of 1 or more"),
        ("1:2:3:4", "STEP"), ("5:5", "none of the 10 frames"), ("8:2:-1", "STEP of 1 or more"),
    ],
)  # fmt: skip
def test_frames_that_are_not_there(asked, word):
    with pytest.raises(InputError, match=word):
        numbered(asked, 10)


def test_frames_of_a_file():
    assert frames_of_file(None, 2) == [("frame", 0), ("frame", 1)]
    assert frames_of_file("auto", 9) == [("start", 0), ("middle", 4), ("end", 8)]
    assert frames_of_file("auto", 1) == [("end", 0)]


#: Two frames of preparation; a grain comes and goes, one stays and grows to 400 T.
GRAINS = [500, 300, 0, 0, 40, 0, 20, 70, 65, 110, 190, 205, 285, 310, 400, 398]


def rows(grains):
    return [{"time_ps": 10.0 * k, "largest_grain_sites": float(g)} for k, g in enumerate(grains)]


def summary(time_ps, start=2):
    return {"start_frame": start, "transition": {"found": time_ps is not None, "time_ps": time_ps}}


def test_the_frames_that_matter():
    found = road(summary(97.0), rows(GRAINS))
    assert found == [
        ("start", 2), ("first nucleus", 7), ("1/4 of the growth", 9), ("transition", 10), ("1/2 of the growth", 11),
        ("3/4 of the growth", 13), ("end", 15),
    ]  # fmt: skip
    assert "those that matter" in in_words([label for label, _ in found])
    # where one frame is both, it says so
    assert ("nucleus, transition", 7) in road(summary(71.0), rows(GRAINS))


def test_a_nucleus_stays():
    # 40 T were seen before it; the grain of 70 T does not fall below these any more
    assert first_nucleus(np.array(GRAINS), 2) == 7
    # what melts after it was largest does not count
    assert first_nucleus(np.array([0, 0, 80, 120, 150, 20, 0])) == 2
    # a crystal at the start is no nucleus, and a grain that is too small for one is none
    assert first_nucleus(np.array([60, 80, 200])) is None
    assert first_nucleus(np.array([0, 10, 59, 20])) is None
    # sizes that only rise: the first that is there at all
    assert first_nucleus(np.array([0, 30, 60, 90])) == 1


def test_a_run_without_a_transition_says_so():
    quiet = road(summary(None, 0), rows([0, 0, 12, 0, 0, 8, 0, 0, 0]))
    assert quiet == [
        ("start", 0), ("1/4 of the time", 2), ("1/2 of the time", 4), ("3/4 of the time", 6), ("end", 8),
    ]  # fmt: skip
    assert "no transition" in in_words([label for label, _ in quiet])
    # a seed that grows by more than a nucleus: even along its size, and no frame is called a transition
    seeded = road(summary(None, 0), rows([100, 110, 120, 170, 220, 260, 300]))
    assert [k for _, k in seeded] == [0, 3, 4, 5, 6]
    assert "no transition" in in_words([label for label, _ in seeded])
    assert "largest grain" in in_words([label for label, _ in seeded])
    assert in_words(["frame", "frame"]) == ""
    # the time counts, and not the number: frames are dense where something happens
    dense = [{"time_ps": t, "largest_grain_sites": 0.0} for t in (0, 10, 20, 21, 22, 23, 24, 30, 40)]
    assert [k for _, k in road(summary(None, 0), dense)] == [0, 1, 2, 7, 8]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_few_frames(count):
    found = road(summary(None, 0), rows([0] * count))
    assert [k for _, k in found] == list(range(count))


# ---- side by side -----------------------------------------------------------------------------


def test_how_much_of_a_network_survives(reference):
    """Of a crystal all; each O that is taken away is a bond that is lost, each that is put in one that is gained."""
    atoms = reference["CHA"]
    network = network_of_atoms(atoms)
    order = [*np.flatnonzero(atoms.numbers == 14), *np.flatnonzero(atoms.numbers == 8)]
    whole = atoms[order]
    n = network.n_sites
    found = survival(network, None, whole)
    assert found == {"bonds_before": 2 * n, "kept": 2 * n, "lost": 0, "gained": 0, "kept_share": 1.0}
    # the same atoms elsewhere in the cell are the same
    moved = whole.copy()
    moved.positions += [3.0, 7.0, 11.0]
    moved.wrap()
    assert survival(network, None, moved) == found
    without = whole.copy()
    del without[[n, n + 5, n + 9]]
    assert survival(network, None, without)["lost"] == 3
    less = Network(network.positions, network.cell, network.first[2:], network.second[2:], network.shift[2:])
    assert survival(less, None, whole) | {"kept_share": 0} == {
        "bonds_before": 2 * n - 2, "kept": 2 * n - 2, "lost": 0, "gained": 2, "kept_share": 0,
    }  # fmt: skip
    # an O of a guest is none of the framework's
    guest = without.copy()
    guest.arrays["molecule"] = np.zeros(len(guest), int)
    for k in (n, n + 5, n + 9):
        guest += Atoms([whole[k]])
    guest.arrays["molecule"][-3:] = 1
    assert survival(network, None, guest)["lost"] == 3


def test_the_runs_own_bonds_are_compared_as_well(reference, ts):
    """The frame as it was simulated: one T out of place has four other bonds or none."""
    atoms = reference["SOD"].repeat((2, 2, 2))
    sites = atoms.positions[atoms.numbers == 14]
    network = bonds_from_sites(sites, atoms.cell[:])
    built = build(network).atoms
    frame = make_frame(sites, atoms.cell[:], [0] * len(sites), ["T"], ts.masses)
    same = survival(network, frame, built)
    assert same["of_the_run"] == {key: same[key] for key in same if key != "of_the_run"}
    assert same["kept_share"] == 1.0
    hot = sites.copy()
    hot[0] += 2.2
    frame = make_frame(hot, atoms.cell[:], [0] * len(sites), ["T"], ts.masses)
    other = survival(network, frame, built)
    assert other["kept_share"] == 1.0
    assert other["of_the_run"]["gained"] >= 2


def test_what_is_compared_along_the_way(reference):
    """SOD: 4- and 6-rings, one half and two thirds a T, all Q4, one line of 29Si; its angles are those of its atoms."""
    atoms = reference["SOD"].repeat((2, 2, 2))
    atoms = atoms[[*np.flatnonzero(atoms.numbers == 14), *np.flatnonzero(atoms.numbers == 8)]]
    n = int((atoms.numbers == 14).sum())
    found = along(atoms, n, "as given")
    assert found["rings_per_T"]["4"] == pytest.approx(1 / 2)
    assert found["rings_per_T"]["6"] == pytest.approx(2 / 3)
    assert found["q_n"] == {"Q0": 0, "Q1": 0, "Q2": 0, "Q3": 0, "Q4": 1}
    bridge = n + 7
    near = np.argsort(atoms.get_distances(bridge, range(n), mic=True))[:2]
    angle = atoms.get_angle(near[0], bridge, near[1], mic=True)
    assert found["si_o_si_deg"]["mean"] == pytest.approx(angle, abs=0.1)
    assert found["shift_29Si_ppm"]["mean"] == pytest.approx(-25.44 - 0.5793 * angle, abs=0.1)
    # the strongest line of SOD's powder pattern is 110: 2 d sin(theta) = lambda
    pattern = found["pattern"]
    peak = pattern["two_theta_from_deg"] + pattern["step_deg"] * int(np.argmax(pattern["intensity"]))
    d = atoms.cell.lengths()[0] / 2 / math.sqrt(2)
    assert peak == pytest.approx(2 * math.degrees(math.asin(1.540593 / 2 / d)), abs=0.1)
    # a silanol for a bridge that is gone, and Al, whose neighbours' shifts are others
    cut = atoms.copy()
    del cut[bridge]
    o_h = cut.positions[near[0]] + [0.0, 0.0, 1.6]
    cut += Atoms("OH", positions=[o_h, o_h + [0, 0, 0.96]])
    changed = along(cut, n, "")
    assert changed["q_n"]["Q3"] == pytest.approx(2 / n)
    assert changed["n_silanol"] >= 1
    assert found["n_silanol"] == 0
    cut.numbers[0] = 13
    assert along(cut, n, "")["shift_29Si_ppm"] is None


def test_the_table_has_what_is_known():
    plain = {
        "frame": 3,
        "label": "start",
        "along": {"q_n": {"Q4": 0.5}},
        "network_survival": {"kept_share": 0.75},
    }
    refined = {
        **plain,
        "frame": 10,
        "label": "end",
        "refined": {"above_quartz_kJ_per_mol": 7.25, "bonds_lost": 0},
    }
    found = side_by_side([plain, refined])["rows"]
    assert [row["above_quartz_kJ_per_mol"] for row in found] == [None, 7.25]
    assert found[1]["q4_share"] == 0.5
    assert "time_ps" not in found[0]
    assert "above_quartz_kJ_per_mol" not in side_by_side([plain, plain])["rows"][0]
    text = in_terminal(side_by_side([plain, refined]))
    assert max(map(len, text.splitlines())) <= TERMINAL
    assert text.splitlines()[1].split() == ["3", "–", "0.500", "0.750", "start"]


def test_a_terminal_has_80_columns():
    row = {
        "frame": 12345, "label": "nucleus, transition", "time_ps": 123456.5, "largest_grain_sites": 512.0,
        "refined": {"above_quartz_kJ_per_mol": 12.345},
        "along": {
            "q_n": {"Q4": 0.5}, "si_o_si_deg": {"mean": 144.4, "std": 1.0}, "rings_per_T": {"5": 0.123},
            "shift_29Si_ppm": {"mean": -111.1, "std": 1.0}, "silanols_per_T": 0.111,
        },
        "network_survival": {"kept_share": 1.0, "of_the_run": {"kept_share": 0.9}},
    }  # fmt: skip
    text = in_terminal(side_by_side([row, row]))
    assert max(map(len, text.splitlines())) <= 80
    assert text.splitlines()[0].split()[-1] == "why"
    assert "nucleus, transition" in text


def test_the_road_of_a_run(unseeded, tmp_path):
    """Hot frames of other programs, one partly and one wholly crystalline: each is there, and the report shows them."""
    done = call("backmap", unseeded, "--frames", "2:4", "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "out" / "summary.json").read_text())
    entries = [*found["frames"], found]
    assert [entry["frame"] for entry in entries] == [2, 3] == [row["frame"] for row in found["road"]["rows"]]
    q4 = [row["q4_share"] for row in found["road"]["rows"]]
    assert q4[0] < q4[1] == 1.0
    for entry in entries:
        atoms = ase.io.read(tmp_path / "out" / f"{entry['files']}.extxyz")
        # what the solver keeps, the atoms keep: both ways of counting the same bonds agree
        assert entry["network_survival"]["bonds_before"] == sum(
            n * entry["backmap"]["q_n"][f"Q{n}"] for n in range(5)
        ) / 2  # fmt: skip
        assert entry["along"]["n_silanol"] == entry["backmap"]["n_silanol"] == int((atoms.numbers == 1).sum())
    kept = [entry["network_survival"]["of_the_run"]["kept_share"] for entry in entries]
    assert kept[0] < kept[1]
    html = (tmp_path / "out" / "report.html").read_text()
    assert html.index("The road in atoms") < html.index("Frame 3 (frame)")
    for name in ("road", "road_shifts", "road_angles", "road_patterns"):
        assert all(
            (tmp_path / "out" / "figures" / f"{name}.{kind}").is_file() for kind in ("png", "svg", "csv")
        )
    with (tmp_path / "out" / "figures" / "road.csv").open() as file:
        assert [int(row["frame"]) for row in csv.DictReader(file)] == [2, 3]
    assert max(len(line) for line in done.stdout.splitlines()[-3:]) <= 80


def test_frames_of_a_run_that_is_not_there(tmp_path):
    (tmp_path / "empty").mkdir()
    error = is_one_message(call("backmap", tmp_path / "empty", "--frame", "0", "--out", tmp_path / "out"))
    assert "holds no finished run" in error
