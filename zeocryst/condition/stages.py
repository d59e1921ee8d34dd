"""The stages of a condition: what a ``[[stage]]`` may hold."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping

from zeocryst.condition.model import EDITS, UNTIL, Cut, Seed, Stage, Until
from zeocryst.foundation.tables import Table
from zeocryst.frameworks.table import bare_code, nearest_start, startable_codes

KINDS = ("minimize", "nve", "nvt", "langevin", "brownian", "npt", "cut", "seed")
COUPLINGS = ("none", "iso", "aniso", "triclinic")
#: Keys of a stage; which of them go together is seen to below.
STAGE = (
    "kind", "temperature_K", "pressure_bar", "coupling", "time_ps", "timestep_fs", "seed_region",
    "hold_seed", "rigid_precursors", "until", "radius_A", "at_random", "margin_A", "box", "framework",
)  # fmt: skip
#: What is reasonable: the hottest bath (K), the strongest pull and pressure (bar), the shortest time step (fs)
#: and interval (ps).
HOTTEST_K = 1e5
LOWEST_BAR, HIGHEST_BAR = -1e5, 1e6
SHORTEST_STEP_FS, SHORTEST_INTERVAL_PS = 1e-3, 1e-3
#: Most time steps of a stage that anybody waits for.
MOST_STEPS = 10**12
#: Beads from which a condition is taken for a mistake.
MOST_BEADS = 50_000_000


def read_stage(table: Table, step_fs: float) -> Stage:
    """A ``[[stage]]`` of beads, whose time step is this where none is given, fs."""
    kind = table.choice("kind", KINDS)
    if kind == "minimize":
        table.finish()
        return Stage(kind)
    if kind in EDITS:
        return _read_edit(table, kind)
    temperature = None if kind == "nve" and "temperature_K" not in table else read_temperature(table)
    coupling = table.choice("coupling", COUPLINGS, "none" if kind != "npt" else "iso")
    if (kind == "npt") == (coupling == "none"):
        raise table.error(
            "coupling",
            "iso, aniso or triclinic with kind npt, and none with every other kind "
            "(a box changes only at constant pressure)",
        )
    pressure = table.number("pressure_bar", 0.0, least=LOWEST_BAR, most=HIGHEST_BAR) if kind == "npt" else 0.0
    fraction, hold_seed = _read_held(table, kind)
    rigid = table.flag("rigid_precursors", False)
    if rigid and (kind != "langevin" or fraction or hold_seed):
        raise table.error(
            "rigid_precursors", "true only with kind langevin and without a seed_region or hold_seed"
        )
    stage = Stage(
        kind,
        temperature,
        pressure,
        coupling,
        table.number("time_ps", above=0, most=1e9),
        # without inertia only the potential bounds the step: see `zeocryst.model.solvent.check_step`
        table.number(
            "timestep_fs", step_fs, above=0, least=SHORTEST_STEP_FS, most=1000 if kind == "brownian" else 20
        ),
        fraction,
        rigid_precursors=rigid,
        until=_read_ends(table) if "until" in table else None,
        hold_seed=hold_seed,
    )
    if 2000 * stage.time_ps < stage.timestep_fs:
        raise table.error("time_ps", f"at least a time step, {stage.timestep_fs / 1000:g} ps")
    if stage.n_steps > MOST_STEPS:
        raise table.error(
            "time_ps",
            f"fewer than the {stage.n_steps:.2g} time steps of {stage.timestep_fs:g} fs that these are, "
            f"at most {MOST_STEPS:.0e}: a shorter time, or a longer timestep_fs",
        )
    if any(until.for_ps >= stage.time_ps for until in stage.ends):
        raise table.error("until", f"for_ps less than the {stage.time_ps:g} ps that the stage takes at most")
    table.finish()
    return stage


def _read_held(table: Table, kind: str) -> tuple[float, bool]:
    """What is held fixed: a share of the box, 0 for none, and whether the seed that was put in is."""
    region = table.table("seed_region", {}).known("shape", "fraction")
    fraction = region.number("fraction", 0.0, above=0, most=0.95) if "fraction" in region else 0.0
    if "seed_region" in table:
        region.choice("shape", ("slab",), "slab")
        if not fraction:
            raise region.error("fraction", "the share of the box that is held fixed, such as 0.5")
        if kind == "npt":
            raise table.error("seed_region", "no seed_region with kind npt: a fixed part needs a fixed box")
    region.finish()
    hold_seed = table.flag("hold_seed", False)
    if hold_seed and (kind == "npt" or fraction):
        raise table.error(
            "hold_seed",
            "true only without a seed_region, and not with kind npt: a fixed part needs a fixed box",
        )
    return fraction, hold_seed


def _read_ends(table: Table) -> Until | tuple[Until, ...]:
    """What a stage is run until: one table, or a list of them, of which one is enough."""
    given = table.get("until", "")
    if not isinstance(given, list):
        return _read_until(table.table("until"))
    if not given or not all(isinstance(entry, Mapping) for entry in given):
        raise table.error(
            "until", "a table such as { crystalline_share = 0.98, for_ps = 100 }, or a list of such"
        )
    return tuple(_read_until(entry) for entry in table.tables("until"))


def _read_until(table: Table) -> Until:
    """One quantity with the value that it reaches, or ``{ below = VALUE }``, and how long that has to hold.

    Whether a run measures what none of `UNTIL` is, is known only where it begins (`zeocryst.running.watching`).
    """
    keys = table.names()
    misspelt = [key for key in keys if key not in (*UNTIL, "for_ps") and _is_misspelt(key)]
    table.known(*(key for key in keys if key not in misspelt), *UNTIL, "for_ps")
    given = [key for key in keys if key != "for_ps"]
    if len(given) != 1:
        raise table.whole_error(
            f"one of {', '.join(UNTIL)}, such as {{ crystalline_share = 0.98, for_ps = 100 }}, or another "
            f"column of the run's table; {', '.join(given) + ' are' if given else 'none is'} given"
        )
    quantity = given[0]
    most = UNTIL[quantity][1] if quantity in UNTIL else math.inf
    above = 0.0 if quantity in UNTIL else None
    limit = float(MOST_BEADS) if math.isinf(most) else most
    below = isinstance(table.get(quantity, ""), Mapping)
    if below:
        bound = table.table(quantity).known("below")
        value = bound.number("below", above=above, most=limit)
        bound.finish()
    else:
        value = table.number(quantity, above=above, most=limit)
    return Until(quantity, value, table.number("for_ps", above=0, most=1e9), below)


def _is_misspelt(key: str) -> bool:
    """Whether one of what is usual was meant (not largest_ice_cluster, which is another)."""
    return bool(difflib.get_close_matches(key.lower(), [*UNTIL, "for_ps"], n=1, cutoff=0.9))


def _read_edit(table: Table, kind: str) -> Stage:
    edit: Cut | Seed
    if kind == "cut":
        radius = table.number("radius_A", least=5, most=1000) if "radius_A" in table else None
        margin = table.number("margin_A", Cut.margin_A, least=0, most=30) if radius is None else Cut.margin_A
        edit = Cut(margin, radius, table.choice("box", ("vacuum", "packed"), Cut.box))
    else:
        radius = table.number("radius_A", least=5, most=200)
        edit = Seed(framework_of(table), radius, table.flag("at_random", False))
    table.finish()
    return Stage(kind, edit=edit)


def read_temperature(table: Table) -> tuple[float, float]:
    """A temperature, or both ends of a ramp, K."""
    expected = "a temperature above 0, or a ramp as a list of two, such as [1600, 600]"
    value = table.get("temperature_K", expected)
    if isinstance(value, list):
        first, last = table.numbers("temperature_K", 2, least=0, most=HOTTEST_K)
    else:
        first = last = table.number("temperature_K", above=0, most=HOTTEST_K)
    if min(first, last) <= 0:
        raise table.error("temperature_K", expected)
    return float(first), float(last)


def framework_of(table: Table) -> str:
    """A framework type, with the marks of the database (``*BEA``) or without."""
    code = bare_code(table.text("framework"))
    if code not in startable_codes():
        raise table.error("framework", f"a known name; {nearest_start(code)}")
    return code
