"""The one door to freud, so that a command that draws nothing need not wait for its plots."""

from __future__ import annotations

import sys
from typing import Any

_plots = True


def leave_out_plots() -> None:
    """Let freud be imported as where matplotlib is not installed; for a process of our own only.

    For its plots freud imports all of matplotlib, which takes longer than measuring ten frames of 512 T. It
    allows for matplotlib not being there. We can import it later all the same.
    """
    global _plots  # noqa: PLW0603
    _plots = False


def load_freud() -> Any:
    """The package freud."""
    if _plots or "freud" in sys.modules or "matplotlib" in sys.modules:
        import freud

        return freud
    # what is None is not found
    sys.modules["matplotlib"] = None  # type: ignore[assignment]
    try:
        import freud
    finally:
        del sys.modules["matplotlib"]
    return freud
