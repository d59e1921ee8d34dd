"""What a run measures besides what every run measures, and the plugins that it uses.

The condition asks for order parameters by name (``[output] measure``); those of a plugin file are asked for by
naming the file. Each is tried on the first frame, before anything is written, so that a mistake costs nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zeocryst.condition import Condition
from zeocryst.errors import InputError, PluginError
from zeocryst.files.records import read_json
from zeocryst.files.rundir import RunDirectory
from zeocryst.foundation import plugins
from zeocryst.network.bonds import Network, network_of_frame
from zeocryst.order import check_names, find, measure, of_files
from zeocryst.order.foreign import check_together
from zeocryst.order.measured import Measured

if TYPE_CHECKING:
    import gsd.hoomd


def with_measured(condition: Condition, where: str = "") -> Condition:
    """The condition with the order parameters of plugin files among those that it asks for.

    Parameters
    ----------
    condition
        The condition.
    where
        What messages call it, such as its file; nothing for one that was never in a file.

    Raises
    ------
    InputError
        An order parameter is not known, or its plugin is broken.
    """
    asked = condition.output.measure
    try:
        check_names(asked)
    except PluginError:
        raise
    except InputError as error:
        raise InputError(f"{where}{': ' if where else ''}output.measure: {error}") from None
    names = tuple(dict.fromkeys([*asked, *of_files()]))
    return condition.with_checked(output=replace(condition.output, measure=names))


def check_there(out: Path, engine: str | None) -> None:
    """See that the plugins of the run in a folder are there again; a damaged record is left to others.

    Raises
    ------
    PluginError
        One is missing.
    """
    try:
        records = read_json(out / "provenance.json").get("plugins", [])
    except (InputError, OSError):
        return
    if isinstance(records, list):
        plugins.check_there(records, engine or "")


@dataclass(frozen=True)
class Besides:
    """What is measured besides.

    Attributes
    ----------
    names : tuple of str
        Order parameters that the condition asks for.
    used : list of Declared
        Those of plugins, and the engine if it is one's.
    found : dict
        What each gave for the first frame.
    """

    names: tuple[str, ...]
    used: list[plugins.Declared]
    found: dict[str, Measured]

    @classmethod
    def tried(cls, condition: Condition, frame: gsd.hoomd.Frame, engine: str, every: Sequence[str]) -> Besides:
        """Try each on the first frame.

        Parameters
        ----------
        condition
            The condition.
        frame
            Its first frame.
        engine
            Name of the engine.
        every
            All that is measured in every frame (`zeocryst.running.beginning.measured_names`).

        Raises
        ------
        InputError
            One fails, or gives words, for which a run's table has no room.
        """
        names = condition.output.measure
        found: dict[str, Measured] = {}
        network = network_of_frame(frame)[0] if names else None
        for name in names:
            assert network is not None
            found[name] = measure(network, [name], frame)
            if found[name].words:
                raise InputError(
                    f"{_who(name)} gives words ({', '.join(found[name].words)}), and a run "
                    "measures numbers, arrays and curves; measure it afterwards, with zeocryst analyze"
                )
        entries = [find(name).foreign for name in names]
        if network is not None and any(each is not None for each in entries):
            _check_clashes(every, network, frame, found)
        mine = plugins.loaded(plugins.ENGINE, engine)
        return cls(names, [each for each in [*entries, mine] if each is not None], found)

    def in_words(self) -> list[str]:
        """What is measured besides, and where the plugins come from."""
        said = [f"measured besides: {', '.join(self.names)}"] if self.names else []
        return [
            *said,
            *(f"plugin {e['plugin']}: {' and '.join(plugins.used_for(e))}" for e in plugins.records(self.used)),
            *self._unused(),
        ]

    def in_frames(self, names: Iterable[str]) -> tuple[str, ...]:
        """Those of some names that give more than a curve, for which a frame has no room."""
        return tuple(name for name in names if not find(name).curve)

    def record(self, folder: RunDirectory) -> list[str]:
        """Put the plugins into the provenance; what is to be said of them."""
        now, before = plugins.records(self.used), folder.recorded("plugins", [])
        if now:
            folder.record(plugins=[*(entry for entry in before if entry not in now), *now])
        return [*([] if before else self.in_words()), *plugins.changed(before, now)]

    def _unused(self) -> list[str]:
        """What files brought and nobody asked for."""
        used = {each.name for each in self.used if each.kind == plugins.ENGINE}
        return [
            f"plugin {each.plugin.label} has the engine {name!r}, which runs only with --engine {name}"
            for name, each in plugins.given(plugins.ENGINE).items()
            if name not in used
        ]

    def check_columns(self, columns: Collection[str]) -> None:
        """See that a run that goes on has columns for what is measured now.

        Parameters
        ----------
        columns
            Of its table; none where it has no table yet.

        Raises
        ------
        InputError
            It has not.
        """
        for name, found in self.found.items():
            missing = [column for column in found.values if columns and column not in columns]
            if missing:
                raise InputError(
                    f"{_who(name)} gives {', '.join(missing)} now, and the table of this run "
                    "has no such column; --restart begins anew"
                )

    def summary(self) -> dict[str, Any]:
        """The entries ``measured`` and ``plugins`` of ``summary.json``; none where there is nothing."""
        if not (self.names or self.used):
            return {}
        measured = [
            {
                "name": name,
                "columns": list(found.values),
                "sites": list(found.sites),
                "curves": list(found.distributions),
            }
            for name, found in self.found.items()
        ]
        return {"measured": measured, "plugins": plugins.records(self.used)}


def _who(name: str) -> str:
    """An order parameter, with its plugin where it is one's."""
    declared = find(name).foreign
    where = "" if declared is None else f"plugin {declared.plugin.label}: "
    return f"{where}the order parameter {name!r}"


def _check_clashes(
    names: Iterable[str], network: Network, frame: gsd.hoomd.Frame, found: Mapping[str, Measured]
) -> None:
    """See that no plugin gives what another order parameter of the run gives, found for the first frame."""
    owners: dict[tuple[str, str], Any] = {}
    for name in names:
        given = found[name] if name in found else measure(network, [name], frame)
        check_together(name, given, find(name), owners)
