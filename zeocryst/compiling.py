"""Says so while functions are compiled: the first call after an installation is else silent for a minute."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

WORDS = "compiling what is not compiled yet: once, for a minute or two"


@contextmanager
def told_when_compiling(say: Callable[[str], None]) -> Iterator[None]:
    """Within it, `say` is called once, when numba compiles a function and does not find it in its cache."""
    from numba.core import event

    class _Teller(event.Listener):  # type: ignore[misc]
        said = False

        def on_start(self, _: Any) -> None:
            """Say so, the first time."""
            if not self.said:
                self.said = True
                say(WORDS)

        def on_end(self, _: Any) -> None:
            """Nothing; numba asks for it."""

    with event.install_listener("numba:compile", _Teller()):
        yield
