"""A bar in the cell of a notebook that is drawn anew in place; nothing where there is no notebook.

IPython's own display is used, which every kernel brings along: no library has to be installed for it.
"""

from __future__ import annotations

import sys
from html import escape
from typing import Any


class Bar:
    """A bar below the cell that runs, with a line of text."""

    def __init__(self, display: Any) -> None:
        self._display = display
        self._handle: Any = None

    def put(self, share: float, text: str) -> None:
        """Show how much is done, 0 to 1, and a text."""
        shown = {
            "text/html": f'<progress value="{min(max(share, 0.0), 1.0):.4f}" max="1" style="width:20em">'
            f"</progress> {escape(text)}",
            "text/plain": f"{100 * share:.0f} % {text}",
        }
        if self._handle is None:
            self._handle = self._display(shown, raw=True, display_id=True)
        else:
            self._handle.update(shown, raw=True)


def bar() -> Bar | None:
    """A bar, if this is a notebook: a kernel of IPython runs, and not in a terminal."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    if shell is None or not hasattr(shell, "kernel"):
        return None
    from IPython.display import display

    return Bar(display)
