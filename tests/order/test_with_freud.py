"""freud is imported with its plots, or without where a command draws nothing."""

import subprocess
import sys

import pytest

MEASURED = """
import sys
from zeocryst.order.with_freud import leave_out_plots, load_freud
{first}
freud = load_freud()
print("matplotlib" in sys.modules, freud.order.Steinhardt(l=4).l)
import matplotlib.figure  # can be had afterwards
print(matplotlib.figure.Figure().axes)
"""


@pytest.mark.parametrize(("first", "there"), [("leave_out_plots()", "False"), ("", "True")])
def test_plots_are_left_out_where_that_was_asked_for(first, there):
    command = [sys.executable, "-P", "-c", MEASURED.format(first=first)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [f"{there} 4", "[]"]
