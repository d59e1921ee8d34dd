"""The shipped design is one: its file is read and checked, its history is that of its variables."""

import csv
from pathlib import Path

from zeocryst.studies.design_plan import KEYS, read_plan
from zeocryst.studies.reading import read_study

FOLDER = Path(__file__).resolve().parents[2] / "runs" / "sgt_design"


def test_the_start_is_a_fifth_off_what_was_published():
    plan = read_plan(read_study(FOLDER, "design", KEYS))
    assert plan.has_reference
    for variable in plan.variables:
        assert abs(variable.start / variable.reference - 0.8) < 0.002
        assert variable.low < variable.reference < variable.high


def test_the_history_that_is_shipped_is_of_this_file():
    plan = read_plan(read_study(FOLDER, "design", KEYS))
    with (FOLDER / "history.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == plan.budget.evaluations
    for row in rows:
        for variable in plan.variables:
            assert variable.low <= float(row[variable.name]) <= variable.high
