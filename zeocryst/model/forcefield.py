r"""Force fields: reads ``forcefields/*.toml``, and imports and exports LAMMPS ``.sw`` files.

A Stillinger-Weber (SW) force field is

.. math:: E = \sum_{i<j} A \epsilon [B (\sigma/r)^p - (\sigma/r)^q] e^{\sigma/(r - a\sigma)}
   + \sum_i \sum_{j<k} \lambda \epsilon (\cos\theta_{jik} - \cos\theta_0)^2
   e^{\gamma\sigma/(r_{ij} - a\sigma)} e^{\gamma\sigma/(r_{ik} - a\sigma)}

(F. H. Stillinger, T. A. Weber, Phys. Rev. B 31, 5262 (1985); A, B, p, q, a, gamma and sigma belong to
the pairs, lambda, epsilon and cos theta0 of the second sum to the triplet, the vertex named first).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from zeocryst.errors import InputError, nearest
from zeocryst.foundation.tables import Table
from zeocryst.foundation.textfiles import parse_toml, read_text

FORM = "stillinger-weber"
#: What a T is unless the file's `site` says otherwise; only such T have O between them, and become atoms.
SILICATE = "SiO4"

#: What the parameters of a pair may be: more than, at least, at most. Wide enough for every published model
#: (Si, Ge, water, silica, nitrides, two-dimensional materials, ions): epsilon 1e-4 to 6 eV, sigma 0.2 to 8 Å,
#: a 1.2 to 6, A 0.02 to 40, B 0 to 20, p 4 to 12, q 0 to 6, gamma 0 to 4.
RANGES: dict[str, tuple[float | None, float, float]] = {
    "epsilon_eV": (0.0, 1e-8, 1e3),
    "sigma_A": (0.0, 0.05, 50.0),
    "a": (0.0, 0.5, 50.0),
    "A": (None, 0.0, 1e4),
    "B": (None, 0.0, 1e4),
    "p": (None, 0.0, 40.0),
    "q": (None, 0.0, 40.0),
    "gamma": (None, 0.0, 50.0),
}
#: Longest range of a pair, Å, and largest strength of a triplet, lambda, and mass, amu.
LONGEST_CUTOFF_A, LARGEST_LAMBDA, LIGHTEST_AMU, HEAVIEST_AMU = 60.0, 1e4, 0.1, 1e6

Floats = NDArray[np.float64]


class TwoBody(Protocol):
    """What two beads are to each other: what engines ask of a pair of types."""

    @property
    def cutoff_A(self) -> float:
        """Distance from which they do not interact, Å."""
        ...

    @property
    def start_A(self) -> float:
        """Distance that no run comes below, Å; 0 where nobody knows. A table may begin there."""
        ...

    @property
    def detail_A(self) -> float:
        """Lengths that a table has to resolve, Å; infinite where that of any engine will do."""
        ...

    @property
    def stiffness_eV_per_A2(self) -> float:
        """Largest curvature of the energy that two beads alone meet, eV/Å^2."""
        ...

    def two_body(self, r: Floats) -> tuple[Floats, Floats]:
        """Energy (eV) and force (eV/Å) at distances `r` (Å) below the cut-off."""
        ...


@dataclass(frozen=True)
class Pair:
    """Parameters of a pair of types; energies in eV, lengths in Å, the rest without unit."""

    epsilon_eV: float
    sigma_A: float
    a: float
    A: float
    B: float
    p: float
    q: float
    gamma: float

    @property
    def cutoff_A(self) -> float:
        """Distance from which the pair does not interact, Å."""
        return self.a * self.sigma_A

    @property
    def start_A(self) -> float:
        """Nothing is known of how near beads come, Å."""
        return 0.0

    @property
    def detail_A(self) -> float:
        """Any table resolves it."""
        return math.inf

    @property
    def stiffness_eV_per_A2(self) -> float:
        """Curvature at the minimum of the two-body energy, eV/Å^2; 0 for a pair that has none."""
        return _curvature(self)

    def two_body(self, r: Floats) -> tuple[Floats, Floats]:
        """Energy (eV) and force (eV/Å) of the two-body part at distances `r` (Å) below the cut-off."""
        s = self.sigma_A / r
        gap = 1.0 / (r - self.cutoff_A)
        strength = self.A * self.epsilon_eV * np.exp(self.sigma_A * gap)
        energy = strength * (self.B * s**self.p - s**self.q)
        slope = strength * (self.q * s**self.q - self.p * self.B * s**self.p) / r
        return energy, energy * self.sigma_A * gap * gap - slope


# a condition asks for each pair of its model, and thousands of conditions have the same
@lru_cache(maxsize=1024)
def _curvature(pair: Pair) -> float:
    r = np.linspace(0.3 * pair.sigma_A, pair.cutoff_A, 4001)[:-1]
    energy, force = pair.two_body(r)
    low = int(np.argmin(energy))
    if not 0 < low < len(r) - 1:
        return 0.0
    return float(-(force[low + 1] - force[low - 1]) / (r[low + 1] - r[low - 1]))


@dataclass(frozen=True)
class Triplet:
    """Parameters of a triplet of types, the vertex first; energy in eV."""

    epsilon_eV: float
    lambda_: float
    cos_theta0: float


@dataclass(frozen=True)
class ForceField:
    """A force field of beads: one of Stillinger and Weber, or pairs of another form without triplets.

    Attributes
    ----------
    name, source : str
    masses : dict
        Mass of each bead type, amu.
    pairs : dict
        (type, type) -> `Pair`, or another `TwoBody`; both orders present.
    triplets : dict
        (vertex, arm, arm) -> `Triplet`, both orders of the arms present; what is absent is zero.
    site : str
        What one T is: `SILICATE`, or a molecule or an atom, such as H2O or Si.
    """

    name: str
    source: str
    masses: dict[str, float]
    pairs: Mapping[tuple[str, str], TwoBody]
    triplets: Mapping[tuple[str, str, str], Triplet]
    site: str = SILICATE

    @property
    def types(self) -> list[str]:
        """Names of the bead types, in the order of the file."""
        return list(self.masses)

    @property
    def cutoff_A(self) -> float:
        """Longest range of any pair, Å."""
        return max(pair.cutoff_A for pair in self.pairs.values())

    @property
    def of_stillinger_weber(self) -> bool:
        """Whether all pairs are those of Stillinger and Weber."""
        return all(isinstance(pair, Pair) for pair in self.pairs.values())

    def pair(self, first: str, second: str) -> Pair:
        """The parameters of a pair of types in Stillinger and Weber's form.

        Raises
        ------
        InputError
            The pair has another form.
        """
        found = self.pairs[first, second]
        if not isinstance(found, Pair):
            raise InputError(f"{self.name}: the pair {first}-{second} has not the form of Stillinger and Weber")
        return found


def shipped(form: str = FORM) -> list[str]:
    """Names of the force fields of a form that come with zeocryst; without it, of beads."""
    folder = resources.files("zeocryst.forcefields")
    line = f'form = "{form}"\n'
    return sorted(
        f.name[:-5] for f in folder.iterdir() if f.name.endswith(".toml") and line in f.read_text("utf-8")
    )


def read_forcefield(name: str | Path) -> ForceField:
    """Read a force field by the name of a shipped one, or from a TOML file.

    A LAMMPS ``.sw`` file is imported with `read_sw`, which needs the masses, and `write_forcefield`.

    Raises
    ------
    InputError
        There is no such file or name, or an entry is wrong: names the file, the key, the value and what
        was expected.
    """
    if str(name) in shipped():
        text = resources.files("zeocryst.forcefields").joinpath(f"{name}.toml").read_text("utf-8")
        return parse_forcefield(text, f"forcefields/{name}.toml")
    path = Path(name)
    if not path.is_file():
        raise InputError(f"no force field {str(name)!r}: {nearest(str(name), shipped())}, or a file")
    return parse_forcefield(read_text(path), str(path))


def read_beside(folder: Path, name: str) -> ForceField:
    """Read a force field that a file in a folder names: one of a file beside it, or `read_forcefield`."""
    beside = folder / name
    return read_forcefield(beside if beside.is_file() else name)


def parse_forcefield(text: str, where: str) -> ForceField:
    """A force field from TOML text; `where` names it in error messages."""
    top = Table(parse_toml(text, where), where)
    top.known("name", "source", "form", "site", "types", "pair", "triplet")
    name, source, site = top.text("name"), top.text("source"), top.text("site", SILICATE)
    top.choice("form", [FORM])
    masses = _read_masses(top.table("types"))
    pairs: dict[tuple[str, str], Pair] = {}
    for entry in top.tables("pair", least=1):
        i, j = entry.words("types", 2, masses)
        if (i, j) in pairs:
            raise entry.error("types", "each pair once")
        pairs[i, j] = pairs[j, i] = _read_pair(entry)
    for i in masses:
        for j in masses:
            if (i, j) not in pairs:
                raise InputError(f"{where}: pair: no entry with types = [{i!r}, {j!r}]; expected one")
    triplets: dict[tuple[str, str, str], Triplet] = {}
    for entry in top.tables("triplet"):
        entry.known("types", "epsilon_eV", "lambda", "cos_theta0")
        i, j, k = entry.words("types", 3, masses)
        if (i, j, k) in triplets:
            raise entry.error("types", "each triplet once")
        cosine = {"least": -1.0, "most": 1.0}
        triplet = Triplet(
            entry.number("epsilon_eV", above=0, least=1e-8, most=1e3),
            entry.number("lambda", least=0, most=LARGEST_LAMBDA),
            entry.number("cos_theta0", **cosine),
        )
        entry.finish()
        triplets[i, j, k] = triplets[i, k, j] = triplet
    top.finish()
    return ForceField(name, source, masses, pairs, triplets, site)


def _read_masses(types: Table) -> dict[str, float]:
    masses = {}
    for name in types.names():
        entry = types.table(name)
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,15}", name):
            raise types.error(name, "a name of letters, digits and _, begun with a letter, at most 16 in all")
        entry.known("mass_amu")
        masses[name] = entry.number("mass_amu", above=0, least=LIGHTEST_AMU, most=HEAVIEST_AMU)
        entry.finish()
    if not masses:
        raise types.error("NAME", "a table [types.NAME] for each bead type")
    return masses


def _read_pair(entry: Table) -> Pair:
    for key in RANGES:
        entry.get(key, "", None)
    entry.known("types", *RANGES)
    given = {
        key: entry.number(key, above=above, least=least, most=most)
        for key, (above, least, most) in RANGES.items()
    }
    entry.finish()
    pair = Pair(**given)
    if pair.cutoff_A > LONGEST_CUTOFF_A:
        raise entry.error(
            "a", f"less: the pair reaches a sigma_A = {pair.cutoff_A:g} Å, at most {LONGEST_CUTOFF_A:g}"
        )
    # near r = 0 a pair must not attract without bound
    if pair.A > 0 and (pair.q > pair.p if pair.B > 0 else pair.q > 0):
        raise entry.error(
            "q", f"at most p = {pair.p:g} where B is more than 0, else 0: closer beads would fall together"
        )
    return pair


def write_sw(forcefield: ForceField, path: Path, types: list[str] | None = None) -> None:
    """Export as a LAMMPS ``.sw`` file (units metal), one line for each ordered triplet of `types`."""
    names = types or forcefield.types
    none = Triplet(0.0, 0.0, -1.0 / 3.0)
    lines = [
        f"# {forcefield.name}: {forcefield.source}",
        "# units metal; i j k epsilon sigma a lambda gamma costheta0 A B p q tol",
    ]
    for i in names:
        for j in names:
            for k in names:
                pair = forcefield.pair(i, j)
                three = forcefield.triplets.get((i, j, k), none)
                # LAMMPS takes the two-body epsilon from i j j, the three-body one from i j k
                epsilon = pair.epsilon_eV if j == k or not three.lambda_ else three.epsilon_eV
                strength = three.lambda_ * three.epsilon_eV / epsilon
                values = [epsilon, pair.sigma_A, pair.a, strength, pair.gamma, three.cos_theta0]
                values += [pair.A, pair.B, pair.p, pair.q, 0.0]
                lines.append(f"{i} {j} {k} " + " ".join(f"{v:.16g}" for v in values))
    path.write_text("\n".join(lines) + "\n", "utf-8")


def read_sw(path: Path, masses: dict[str, float]) -> ForceField:
    """Import a LAMMPS ``.sw`` file (units metal); it has no masses, so `masses` (amu) names the types.

    Raises
    ------
    InputError
        A line has the wrong number of entries, something that is no number, or a triplet of the types
        is missing. Entries for other types are left out.
    """
    words: list[str] = []
    for line in read_text(path).splitlines():
        words += line.split("#")[0].split()
    if not words or len(words) % 14:
        raise InputError(f"{path}: {len(words)} entries; expected 14 for each triplet (3 types, 11 numbers)")
    entries: dict[tuple[str, str, str], list[float]] = {}
    for n in range(0, len(words), 14):
        i, j, k = words[n : n + 3]
        try:
            entries[i, j, k] = [float(w) for w in words[n + 3 : n + 14]]
        except ValueError as error:
            raise InputError(f"{path}: entry {i} {j} {k}: {error}; expected 11 numbers") from None
    pairs: dict[tuple[str, str], Pair] = {}
    triplets: dict[tuple[str, str, str], Triplet] = {}
    for i in masses:
        for j in masses:
            for k in masses:
                if (i, j, k) not in entries:
                    raise InputError(f"{path}: no entry for {i} {j} {k}; expected one for each triplet")
                epsilon, _, _, strength, _, cos0 = entries[i, j, k][:6]
                if strength:
                    triplets[i, j, k] = Triplet(epsilon, strength, cos0)
            epsilon, sigma, a, _, gamma, _, big_a, big_b, p, q, _ = entries[i, j, j]
            pairs[i, j] = Pair(epsilon, sigma, a, big_a, big_b, p, q, gamma)
    return ForceField(path.stem, f"imported from {path.name}", dict(masses), pairs, triplets)


def write_forcefield(forcefield: ForceField, path: Path) -> None:
    """Write a force field as TOML, as `read_forcefield` reads it."""
    path.write_text(forcefield_text(forcefield), "utf-8")


def forcefield_text(forcefield: ForceField) -> str:
    """A force field as TOML, as `parse_forcefield` reads it."""
    import tomli_w

    content: dict[str, Any] = {
        "name": forcefield.name,
        "form": FORM,
        "source": forcefield.source,
        "site": forcefield.site,
        "types": {name: {"mass_amu": mass} for name, mass in forcefield.masses.items()},
        "pair": [
            {"types": [i, j], **asdict(forcefield.pair(i, j))}
            for i, j in forcefield.pairs
            if forcefield.types.index(i) <= forcefield.types.index(j)
        ],
        "triplet": [
            {
                "types": [i, j, k],
                "epsilon_eV": t.epsilon_eV,
                "lambda": t.lambda_,
                "cos_theta0": t.cos_theta0,
            }
            for (i, j, k), t in forcefield.triplets.items()
            if forcefield.types.index(j) <= forcefield.types.index(k)
        ],
    }
    return tomli_w.dumps(content)
