"""What `zeocryst check` says of a study: as many runs as the study then makes, and nothing written."""

import csv
import json

import pytest
from command_line import ROOT, call

TINY = """\
name = "tiny"
[system]
start = "framework"
framework = "dia"
[forcefield]
name = "mw"
[melt]
temperatures_K = [220, 320]
replicas = 2
length_A = 32
width_A = 9
warm_ps = 1
melt_ps = 2
cool_ps = 1
settle_ps = 1
time_ps = 6
enthalpy_temperatures_K = [250]
enthalpy_ps = 5
"""


def forecast(*arguments):
    done = call("check", *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def counts(found):
    return {batch["what"]: (batch["runs"], batch["most_runs"]) for batch in found["batches"]}


@pytest.mark.slow
def test_a_melting_study_makes_the_runs_that_were_foretold(tmp_path):
    study = tmp_path / "study.toml"
    study.write_text(TINY)
    found = forecast(study)
    assert [path.name for path in tmp_path.iterdir()] == ["study.toml"]
    done = call("melt", study, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    with open(tmp_path / "out" / "points.csv", newline="") as file:
        made = list(csv.DictReader(file))
    assert sum(batch["runs"] for batch in found["batches"]) == len(made) == 6
    longest = {batch["what"]: batch["time_ps"] for batch in found["batches"]}
    for row in made:
        what = {"fronts": "fronts across a"}.get(row["what"], f"runs of the {row['what']}")
        # a run whose fronts met ends before its time
        assert float(row["time_ps"]) <= longest[what] + 1e-6
        if row["what"] != "fronts":
            assert float(row["time_ps"]) == pytest.approx(longest[what])
    beads = {batch["what"]: batch["n_T"] for batch in found["batches"]}
    summary = json.loads((tmp_path / "out" / "runs" / made[0]["name"] / "summary.json").read_text())
    assert summary["n_T"] == beads["fronts across a"]


def test_temperatures_that_are_found_take_more_runs(tmp_path):
    study = tmp_path / "study.toml"
    study.write_text(
        TINY.replace("temperatures_K = [220, 320]\n", "", 1).replace("[melt]", "[melt]\nfaces = ['a', 'c']")
    )
    found = counts(forecast(study))
    # three rounds of two; five temperatures of two replicas, which move twice at most
    assert found == {
        "runs of the search": (6, 6),
        "fronts across a": (10, 30),
        "fronts across c": (10, 30),
        "runs of the crystal": (1, 1),
        "runs of the melt": (1, 1),
    }


def test_shipped_studies():
    plugin = ROOT / "runs" / "ice_seeding" / "averaged_q6.py"
    seeding = forecast("ice_seeding", "--plugin", plugin)
    # 2 melts and a crystal, with one of each at the melting point for the enthalpies; 16 seeds, watched up to 3 times
    assert counts(seeding) == {"melts": (3, 3), "crystals": (2, 2), "seeds": (16, 48)}
    design = forecast("sgt_design")
    # 42 evaluations; 2 candidates, then the best, the start and the published set, by 5 runs each
    assert counts(design) == {"runs of the search": (42, 42), "runs that judge what it found": (25, 25)}
    assert design["most_wall_s"] == design["wall_s"] > 0
    assert design["batches"][0]["n_T"] == 512  # 4 x 2 x 1 cells of 64


def test_each_table_of_a_file_is_told_of_in_80_columns(tmp_path):
    study = tmp_path / "study.toml"
    start = 'framework = "dia"\nrepeat = [6, 5, 5]'  # 1200 T
    seeding = "[seeding]\ntemperatures_K = [230]\nruns = 4\nradii_A = [8, 9]\n"
    study.write_text(TINY.replace('framework = "dia"', start) + seeding)
    done = call("check", study)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert "tiny: a valid study of [melt]" in lines
    assert "tiny: a valid study of [seeding]" in lines
    assert any(line.startswith("4 to 16 seeds: 1200 T and 0 S, at most ") for line in lines)
    assert max(len(line) for line in lines if not line.startswith("the machine is busy")) <= 80
    both = json.loads(call("check", study, "--json").stdout)
    assert [each["table"] for each in both] == ["melt", "seeding"]


def test_a_study_that_cannot_be_made_is_told_of(tmp_path):
    study = tmp_path / "study.toml"
    study.write_text(TINY.replace("replicas = 2", "replicas = 0"))
    done = call("check", study)
    assert done.returncode == 2
    assert "melt: replicas = 0; expected a whole number" in done.stderr
    assert len(done.stderr.splitlines()) == 1
