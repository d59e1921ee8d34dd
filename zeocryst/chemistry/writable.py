"""Which elements back-mapping can write, and what becomes of others."""

from __future__ import annotations

from typing import Any

from zeocryst.chemistry.elements import RADII
from zeocryst.errors import InputError


def written_as_silica(account: dict[str, Any]) -> list[str]:
    """What is said of T that are written as Si.

    Back-mapping knows the bonds and angles of silica alone. Al beside Si is written as Si, since the framework
    of an aluminosilicate is that of silica with some Al in it, which is said. A name that is no element of
    frameworks (a number, X, the O of water) was given for T by the user, who wants silica. Everything else
    would be another substance.

    Parameters
    ----------
    account
        As `zeocryst.files.structures.Structures.account` gives it.

    Raises
    ------
    InputError
        T are other elements than Si, or Al without Si.
    """
    t = dict(account["T"])
    foreign = {name: n for name, n in t.items() if name in RADII and name not in ("Si", "Al")}
    if foreign or ("Al" in t and "Si" not in t):
        words = ", ".join(f"{n} {name}" for name, n in t.items())
        raise InputError(
            f"back-mapping writes silica (Si, O and H) alone, and Al beside Si as Si; the T of this frame are "
            f"{words}. For the all-silica form of the same net, call them Si in a copy of the file"
        )
    said = [f"{n} {name}" for name, n in t.items() if name not in ("Si", "Al", "T")]
    lines = [f"{t['Al']} Al of the input are written as Si: aluminium is not placed yet."] if "Al" in t else []
    return lines + ([f"{', '.join(said)} of the input, given as T, are written as Si."] if said else [])
