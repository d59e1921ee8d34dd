"""What a fine run measured, as parameters of a coarser level: the file ``upward.toml``.

A run of beads tells how strongly two nanoparticles hold together and how often two that touch become bonded.
The level of particles takes both as parameters. The file has each with its error, and what was measured::

    form = "upward"

    [source]
    what = "pairs of quenched clusters of 74 T, joined and annealed"   # in words
    condition = "5f0c..."        # hash of the condition of the run, or "" where there was none
    zeocryst = "1.19.0"          # version that measured
    forcefield = "ts_sigma2"     # of the beads

    [adhesion]                   # of one contact of two particles
    value_eV = 21.4              # energy of the two apart minus that of the two joined; more than 0: they hold
    uncertainty_eV = 1.6         # standard error of the mean over the replicas
    n_replicas = 8               # pairs of clusters, each with turns of its own
    radius_A = [10.0, 10.0]      # Gibbs radii of the two
    temperature_K = 600.0        # at which the contact was annealed; the energies are those of minima (0 K)

    [sticking]                   # of a pair of particles in contact
    rate_per_ns = 3.2            # bonded per ns in contact; 0 where none did
    interval_per_ns = [1.8, 5.3] # exact interval of 95 %; from 0 to a bound where none did
    n_contacts = 22              # pairs that came into contact
    n_bonded = 14                # of them became bonded, and stayed so
    temperature_K = 600.0

Either of the last two tables may be left out. The energy is one of minima of the model of beads, not a free
energy: what two surfaces lose in freedom when they join, and what the water between them gains, is not in it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from zeocryst.foundation.tables import Table
from zeocryst.foundation.textfiles import parse_toml, read_text, write_text

#: What the file calls itself.
FORM = "upward"
#: Largest energy of a contact (eV), rate (per ns), radius (Å) and temperature (K) that the file may have.
MOST_EV, MOST_PER_NS, MOST_RADIUS_A, HOTTEST_K = 1e5, 1e9, 1e4, 1e5
#: Of intervals of rates.
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Source:
    """What measured.

    Attributes
    ----------
    what : str
        In words.
    condition : str
        Hash of the run's condition; empty where there was no run.
    zeocryst : str
        Its version.
    forcefield : str
        Name of that of the beads.
    """

    what: str
    condition: str
    zeocryst: str
    forcefield: str


@dataclass(frozen=True)
class Adhesion:
    """How strongly two particles in contact hold together.

    Attributes
    ----------
    value_eV, uncertainty_eV : float
        Energy of the two apart minus that of the two joined, and the standard error of this mean.
    n_replicas : int
        Pairs that it is the mean of.
    radius_A : (float, float)
        Gibbs radii of the two.
    temperature_K : float
        At which contacts were annealed.
    """

    value_eV: float
    uncertainty_eV: float
    n_replicas: int
    radius_A: tuple[float, float]
    temperature_K: float


@dataclass(frozen=True)
class Sticking:
    """How often particles in contact become bonded.

    Attributes
    ----------
    rate_per_ns : float
        For each contact; 0 where none became bonded.
    interval_per_ns : (float, float)
        Exact interval of 95 %.
    n_contacts, n_bonded : int
        Contacts that were watched, and those that became bonded.
    temperature_K : float
        Of the run.
    """

    rate_per_ns: float
    interval_per_ns: tuple[float, float]
    n_contacts: int
    n_bonded: int
    temperature_K: float

    @property
    def uncertainty_per_ns(self) -> float:
        """Standard error of the rate (that of a Poisson number); where none was seen, the bound."""
        if not self.n_bonded:
            return self.interval_per_ns[1]
        return self.rate_per_ns / math.sqrt(self.n_bonded)


@dataclass(frozen=True)
class Upward:
    """What a fine run measured for a coarser level.

    Attributes
    ----------
    source : Source
    adhesion : Adhesion or None
    sticking : Sticking or None
        Where it was measured; one of the two was.
    """

    source: Source
    adhesion: Adhesion | None = None
    sticking: Sticking | None = None

    @property
    def adhesion_eV(self) -> float | None:
        """Of a contact."""
        return None if self.adhesion is None else self.adhesion.value_eV

    @property
    def adhesion_uncertainty_eV(self) -> float | None:
        """Its standard error."""
        return None if self.adhesion is None else self.adhesion.uncertainty_eV

    @property
    def n_replicas(self) -> int | None:
        """Pairs that the adhesion is the mean of."""
        return None if self.adhesion is None else self.adhesion.n_replicas

    @property
    def sticking_per_ns(self) -> float | None:
        """How often a contact becomes bonded."""
        return None if self.sticking is None else self.sticking.rate_per_ns

    @property
    def sticking_uncertainty_per_ns(self) -> float | None:
        """Its standard error; where none became bonded, the bound."""
        return None if self.sticking is None else self.sticking.uncertainty_per_ns


def read_upward(path: Path) -> Upward:
    """Read such a file.

    Raises
    ------
    InputError
        It cannot be read, or an entry is wrong: names the file, the key, the value and what was expected.
    """
    return parse_upward(read_text(Path(path)), str(path))


def parse_upward(text: str, where: str) -> Upward:
    """What TOML text says; `where` names it in error messages."""
    top = Table(parse_toml(text, where), where)
    top.known("form", "source", "adhesion", "sticking")
    top.choice("form", [FORM])
    source = _source(top.table("source"))
    adhesion = _adhesion(top.table("adhesion")) if "adhesion" in top else None
    sticking = _sticking(top.table("sticking")) if "sticking" in top else None
    if adhesion is None and sticking is None:
        raise top.whole_error("a table [adhesion] or [sticking]: there is nothing to pass on")
    top.finish()
    return Upward(source, adhesion, sticking)


def _source(table: Table) -> Source:
    table.known("what", "condition", "zeocryst", "forcefield")
    condition = table.get("condition", 'the hash of a condition, or ""', "")
    found = Source(
        table.text("what"),
        table.text("condition") if condition else "",
        table.text("zeocryst"),
        table.text("forcefield"),
    )
    table.finish()
    return found


def _adhesion(table: Table) -> Adhesion:
    table.known("value_eV", "uncertainty_eV", "n_replicas", "radius_A", "temperature_K")
    first, second = table.numbers("radius_A", 2, least=1.0, most=MOST_RADIUS_A)
    found = Adhesion(
        table.number("value_eV", least=0, most=MOST_EV),
        table.number("uncertainty_eV", least=0, most=MOST_EV),
        table.integer("n_replicas", least=2),
        (float(first), float(second)),
        table.number("temperature_K", above=0, most=HOTTEST_K),
    )
    table.finish()
    return found


def _sticking(table: Table) -> Sticking:
    table.known("rate_per_ns", "interval_per_ns", "n_contacts", "n_bonded", "temperature_K")
    rate = table.number("rate_per_ns", least=0, most=MOST_PER_NS)
    low, high = table.numbers("interval_per_ns", 2, least=0, most=MOST_PER_NS)
    contacts = table.integer("n_contacts", least=1)
    bonded = table.integer("n_bonded", least=0, most=contacts)
    if not low <= rate <= high or high == 0:
        raise table.error(
            "interval_per_ns", f"from at most to at least rate_per_ns = {rate:g}, and no end at 0"
        )
    if (rate == 0) != (bonded == 0):
        raise table.error("rate_per_ns", f"0 exactly where n_bonded = 0, and n_bonded = {bonded}")
    found = Sticking(
        rate,
        (float(low), float(high)),
        contacts,
        bonded,
        table.number("temperature_K", above=0, most=HOTTEST_K),
    )
    table.finish()
    return found


def upward_toml(upward: Upward) -> str:
    """The text of such a file, as `parse_upward` reads it.

    Raises
    ------
    InputError
        A value is none that the file may have, such as an adhesion below zero: that is no well.
    """
    import tomli_w

    source, adhesion, sticking = upward.source, upward.adhesion, upward.sticking
    content: dict[str, object] = {
        "form": FORM,
        "source": {
            "what": source.what,
            "condition": source.condition,
            "zeocryst": source.zeocryst,
            "forcefield": source.forcefield,
        },
    }
    if adhesion is not None:
        content["adhesion"] = {
            "value_eV": adhesion.value_eV,
            "uncertainty_eV": adhesion.uncertainty_eV,
            "n_replicas": adhesion.n_replicas,
            "radius_A": list(adhesion.radius_A),
            "temperature_K": adhesion.temperature_K,
        }
    if sticking is not None:
        content["sticking"] = {
            "rate_per_ns": sticking.rate_per_ns,
            "interval_per_ns": list(sticking.interval_per_ns),
            "n_contacts": sticking.n_contacts,
            "n_bonded": sticking.n_bonded,
            "temperature_K": sticking.temperature_K,
        }
    text = "# What a fine run measured, for a coarser level: see zeocryst.model.upward.\n" + tomli_w.dumps(
        content
    )
    parse_upward(text, "what was measured")
    return text


def write_upward(upward: Upward, path: Path) -> None:
    """Write such a file, complete or not at all."""
    write_text(path, upward_toml(upward))
