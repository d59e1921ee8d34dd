"""Messages that name options of the command line, as they are written in Python.

The commands call the same functions; within `on_the_command_line` messages stay as they are.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import ParamSpec, TypeVar

from zeocryst.errors import InputError
from zeocryst.foundation.forks import check_not_forked

P = ParamSpec("P")
R = TypeVar("R")

_COMMAND_LINE: ContextVar[bool] = ContextVar("command line", default=False)

_TYPES = re.compile(r"""(?<![^\s(])--types (?=[^\s'"])([^\s;:)]*[^\s;:),])""")
_OPTIONS = re.compile(
    r"(?<![^\s(])--(types|out|frames?|seed|walltime|engine|device|threads|restart|quench|cell|only|json"
    r"|sda|si-al|heteroatom|placement|allow-al-o-al|balance|refine|md-ps)\b"
)
#: What options are called here, where it is not the same word.
_NAMES = {"only": "names", "restart": "restart=True", "json": "the object", "si-al": "si_al", "md-ps": "md_ps",
          "allow-al-o-al": "loewenstein=False"}  # fmt: skip


@contextmanager
def on_the_command_line() -> Iterator[None]:
    """Within it messages name the options of the command line."""
    before = _COMMAND_LINE.set(True)
    try:
        yield
    finally:
        _COMMAND_LINE.reset(before)


def in_python(text: str) -> str:
    """A message with ``types="T=Al"`` in the place of ``--types T=Al``, and so on."""
    if _COMMAND_LINE.get():
        return text
    return _OPTIONS.sub(lambda m: _NAMES.get(m[1], m[1]), _TYPES.sub(r'types="\1"', text))


def said_in_python(function: Callable[P, R]) -> Callable[P, R]:
    """The same function, whose `InputError` says what to write in Python."""

    @functools.wraps(function)
    def _called(*args: P.args, **options: P.kwargs) -> R:
        check_not_forked()
        try:
            return function(*args, **options)
        except InputError as error:
            text = in_python(str(error))
            if text == str(error):
                raise
            raise type(error)(text) from None

    return _called
