"""The engines, and the choice among them.

Each module here but `protocol` is an engine; adding one is adding a file. Nothing outside such a file
knows an engine by name.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, cast

from zeocryst.condition import Stage
from zeocryst.engines.protocol import Engine, EngineModule, available_threads
from zeocryst.errors import InputError, MissingEngineError, nearest
from zeocryst.model.forcefield import ForceField

if TYPE_CHECKING:
    import gsd.hoomd


@cache
def engine_modules() -> dict[str, EngineModule]:
    """The engines that zeocryst knows, by name; none of them is loaded by this."""
    modules = {}
    for found in pkgutil.iter_modules(__path__):
        if found.name != "protocol":
            module = importlib.import_module(f"{__name__}.{found.name}")
            modules[module.NAME] = cast(EngineModule, module)
    return modules


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
        Name of an engine, or "auto" for the best that this machine has.
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
    modules = engine_modules()
    if name != "auto" and name not in modules:
        raise InputError(f"engine {name!r} is not known; {nearest(name, ['auto', *modules])}")
    offers = {n: m.offer(device) for n, m in modules.items() if name in ("auto", n)}
    usable = sorted((n for n in offers if offers[n].preference), key=lambda n: -offers[n].preference)
    if not usable:
        reasons = "; ".join(f"{n}: {o.reason}" for n, o in offers.items())
        raise MissingEngineError(f"no engine can run on device {device!r}: {reasons}")
    cores = available_threads()
    count = min(threads, cores) if threads else cores
    passed = ""
    for best in usable:
        engine = modules[best].create(forcefield, offers[best].device, count)
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
    note = f" ({threads} threads were asked for, there are {cores} cores)" if threads > cores else ""
    unit = "thread" if info.threads == 1 else "threads"
    return engine, (
        f"engine: {info.name} {info.version} on the {info.device}, {info.threads} {unit}{note}: {why}"
    )
