"""Order parameters of other people, and what plugins have in common: from a file, and installed."""

import copy
import csv
import hashlib
import json
import os
import subprocess
import sys

import gsd.hoomd
import numpy as np
import pytest
from command_line import call, is_one_message
from plugin_files import CONDITION, ENGINE, HEAD, ORDER, condition, forget_plugins, refused, small, write  # noqa: F401  (fixtures)

from zeocryst.cli import main
from zeocryst.files.trajectory import TrajectoryWriter
from zeocryst.foundation import plugins
from zeocryst.network.bonds import bonds_from_sites, network_of_frame
from zeocryst.order import measure


@pytest.fixture(scope="module")
def trajectory(small, tmp_path_factory):
    """Three frames of 96 T, more and more disturbed."""
    path = tmp_path_factory.mktemp("frames") / "mine.gsd"
    with TrajectoryWriter(path) as writer:
        for k in range(3):
            frame, rng = copy.deepcopy(small), np.random.default_rng(k)
            frame.particles.position = frame.particles.position + rng.normal(scale=0.1 * k, size=(112, 3))
            writer.append(frame, 100 * k, {"time_ps": 10.0 * k})
    return path


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Where a stranger's distribution is installed, with things in it that are broken."""
    pytest.importorskip("setuptools")
    source, target = tmp_path_factory.mktemp("stranger"), tmp_path_factory.mktemp("site")
    package = source / "stranger"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "order.py").write_text(ORDER.read_text())
    (package / "verlet.py").write_text(ENGINE.read_text())
    (package / "bad.py").write_text(
        "from zeocryst.order import Measured\nthing = 3\n"
        "def unmarked(network):\n    return Measured({'bonds': network.degree.mean()})\ndef other(net): ...\n"
    )
    (package / "own.py").write_text(
        HEAD + "@order_parameter\ndef by_module(network):\n    return Measured({'by_module': 3})\n"
    )
    (package / "ending.py").write_text("raise SystemExit(0)\n")
    (source / "pyproject.toml").write_text("""
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"
[project]
name = "stranger"
version = "1.2"
[tool.setuptools]
packages = ["stranger"]
[project.entry-points."zeocryst.order_parameters"]
tetrahedral_distances = "stranger.order:tetrahedral_distances"
by_module = "stranger.own"
called_otherwise = "stranger.order:tetrahedral_distances"
unmarked = "stranger.bad:unmarked"
other = "stranger.bad:other"
thing = "stranger.bad:thing"
otherwise = "stranger.own"
gone = "stranger.nowhere:thing"
ending = "stranger.ending:thing"
[project.entry-points."zeocryst.engines"]
verlet = "stranger.verlet"
partial = "stranger.bad"
""")
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check", "--quiet"]
    command = [sys.executable, "-m", "pip", "install", *options, "--target", str(target), str(source)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return target


@pytest.fixture
def installed(site, monkeypatch):
    """In this process, and in those that are called."""
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(site), os.environ.get("PYTHONPATH")])))
    yield site
    for name in [name for name in sys.modules if name.split(".")[0] == "stranger"]:
        del sys.modules[name]


# ---- the templates --------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [ORDER, ENGINE], ids=lambda p: p.stem)
def test_a_template_is_one_short_file(path):
    assert len(path.read_text().splitlines()) < 60


def test_the_template_of_an_order_parameter_knows_a_tetrahedron():
    """Two distances longer and two shorter by a share d: S = 1 - (4 d^2) / (4 * 3)."""
    plugins.load(ORDER)
    corners = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]) / 3**0.5
    for share in (0.0, 0.1):
        lengths = 3.1 * (1 + share * np.array([1, 1, -1, -1]))
        network = bonds_from_sites(np.vstack([[[0, 0, 0]], corners * lengths[:, None]]) + 20, np.eye(3) * 40)
        found = measure(network, ["tetrahedral_distances"])
        assert found.sites["tetrahedral_distances"][0] == pytest.approx(1 - share**2 / 3, abs=1e-6)
    alone = bonds_from_sites([[0, 0, 0], [3, 0, 0]], np.eye(3) * 40)
    assert np.isnan(measure(alone, ["tetrahedral_distances"]).values["tetrahedral_distances"])


# ---- installed ------------------------------------------------------------------------------------


def test_what_is_installed_is_measured_run_and_reported(installed, trajectory, condition, tmp_path):
    name, out = "tetrahedral_distances", tmp_path / "analysis"
    done = call("analyze", trajectory, "--only", name, "--out", out, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    values = [row[name] for row in found["order_parameters"]]
    assert values[0] == pytest.approx(1)
    assert values[0] > values[1] > values[2] > 0.9
    assert set(found["distributions"][name]) == {"S", "share_of_T"}
    (entry,) = found["plugins"]
    assert (entry["distribution"], entry["version"], entry["order_parameters"]) == ("stranger", "1.2", [name])
    with gsd.hoomd.open(str(out / "sites.gsd")) as file:
        mine = file[2].log[f"particles/zeocryst/{name}"][file[2].particles.typeid == 0]
    assert mine.mean() == pytest.approx(values[2], abs=1e-6)
    assert all((out / "figures" / f"{name}.{end}").is_file() for end in ("png", "svg", "csv"))
    assert name in (out / "figures" / "order.csv").read_text().splitlines()[0]

    condition.write_text(CONDITION + f'measure = ["{name}"]\n[engine]\nname = "verlet"\n')
    run = tmp_path / "run"
    done = call("run", condition, "--out", run, "--json")
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary["engine"]["name"] == "verlet"
    assert summary["measured"] == [{"name": name, "columns": [name], "sites": [name], "curves": [name]}]
    with (run / "order_parameters.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["step"]) for row in rows] == [0, 20, 40, 60]
    assert all(0.9 < float(row[name]) <= 1 for row in rows)
    with gsd.hoomd.open(str(run / "trajectory.gsd")) as file:
        assert np.isfinite(file[3].log[f"particles/zeocryst/{name}"][:96]).all()
    used = json.loads((run / "provenance.json").read_text())["plugins"]
    assert [u["engine"] or u["order_parameters"] for u in used] == [[name], "verlet"]
    for entry, source in zip(used, (ORDER, ENGINE), strict=True):
        assert (entry["distribution"], entry["version"]) == ("stranger", "1.2")
        assert entry["sha256"] == hashlib.sha256(source.read_bytes()).hexdigest()
    report = (run / "report.html").read_text()
    assert f"<h3>{name}</h3><p>Distance part of the tetrahedral order" in report
    assert report.count("Start, middle and end") == 2  # for those who see it and those who do not

    # without it: the run says what is missing, and its report can still be made
    os.environ["PYTHONPATH"] = ""
    words = is_one_message(call("run", condition, "--out", run))
    assert "plugin stranger 1.2 is missing" in words
    assert name in words
    before = (run / "order_parameters.csv").read_bytes()
    done = call("report", run)
    assert done.returncode == 0, done.stderr
    assert "from an earlier report" in (run / "report.html").read_text()
    assert (run / "order_parameters.csv").read_bytes() == before


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("gone", "stranger.nowhere"),
        ("ending", "SystemExit"),
        ("thing", "expected a function with the decorator"),
        ("other", "has the arguments (net); expected"),
        ("otherwise", "give both one name"),
        ("called_otherwise", "give both one name"),
    ],
)
def test_a_broken_one_that_is_installed_breaks_only_what_asks_for_it(
    installed, trajectory, capsys, name, words
):
    assert main(["analyze", str(trajectory), "--only", "density"]) == 0
    assert capsys.readouterr().err == ""
    message = refused(capsys, "analyze", trajectory, "--only", f"density,{name}")
    assert "plugin stranger 1.2" in message
    assert words in message
    misspelt = refused(capsys, "analyze", trajectory, "--only", "tetrahedral_distance")
    assert "did you mean 'tetrahedral_distances'?" in misspelt


def test_an_entry_point_says_enough_of_a_function(installed, trajectory, capsys):
    assert main(["analyze", str(trajectory), "--only", "unmarked", "--json", "--frames", "0"]) == 0
    assert json.loads(capsys.readouterr().out)["order_parameters"][0]["bonds"] == 4


def test_an_entry_point_may_be_the_module(installed, trajectory, capsys):
    assert main(["analyze", str(trajectory), "--only", "by_module", "--json", "--frames", "0"]) == 0
    assert json.loads(capsys.readouterr().out)["order_parameters"][0]["by_module"] == 3


def test_a_broken_engine_that_is_installed(installed, condition, capsys):
    message = refused(capsys, "check", condition, "--engine", "partial")
    assert "plugin stranger 1.2: its engine lacks NAME, KINDS, offer, create" in message
    assert "did you mean 'verlet'?" in refused(capsys, "check", condition, "--engine", "verlett")


def test_nothing_that_is_installed_is_loaded_by_itself(installed, trajectory):
    code = "import sys, zeocryst.cli, zeocryst.order, zeocryst.engines as e; e.engine_modules()\n"
    code += "assert zeocryst.cli.main(sys.argv[1:]) == 0\n"
    code += "print([m for m in sys.modules if m.startswith('stranger')], 'importlib.metadata' in sys.modules)"
    command = [sys.executable, "-P", "-c", code, "analyze", str(trajectory), "--only", "density"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1].startswith("[]")


# ---- from a file ----------------------------------------------------------------------------------


def test_a_file_that_is_named_is_measured(write, trajectory, tmp_path, capsys):
    """Without --only too; several in one file, of beads as well, with a framework only by name."""
    path = write(
        HEAD
        + '''
@order_parameter
def beads(frame):
    """How many beads there are."""
    return Measured({"beads": np.int64(frame.particles.N)})

@order_parameter
def bonds(network, frame):
    return Measured({"bonds_per_T": len(network.first) / network.n_sites}, {"bonds_of_T": network.degree == 4})

@order_parameter
def code(network, framework):
    return Measured({"is_SOD": framework == "SOD"})

@order_parameter(curve=True)
def ramp(network):
    return Measured({}, distributions={"ramp": {"x": np.arange(4), "y_A": [1.0, 2.0, np.nan, 4.0]}})
'''
    )
    assert main(["analyze", str(trajectory), "--plugin", str(path), "--json", "--frames", "0"]) == 0
    found = json.loads(capsys.readouterr().out)
    (row,) = found["order_parameters"]
    assert (row["beads"], row["bonds_per_T"]) == (112, 2)
    assert "is_SOD" not in row
    assert found["measured"][-3:] == ["beads", "bonds", "ramp"]
    assert found["distributions"]["ramp"]["y_A"] == [1, 2, None, 4]
    out, only = tmp_path / "out", "code:SOD,bonds,ramp"
    assert main(["analyze", str(trajectory), "--plugin", str(path), "--only", only, "--out", str(out)]) == 0
    with (out / "order_parameters.csv").open() as file:
        assert [r["is_SOD"] for r in csv.DictReader(file)] == ["1", "1", "1"]
    assert (out / "figures" / "ramp.png").is_file()
    with gsd.hoomd.open(str(out / "sites.gsd")) as file:
        kept = file[0].log["particles/zeocryst/bonds_of_T"]
    assert (kept == np.where(file_types(trajectory) == 0, 1, -1)).all()
    assert not list(path.parent.glob("__pycache__"))


def file_types(path):
    with gsd.hoomd.open(str(path)) as file:
        return file[0].particles.typeid


def test_what_a_plugin_changes_in_place_is_its_own(write, small):
    plugins.load(
        write(
            HEAD
            + """
@order_parameter
def rude(network, frame):
    start, vectors = network.surroundings
    vectors /= 100
    network.positions[:] = 0
    frame.particles.position[:] = 0
    return Measured({"rude": 0.0})
"""
        )
    )
    network = network_of_frame(small)[0]
    alone = measure(network_of_frame(small)[0], ["tetrahedral"])
    beside = measure(network, ["rude", "tetrahedral"], small)
    assert beside.values["tetrahedral_order"] == alone.values["tetrahedral_order"]
    assert np.ptp(small.particles.position) > 1
    assert np.ptp(network.positions) > 1


def test_a_file_that_is_loaded_again_takes_its_place(write, small):
    network = network_of_frame(small)[0]
    for value in (1, 2):
        text = f"@order_parameter\ndef mine(network):\n    return Measured({{'mine': {value}}})\n"
        plugins.load(write(HEAD + text))
        assert measure(network, ["mine"]).values == {"mine": value}


RETURNS = {
    "None": "returned None (NoneType); expected a zeocryst.order.Measured",
    "{'q': 1.0}": "(dict); expected a zeocryst.order.Measured",
    "Measured({})": "returned nothing",
    "Measured([1.0])": "its values are [1.0] (list); expected a dict",
    "Measured({'q': 'high'})": "values['q'] = 'high' (str); expected one finite number",
    "Measured({'q': float('inf')})": "values['q'] = inf (float); expected one finite number",
    "Measured({'q': network.degree})": "expected one finite number",
    "Measured({'q': 1j})": "expected one finite number",
    "Measured({'q': None})": "expected one finite number",
    "Measured({'mean angle': 1.0})": "a name of its values is 'mean angle' (str); expected letters",
    "Measured({3: 1.0})": "a name of its values is 3 (int)",
    "Measured({'time_ps': 1.0})": "a name of its values is 'time_ps'; expected another name",
    "Measured({'density_T_per_1000A3': 1.0})": "gives 'density_T_per_1000A3', and so does 'density'; rename it",
    "Measured({'q': 1.0}, {'q': np.ones(5)})": "shape (5,) of float64; expected one number for each of the 96 T",
    "Measured({'q': 1.0}, {'q': np.ones((96, 3))})": "sites['q'] is an array of shape (96, 3)",
    "Measured({'q': 1.0}, {'q': ['a'] * 96})": "expected one number for each of the 96 T",
    "Measured({'q': 1.0}, {'q': np.full(96, np.inf)})": "sites['q'] has infinite values",
    "Measured({'q': 1.0}, words={'w': 3})": "words['w'] = 3 (int); expected a text",
    "Measured({}, distributions={'d': [1, 2]})": "expected a dict of two or more columns",
    "Measured({}, distributions={'d': {'x': [1, 2], 'y': [1]}})": "columns of the lengths x: 2, y: 1",
    "Measured({}, distributions={'d': {'x': [np.nan, 2], 'y': [1, 2]}})": "the first of them finite numbers",
    "Measured({}, distributions={'d': {'x': [], 'y': []}})": "one length",
    "Measured({}, distributions={'order': {'x': [1], 'y': [1]}})": "is 'order'; expected another name",
    "1 / (network.n_sites - 96)": "failed (line 7): ZeroDivisionError",
    "exit()": "failed (line 7): SystemExit",
    "network.nothing": "(line 7): AttributeError",
    "Measured({'q': [[1.0], [1.0, 2.0]]})": "returned what cannot be used: ValueError",
    "Measured({'q': 1.0}, {'q': [[1.0], [1.0, 2.0]]})": "returned what cannot be used: ValueError",
    "Measured({}, distributions={'d': {'x': [1, 2], 'y': [[1], [1, 2]]}})": "returned what cannot be used: ValueError",
    "Measured({'q': type('Lazy', (), {'__array__': lambda *a, **k: 1 / 0})()})": "ZeroDivisionError",
    "Measured({'q': 1.0}, {'q': np.full(96, 2**40)})": "sites['q'] has values that int32 cannot hold",
    "Measured({'q': 1.0}, {'q': np.full(96, 1e300)})": "sites['q'] has values that float32 cannot hold",
    "Measured({'q': 1.0}, words={'q': 'a'})": "its values and its words both have 'q'",
    'exec(\'raise type("Mute", (Exception,), {"__str__": lambda self: 1 / 0})\')': "failed (line 7): Mute",
    "exec('raise GeneratorExit')": "failed (line 7): GeneratorExit",
}


@pytest.mark.parametrize("returned", RETURNS)
def test_a_wrong_result_names_plugin_and_frame(write, trajectory, capsys, returned):
    path = write(HEAD + f"@order_parameter\ndef q(network):\n    return {returned}\n")
    message = refused(capsys, "analyze", trajectory, "--plugin", path, "--only", "density,q")
    assert f"plugin {path}: its order parameter 'q'" in message
    assert RETURNS[returned] in message
    assert "frame 0" in message


def test_what_is_masked_is_not_known(write, small):
    masked = "np.ma.masked_less(network.degree, 9)"
    plugins.load(
        write(
            HEAD
            + f"@order_parameter\ndef q(network):\n    m = {masked}\n    return Measured({{'q': m[0]}}, {{'q': m}})\n"
        )
    )
    found = measure(network_of_frame(small)[0], ["q"])
    assert np.isnan(found.values["q"])
    assert np.isnan(found.sites["q"]).all()


def test_what_a_plugin_prints_is_not_among_the_results(write, trajectory, capsys):
    text = "print('loaded')\n\n@order_parameter\ndef q(network):\n    print('called')\n    return Measured({'q': 1})\n"
    arguments = ["analyze", str(trajectory), "--plugin", str(write(HEAD + text)), "--only", "q", "--json"]
    assert main(arguments) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["order_parameters"][0]["q"] == 1
    assert "loaded" in err
    assert "called" in err


def test_an_interrupt_is_no_fault_of_the_plugin(write, small):
    """Compiled functions of numba turn it into a SystemError."""
    text = """
@order_parameter
def q(network):
    try:
        raise KeyboardInterrupt
    except KeyboardInterrupt as error:
        raise SystemError("returned a result with an exception set") from error
"""
    plugins.load(write(HEAD + text))
    with pytest.raises(KeyboardInterrupt):
        measure(network_of_frame(small)[0], ["q"])


FILES = {
    "syntax": ("def q(network:\n", "SyntaxError"),
    "null": ("\0", "plugin"),
    "import": ("import nobody_has_this\n", "install that"),
    "raises": (HEAD + "1 / 0\n", "it cannot be imported (line 5): ZeroDivisionError"),
    "exits": ("import sys\nsys.exit(0)\n", "(line 2): SystemExit"),
    "empty": ("", "declares nothing; expected a function with the decorator"),
    "arguments": (HEAD + "@order_parameter\ndef q(net):\n    ...\n", "has the arguments (net); expected"),
    "framework": (HEAD + "@order_parameter\ndef q(framework):\n    ...\n", "network or frame among them"),
    "stars": (HEAD + "@order_parameter\ndef q(*network):\n    ...\n", "expected one or more of"),
    "class": (HEAD + "@order_parameter\nclass Q:\n    ...\n", "expected a function"),
    "async": (HEAD + "@order_parameter\nasync def q(network):\n    ...\n", "expected a plain def"),
    "lazy": (
        HEAD + "class Lazy:\n    def __getattr__(self, name): return 1 / 0\nx = Lazy()\n",
        "cannot be read (line 6): Zero",
    ),
    "own": (HEAD + "@order_parameter\ndef rings(network):\n    ...\n", "'rings'"),
    "part": ("def create(forcefield, device, threads): ...\n", "its engine lacks NAME, KINDS, offer"),
    "name": (ENGINE.read_text().replace('NAME, KINDS = "verlet"', "NAME, KINDS = 3"), "NAME = 3"),
}


@pytest.mark.parametrize("kind", FILES)
def test_a_file_that_is_wrong_is_named(write, trajectory, capsys, kind):
    text, words = FILES[kind]
    path = write(text)
    message = refused(capsys, "analyze", trajectory, "--plugin", path)
    assert f"plugin {path}: " in message
    assert words in message


def test_files_that_cannot_be_read(tmp_path, trajectory, capsys):
    for path in (tmp_path, tmp_path / "none.py"):
        assert f"plugin {path}: " in refused(capsys, "analyze", trajectory, "--plugin", path)


def test_two_with_one_name(write, installed, trajectory, capsys):
    one, two = (write(HEAD + "@order_parameter\ndef q(network): ...\n", name) for name in ("one.py", "two.py"))
    message = refused(capsys, "analyze", trajectory, "--plugin", one, "--plugin", two)
    assert str(one) in message
    assert str(two) in message
    plugins.forget()
    message = refused(capsys, "analyze", trajectory, "--plugin", ORDER)
    assert "that of the installed stranger 1.2, too; rename one" in message


def test_other_names_in_a_later_frame(write, trajectory, capsys):
    text = "@order_parameter\ndef q(frame):\n    return Measured({f'q{frame.configuration.step}': 1})\n"
    path = write(HEAD + text)
    message = refused(capsys, "analyze", trajectory, "--plugin", path, "--only", "q")
    assert "(q100) than for the first (q0)" in message
    assert "frame 1" in message


# ---- runs -----------------------------------------------------------------------------------------

#: Fails from the third frame on that it is given, unless it is mended; says how far it has come by a global.
FAILS = HEAD + (
    "n = 0\n\n\n@order_parameter\ndef mine(network):\n    global n\n    n += 1\n"
    "    if n > 3:\n        raise ValueError('not here')\n    return Measured({'mine_A': n})\n"
)


def test_a_run_keeps_what_it_has_where_a_plugin_fails_and_goes_on_when_it_is_mended(
    write, condition, tmp_path, capsys
):
    path, out = write(FAILS), tmp_path / "run"
    run = ["run", str(condition), "--out", str(out), "--engine", "lammps", "--quiet"]
    assert main([*run, "--plugin", str(path)]) == 3
    error = capsys.readouterr().err
    assert f"plugin {path}: its order parameter 'mine' failed (line 13): ValueError: not here" in error
    assert f"The last good state (step 20) is kept in {out}" in error
    assert "timestep" not in error
    plugins.forget()
    message = refused(capsys, *run)
    assert f"plugin {path} is missing" in message
    assert f"--plugin {path.resolve()}" in message
    write(FAILS.replace("'mine_A'", "'mine_nm'").replace("n > 3", "False"))
    assert "mine_nm" in refused(capsys, *run, "--plugin", path)
    write(FAILS.replace("n > 3", "False"))
    assert main([*run, "--plugin", str(path)]) == 0
    assert f"plugin {path} has changed since this run began" in (out / "log.txt").read_text()
    with (out / "order_parameters.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["step"]) for row in rows] == [0, 20, 40, 60]
    assert all(float(row["mine_A"]) > 0 for row in rows)
    shas = [entry["sha256"] for entry in json.loads((out / "provenance.json").read_text())["plugins"]]
    assert len(set(shas)) == len(shas) == 2
    assert "mine_A" in (out / "figures" / "measured_mine.csv").read_text()


def test_a_mistake_is_found_before_anything_is_written(write, condition, tmp_path, capsys):
    path, out = write(HEAD + "@order_parameter\ndef mine(network):\n    return 3\n"), tmp_path / "run"
    for command in (["run", condition, "--out", out, "--quiet"], ["check", condition]):
        assert "returned 3 (int)" in refused(capsys, *command, "--engine", "lammps", "--plugin", path)
        plugins.forget()
    assert not out.exists()
    words = write(HEAD + "@order_parameter\ndef mine(network):\n    return Measured({}, words={'w': 'a'})\n")
    assert f"plugin {words}: the order parameter 'mine' gives words (w)" in refused(
        capsys, "check", condition, "--plugin", words
    )
    condition.write_text(CONDITION + 'measure = ["ringss"]\n')
    message = refused(capsys, "check", condition)
    assert f"{condition}: output.measure: no order parameter 'ringss'; did you mean 'rings'?" in message
    assert "--plugin FILE" in message


def test_clashes_are_found_before_anything_is_written(write, condition, tmp_path, capsys):
    text = "@order_parameter\ndef {0}(network):\n    return Measured({{'{1}': 1.0}})\n\n"
    for mine, other in (("density_T_per_1000A3", "density"), ("mine_A", "one")):
        path, out = write(HEAD + text.format("one", mine) + text.format("two", mine)), tmp_path / "run"
        message = refused(capsys, "run", condition, "--out", out, "--plugin", path)
        assert f"gives '{mine}', and so does '{other}'; rename it" in message
        assert not out.exists()
        plugins.forget()


def test_another_file_of_the_same_names_is_told():
    one = {"plugin": "one.py", "path": "/one.py", "sha256": "a", "order_parameters": ["q"], "engine": None}
    assert plugins.changed([one], [one]) == []
    assert plugins.changed([one], [one | {"path": "/elsewhere.py"}]) == []  # the same, moved
    (said,) = plugins.changed([one], [one | {"plugin": "two.py", "path": "/two.py", "sha256": "b"}])
    assert "plugin two.py has taken the place of /one.py" in said
    (said,) = plugins.changed([one], [one | {"sha256": "b"}])
    assert "plugin one.py has changed" in said
    assert plugins.changed([one], [one | {"sha256": "b", "order_parameters": ["other"]}]) == []


def test_check_says_what_is_measured_besides(condition, capsys):
    assert main(["check", str(condition), "--plugin", str(ORDER), "--plugin", str(ENGINE)]) == 0
    out = capsys.readouterr().out
    assert "measured besides: tetrahedral_distances" in out
    assert f"plugin {ENGINE} has the engine 'verlet', which runs only with --engine verlet" in out
    assert main(["check", str(condition), "--plugin", str(ENGINE), "--engine", "verlet"]) == 0
    assert "engine: verlet 1.0 on the cpu, 1 thread: asked for, of the plugin" in capsys.readouterr().out
