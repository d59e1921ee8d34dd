"""The file of a study: what a condition has, and a table that says what is measured.

It is a condition without its stages (a study makes these itself, a run at a time) and with a table of the
study's own, such as ``[melt]``. An ordinary ``condition.toml`` is one, too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zeocryst.condition import Condition, parse_condition, to_toml
from zeocryst.condition.reading import STUDIES, TOP, shipped_file, shipped_names
from zeocryst.condition.writing import start_digest
from zeocryst.errors import InputError, nearest
from zeocryst.foundation.tables import Table
from zeocryst.foundation.textfiles import parse_toml, read_text

#: Stages of a condition that is only looked at.
NO_STAGES = [{"kind": "minimize"}]
#: What a point has in ``[output]`` unless its study says something else.
POINT_OUTPUT = {"backmap": False, "report": False}


def replica_seed(seed: int, *parts: object) -> int:
    """Seed number of one run of a study.

    Parameters
    ----------
    seed
        The study's.
    *parts
        What the run is, such as a temperature and the number of the replica: texts and numbers, where 600 and
        600.0 are the same.

    Returns
    -------
    int
        From 1 to 900000000, always the same for the same arguments.
    """
    text = "\0".join([str(seed), *(_text(part) for part in parts)])
    return 1 + int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") % 900_000_000


def _text(part: object) -> str:
    if isinstance(part, bool | str) or not hasattr(part, "__float__"):
        return repr(part)
    return f"{float(part):.9g}"


@dataclass(frozen=True)
class StudyFile:
    """A study's file, read.

    Attributes
    ----------
    name, title : str
    seed : int
        From which the seed number of each run follows (`replica_seed`).
    where : str
        The file, for messages.
    folder : Path
        Where relative paths begin.
    own : Table
        The study's own table, empty where there is none; whoever reads it calls its `finish`.
    content : dict
        What a condition has besides, without the stages.
    stages : list of dict
        Those of the file; a study that makes its own has no use for them.
    table : str
        Name of the study's own table.
    has_table : bool
        Whether the file has it; an ordinary condition has not.
    """

    name: str
    title: str
    seed: int
    where: str
    folder: Path
    own: Table
    content: dict[str, Any]
    stages: list[dict[str, Any]]
    table: str
    has_table: bool = True

    def condition(
        self,
        *,
        name: str,
        seed: int,
        stages: Sequence[Mapping[str, Any]],
        system: Mapping[str, Any] | None = None,
        output: Mapping[str, Any] | None = None,
    ) -> Condition:
        """The condition of one run, checked as any ``condition.toml`` is.

        Parameters
        ----------
        name, seed, stages
            Of the run.
        system, output
            Put over what the file has, key by key; None takes a key away. A `system` with another ``start``
            replaces the file's.

        Raises
        ------
        InputError
            It is no condition that can be run.
        """
        made: dict[str, Any] = {**self.content, "name": name, "seed": seed, "stage": [dict(s) for s in stages]}
        made["title"] = self.title
        old = self.content.get("system", {})
        if system is not None and system.get("start", old.get("start")) != old.get("start"):
            old = {}
        made["system"] = _over(old, system)
        made["output"] = _over(self.content.get("output", {}), {**POINT_OUTPUT, **(output or {})})
        return parse_condition(made, f"{self.where} (run {name})", self.folder)

    def to_toml(
        self,
        own: Mapping[str, Any],
        stages: Sequence[Mapping[str, Any]] = (),
        *,
        system: Mapping[str, Any] | None = None,
        output: Mapping[str, Any] | None = None,
        model: str | None = None,
    ) -> str:
        """The study with every default written out, as ``study.toml`` has it.

        Parameters
        ----------
        own
            The study's own table with every default.
        stages
            Those that the study uses, none where it makes its own.
        system
            Put over what the start has, key by key; None takes a key away that the study finds itself.
        output
            Put over `POINT_OUTPUT`, key by key.
        model
            Name of the force field there; as it is if not given.
        """
        import tomli_w

        condition = self._looked_at(stages)
        content = parse_toml(to_toml(condition), self.where)
        del content["stage"]
        content["output"] |= {**POINT_OUTPUT, **(output or {})}
        content |= {"name": self.name, "title": self.title, "seed": self.seed}
        content["system"] = _over(content["system"], system)
        if model is not None:
            content["forcefield"] = {"name": model}
        engine = content.pop("engine")
        used = {"stage": [dict(stage) for stage in stages]} if stages else {}
        whole = {**content, **used, self.table: dict(own), "engine": engine}
        return "".join(f"# {line}\n" for line in _digests(condition)) + tomli_w.dumps(whole)

    def _looked_at(self, stages: Sequence[Mapping[str, Any]]) -> Condition:
        made = {**self.content, "stage": [dict(s) for s in stages] or NO_STAGES}
        if "particles" in self.content:
            raise InputError(
                f"{self.where}: particles: [{self.table}] is of runs that begin with beads; let the particles "
                "aggregate by zeocryst run, and begin with their particles/beads.gsd as system.file"
            )
        try:
            return parse_condition(made, self.where, self.folder)
        except InputError as error:
            if self.where in str(error):
                raise
            raise InputError(f"{self.where}: {error}") from None


def read_study(path: str | Path, table: str, known: Sequence[str]) -> StudyFile:
    """Read and check the file of a study, but for what its own table's values mean.

    Parameters
    ----------
    path
        The file, or a folder with a ``study.toml`` or a ``condition.toml``, or the name of a shipped one.
    table
        Name of the study's own table.
    known
        Keys that this may have.

    Raises
    ------
    InputError
        It is not there or not TOML; a key is unknown, missing, of the wrong type or impossible.
    """
    content, where, folder = content_of(path)
    top = Table(content, where).known(*TOP, *STUDIES)
    own = (top.table(table) if table in top else Table({}, where, table)).known(*known)
    stages = [dict(content["stage"][n]) for n in range(len(top.tables("stage")))]
    study = StudyFile(
        name=top.text("name", folder.name or "study"),
        title=top.text("title", "") if content.get("title") != "" else "",
        seed=top.integer("seed", 1, least=1, most=900_000_000),
        where=where,
        folder=folder,
        own=own,
        content={key: value for key, value in content.items() if key not in ("stage", *STUDIES)},
        stages=stages,
        table=table,
        has_table=table in content,
    )
    _check_names(study._looked_at(stages), where)
    return study


def content_of(path: str | Path) -> tuple[dict[str, Any], str, Path]:
    """What the file of a study holds, unchecked; what messages call it, and its folder.

    Raises
    ------
    InputError
        It is not there or not TOML.
    """
    file = _file_of(path)
    if file is None:
        where = str(path)
        text, folder = shipped_file(where)
    else:
        where = str(file)
        text, folder = read_text(file), file.resolve().parent
    return parse_toml(text, where), where, folder


def tables_of(path: str | Path) -> list[str]:
    """Tables of studies that a file has, such as ``melt``; none for an ordinary condition, or no file."""
    try:
        content, _, _ = content_of(path)
    except InputError:
        return []
    return [name for name in STUDIES if name in content]


def _check_names(condition: Condition, where: str) -> None:
    """See that there are the engine and the order parameters that it names.

    A run would say it as well, but only once it begins, and without the study's file.
    """
    from zeocryst.engines import check_engine

    try:
        check_engine(condition.engine.name)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None
    if condition.output.measure:
        from zeocryst.running.besides import with_measured

        with_measured(condition, where)


def _file_of(path: str | Path) -> Path | None:
    """The file that is meant; None for a shipped condition."""
    file = Path(path)
    if file.is_dir():
        found = [file / name for name in ("study.toml", "condition.toml") if (file / name).is_file()]
        if not found:
            raise InputError(f"{file}: the folder has no study.toml and no condition.toml")
        return found[0]
    if file.is_file():
        return file
    names = sorted({*shipped_names("study.toml"), *shipped_names()})
    if str(path) in names:
        return None
    raise InputError(
        f"no file {str(path)!r}; give the path of a study's file, or the name of a shipped one: "
        f"{nearest(file.name, names)}"
    )


def _over(old: Mapping[str, Any], new: Mapping[str, Any] | None) -> dict[str, Any]:
    return {key: value for key, value in {**old, **(new or {})}.items() if value is not None}


def _digests(condition: Condition) -> list[str]:
    """What a study depends on and does not hold: its model, and the file that its runs start from."""
    model = hashlib.sha256(str(condition.read_forcefield()).encode()).hexdigest()[:16]
    name = "" if "/" in condition.forcefield else f"{condition.forcefield} "
    start = start_digest(condition)
    return [f"model {name}{model}", *([f"start {start[:16]}"] if start else [])]
