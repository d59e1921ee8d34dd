"""What a run's folder has in JSON: read with its faults told, and with which programs it was made."""

from __future__ import annotations

import platform
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from zeocryst.errors import InputError
from zeocryst.foundation.textfiles import parse_json, read_text

#: What the summary of a run of nanoparticles has as its level.
PARTICLES = "particles"
PACKAGES = ("ase", "freud-analysis", "gemmi", "gsd", "matplotlib", "numba", "numpy", "scipy", "spglib", "vesin")


def read_summary(folder: Path) -> dict[str, Any]:
    """``summary.json`` of a finished run.

    Raises
    ------
    InputError
        It is not there, or not what zeocryst wrote.
    """
    path = folder / "summary.json"
    if not path.is_file():
        raise InputError(f"{folder}: holds no finished run (there is no summary.json)")
    found = read_json(path)
    if found.get("level") == PARTICLES:
        raise InputError(f"{folder}: holds a run of nanoparticles, which has no T and S beads")
    missing = {"condition", "seed", "verdict", "transition", "quenched"} - set(found)
    if missing:
        raise InputError(f"{path}: not a summary of zeocryst, it lacks {', '.join(sorted(missing))}")
    return found


def holds_particles(folder: Path) -> bool:
    """Whether a folder has the summary of a run of nanoparticles."""
    try:
        return read_json(folder / "summary.json").get("level") == PARTICLES
    except (InputError, OSError):
        return False


def read_json(path: Path) -> dict[str, Any]:
    """A JSON file of a run's folder.

    Raises
    ------
    InputError
        It is damaged, or no table.
    """
    found = parse_json(read_text(path), str(path))
    if not isinstance(found, dict):
        raise InputError(f"{path}: damaged: not a table")
    return found


def without_nan(value: Any) -> Any:
    """JSON has no NaN: null instead; numpy's numbers as Python's."""
    if isinstance(value, dict):
        return {k: without_nan(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [without_nan(v) for v in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value


def now() -> str:
    """The time, UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _command() -> str:
    """How this process was called; in a session of Python or a notebook its arguments say nothing."""
    program = Path(sys.argv[0]).stem in ("zeocryst", "cli", "__main__")
    return " ".join(["zeocryst", *sys.argv[1:]]) if program else "import zeocryst (from Python)"


def provenance() -> dict[str, Any]:
    """Versions and machine, for whoever has to repeat a run."""
    packages = {}
    for name in PACKAGES:
        try:
            packages[name] = version(name)
        except PackageNotFoundError:
            packages[name] = "missing"
    return {
        "zeocryst": version("zeocryst"),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": packages,
        "command": _command(),
        "started": now(),
    }
