"""Order parameters and engines of other people: where they are found, and what is said where one is wrong.

A plugin is a Python file that somebody names (``--plugin FILE.py``, `load`), or an installed distribution with
the entry points ``zeocryst.order_parameters`` or ``zeocryst.engines``. Both declare the same way:

* an order parameter is a function with the decorator `zeocryst.order.order_parameter`, and has its name;
* an engine is a module with ``NAME``, ``KINDS``, ``offer`` and ``create`` (`zeocryst.engines.protocol`).

What is installed is looked for only where a name is asked for that nothing else has, and only that one is
loaded: a broken one breaks nothing that does not use it.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType, ModuleType, TracebackType
from typing import TYPE_CHECKING, Any

from zeocryst.errors import PluginError, SimulationError, ZeocrystError
from zeocryst.foundation.streams import others_to_stderr
from zeocryst.foundation.textfiles import in_short

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

ORDER_PARAMETER, ENGINE = "order parameter", "engine"
#: Entry points of each kind.
GROUPS = {ORDER_PARAMETER: "zeocryst.order_parameters", ENGINE: "zeocryst.engines"}
#: Attribute of a function that is declared an order parameter.
MARK = "__zeocryst_order_parameter__"
#: What an engine's module has.
ENGINE_PARTS = ("NAME", "KINDS", "offer", "create")
HOW = (
    "expected a function with the decorator zeocryst.order.order_parameter, or an engine: "
    f"{', '.join(ENGINE_PARTS)} (zeocryst.engines.protocol)"
)


@dataclass(frozen=True)
class Plugin:
    """Where something comes from.

    Attributes
    ----------
    label : str
        The file as it was named, or distribution and version: what messages call it.
    path : Path
        The file.
    sha256 : str
        Of its content.
    distribution, version : str or None
        Of what is installed.
    """

    label: str
    path: Path
    sha256: str
    distribution: str | None = None
    version: str | None = None

    def record(self) -> dict[str, Any]:
        """For the provenance of a run."""
        installed = {"distribution": self.distribution, "version": self.version} if self.distribution else {}
        return {"plugin": self.label, **installed, "path": str(self.path), "sha256": self.sha256}

    def error(self, words: str) -> PluginError:
        """An error that names the plugin, to be raised."""
        return PluginError(f"plugin {self.label}: {words}")


@dataclass(frozen=True)
class Declared:
    """Something that a plugin brings: its kind, name, function or module, and plugin."""

    kind: str
    name: str
    thing: Any
    plugin: Plugin


#: What files brought, by kind and name, in the order in which they were given.
_given: dict[tuple[str, str], Declared] = {}
#: What of it has no namesake that is installed, as far as was looked.
_alone: set[tuple[str, str]] = set()
#: What was found installed.
_found: dict[tuple[str, str], Declared] = {}


def load_plugins(paths: Iterable[str | Path] | None) -> list[Plugin]:
    """Load the files of ``--plugin``; see `load`."""
    return [load(path) for path in paths or ()]


def load(path: str | Path) -> Plugin:
    """Load a plugin from a file, so that what it declares is known by its name from here on.

    A file that is loaded again (in a notebook, after it was changed) takes the place of what it brought before.

    Parameters
    ----------
    path
        One Python file; other modules that it imports have to be installed.

    Raises
    ------
    PluginError
        It cannot be read or run, declares nothing, or something of a name that another plugin has.
    """
    plugin, module = run_file(path)
    with guarded(plugin, "what it declares cannot be read"):
        brought = _declared(module, plugin)
    for key, other in _given.items():
        if key in brought and other.plugin.path != plugin.path:
            raise plugin.error(f"{_called(*key)} is that of the plugin {other.plugin.label}, too; rename one")
    for key in [key for key, other in _given.items() if other.plugin.path == plugin.path]:
        del _given[key]
    _given.update(brought)
    return plugin


def run_file(path: str | Path) -> tuple[Plugin, ModuleType]:
    """Run a Python file of somebody's, whatever it declares; it is not remembered.

    Raises
    ------
    PluginError
        It cannot be read or run.
    """
    file = Path(path)
    try:
        content = file.read_bytes()
    except OSError as error:
        raise PluginError(
            f"plugin {path}: {error.strerror or in_short(error)}; expected a Python file"
        ) from None
    plugin = Plugin(str(path), file.resolve(), hashlib.sha256(content).hexdigest())
    return plugin, _run(content, plugin)


def given(kind: str) -> dict[str, Declared]:
    """What the files that were loaded brought of a kind, by name."""
    return {name: declared for (of, name), declared in _given.items() if of == kind}


def find(kind: str, name: str) -> Declared | None:
    """What a plugin has by this name, of a file or installed; None where none has.

    Raises
    ------
    PluginError
        The plugin is broken, or two have the name.
    """
    key = (kind, name)
    if key in _given and key in _alone:
        return _given[key]
    if key in _found and key not in _given:
        return _found[key]
    points = [point for point in _points(kind) if point.name == name]
    labels = sorted({_distribution(point)[0] for point in points})
    if key in _given:
        if labels:
            raise _given[key].plugin.error(
                f"{_called(kind, name)} is that of the installed {' and '.join(labels)}, too; rename one"
            )
        _alone.add(key)
        return _given[key]
    if len(labels) > 1:
        raise PluginError(f"{_called(kind, name)} is that of {' and of '.join(labels)}: uninstall one of them")
    if points:
        _found[key] = _load_point(kind, points[0])
    return _found.get(key)


def find_beside(kind: str, name: str, own: Collection[str]) -> Declared | None:
    """What a plugin has by this name; None where it is one of zeocryst's own, or nobody's.

    Raises
    ------
    PluginError
        The plugin is broken, or a file declares what is zeocryst's own.
    """
    mine = given(kind)
    for clash in set(mine) & set(own):
        raise mine[clash].plugin.error(f"{_called(kind, clash)} is that of one of zeocryst's own; rename it")
    return None if name in own else find(kind, name)


def loaded(kind: str, name: str) -> Declared | None:
    """What was found by `find` before, of a file or installed."""
    return _given.get((kind, name)) or _found.get((kind, name))


@contextmanager
def guarded(plugin: Plugin, doing: str, error: type[ZeocrystError] = PluginError) -> Iterator[None]:
    """Turn whatever the plugin's code raises inside into one `error`: the plugin, the line, what it was doing.

    Errors of zeocryst's own keep their words, behind the plugin's name. What the plugin prints goes to stderr:
    stdout is for results. No block inside may be left with a yield.
    """
    try:
        with others_to_stderr():
            yield
    except KeyboardInterrupt:
        raise
    except ZeocrystError as raised:
        if plugin.label in str(raised):
            raise
        kind = SimulationError if isinstance(raised, SimulationError) else error
        raise kind(f"plugin {plugin.label}: {raised}") from None
    except BaseException as raised:  # SystemExit, too: no plugin ends the program
        if _interrupted(raised):
            raise KeyboardInterrupt from None
        line = _line(raised.__traceback__, plugin)
        what = type(raised).__name__
        words = in_short(raised)
        said = what if words == what else f"{what}: {words}"
        raise error(f"plugin {plugin.label}: {doing}{line}: {said}") from None


def _interrupted(error: BaseException) -> bool:
    """Whether it came of Ctrl-C: numba makes a SystemError of that."""
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        if isinstance(link, KeyboardInterrupt):
            return True
        seen.add(id(link))
        link = link.__cause__ or link.__context__
    return False


def _called(kind: str, name: str) -> str:
    return f"the name {name!r} of its {kind}"


def _line(trace: TracebackType | None, plugin: Plugin) -> str:
    """Where in the plugin's file an error came from; empty where it came from elsewhere."""
    line = 0
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(plugin.path):
            line = trace.tb_lineno
        trace = trace.tb_next
    return f" (line {line})" if line else ""


def _run(content: bytes, plugin: Plugin) -> ModuleType:
    """The module of a file, under a name of its own, and without leaving compiled files beside it."""
    name = f"_zeocryst_plugin_{plugin.sha256[:12]}"
    module = ModuleType(name)
    module.__file__ = str(plugin.path)
    with guarded(plugin, "it cannot be imported"):
        try:
            code = compile(content, str(plugin.path), "exec", dont_inherit=True)
            sys.modules[name] = module  # dataclasses and numba look there
            exec(code, module.__dict__)
        except ModuleNotFoundError as error:
            sys.modules.pop(name, None)
            raise plugin.error(
                f"it cannot be imported: {error}; install that (a plugin is one file: modules beside it are "
                "not found)"
            ) from None
        except BaseException:
            sys.modules.pop(name, None)
            raise
    return module


def _declared(module: ModuleType, plugin: Plugin) -> dict[tuple[str, str], Declared]:
    """What a file declares."""
    brought: dict[tuple[str, str], Declared] = {}
    for thing in vars(module).values():
        if hasattr(thing, MARK) and not isinstance(thing, type):
            declared = Declared(ORDER_PARAMETER, thing.__name__, thing, plugin)
            if brought.setdefault((ORDER_PARAMETER, declared.name), declared).thing is not thing:
                raise plugin.error(f"declares the order parameter {declared.name!r} twice; rename one")
    if any(hasattr(module, part) for part in ("offer", "create")):
        name = _engine_name(module, plugin)
        brought[ENGINE, name] = Declared(ENGINE, name, module, plugin)
    if not brought:
        raise plugin.error(f"declares nothing; {HOW}")
    return brought


def _engine_name(thing: Any, plugin: Plugin) -> str:
    """Name of an engine whose parts are all there."""
    missing = [part for part in ENGINE_PARTS if not hasattr(thing, part)]
    if missing:
        raise plugin.error(f"its engine lacks {', '.join(missing)}; an engine has {', '.join(ENGINE_PARTS)}")
    if not isinstance(thing.NAME, str) or not thing.NAME.isidentifier():
        raise plugin.error(f"its engine has NAME = {thing.NAME!r}; expected a name of letters, digits and _")
    return thing.NAME


def _points(kind: str) -> list[EntryPoint]:
    """Entry points of a kind; those of a distribution whose own files are damaged are not seen."""
    from importlib.metadata import distributions, entry_points

    try:
        return list(entry_points(group=GROUPS[kind]))
    except Exception:  # one line of one file anywhere is enough
        found: dict[str, list[EntryPoint]] = {}
        for each in distributions():
            with suppress(Exception):
                found.setdefault(each.name, list(each.entry_points))
        return [point for points in found.values() for point in points if point.group == GROUPS[kind]]


def _distribution(point: EntryPoint) -> tuple[str, str | None, str | None]:
    """Label, name and version of the distribution of an entry point."""
    if point.dist is None:
        return point.value, None, None
    return f"{point.dist.name} {point.dist.version}", point.dist.name, point.dist.version


def _load_point(kind: str, point: EntryPoint) -> Declared:
    """What an entry point leads to."""
    label, name, version = _distribution(point)
    plugin = Plugin(label, Path(point.value), "", name, version)
    with guarded(plugin, f"its {kind} {point.name!r} ({point.value}) cannot be imported"):
        thing = point.load()
        source = sys.modules[point.module].__file__
    if source:
        path = Path(source)
        plugin = Plugin(label, path, hashlib.sha256(path.read_bytes()).hexdigest(), name, version)
    if kind == ORDER_PARAMETER and isinstance(thing, ModuleType):
        with guarded(plugin, f"what {point.value} declares cannot be read"):
            mine = {name: each.thing for (of, name), each in _declared(thing, plugin).items() if of == kind}
        thing = mine.get(point.name, next(iter(mine.values())) if len(mine) == 1 else thing)
    if kind == ENGINE:
        with guarded(plugin, f"its engine {point.name!r} cannot be used"):
            called = _engine_name(thing, plugin)
    elif not isinstance(thing, FunctionType) and not hasattr(thing, MARK):
        raise plugin.error(
            f"its entry point {point.name!r} is {point.value}; expected a function with the decorator "
            "zeocryst.order.order_parameter"
        )
    else:
        called = thing.__name__
    if called != point.name:
        raise plugin.error(f"its entry point {point.name!r} leads to the {kind} {called!r}; give both one name")
    return Declared(kind, called, thing, plugin)


def known_names(kind: str) -> list[str]:
    """All names of a kind that plugins have, for messages; none of what is installed is loaded."""
    return [*given(kind), *(point.name for point in _points(kind))]


def records(declared: Iterable[Declared]) -> list[dict[str, Any]]:
    """What a run's provenance has of the plugins that it uses: each file once, with what it was used for."""
    found: dict[Path, dict[str, Any]] = {}
    for each in declared:
        entry = found.setdefault(
            each.plugin.path, each.plugin.record() | {"order_parameters": [], "engine": None}
        )
        if each.kind == ENGINE:
            entry["engine"] = each.name
        else:
            entry["order_parameters"].append(each.name)
    return list(found.values())


def check_there(records: Iterable[Any], engine: str) -> None:
    """See that the plugins of an earlier call of a run are there again.

    Parameters
    ----------
    records
        From its provenance.
    engine
        Name of the engine that is asked for; that of an earlier call may be missing where it is not.

    Raises
    ------
    PluginError
        One is missing.
    """
    for entry in records:
        if not isinstance(entry, dict):
            continue
        for kind, name in _uses(entry):
            if (kind == ENGINE and name != engine) or find(kind, name) is not None:
                continue
            cure = (
                f"install {entry['distribution']} (then {entry.get('version')})"
                if entry.get("distribution")
                else f"give it: --plugin {entry.get('path')}"
            )
            raise PluginError(
                f"plugin {entry.get('plugin')} is missing, whose {kind} {name!r} this run uses; {cure}"
            )


def changed(before: Iterable[Any], now: Iterable[dict[str, Any]]) -> list[str]:
    """A sentence for each plugin that is another than in the last call of this run."""
    old = {key: entry for entry in before if isinstance(entry, dict) for key in _uses(entry)}
    said = []
    for entry in now:
        for other in (old[key] for key in _uses(entry) if key in old):
            if any(other.get(part) != entry.get(part) for part in ("sha256", "version")):
                same = other.get("path") == entry["path"]
                what = "has changed" if same else f"has taken the place of {other.get('path')}"
                said.append(
                    f"plugin {entry['plugin']} {what} since this run began; frames from here on are by what it "
                    "is now"
                )
    return list(dict.fromkeys(said))


def _uses(entry: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Kinds and names that an entry of a run's provenance was used for."""
    names = [(ORDER_PARAMETER, str(name)) for name in entry.get("order_parameters") or ()]
    return [*names, *([(ENGINE, str(entry["engine"]))] if entry.get("engine") else [])]


def used_for(entry: Mapping[str, Any]) -> list[str]:
    """What an entry of a run's provenance was used for, in words."""
    return [f"the {kind} {name}" for kind, name in _uses(entry)]


def forget() -> None:
    """Forget all plugins that were loaded."""
    _given.clear()
    _alone.clear()
    _found.clear()
