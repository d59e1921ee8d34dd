"""Engines of other people: what one yields is looked at, so that a mistake ends in a message that names it.

What is wrong before a run is bad input, what goes wrong during one a failed simulation, of which the last good
state is kept, as of every engine.
"""

from __future__ import annotations

import copy
import operator
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from zeocryst.cell import box_to_cell, wrap_counting
from zeocryst.condition import EDITS, Stage
from zeocryst.condition.stages import KINDS as STAGE_KINDS
from zeocryst.engines import fire
from zeocryst.engines.protocol import EngineInfo, Evaluation, Offer, Sample, next_sample
from zeocryst.errors import InputError, PluginFailedError, ZeocrystError
from zeocryst.foundation.machine import breakable
from zeocryst.foundation.plugins import Declared, guarded
from zeocryst.model.forcefield import ForceField

if TYPE_CHECKING:
    import gsd.hoomd

#: What every engine does, by its forces.
ALWAYS = ("minimize", *EDITS)
#: Kinds of stages that an engine can integrate.
KINDS = tuple(kind for kind in STAGE_KINDS if kind not in ALWAYS)
#: Methods that an engine has, and those that it has to have.
PARTS = ("run", "evaluate", "check", "minimize", "descend")
NEEDED = ("run", "evaluate")


class ForeignModule:
    """A plugin's engine as `zeocryst.engines.protocol.EngineModule`."""

    def __init__(self, declared: Declared) -> None:
        self._declared, self._module = declared, declared.thing
        self.NAME = self.LABEL = declared.name
        self.CITED, self.SPREADS = "", False
        with guarded(declared.plugin, f"KINDS of its engine {self.NAME!r} cannot be read"):
            kinds = self._module.KINDS
            listed = isinstance(kinds, tuple | list | set | frozenset) and kinds
            if not listed or any(kind not in KINDS for kind in kinds):
                raise declared.plugin.error(
                    f"its engine {self.NAME!r} has KINDS = {kinds!r}; expected some of {', '.join(KINDS)}"
                )
            self._kinds = tuple(kinds)

    def offer(self, device: str) -> Offer:
        """Whether the engine can run on "auto", "cpu" or "gpu"."""
        plugin = self._declared.plugin
        with guarded(plugin, f"its engine {self.NAME!r} failed in offer({device!r})"):
            found = self._module.offer(device)
            good = isinstance(found, Offer) and isinstance(found.preference, int) and found.preference >= 0
            good = good and found.device in ("cpu", "gpu") and isinstance(found.reason, str)
            if not good or (found.preference and device not in ("auto", found.device)):
                raise plugin.error(
                    f"its engine {self.NAME!r}: offer({device!r}) returned {found!r}; expected "
                    "Offer(preference, device, reason): a whole number (0: it cannot run), 'cpu' or 'gpu' (the "
                    "one that is asked for), and why"
                )
        return found  # type: ignore[no-any-return]

    def create(self, forcefield: ForceField, device: str, threads: int) -> ForeignEngine:
        """An engine for a force field."""
        with guarded(self._declared.plugin, f"its engine {self.NAME!r} failed in create"):
            engine = self._module.create(forcefield, device, threads)
        return ForeignEngine(self._declared, engine, self._kinds)


class ForeignEngine:
    """A plugin's engine, with what it lacks added, and what it gives looked at."""

    def __init__(self, declared: Declared, engine: Any, kinds: tuple[str, ...]) -> None:
        self._plugin, self._kinds = declared.plugin, kinds
        self._who = f"its engine {declared.name!r}"
        with guarded(self._plugin, f"{self._who} cannot be used"):
            parts = {part: getattr(engine, part, None) for part in PARTS}
            self._parts = {part: method for part, method in parts.items() if method is not None}
            for part, method in parts.items():
                if not callable(method) and (part in self._parts or part in NEEDED):
                    raise self._plugin.error(
                        f"{self._who} has no method {part} (zeocryst.engines.protocol.Engine)"
                    )
            self.info = self._info(getattr(engine, "info", None), declared.name)

    def _info(self, info: Any, name: str) -> EngineInfo:
        """What the engine says that it is, for the provenance."""
        if not isinstance(info, EngineInfo) or info.name != name:
            raise self._plugin.error(
                f"{self._who} has info = {info!r}; expected "
                f"EngineInfo({name!r}, version, device, precision, threads)"
            )
        for part in ("version", "device", "precision"):
            value = getattr(info, part)
            if not isinstance(value, str) or (part == "device" and value not in ("cpu", "gpu")):
                expected = "'cpu' or 'gpu'" if part == "device" else "a text"
                raise self._plugin.error(f"{self._who}: info.{part} = {value!r}; expected {expected}")
        threads = _whole_number(info.threads)
        if threads is None or threads < 1:
            raise self._plugin.error(f"{self._who}: info.threads = {info.threads!r}; expected 1 or more")
        texts: dict[str, Any] = {
            part: str(getattr(info, part)) for part in ("name", "version", "device", "precision")
        }
        return replace(info, threads=threads, ranks=1, **texts)

    def run(
        self,
        frame: gsd.hoomd.Frame,
        stage: Stage,
        *,
        seed: int,
        every: int | Callable[[int], int],
        begin: int = 0,
        friction: Mapping[str, float] | None = None,
        adapt: Callable[[int, str], None] | None = None,
    ) -> Generator[Sample]:
        """Integrate a stage; see `zeocryst.engines.protocol.Engine.run`."""
        due: int = begin
        asked: int | None = None

        def told(done: int) -> int:
            """Steps to the next sample, which is waited for then."""
            nonlocal due, asked
            due, asked = next_sample(every, done, stage.n_steps), done
            return due - done

        options = {"seed": seed, "every": told, "begin": begin, "friction": friction, "adapt": adapt}
        with guarded(self._plugin, f"{self._who} failed in run", PluginFailedError):
            samples = self._parts["run"](copy.deepcopy(frame), stage, **options)
        last = None
        try:
            while last is None or last < stage.n_steps:
                sample = self._next(samples, frame, "run")
                if sample is None:
                    raise self._failed(
                        f"run ended after {begin if last is None else last} of {stage.n_steps} steps",
                        "a sample at the beginning and after each every(done) steps, to the end",
                    )
                wanted = begin if last is None else due
                if sample.step != wanted or (last is not None and asked != last):
                    raise self._failed(
                        f"run yielded a sample of step {sample.step!r}, where {wanted} was due",
                        "one at the beginning (step begin), and one after each every(done) steps, asked anew",
                    )
                last = sample.step
                yield sample
        except BaseException:
            with suppress(ZeocrystError):  # what went wrong first is what counts
                self._close(samples)
            raise
        self._close(samples)

    def _close(self, samples: Any) -> None:
        """Let the engine put away what it used."""
        with guarded(self._plugin, f"{self._who} failed when run was closed", PluginFailedError):
            if hasattr(samples, "close"):
                samples.close()

    def check(self, frame: gsd.hoomd.Frame, stages: Iterable[Stage] = ()) -> None:
        """Refuse kinds of stages that the engine has not; the rest is its own to say."""
        own = self._parts.get("check")
        for number, stage in enumerate(stages, start=1):
            if stage.kind not in (*ALWAYS, *self._kinds):
                raise self._plugin.error(
                    f"stage {number}: {self._who} does not run {stage.kind}; it runs {', '.join(self._kinds)}"
                )
            if stage.rigid_precursors and own is None:
                raise self._plugin.error(f"stage {number}: {self._who} does not run rigid_precursors")
        if own is not None:
            with guarded(self._plugin, f"{self._who} failed in check", InputError):
                own(copy.deepcopy(frame), stages)

    def minimize(self, frame: gsd.hoomd.Frame) -> tuple[gsd.hoomd.Frame, float]:
        """The nearest energy minimum at fixed box."""
        if "minimize" in self._parts:
            with guarded(self._plugin, f"{self._who} failed in minimize", PluginFailedError):
                relaxed, energy = self._parts["minimize"](copy.deepcopy(frame))
                return self._whole(relaxed, frame, "minimize"), self._number(energy, "the energy of minimize")
        with breakable(lambda: None) as broken:
            relaxed, energy = frame, 0.0
            for sample in self.descend(frame):
                if broken:
                    raise KeyboardInterrupt
                relaxed, energy = sample.frame(), sample.energy_eV
        return relaxed, energy

    def descend(self, frame: gsd.hoomd.Frame) -> Generator[Sample]:
        """The way to that minimum."""
        if "descend" not in self._parts:
            yield from fire.descend(self.evaluate, frame)
            return
        with guarded(self._plugin, f"{self._who} failed in descend", PluginFailedError):
            samples = self._parts["descend"](copy.deepcopy(frame))
        sample = self._next(samples, frame, "descend")
        if sample is None:
            raise self._failed("descend yielded nothing", "samples, the last of them the minimum")
        while sample is not None:
            yield sample
            sample = self._next(samples, frame, "descend")

    def evaluate(self, frame: gsd.hoomd.Frame) -> Evaluation:
        """Energy, forces and virial of a frame as it is."""
        with guarded(self._plugin, f"{self._who} failed in evaluate", PluginFailedError):
            found = self._parts["evaluate"](copy.deepcopy(frame))
            if not isinstance(found, Evaluation):
                raise self._failed(f"evaluate returned a {type(found).__name__}", "an Evaluation")
            return Evaluation(
                self._number(found.energy_eV, "energy_eV of evaluate"),
                self._array(found.forces, (int(frame.particles.N), 3), "the forces of evaluate"),
                self._array(found.virial_eV, (6,), "virial_eV of evaluate"),
                self._number(found.pressure_bar, "pressure_bar of evaluate"),
            )

    # ---- looking ------------------------------------------------------------------------------

    def _failed(self, found: str, expected: str) -> PluginFailedError:
        return PluginFailedError(str(self._plugin.error(f"{self._who}: {found}; expected {expected}")))

    def _next(self, samples: Any, frame: gsd.hoomd.Frame, doing: str) -> Sample | None:
        """The next sample; None after the last."""
        with guarded(self._plugin, f"{self._who} failed in {doing}", PluginFailedError):
            try:
                sample = next(samples)
            except StopIteration:
                return None
            if not isinstance(sample, Sample):
                raise self._failed(f"{doing} yielded a {type(sample).__name__}", "a Sample")
            return self._seen(sample, frame, doing)

    def _seen(self, sample: Sample, frame: gsd.hoomd.Frame, doing: str) -> Sample:
        """The sample with numbers that are numbers, and a frame that is looked at when it is made."""
        step = _whole_number(sample.step)
        if step is None:
            raise self._failed(f"step of a sample of {doing} is {sample.step!r}", "a whole number")
        names = ("temperature_K", "pressure_bar", "energy_eV", "volume_A3")
        numbers = {n: self._number(getattr(sample, n), f"{n} of a sample of {doing}") for n in names}

        def made() -> gsd.hoomd.Frame:
            """The frame."""
            with guarded(self._plugin, f"{self._who} failed to make a frame", PluginFailedError):
                return self._whole(sample.frame(), frame, doing)

        return Sample(step, frame=made, **numbers)

    def _number(self, value: Any, what: str) -> float:
        array = np.asarray(value)
        if array.shape != () or array.dtype.kind not in "iuf" or not np.isfinite(array):
            raise self._failed(f"{what} is {value!r}", "a finite number")
        return float(array)

    def _array(self, value: Any, shape: tuple[int, ...], what: str) -> Any:
        array = np.asarray(value)
        if array.shape != shape or array.dtype.kind not in "iuf":
            raise self._failed(
                f"{what} have the shape {array.shape} ({array.dtype})", f"numbers of shape {shape}"
            )
        if not np.isfinite(array).all():
            bad = int((~np.isfinite(array)).sum())
            raise self._failed(f"{bad} of {array.size} values of {what} are not finite", "finite numbers")
        return array

    def _whole(self, new: Any, old: gsd.hoomd.Frame, doing: str) -> gsd.hoomd.Frame:
        """A frame of the same beads, each somewhere."""
        if type(new) is not type(old):
            raise self._failed(
                f"a frame of {doing} is a {type(new).__name__}", "a gsd.hoomd.Frame (moved_frame)"
            )
        count = int(old.particles.N)
        if int(new.particles.N) != count:
            raise self._failed(
                f"a frame of {doing} has {new.particles.N} beads", f"the {count} that it was given"
            )
        for name in ("position", "velocity"):
            self._array(getattr(new.particles, name), (count, 3), f"particles.{name} of a frame of {doing}")
        for name in ("types", "typeid", "mass"):
            before, now = (_plain(getattr(f.particles, name)) for f in (old, new))
            if not np.array_equal(before, now):
                raise self._failed(
                    f"particles.{name} of a frame of {doing} are not those that it was given",
                    "the same beads (zeocryst.engines.protocol.moved_frame)",
                )
        box = self._array(new.configuration.box, (6,), f"the box of a frame of {doing}")
        if (box[:3] <= 0).any():
            raise self._failed(f"the box of a frame of {doing} is {box.tolist()}", "edges longer than 0")
        return _inside(new)


def _plain(values: Any) -> Any:
    """An array, in single precision as files have it where it is of numbers with a point."""
    array = np.asarray(values)
    return array.astype(np.float32) if array.dtype.kind == "f" else array


def _inside(frame: gsd.hoomd.Frame) -> gsd.hoomd.Frame:
    """The frame with all beads in the box, where an engine lets them leave it."""
    beads, cell = frame.particles, box_to_cell(frame.configuration.box)
    if (np.abs(np.asarray(beads.position, float) @ np.linalg.inv(cell)) < 0.5 + 1e-5).all():
        return frame
    inside, turns = wrap_counting(beads.position, cell)
    new = copy.deepcopy(frame)
    new.particles.position = inside.astype(np.float32)
    new.particles.image = (turns if beads.image is None else np.asarray(beads.image) + turns).astype(np.int32)
    return new


def _whole_number(value: Any) -> int | None:
    """A whole number of any kind; None where it is none."""
    try:
        return operator.index(value)
    except TypeError:
        return None
