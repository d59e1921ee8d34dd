"""What the tests of plugins share: the templates, a short run, files of a person's own."""

import pytest
from command_line import ROOT

from zeocryst.cli import main
from zeocryst.condition import System
from zeocryst.foundation import plugins
from zeocryst.solution.start import crystal

TEMPLATES = ROOT / "docs" / "templates"
ORDER, ENGINE = TEMPLATES / "order_parameter.py", TEMPLATES / "engine.py"
CONDITION = """
seed = 7
[system]
start = "framework"
framework = "SOD"
repeat = [2, 2, 2]
[[stage]]
kind = "langevin"
temperature_K = 400
time_ps = 0.3
[output]
interval_ps = 0.1
backmap = false
"""
HEAD = "from zeocryst.order import Measured, order_parameter\nimport numpy as np\n\n\n"


@pytest.fixture(autouse=True)
def forget_plugins():
    yield
    plugins.forget()


@pytest.fixture(scope="module")
def small(ts):
    return crystal(System("framework", framework="SOD", repeat=(2, 2, 2)), ts)


@pytest.fixture
def condition(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(CONDITION)
    return path


@pytest.fixture
def write(tmp_path):
    def written(text, name="mine.py"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return written


def refused(capsys, *arguments):
    """The one message of a call that is refused."""
    status = main([str(a) for a in arguments])
    out, err = capsys.readouterr()
    assert (status, out) == (2, ""), err
    assert len(err.strip().splitlines()) == 1, err
    return err
