"""Compiled functions are kept on disk where there is a place for them, and compiled anew where there is none.

numba refuses to load a function that is to be kept, `numba.njit(cache=True)`, where it finds no folder that can
be written: somebody else's installation, without a home. Importing this makes it go on without; the packages
that have such functions import it.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from numba.core import caching, dispatcher

#: What went wrong first, in words; None while all is well.
trouble: str | None = None


def _note(words: str) -> None:
    global trouble  # noqa: PLW0603
    trouble = trouble or " ".join(words.split())


class _Cache(caching.FunctionCache):  # type: ignore[misc]
    """A function's cache that is none where it cannot be read or written."""

    def load_overload(self, *given: Any) -> Any:
        """What was kept, or None."""
        try:
            return super().load_overload(*given)
        except Exception:  # a damaged file raises what it likes; it is written anew
            with suppress(Exception):
                self.flush()
            return None

    def save_overload(self, *given: Any) -> None:
        """Keep it, where that can be done."""
        try:
            super().save_overload(*given)
        except Exception as error:  # such as a full disk
            _note(f"{type(error).__name__}: {error}")


def _enable_caching(self: Any) -> None:
    try:
        self._cache = _Cache(self.py_func)
    except (RuntimeError, OSError) as error:
        _note(str(error))


dispatcher.Dispatcher.enable_caching = _enable_caching  # type: ignore[method-assign]


def words() -> str | None:
    """One sentence for people where functions are not kept, else None."""
    if trouble is None:
        return None
    return (
        "compiled functions cannot be kept, so that every command compiles them anew, for a minute or two; "
        f"name a folder that can be written in NUMBA_CACHE_DIR ({trouble})"
    )
