"""Says so while functions are compiled: the first call after an installation is else silent for a minute."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from zeocryst.foundation.caching import words

WORDS = "compiling what is not compiled yet: once, for a minute or two"


@contextmanager
def told_when_compiling(say: Callable[[str], None], *, always: bool = True) -> Iterator[None]:
    """Within it, `say` is called once, when numba compiles a function and does not find it in its cache.

    Where what is compiled cannot be kept, it is told that instead.

    Parameters
    ----------
    say
        Tells people.
    always
        If not, only what went wrong is told.
    """
    from numba.core import event

    class _Teller(event.Listener):  # type: ignore[misc]
        said = ""

        def on_start(self, _: Any) -> None:
            """Say so, the first time."""
            self.tell(words() or (WORDS if always else ""))

        def on_end(self, _: Any) -> None:
            """Say it if it could not be kept."""
            self.tell(words() or "")

        def tell(self, text: str) -> None:
            """Say it, if it is the first or worse than what was said."""
            if text and self.said in ("", WORDS) and text != self.said:
                self.said = text
                say(text)

    with event.install_listener("numba:compile", _Teller()) as teller:
        yield
        teller.tell(words() or "")
