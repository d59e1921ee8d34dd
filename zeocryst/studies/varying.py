"""Any number of a condition or of its force field, varied: dotted keys, and the condition that comes of it.

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
    of a pair, of a triplet (the vertex first), of a type.

A varied force field is a file of its own: where it lies is up to the caller, and the condition names it.
"""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from zeocryst.condition import Condition, parse_condition, to_toml
from zeocryst.errors import InputError, nearest
from zeocryst.foundation.textfiles import parse_toml
from zeocryst.model.forcefield import ForceField, forcefield_text, parse_forcefield

FORCEFIELD, COMPOSITION = "forcefield", "composition.S_per_T"
#: Tables of a condition without numbers that change what is simulated.
NOT_VARIED = ("engine", "output", "name", "title")
#: No number of a condition is so large.
LARGEST = 1e100

#: Where a number stands in nested tables and lists.
Place = tuple[str | int, ...]


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

    @cached_property
    def content(self) -> dict[str, Any]:
        """The condition's tables, with every default."""
        return parse_toml(to_toml(self.condition), self.where)

    @cached_property
    def model(self) -> dict[str, Any]:
        """The force field's tables."""
        return parse_toml(forcefield_text(self._forcefield), self.where)

    @cached_property
    def _forcefield(self) -> ForceField:
        return self.condition.read_forcefield()

    # ---- keys -------------------------------------------------------------------------------------

    @cached_property
    def keys(self) -> list[str]:
        """All keys that name a number by itself."""
        found = [_key(place) for place, value in _numbers(self.content) if place[0] not in NOT_VARIED]
        ramps = {
            key.rpartition(".")[0] for key in found if key.endswith(("temperature_K.1", "temperature_K.2"))
        }
        found += [key for key in ramps if self._one_value(key)]
        if {"n_T", "n_S"} <= self.content["system"].keys():
            found.append(COMPOSITION)
        return sorted(found + list(self._entries))

    def _one_value(self, key: str) -> bool:
        place = _walk(self.content, (), key.split("."))
        first, last = _at(self.content, place or ())
        return bool(first == last)

    @cached_property
    def _entries(self) -> dict[str, Place]:
        """Places of the numbers of the force field by their keys."""
        found: dict[str, Place] = {}
        for name in self.model["types"]:
            found[f"{FORCEFIELD}.{name}.mass_amu"] = ("types", name, "mass_amu")
        for table in ("pair", "triplet"):
            for n, entry in enumerate(self.model.get(table, [])):
                types = entry["types"]
                for order in {tuple(types), _turned(types)}:
                    for key in entry:
                        if key != "types":
                            found[f"{FORCEFIELD}.{'-'.join(order)}.{key}"] = (table, n, key)
        return found

    def places(self, key: str) -> tuple[Place, ...]:
        """Where the numbers stand that a key names: in the force field's tables or in the condition's.

        Raises
        ------
        InputError
            There is none, or it is no number. The message does not say which file asks for it.
        """
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
        if _table(key) == FORCEFIELD:
            if key not in self._entries:
                raise InputError(f"{key}: no such entry of the force field; {nearest(key, self._entries)}")
            return ((FORCEFIELD, *self._entries[key]),)
        if _table(key) in NOT_VARIED:
            raise InputError(f"{key}: changes nothing that is simulated; {self._hint(key)}")
        found = self._of_condition(key)
        for place in found:
            value = _at(self.content, place)
            if not _is_number(value):
                raise InputError(f"{key}: {value!r} is no number; {self._hint(key)}")
        return found

    def _hint(self, key: str) -> str:
        """The nearest known key, or those of the same table."""
        same = [known for known in self.keys if _table(known) == _table(key)]
        return nearest(key, same or self.keys)

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
            place = _walk(self.content, head, parts) if parts else None
            if place is None:
                continue
            value = _at(self.content, place)
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
            if not 1 <= int(which[:9]) <= len(stages):
                raise InputError(
                    f"{key}: there is no stage {which}; the stages are numbered from 1 to {len(stages)}"
                )
            return [int(which) - 1]
        kinds = [stage["kind"] for stage in stages]
        if which not in kinds:
            raise InputError(
                f"{key}: there is no stage of the kind {which!r}; expected a number from 1 to "
                f"{len(stages)}, * for all, or {nearest(which, kinds)}"
            )
        return [n for n, kind in enumerate(kinds) if kind == which]

    # ---- values -----------------------------------------------------------------------------------

    def value(self, key: str) -> float | None:
        """What a key's numbers are now; None where they differ."""
        values = {self._now(place) for place in self.places(key)}
        if len(values) != 1:
            return None
        value = float(values.pop())
        return value / self.content["system"]["n_T"] if key == COMPOSITION else value

    def is_whole(self, key: str) -> bool:
        """Whether a key names whole numbers."""
        return key != COMPOSITION and all(isinstance(self._now(place), int) for place in self.places(key))

    def _now(self, place: Place) -> Any:
        return _at(self.model, place[1:]) if place[0] == FORCEFIELD else _at(self.content, place)

    def with_values(
        self,
        values: Mapping[str, float],
        *,
        name: str | None = None,
        seed: int | None = None,
        place: Callable[[str], Path],
    ) -> Condition:
        """The condition with other numbers, checked like any.

        Parameters
        ----------
        values
            By key; whole numbers are rounded.
        name, seed
            Of the new condition; as they were if not given.
        place
            Is given the text of the force field, where that changes, and returns the file that it wrote it to.

        Raises
        ------
        InputError
            A key is unknown, or its value impossible.
        """
        for key, value in values.items():
            if not abs(value) < LARGEST:  # a NaN neither
                raise InputError(f"{self.where}: {key} = {value:g}; expected a number below {LARGEST:g}")
        content, model = copy.deepcopy(self.content), copy.deepcopy(self.model)
        content["name"] = content["name"] if name is None else name
        content["seed"] = content["seed"] if seed is None else seed
        changed = []
        # the composition last: it counts the T that there are then
        for key in sorted(values, key=lambda k: k == COMPOSITION):
            for spot in self.places(key):
                new: float = values[key] * content["system"]["n_T"] if key == COMPOSITION else values[key]
                if isinstance(self._now(spot), int):
                    new = round(new)
                if spot[0] == FORCEFIELD:
                    _put(model, spot[1:], float(new))
                    changed.append(f"{key.partition('.')[2]} {float(new):.10g}")
                else:
                    _put(content, spot, new)
        if changed:
            content[FORCEFIELD] = {"name": str(place(self._new_model(model, changed)))}
        return parse_condition(content, f"{self.where} ({_in_words(values)})", self.condition.folder)

    def _new_model(self, model: dict[str, Any], changed: list[str]) -> str:
        """The text of a varied force field, checked."""
        import tomli_w

        model["name"] = f"{model['name']} varied"
        model["source"] = f"{model['source']}. Changed by zeocryst: {', '.join(changed)}"
        text = tomli_w.dumps(model)
        parse_forcefield(text, f"{self.where}: {FORCEFIELD} ({', '.join(changed)})")
        return text

    def check(self, values: Mapping[str, float]) -> None:
        """Raise `InputError` where these values make no condition that can be run; nothing is left of it."""
        with tempfile.TemporaryDirectory(prefix="zeocryst-") as folder:

            def place(text: str) -> Path:
                """Write the force field where it is thrown away."""
                path = Path(folder) / "varied.toml"
                path.write_text(text, "utf-8")
                return path

            self.with_values(values, place=place)


def _in_words(values: Mapping[str, float]) -> str:
    return ", ".join(f"{key} = {value:.6g}" for key, value in values.items())


def _table(key: str) -> str:
    """The first part of a key."""
    return key.partition(".")[0]


def _turned(types: list[str]) -> tuple[str, ...]:
    """The other order of the same pair, or of a triplet with the arms exchanged."""
    return tuple(reversed(types)) if len(types) == 2 else (types[0], types[2], types[1])


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _numbers(value: Any, place: Place = ()) -> list[tuple[Place, Any]]:
    """Every number in nested tables and lists."""
    if _is_number(value):
        return [(place, value)]
    items: Any = ()
    if isinstance(value, Mapping):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    return [found for key, inner in items for found in _numbers(inner, (*place, key))]


def _key(place: Place) -> str:
    """A place as a dotted key, lists counted from 1."""
    return ".".join(str(part + 1) if isinstance(part, int) else part for part in place)


def _at(table: Any, place: Place) -> Any:
    for part in place:
        table = table[part]
    return table


def _put(table: Any, place: Place, value: float) -> None:
    _at(table, place[:-1])[place[-1]] = value


def _walk(table: Any, head: Place, parts: list[str]) -> Place | None:
    """The place that dotted parts lead to from a head; None where there is nothing."""
    place = head
    for part in parts:
        here = _at(table, place)
        if isinstance(here, list):
            if not (part.isascii() and part.isdigit() and 1 <= int(part[:9]) <= len(here)):
                return None
            place = (*place, int(part) - 1)
        elif isinstance(here, Mapping) and part in here:
            place = (*place, part)
        else:
            return None
    return place
