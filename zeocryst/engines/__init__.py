"""The engines, and the choice among them.

Each module here but those of `NO_ENGINES` is an engine; adding one is adding a file. Nothing outside such a
file knows an engine by name. An engine of other people is a plugin (`zeocryst.foundation.plugins`), and runs
only where it is asked for by its name.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, cast

from zeocryst.condition import Stage
from zeocryst.engines.foreign import ForeignModule
from zeocryst.engines.protocol import Engine, EngineModule, Offer, available_threads
from zeocryst.errors import InputError, MissingEngineError, nearest
from zeocryst.foundation.plugins import ENGINE, Declared, find_beside, known_names
from zeocryst.foundation.ranks import cores as together
from zeocryst.foundation.ranks import count, ranks_here
from zeocryst.model.forcefield import ForceField

if TYPE_CHECKING:
    import gsd.hoomd


#: What an engine is, those of other people, ways to a minimum, and what engines of
#: atoms are.
NO_ENGINES = ("protocol", "foreign", "fire", "lbfgs", "placing", "walls", "atomistic")

#: What is said of an engine that cannot share its work among processes.
ONE_PROCESS = (
    "engine {name} runs in one process, and mpiexec has started {ranks}: take another engine ({able}), or "
    "start zeocryst without mpiexec"
)


@cache
def engine_modules() -> dict[str, EngineModule]:
    """Zeocryst's own engines, by name; none of them is loaded by this."""
    modules = {}
    for found in pkgutil.iter_modules(__path__):
        if found.name not in NO_ENGINES:
            module = importlib.import_module(f"{__name__}.{found.name}")
            modules[module.NAME] = cast(EngineModule, module)
    return modules


def called(name: str) -> tuple[str, str]:
    """What papers call an engine, and the key of what they cite for it; a plugin's name and nothing."""
    module = engine_modules().get(name)
    return (name, "") if module is None else (module.LABEL, module.CITED)


def _modules_beside(name: str) -> tuple[dict[str, EngineModule], Declared | None]:
    """The engines among which a name chooses, and the plugin where it is one's."""
    modules = engine_modules()
    plugin = find_beside(ENGINE, name, ("auto", *modules))
    if plugin is not None:
        modules = {name: ForeignModule(plugin)}
    if name != "auto" and name not in modules:
        known = ["auto", *modules, *known_names(ENGINE)]
        raise InputError(f"engine {name!r} is not known; {nearest(name, known)}")
    return modules, plugin


def check_engine(name: str) -> None:
    """Raise `InputError` where no engine has that name, whether or not it is installed."""
    _modules_beside(name)


def choose_engine(
    forcefield: ForceField,
    name: str = "auto",
    device: str = "auto",
    threads: int = 0,
    frame: gsd.hoomd.Frame | None = None,
    *,
    stages: Iterable[Stage] = (),
) -> tuple[Engine, str]:
    """An engine for a force field, and a sentence that says which and why.

    Parameters
    ----------
    forcefield
        The model.
    name
        Name of an engine, or "auto" for the best of zeocryst's own that this machine has.
    device
        "auto", "cpu" or "gpu".
    threads
        Number of threads, 0 for every core; never more than the cores there are.
    frame
        What will be run; "auto" passes over an engine that cannot run it.
    stages
        Through which stages, likewise.

    Raises
    ------
    InputError
        No engine has that name, or it cannot run the frame.
    MissingEngineError
        The engine is not installed, or the device is not there.
    """
    modules, plugin = _modules_beside(name)
    ranks = count()
    offers = {n: _offered(n, m, device, ranks) for n, m in modules.items() if name in ("auto", n)}
    usable = sorted((n for n in offers if offers[n].preference), key=lambda n: -offers[n].preference)
    if not usable and ranks > 1 and name not in ("auto", *(n for n, m in modules.items() if m.SPREADS)):
        raise InputError(offers[name].reason)
    if not usable:
        reasons = "; ".join(f"{n}: {o.reason}" for n, o in offers.items())
        raise MissingEngineError(f"no engine can run on device {device!r}: {reasons}")
    cores = available_threads() if ranks == 1 else together() or 1
    number = min(threads, cores) if threads else max(1, cores // ranks_here())
    passed = ""
    for best in usable:
        engine = modules[best].create(forcefield, offers[best].device, number)
        try:
            if frame is not None:
                engine.check(frame, stages)
            break
        except InputError as error:
            if best == usable[-1]:
                raise
            passed = f"; not {best}: {error}"
    info = engine.info
    why = "asked for" if name != "auto" else offers[best].reason + passed
    why += f", of the plugin {plugin.plugin.label}" if plugin is not None else ""
    note = f" ({threads} threads were asked for, there are {cores} cores)" if threads > cores else ""
    unit = "thread" if info.threads == 1 else "threads"
    spread, each = (f"{info.ranks} processes with ", " each") if info.ranks > 1 else ("", "")
    return engine, (
        f"engine: {info.name} {info.version} on the {info.device}, {spread}{info.threads} {unit}{each}{note}: "
        f"{why}"
    )


def _offered(name: str, module: EngineModule, device: str, ranks: int) -> Offer:
    """What an engine offers: nothing, where several processes are to share the work and it has no way to."""
    if ranks > 1 and not module.SPREADS:
        able = ", ".join(n for n, m in engine_modules().items() if m.SPREADS)
        return Offer(0, "cpu", ONE_PROCESS.format(name=name, ranks=ranks, able=able))
    return module.offer(device)
