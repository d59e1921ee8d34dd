"""The errors that zeocryst raises; each is also a builtin one.

`InputError` is for what a person typed or wrote (the command line exits with 2), `SimulationError`
for a run that broke (3). Both carry one message: what, where, which value, what is allowed, what to do.
"""

from __future__ import annotations

import difflib
import operator
from collections.abc import Iterable

#: What became of a run; the cure depends on its stage (`zeocryst.running.failure`).
EXPLODED = "the run exploded"
BOILED = "the box grew without end"


class ZeocrystError(Exception):
    """Base of all errors that zeocryst raises on purpose.

    Examples
    --------
    >>> import zeocryst as zc
    >>> try:
    ...     zc.open_run("nowhere")
    ... except zc.ZeocrystError as error:
    ...     print(error)
    no folder nowhere
    """


class InputError(ZeocrystError, ValueError):
    """Something the user gave is missing, misspelt or impossible.

    Examples
    --------
    >>> import zeocryst as zc
    >>> zc.framework("SDO")
    Traceback (most recent call last):
    zeocryst.errors.InputError: no structure of 'SDO' is known; ...
    """


class MissingEngineError(InputError, ImportError):
    """An engine was asked for that this machine does not have.

    Examples
    --------
    >>> import zeocryst as zc
    >>> issubclass(zc.MissingEngineError, ImportError)
    True
    """


class PluginError(InputError):
    """A plugin is missing, or is not what it has to be; the message names it."""


class SimulationError(ZeocrystError, RuntimeError):
    """An engine failed while running; what was written before it is kept.

    Examples
    --------
    >>> import zeocryst as zc
    >>> issubclass(zc.SimulationError, RuntimeError)
    True
    """


class PluginFailedError(SimulationError):
    """A plugin failed while a run was on its way; the message names it."""


def nearest(name: str, allowed: Iterable[str]) -> str:
    """A hint that names the entry of `allowed` closest in spelling, or lists all of them.

    Returns a phrase to put at the end of an error message.
    """
    names = sorted(set(allowed))
    close = [n for n in names if n.lower() == name.lower()]
    if not close:
        close = difflib.get_close_matches(name[:100], names, n=1, cutoff=0.6)
    listing = ", ".join(names)
    return f"did you mean {close[0]!r}? Allowed: {listing}" if close else f"allowed: {listing}"


def whole_number(value: object, name: str, least: int | None = None) -> int:
    """A whole number that was given in Python, of any integer type; no truth value, no float, no text.

    Parameters
    ----------
    value
        What was given.
    name
        What it is called in the message.
    least
        The least that it may be.

    Raises
    ------
    InputError
        It is something else.
    """
    try:
        number = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        number = None
    if number is None or isinstance(value, bool) or (least is not None and number < least):
        bound = "" if least is None else f" of at least {least}"
        raise InputError(f"{name} = {value!r}; expected a whole number{bound}")
    return number
