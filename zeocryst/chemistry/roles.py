"""What T, S and O are called in a file, as ``--types`` gives it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from zeocryst.errors import InputError

#: The roles that an atom or a bead can have.
ROLES = ("T", "S", "O")
#: Names taken as S and O where the user gives none. (T are found by their surroundings.)
USUAL = {"S": ("S", "X"), "O": ("O",)}

#: Names by role; a role that is not given has none.
Roles = dict[str, tuple[str, ...]]


def parse_types(text: str | None) -> Roles:
    """``T=Al,P,O=O`` as ``{"T": ("Al", "P"), "O": ("O",)}``; empty for None.

    Raises
    ------
    InputError
        It has another form, a role stands twice, or a name has two roles.
    """
    found: dict[str, list[str]] = {}
    role = ""
    for part in text.split(",") if text else []:
        before, sign, name = (piece.strip() for piece in part.partition("="))
        if not sign:
            name = before
        elif before in found:
            names = ",".join([*found[before], name])
            raise InputError(
                f"--types {text!r}: {before} is given twice; give all its names at once: {before}={names}"
            )
        else:
            role = before
        if role not in ROLES or not name or "=" in name:
            raise InputError(
                f"--types {text!r}: expected ROLE=NAME,... with roles T, S or O, such as T=Si,S=X or T=Al,P"
            )
        found.setdefault(role, []).append(name)
    return checked_roles(found, f"--types {text!r}")


def checked_roles(given: Mapping[str, str | Sequence[str]] | None, where: str) -> Roles:
    """Names by role, each role's as a tuple.

    Parameters
    ----------
    given
        A name or several for each role.
    where
        Where it was given, for messages.

    Raises
    ------
    InputError
        There is no such role, a role has no name, or a name has two roles.
    """
    wanted = f"{where}: expected names for the roles T, S or O, such as T=Si,S=X or T=Al,P"
    if given is not None and not isinstance(given, Mapping):
        raise InputError(f"{wanted}; not {given!r}")
    roles: Roles = {}
    for role, names in (given or {}).items():
        one = isinstance(names, str | bytes | Mapping) or not isinstance(names, Iterable)
        listed: tuple[Any, ...] = (names,) if one else tuple(names)
        if not all(isinstance(name, str) and name for name in listed):
            raise InputError(f"{wanted}; not {role} = {names!r}")
        roles[role] = listed
    of: dict[str, str] = {}
    for role, names in roles.items():
        if role not in ROLES or not names:
            raise InputError(wanted)
        for name in names:
            if of.setdefault(name, role) != role:
                raise InputError(f"{where}: {name} is given as {of[name]} and as {role}; an atom has one role")
    return {role: tuple(dict.fromkeys(names)) for role, names in roles.items()}


def usual(roles: Roles, role: str) -> tuple[str, ...]:
    """Names of S or O: those given, or the usual ones that have no other role."""
    if role in roles:
        return roles[role]
    taken = {name for names in roles.values() for name in names}
    return tuple(name for name in USUAL[role] if name not in taken)
