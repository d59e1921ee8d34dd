"""The errors that zeocryst raises; each is also a builtin one.

`InputError` is for what a person typed or wrote (the command line exits with 2), `SimulationError`
for a run that broke (3). Both carry one message: what, where, which value, what is allowed, what to do.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

#: What became of a run; the cure depends on its stage (`zeocryst.running.failure`).
EXPLODED = "the run exploded"


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
