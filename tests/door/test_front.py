"""The list of what is public, and how quickly it is there."""

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import zeocryst

ROOT = Path(__file__).resolve().parents[2]
FUNCTIONS = [name for name in zeocryst.__all__ if inspect.isfunction(getattr(zeocryst, name))]
CLASSES = [name for name in zeocryst.__all__ if inspect.isclass(getattr(zeocryst, name))]


def python(code, *options):
    command = [sys.executable, "-P", *options, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=True)


def test_everything_is_a_function_or_a_class():
    assert sorted(FUNCTIONS + CLASSES) == sorted(zeocryst.__all__) == list(zeocryst.__all__)
    assert set(zeocryst.__all__) <= set(dir(zeocryst))
    assert {"run", "open_run", "identify", "measure", "backmap", "framework", "analyze"} <= set(FUNCTIONS)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_are_described_and_typed(name):
    function = getattr(zeocryst, name)
    text = inspect.getdoc(function)
    for section in ("Parameters", "Returns", "Raises", "Examples"):
        assert f"\n{section}\n{'-' * len(section)}\n" in text, section
    signature = inspect.signature(function)
    assert signature.return_annotation is not inspect.Signature.empty
    described = text.partition("Parameters\n")[2].partition("Returns\n")[0]
    for parameter in signature.parameters.values():
        assert parameter.annotation is not inspect.Parameter.empty
        assert parameter.name in described
    positional = [p for p in signature.parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert len(positional) <= 2  # options have names


@pytest.mark.parametrize("name", CLASSES)
def test_classes_are_described_and_typed(name):
    kind = getattr(zeocryst, name)
    assert kind.__module__.startswith("zeocryst.")
    assert "\nExamples\n--------\n" in inspect.getdoc(kind)
    if issubclass(kind, Exception):
        return
    assert kind.__dataclass_params__.frozen
    for key, member in vars(kind).items():
        if key.startswith("_"):
            continue
        function = member.fget if isinstance(member, property) else getattr(member, "__func__", member)
        if inspect.isfunction(function):
            assert inspect.getdoc(function), key
            assert inspect.signature(function).return_annotation is not inspect.Signature.empty, key


def test_results_show_themselves_in_notebooks():
    results = {"Backmapped", "Identification", "Identifications", "Measurement", "Run", "TrajectoryAnalysis"}
    for name in results | {"Condition"}:
        assert {"_repr_html_", "__str__"} <= set(vars(getattr(zeocryst, name))), name


def test_the_map_lists_the_functions():
    row = next(line for line in (ROOT / "ARCHITECTURE.md").read_text("utf-8").splitlines() if "`door/`" in line)
    for name in [*FUNCTIONS, "Condition"]:
        assert f"`{name}`" in row, name


def test_a_name_that_is_not_there():
    with pytest.raises(AttributeError, match="no attribute 'idenitfy'"):
        zeocryst.idenitfy  # noqa: B018


def test_importing_is_quick_and_loads_nothing():
    heavy = "{m.partition('.')[0] for m in sys.modules} & {'numpy', 'pandas', 'numba', 'ase', 'gsd', 'lammps', 'hoomd', 'matplotlib', 'scipy', 'IPython'}"
    done = python(f"import sys, zeocryst; print({heavy}, len(dir(zeocryst)) > 20)", "-X", "importtime")
    assert done.stdout.strip() == "set() True"
    lines = [line for line in done.stderr.splitlines() if line.endswith(" zeocryst")]
    assert int(lines[0].split("|")[1]) < 150_000  # microseconds, with all that it imports


def test_everything_comes_by_name_and_no_engine_with_it():
    code = (
        "import sys; from zeocryst import *; import zeocryst as zc;"
        "assert all(getattr(zc, n) is globals()[n] for n in zc.__all__); assert zc.__version__;"
        "zc.run, zc.report if hasattr(zc, 'report') else 0;"
        "print([m for m in ('lammps', 'hoomd', 'matplotlib', 'pandas') if m in sys.modules])"
    )
    assert python(code).stdout.strip() == "[]"


def test_functions_stay_when_the_rooms_are_loaded():
    """No room of the house is called as a function of the front door, which it would hide."""
    code = (
        "import pkgutil, importlib, zeocryst as zc;"
        "rooms = {m.name for m in pkgutil.iter_modules(zc.__path__)};"
        "[importlib.import_module('zeocryst.' + r) for r in rooms];"
        "print(rooms & set(zc.__all__), all(callable(getattr(zc, n)) for n in zc.__all__))"
    )
    assert python(code).stdout.strip() == "set() True"


def test_the_types_are_shipped():
    import configparser

    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    assert (ROOT / "zeocryst" / "py.typed").is_file()
    assert config["options.package_data"]["zeocryst"] == "py.typed"


def test_messages_are_for_python():
    from zeocryst.door.wording import in_python, on_the_command_line

    assert in_python("say --types T=Si,S=X; or") == 'say types="T=Si,S=X"; or'
    assert in_python("--types 'T=': expected") == "types 'T=': expected"
    assert in_python("--out a--out: is a file, or --restart to begin") == (
        "out a--out: is a file, or restart=True to begin"
    )
    assert in_python("a ----- b --unknown c") == "a ----- b --unknown c"
    with on_the_command_line(), pytest.raises(zeocryst.InputError, match="--types 'T'"):
        zeocryst.identify("nowhere", types="T")
    with pytest.raises(zeocryst.InputError, match="^types 'T'"):
        zeocryst.identify("nowhere", types="T")
