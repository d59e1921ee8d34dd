"""Order parameters of other people: how one is declared, and what it has to return.

What a plugin returns is looked at here, once for all who measure, so that a mistake in it ends in a message
that names it, and not in a table with shifted columns. It gets copies, so that it changes nothing for others.
"""

from __future__ import annotations

import copy
import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from zeocryst.errors import PluginError
from zeocryst.foundation.plugins import MARK, ORDER_PARAMETER, Declared, Plugin, find_beside, guarded
from zeocryst.network.bonds import Network
from zeocryst.order.measured import Measured, OrderParameter, Table

#: What an order parameter can be a function of.
ARGUMENTS = ("network", "frame", "framework")
#: Columns of tables, arrays of sites and tables of curves that are zeocryst's own.
TAKEN = {
    "values": {
        "frame", "step", "time_ps", "stage", "stage_step", "temperature_K", "pressure_bar",
        "energy_eV_per_bead", "n_T", "n_S", "checksum", "exact_box",
    },
    "sites": {"seed", "held", "exact_position", "exact_velocity"},
    "distributions": {
        "order_parameters", "order", "measured", "rings", "pictures", "fronts", "clusters", "cluster_shapes",
        "rings_of_atoms", "geometry", "sites", "cluster_sizes", "small_angle", "pair_distribution",
        "structure_factor", "powder_pattern",
    },
}  # fmt: skip
#: What a `Measured` has.
PARTS = ("values", "sites", "words", "distributions")
#: What a column may be called.
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,59}")

Measure = Callable[..., Measured]


@overload
def order_parameter(function: Measure) -> Measure: ...
@overload
def order_parameter(*, curve: bool = False) -> Callable[[Measure], Measure]: ...
def order_parameter(
    function: Measure | None = None, *, curve: bool = False
) -> Measure | Callable[[Measure], Measure]:
    """Declare a function an order parameter, which has the function's name.

    Its arguments, by their names, are one or more of ``network`` (`zeocryst.network.bonds.Network`: the T and
    their bonds), ``frame`` (`gsd.hoomd.Frame`: all beads) and ``framework`` (a code, which users put behind a
    colon). It returns a `Measured`: the same names for every frame, with the unit in the name, and NaN where
    something is not defined.

    Parameters
    ----------
    function
        What measures a frame.
    curve
        It gives a curve and no number, so that there is no need of it in frames whose curves nobody keeps.

    Examples
    --------
    >>> import numpy as np
    >>> @order_parameter
    ... def bonds_per_T(network):
    ...     return Measured({"bonds_per_T": network.degree.mean()}, sites={"bonds_of_T": network.degree})
    """
    if function is None:
        return partial(order_parameter, curve=curve)
    if not inspect.isfunction(function) or not function.__name__.isidentifier():
        raise PluginError(f"@order_parameter stands before {function!r}; expected a function that has a name")
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        raise PluginError(f"the order parameter {function.__name__!r} is an async def; expected a plain def")
    parameters = inspect.signature(function).parameters.values()
    takes = [p.name for p in parameters if p.default is p.empty]
    plain = all(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters)
    if not plain or set(takes) - set(ARGUMENTS) or not set(takes) & {"network", "frame"}:
        raise PluginError(
            f"the order parameter {function.__name__!r} has the arguments "
            f"({', '.join(p.name for p in parameters)}); "
            f"expected one or more of {', '.join(ARGUMENTS)}, network or frame among them"
        )
    setattr(function, MARK, {"takes": tuple(takes), "curve": curve})
    return function


def plugin_of(name: str, own: Mapping[str, OrderParameter]) -> Declared | None:
    """The plugin's order parameter of a name; None where it is one of zeocryst's own, or nobody's.

    Parameters
    ----------
    name
        Without what stands behind a colon.
    own
        Zeocryst's own order parameters.

    Raises
    ------
    PluginError
        The plugin is broken, or a file declares what is zeocryst's own.
    """
    found = find_beside(ORDER_PARAMETER, name, own)
    if found is not None and not hasattr(found.thing, MARK):  # an entry point says enough
        with guarded(found.plugin, f"its order parameter {name!r} cannot be used"):
            order_parameter(found.thing)
    return found


def entry(declared: Declared) -> OrderParameter:
    """A plugin's order parameter as an entry of the registry."""
    takes, curve = (getattr(declared.thing, MARK)[key] for key in ("takes", "curve"))
    compute = partial(_measured, declared)
    return OrderParameter(compute, takes, default=False, curve=curve, foreign=declared)


def _measured(declared: Declared, *arguments: Any) -> Any:
    """What a plugin's function returns, given copies: others use the same network and frame."""
    with guarded(declared.plugin, f"its order parameter {declared.name!r} failed"):
        return declared.thing(*(_own(argument) for argument in arguments))


def _own(argument: Any) -> Any:
    """A copy; of a network without what was derived from it."""
    if not isinstance(argument, Network):
        return copy.deepcopy(argument)
    parts = ("positions", "cell", "first", "second", "shift")
    return replace(argument, **{part: getattr(argument, part).copy() for part in parts})


def checked(result: Any, entry: OrderParameter, network: Network) -> Measured:
    """What a plugin returned, as numbers and arrays of plain kinds.

    Raises
    ------
    PluginError
        It is not what an order parameter returns.
    """
    declared: Declared = entry.foreign
    look = _Look(declared.plugin, declared.name)
    with guarded(declared.plugin, f"its order parameter {declared.name!r} returned what cannot be used"):
        return _looked_at(result, entry.curve, network.n_sites, look)


def _looked_at(result: Any, curve: bool, n_sites: int, look: _Look) -> Measured:
    """What a plugin returned, looked at part by part."""
    if not isinstance(result, Measured):
        raise look.error(f"returned {_shown(result)}", "a zeocryst.order.Measured")
    parts = {part: look.table(getattr(result, part), part) for part in PARTS}
    values = {name: look.number(name, value) for name, value in parts["values"].items()}
    sites = {name: look.site_array(name, array, n_sites) for name, array in parts["sites"].items()}
    for name in set(values) & set(parts["words"]):
        raise look.error(f"its values and its words both have {name!r}", "another name for one of them")
    for name, word in parts["words"].items():
        if not isinstance(word, str):
            raise look.error(f"words[{name!r}] = {_shown(word)}", "a text")
    curves = {name: look.curve(name, table) for name, table in parts["distributions"].items()}
    if curve and (values or sites or parts["words"] or not curves):
        raise look.error("is declared with curve = True", "distributions, and no values, sites or words")
    if not (values or sites or parts["words"] or curves):
        raise look.error("returned nothing", "at least one of values, sites, words and distributions")
    return Measured(values, sites, dict(parts["words"]), curves)


class _Look:
    """Looks at what an order parameter returned; complains by the plugin's name and the parameter's."""

    def __init__(self, plugin: Plugin, name: str) -> None:
        self._plugin, self._name = plugin, name

    def error(self, found: str, expected: str) -> PluginError:
        """The error for something that is not as it has to be, to be raised."""
        return self._plugin.error(f"its order parameter {self._name!r}: {found}; expected {expected}")

    def table(self, part: Any, what: str) -> Mapping[str, Any]:
        """One part of a result: names to something."""
        if not isinstance(part, Mapping):
            raise self.error(f"its {what} are {_shown(part)}", "a dict")
        for name in part:
            if not isinstance(name, str) or not NAME.fullmatch(name):
                raise self.error(
                    f"a name of its {what} is {_shown(name)}",
                    "letters, digits and _, at most 60, such as mean_angle_deg with the unit at the end",
                )
            if name in TAKEN.get(what, ()) or (what == "words" and name in TAKEN["values"]):
                raise self.error(f"a name of its {what} is {name!r}", "another name: that is zeocryst's own")
        return part

    def number(self, name: str, value: Any) -> float:
        """A finite number, or NaN."""
        array = _plain(value)
        if array.size == 1 and array.dtype.kind in "biuf":
            found = float(array.reshape(-1)[0])
            if not np.isinf(found):
                return found
        raise self.error(
            f"values[{name!r}] = {_shown(value)}", "one finite number (NaN where it is not defined)"
        )

    def site_array(self, name: str, value: Any, n_sites: int) -> NDArray[Any]:
        """A number for each T, whole or in single precision."""
        array = _plain(value)
        if array.shape != (n_sites,) or array.dtype.kind not in "biuf":
            raise self.error(
                f"sites[{name!r}] is an array of shape {array.shape} of {array.dtype}",
                f"one number for each of the {n_sites} T, the shape ({n_sites},)",
            )
        if np.isinf(array).any():
            raise self.error(f"sites[{name!r}] has infinite values", "finite numbers (NaN where not defined)")
        kind = np.float32 if array.dtype.kind == "f" else np.int32
        most = np.finfo(np.float32).max if array.dtype.kind == "f" else np.iinfo(np.int32).max
        if array.dtype.kind != "b" and ((array > most) | (array < -most)).any():
            raise self.error(
                f"sites[{name!r}] has values that {kind.__name__} cannot hold", f"values from -{most} to {most}"
            )
        return array.astype(kind)

    def curve(self, name: str, table: Any) -> Table:
        """Columns of one length, the first of which is what the others stand over."""
        here = f"distributions[{name!r}]"
        expected = "a dict of two or more columns of one length, the first of them finite numbers"
        if not isinstance(table, Mapping) or len(table) < 2:
            raise self.error(f"{here} = {_shown(table)}", expected)
        columns: Table = {}
        for column, values in self.table(table, here).items():
            array = _plain(values)
            if array.ndim != 1 or not array.size or array.dtype.kind not in "biuf" or np.isinf(array).any():
                raise self.error(f"{here}[{column!r}] = {_shown(values)}", expected)
            columns[column] = array
        lengths = {column: len(array) for column, array in columns.items()}
        if len(set(lengths.values())) > 1 or not np.isfinite(next(iter(columns.values()))).all():
            words = ", ".join(f"{column}: {length}" for column, length in lengths.items())
            raise self.error(f"{here} has columns of the lengths {words}", expected)
        return columns


def check_together(
    name: str, result: Measured, entry: OrderParameter, owners: dict[tuple[str, str], Any]
) -> None:
    """See that no plugin gives what another order parameter of the same call gives.

    Parameters
    ----------
    name
        Of the order parameter.
    result
        What it gave.
    entry
        Its own entry.
    owners
        Which order parameter gave each name so far, with its entry; changed.
    """
    for part in PARTS:
        for key in getattr(result, part):
            column = ("values" if part == "words" else part, key)
            other, before = owners.setdefault(column, (name, entry))
            foreign = entry.foreign or before.foreign
            if other != name and foreign is not None:
                raise foreign.plugin.error(
                    f"its order parameter {foreign.name!r} gives {key!r}, and so does "
                    f"{other if entry.foreign else name!r}; rename it"
                )


def check_same(name: str, result: Measured, declared: Declared, seen: dict[str, Measured]) -> None:
    """See that a plugin gives the same names for each frame; `seen` has what it gave first."""
    first = seen.setdefault(name, result)
    for part in PARTS:
        before, now = set(getattr(first, part)), set(getattr(result, part))
        if before != now:
            raise declared.plugin.error(
                f"its order parameter {declared.name!r} gave other {part} for this frame "
                f"({', '.join(sorted(now)) or 'none'}) than for the first "
                f"({', '.join(sorted(before)) or 'none'}); "
                "expected the same names for every frame, with NaN where something is not defined"
            )


def _plain(value: Any) -> NDArray[Any]:
    """An array; NaN where one is masked."""
    if np.ma.is_masked(value):
        return np.asarray(np.ma.filled(value.astype(float), np.nan))
    return np.asarray(value)


def _shown(value: Any) -> str:
    """A value in a message, in one line."""
    try:
        text = " ".join(repr(value).split())
    except Exception:
        text = "a thing that cannot be shown"
    kind = type(value).__name__
    return f"{text} ({kind})" if len(text) <= 60 else f"{text[:60]}... ({kind})"
