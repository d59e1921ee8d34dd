"""Any number of a condition or of its force field, and some texts, varied: dotted keys, and what comes of it.

A key names numbers of a condition as its TOML has them, every default written out:

``system.n_S``, ``system.density_T_per_1000A3``, ``system.recipe.H2O``, ``solvent.viscosity_mPa_s``
    a number of a table;
``system.repeat.1``, ``stage.2.temperature_K.2``
    one of a list, counted from 1: here the end of a ramp of temperature;
``stage.3.temperature_K``, ``stage.npt.time_ps``, ``stage.*.timestep_fs``
    of a stage by its number, of all stages of a kind, of all that have it;
``composition.S_per_T``
    S for each T, by the number of S (of a start with ``n_T``);
``forcefield.T-S.sigma_A``, ``forcefield.T-T-T.lambda``, ``forcefield.S.mass_amu``
    of a pair, of a triplet (the vertex first), of a type;
``system.framework``, ``system.file``, ``stage.npt.coupling``, ``stage.2.kind``, ``stage.seed.framework``
    texts that decide what is simulated;
``forcefield.name``
    another force field as a whole: a shipped one or a file, as a condition names it. Entries of the force
    field that are varied besides are set in that one, which has to have them. All else stays as the condition
    has it: a time step or a density that was not given is that of the condition's own force field.

A varied force field is a file of its own: where it lies is up to the caller, and the condition names it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from zeocryst.condition import Condition, parse_condition, to_toml
from zeocryst.errors import InputError, nearest
from zeocryst.foundation.textfiles import parse_toml
from zeocryst.model.forcefield import ForceField, forcefield_text, parse_forcefield, read_beside
from zeocryst.studies.places import Place, at, index_of, is_number, key_of, numbers, put, turned, walk

FORCEFIELD, COMPOSITION = "forcefield", "composition.S_per_T"
#: Tables of a condition without numbers that change what is simulated.
NOT_VARIED = ("engine", "output", "name", "title")
#: No number of a condition is so large.
LARGEST = 1e100
#: Varied force fields that are kept: points of a grid share them.
MOST_KEPT = 1000

#: The force field as a whole, and its place, which is none of the force field's own tables.
NAME = "forcefield.name"
NAME_PLACE: Place = (FORCEFIELD, "name")
#: Texts of the tables that can be varied.
SYSTEM_TEXTS, STAGE_TEXTS = ("framework", "file"), ("kind", "coupling", "framework", "box")

#: What a key can be given.
Value = float | int | str


@dataclass(frozen=True)
class _Model:
    """A force field, its tables, and the places in them by key."""

    forcefield: ForceField
    tables: dict[str, Any]
    entries: dict[str, Place]

    @classmethod
    def of(cls, forcefield: ForceField, where: str) -> _Model:
        """Of a force field; `where` is what messages call the file."""
        tables = parse_toml(forcefield_text(forcefield), where)
        found: dict[str, Place] = {}
        for name in tables["types"]:
            found[f"{FORCEFIELD}.{name}.mass_amu"] = ("types", name, "mass_amu")
        for table in ("pair", "triplet"):
            for n, entry in enumerate(tables.get(table, [])):
                types = entry["types"]
                for order in {tuple(types), turned(types)}:
                    for key in entry:
                        if key != "types":
                            found[f"{FORCEFIELD}.{'-'.join(order)}.{key}"] = (table, n, key)
        return cls(forcefield, tables, found)

    def place(self, key: str) -> Place:
        """Where the number of a key stands."""
        if key not in self.entries:
            raise InputError(
                f"{key}: no such entry of the force field {self.forcefield.name}; {nearest(key, self.entries)}"
            )
        return (FORCEFIELD, *self.entries[key])


@dataclass(frozen=True)
class Ground:
    """What is varied: a condition with its force field.

    Attributes
    ----------
    condition : Condition
    where : str
        What messages call it.
    """

    condition: Condition
    where: str
    _known: dict[str, tuple[Place, ...]] = field(default_factory=dict, repr=False, compare=False)
    _models: dict[str, _Model] = field(default_factory=dict, repr=False, compare=False)
    _varied: dict[Any, tuple[str, ForceField]] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def content(self) -> dict[str, Any]:
        """The condition's tables, with every default."""
        return parse_toml(to_toml(self.condition), self.where)

    @cached_property
    def _model(self) -> _Model:
        return _Model.of(self.condition.read_forcefield(), self.where)

    def _model_named(self, name: str) -> _Model:
        """Another force field, read once."""
        if name not in self._models:
            try:
                self._models[name] = _Model.of(read_beside(self.condition.folder, name), self.where)
            except InputError as error:
                raise InputError(f"{self.where}: {NAME} = {name!r}: {error}") from None
        return self._models[name]

    # ---- keys -------------------------------------------------------------------------------------

    @cached_property
    def keys(self) -> list[str]:
        """All keys that name a number by itself."""
        found = [key_of(place) for place, value in numbers(self.content) if place[0] not in NOT_VARIED]
        ramps = {
            key.rpartition(".")[0] for key in found if key.endswith(("temperature_K.1", "temperature_K.2"))
        }
        found += [key for key in ramps if self._one_value(key)]
        if {"n_T", "n_S"} <= self.content["system"].keys():
            found.append(COMPOSITION)
        return sorted(found + list(self._model.entries))

    def _one_value(self, key: str) -> bool:
        place = walk(self.content, (), key.split("."))
        first, last = at(self.content, place or ())
        return bool(first == last)

    @cached_property
    def text_keys(self) -> list[str]:
        """All keys that name a text by itself."""
        found = [f"system.{key}" for key in SYSTEM_TEXTS if key in self.content["system"]]
        for n, stage in enumerate(self.content["stage"], start=1):
            found += [f"stage.{n}.{key}" for key in STAGE_TEXTS if key in stage]
        return sorted([*found, NAME])

    def is_text(self, key: str) -> bool:
        """Whether a key names texts; raises `InputError` where it names nothing."""
        return isinstance(self._now(self.spots(key)[0]), str)

    def places(self, key: str) -> tuple[Place, ...]:
        """Where the numbers stand that a key names: in the force field's tables or in the condition's.

        Raises
        ------
        InputError
            There is none, or it is no number. The message does not say which file asks for it.
        """
        found = self.spots(key)
        if self.is_text(key):
            raise InputError(f"{key}: {self._now(found[0])!r} is no number; {self._hint(key, self.keys)}")
        return found

    def spots(self, key: str) -> tuple[Place, ...]:
        """Like `places`, of texts as well."""
        if key not in self._known:
            self._known[key] = self._places(key)
        return self._known[key]

    def _places(self, key: str) -> tuple[Place, ...]:
        if key == COMPOSITION:
            if COMPOSITION not in self.keys:
                raise InputError(
                    f"{key}: the start has no n_T and n_S of its own; a melt or a gel with n_T and "
                    "n_S in [system] has, not one of a framework, whose composition is that of its cages"
                )
            return (("system", "n_S"),)
        if key == NAME:
            return (NAME_PLACE,)
        if _table(key) == FORCEFIELD:
            return (self._model.place(key),)
        if _table(key) in NOT_VARIED:
            raise InputError(f"{key}: changes nothing that is simulated; {self._hint(key)}")
        found = self._of_condition(key)
        for place in found:
            value = at(self.content, place)
            if not is_number(value) and key_of(place) not in self.text_keys:
                raise InputError(
                    f"{key}: {value!r} is no number, and no text that can be varied; {self._hint(key)}"
                )
        return found

    def _hint(self, key: str, among: list[str] | None = None) -> str:
        """The nearest known key, or those of the same table."""
        every = [*self.keys, *self.text_keys] if among is None else among
        same = [known for known in every if _table(known) == _table(key)]
        return nearest(key, same or every)

    def _of_condition(self, key: str) -> tuple[Place, ...]:
        """Places of a key of the condition; a temperature that does not change is both ends of its ramp."""
        parts = key.split(".")
        heads: list[Place] = [()]
        if parts[0] == "stage" and len(parts) > 1:
            heads = [("stage", n) for n in self._stages(key, parts[1])]
            parts = parts[2:]
        several = len(heads) > 1
        found: list[Place] = []
        for head in heads:
            place = walk(self.content, head, parts) if parts else None
            if place is None:
                continue
            value = at(self.content, place)
            if parts[-1] == "temperature_K" and isinstance(value, list):
                if value[0] != value[1]:
                    raise InputError(
                        f"{key}: the temperature of stage {int(head[1]) + 1} is a ramp, {value}; "
                        f"name an end of it: stage.{int(head[1]) + 1}.temperature_K.1 or .2"
                    )
                found += [(*place, 0), (*place, 1)]
            elif isinstance(value, list | Mapping):
                what = "list: name one of its numbers, counted from 1" if isinstance(value, list) else "table"
                raise InputError(f"{key}: is a {what}; {self._hint(key)}")
            else:
                found.append(place)
        if not found:
            what = "no stage of these has it" if several else "the condition has no such number"
            raise InputError(f"{key}: {what}; {self._hint(key)}")
        return tuple(found)

    def _stages(self, key: str, which: str) -> list[int]:
        """Numbers of stages, from 0, by number, kind or ``*``."""
        stages = self.content["stage"]
        if which == "*":
            return list(range(len(stages)))
        if which.isascii() and which.isdigit():
            if (number := index_of(which, len(stages))) is None:
                raise InputError(
                    f"{key}: there is no stage {which}; the stages are numbered from 1 to {len(stages)}"
                )
            return [number]
        kinds = [stage["kind"] for stage in stages]
        if which not in kinds:
            raise InputError(
                f"{key}: there is no stage of the kind {which!r}; expected a number from 1 to "
                f"{len(stages)}, * for all, or {nearest(which, kinds)}"
            )
        return [n for n, kind in enumerate(kinds) if kind == which]

    # ---- values -----------------------------------------------------------------------------------

    def value(self, key: str) -> float | None:
        """What a key's numbers are in the condition; None where they differ."""
        values = {self._now(place) for place in self.places(key)}
        if len(values) != 1:
            return None
        value = float(values.pop())
        return value / self.content["system"]["n_T"] if key == COMPOSITION else value

    def text(self, key: str) -> str | None:
        """What a key's texts are in the condition; None where they differ."""
        values = {str(self._now(place)) for place in self.spots(key)}
        return values.pop() if len(values) == 1 else None

    def is_whole(self, key: str) -> bool:
        """Whether a key names whole numbers."""
        return key != COMPOSITION and all(isinstance(self._now(place), int) for place in self.spots(key))

    def _now(self, place: Place) -> Any:
        if place[0] == FORCEFIELD and place != NAME_PLACE:
            return at(self._model.tables, place[1:])
        return at(self.content, place)

    def with_values(
        self,
        values: Mapping[str, Value],
        *,
        name: str | None = None,
        seed: int | None = None,
        place: Callable[[str], Path],
    ) -> Condition:
        """The condition with other numbers and texts, checked like any.

        Parameters
        ----------
        values
            By key; whole numbers are rounded.
        name, seed
            Of the new condition; as they were if not given.
        place
            Is given the text of the force field, where its numbers change, and returns the file that it wrote
            it to.

        Raises
        ------
        InputError
            A key is unknown, or its value impossible.
        """
        for key, value in values.items():
            self._check_kind(key, value)
        content = copy.deepcopy(self.content)
        content["name"] = content["name"] if name is None else name
        content["seed"] = content["seed"] if seed is None else seed
        given = values.get(NAME)
        model = self._model if given is None else self._model_named(str(given))
        changed: dict[str, float] = {}
        # the composition last: it counts the T that there are then
        for key in sorted(values, key=lambda k: k == COMPOSITION):
            for spot in self.spots(key):
                new: Any = values[key]
                if spot[0] == FORCEFIELD and spot != NAME_PLACE:
                    changed[key] = float(new)
                    continue
                if key == COMPOSITION:
                    new *= content["system"]["n_T"]
                put(content, spot, round(new) if isinstance(self._now(spot), int) else new)
        beads = model.forcefield
        if changed:
            text, beads = self._new_model(model, changed)
            content[FORCEFIELD] = {"name": str(place(text))}
        where = f"{self.where} ({_in_words(values)})" if values else self.where
        return parse_condition(content, where, self.condition.folder, beads)

    def _check_kind(self, key: str, value: object) -> None:
        """See that a text is given for a text, and a number for a number."""
        if self.is_text(key):
            if not (isinstance(value, str) and value.strip()):
                raise InputError(f"{self.where}: {key} = {value!r}; expected a text: it names one")
        elif not is_number(value):
            raise InputError(f"{self.where}: {key} = {value!r}; expected a number: it names one")
        elif not abs(value) < LARGEST:  # type: ignore[arg-type]  # a NaN neither
            shown = f"{value:g}" if isinstance(value, float) else "a whole number of many digits"
            raise InputError(f"{self.where}: {key} = {shown}; expected a number below {LARGEST:g}")

    def _new_model(self, model: _Model, changed: Mapping[str, float]) -> tuple[str, ForceField]:
        """The text of a varied force field, and what it says, checked."""
        import tomli_w

        known = (id(model), tuple(changed.items()))
        if known in self._varied:
            return self._varied[known]
        tables = copy.deepcopy(model.tables)
        for key, value in changed.items():
            put(tables, model.place(key)[1:], value)
        words = ", ".join(f"{key.partition('.')[2]} {value:.10g}" for key, value in changed.items())
        tables["name"] = f"{tables['name']} varied"
        tables["source"] = f"{tables['source']}. Changed by zeocryst: {words}"
        text = tomli_w.dumps(tables)
        beads = parse_forcefield(text, f"{self.where}: {FORCEFIELD} ({words})")
        if len(self._varied) >= MOST_KEPT:
            self._varied.clear()
        self._varied[known] = text, beads
        return text, beads

    def check(self, values: Mapping[str, Value]) -> None:
        """Raise `InputError` where these values make no condition that can be run; nothing is written."""
        self.with_values(values, place=lambda text: Path("varied.toml"))


def _in_words(values: Mapping[str, Value]) -> str:
    return ", ".join(
        f"{key} = {value!r}" if isinstance(value, str) else f"{key} = {value:.6g}"
        for key, value in values.items()
    )


def _table(key: str) -> str:
    """The first part of a key."""
    return key.partition(".")[0]
