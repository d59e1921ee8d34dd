"""What can be said of a crystal that is in no table: symmetry, relatives and a name.

**Name** (`net_name`): ``net-`` and eight digits, the beginning of the SHA-256 of the net's kinds of sites. A
kind is a coordination sequence to `TABLE_SHELLS` shells with a vertex symbol; kinds come with their shares, as
the smallest whole numbers. So it depends on the net alone, and is the same for every cell and every frame of
it, hot or relaxed, as long as no bond is wrong.

**Symmetry** (`symmetry`): spglib on the T positions. Positions of simulations are noisy, and no one tolerance
is right for all; every one of `TOLERANCES_A` is tried. One is refused if it makes two T equivalent that have
different coordination sequences, which is too much, whatever the distances are. Of the others the one with the
most symmetry operations per T is taken, and of equal ones the smallest. What comes out is the symmetry of the
T positions, which can be lower than that of the net, and needs a relaxed structure.

**Relatives** (`relatives`): framework types with sites whose coordination sequences begin as the crystal's.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import warnings
from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zeocryst.frameworks.table import framework_entry, framework_types
from zeocryst.network.barycentric import count_translations
from zeocryst.network.bonds import Network
from zeocryst.network.periodicity import pieces
from zeocryst.network.rings import vertex_symbols
from zeocryst.network.topology import coordination_sequences
from zeocryst.network.translations import has_defect
from zeocryst.order.sites import TABLE_SHELLS, matched_depth

#: spglib's tolerances that are tried, Å.
TOLERANCES_A = (0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5)
#: spglib's time grows with the square of the number of sites: 10 s for as many without symmetry.
MOST_SITES = 1024
#: Shells at which relatives are compared, and how many are named.
RELATIVE_SHELLS = (5, 8, TABLE_SHELLS)
BEST = 5
#: Cells of this many T hold one or a few of each kind of site.
SMALL_CELL_SITES = 24
#: Symmetry is looked for where at least this share of a frame's T belong to the crystal.
WHOLE_SHARE = 0.9
#: What `symmetry` gives.
SYMMETRY = ("space_group", "space_group_number", "n_T_sites", "symprec_A", "T_per_cell", "cell")

Floats = NDArray[np.float64]
Kinds = Counter[tuple[tuple[int, ...], str]]


def site_kinds(network: Network, depth: int = TABLE_SHELLS, chosen: NDArray[np.int64] | None = None) -> Kinds:
    """How many sites there are of each kind: coordination sequence to `depth` shells, and vertex symbol."""
    sequences = coordination_sequences(network, depth)
    rows = sequences if chosen is None else sequences[chosen]
    return Counter(zip(map(tuple, rows.tolist()), vertex_symbols(network, chosen), strict=True))


def shares(kinds: Kinds) -> Kinds:
    """The same kinds, with the smallest whole numbers of the same ratios."""
    divisor = math.gcd(*kinds.values())
    return Counter({kind: count // divisor for kind, count in kinds.items()})


def net_name(kinds: Kinds) -> str:
    """A name that depends on the net alone; see the module's docstring.

    Parameters
    ----------
    kinds
        Of all sites, to `TABLE_SHELLS` shells.
    """
    content = [[*sequence, symbol, count] for (sequence, symbol), count in sorted(shares(kinds).items())]
    text = json.dumps(content, ensure_ascii=True, separators=(",", ":"))
    return f"net-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def is_perfect(network: Network, kinds: Kinds) -> bool:
    """Whether a cell is that of a perfect crystal: one framework whose kinds of sites recur.

    A kind has two sites or more in the mean, in a primitive cell of the net; in a disordered network hardly any
    two sites have the same twelve shells, unless its cell is repeated. In a primitive cell of at most
    `SMALL_CELL_SITES` each may be a kind of its own, if all have four bonds: nobody simulates disorder in such
    a cell. A vacancy or a wrong bond leaves most of a larger cell as it was, so that it nearly repeats itself.
    """
    n = network.n_sites
    small = n <= SMALL_CELL_SITES and bool((network.degree == 4).all())
    if 2 * len(kinds) > n and not small:
        return False
    found = pieces(network)
    if len(found) > 1 or found[0].directions < 3:
        return False
    if small:
        return True
    rows = coordination_sequences(network, TABLE_SHELLS)
    copies = count_translations(network, np.unique(rows, axis=0, return_inverse=True)[1].ravel())
    recurs = 2 * len(kinds) * copies <= n or n <= SMALL_CELL_SITES * copies
    return recurs and not has_defect(network)


def table_type(kinds: Kinds) -> str | None:
    """The framework type that has exactly these kinds of sites, in these shares; None if there is none.

    Parameters
    ----------
    kinds
        Of all sites, to as many shells as the table has (`zeocryst.order.derive.SHELLS`).
    """
    mine = shares(kinds)
    for code in framework_types():
        theirs: Kinds = Counter()
        for site in framework_entry(code)["sites"]:
            theirs[tuple(site["coordination_sequence"]), site["vertex_symbol"]] += site["multiplicity"]
        if shares(theirs) == mine:
            return code
    return None


def relatives(sequences: NDArray[np.int32]) -> list[dict[str, Any]]:
    """Framework types whose sites agree deepest with the given ones.

    Parameters
    ----------
    sequences : (N, TABLE_SHELLS) int32 array
        Coordination sequences.

    Returns
    -------
    list of dict
        The best `BEST`: ``code``; ``share_5``, ``share_8`` and ``share_12``, the shares of the given sites that
        agree with some site of the type to that many shells; ``deepest_shell``. Those that agree to most shells
        with most sites come first.
    """
    depth = matched_depth(sequences)
    rows: list[dict[str, Any]] = []
    for column, code in enumerate(framework_types()):
        mine = depth[:, column]
        counted = {f"share_{s}": round(float((mine >= s).mean()), 4) for s in RELATIVE_SHELLS}
        if counted[f"share_{RELATIVE_SHELLS[0]}"] > 0:
            rows.append({"code": code, **counted, "deepest_shell": int(mine.max())})
    keys = [f"share_{s}" for s in reversed(RELATIVE_SHELLS)]
    return sorted(rows, key=lambda row: ([-row[key] for key in keys], row["code"]))[:BEST]


def run_spglib(positions: Floats, numbers: NDArray[np.int64], cell: Floats, tolerance: float) -> Any:
    """What spglib finds in a structure at a tolerance (Å); None if it finds nothing.

    Parameters
    ----------
    positions : (N, 3) array, Å
    numbers : (N,) int array
        Kinds of atoms.
    cell : (3, 3) array, Å
    tolerance
    """
    os.environ.setdefault("SPGLIB_WARNING", "OFF")  # it prints what we ask for by scanning
    import spglib
    import spglib.error

    spglib.error.OLD_ERROR_HANDLING = False  # raise, rather than return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return spglib.get_symmetry_dataset(
                (cell, positions @ np.linalg.inv(cell), numbers), symprec=tolerance
            )
        except spglib.error.SpglibError:
            return None  # at this tolerance it cannot decide


def _datasets(network: Network) -> list[tuple[float, Any]]:
    """What spglib finds at each tolerance where it finds anything."""
    same = np.ones(network.n_sites, dtype=int)
    found = [(t, run_spglib(network.positions, same, network.cell, t)) for t in TOLERANCES_A]
    return [(tolerance, dataset) for tolerance, dataset in found if dataset is not None]


def find_symmetry(network: Network, sequences: NDArray[np.int32]) -> tuple[float, Any] | None:
    """The tolerance (Å) and spglib's dataset that the module's docstring says; None if there is none."""
    import spglib

    best, most = None, 0.0
    for tolerance, dataset in _datasets(network):
        orbits = dataset.crystallographic_orbits
        if any(len(np.unique(sequences[orbits == orbit], axis=0)) > 1 for orbit in np.unique(orbits)):
            continue
        operations = spglib.get_symmetry_from_database(dataset.hall_number)["rotations"]
        per_site = len(operations) / len(dataset.std_types)
        if per_site > most * (1 + 1e-9):
            best, most = (tolerance, dataset), per_site
    return best


def symmetry(network: Network, sequences: NDArray[np.int32]) -> dict[str, Any]:
    """Space group and number of T sites of a network's T positions.

    Parameters
    ----------
    network
        A whole frame.
    sequences : (N, D) int32 array
        Coordination sequences.

    Returns
    -------
    dict
        ``space_group`` (Hermann-Mauguin), ``space_group_number``, ``n_T_sites`` (orbits), ``symprec_A`` (the
        tolerance), ``T_per_cell`` and ``cell``: a, b, c (Å), alpha, beta, gamma (degrees) in the standard
        setting.
        All None above `MOST_SITES` sites.
    """
    found = find_symmetry(network, sequences) if network.n_sites <= MOST_SITES else None
    if found is None:
        return dict.fromkeys(SYMMETRY)
    from ase.cell import Cell

    tolerance, dataset = found
    values = (
        str(dataset.international), int(dataset.number), len(np.unique(dataset.crystallographic_orbits)),
        tolerance, len(dataset.std_types), np.round(Cell(dataset.std_lattice).cellpar(), 4).tolist(),
    )  # fmt: skip
    return dict(zip(SYMMETRY, values, strict=True))


def describe_crystal(network: Network, mine: NDArray[np.bool_]) -> dict[str, Any]:
    """What can be said of a crystal in no table.

    Parameters
    ----------
    network
        A whole frame.
    mine : (N,) bool array
        The sites that belong to the crystal.

    Returns
    -------
    dict
        ``sites``; ``name`` (`net_name`; None unless all sites of the frame belong to the crystal and it
        `is_perfect`, since otherwise surroundings that are not the crystal's are among them); what `symmetry`
        gives, None where less than `WHOLE_SHARE` of the sites belong; ``relatives``.
    """
    sequences = coordination_sequences(network, TABLE_SHELLS)
    kinds = site_kinds(network)
    whole = mine.all() and is_perfect(network, kinds)
    found = symmetry(network, sequences) if mine.mean() >= WHOLE_SHARE else dict.fromkeys(SYMMETRY)
    return {
        "sites": int(mine.sum()),
        "name": net_name(kinds) if whole else None,
        **found,
        "relatives": relatives(sequences[mine]),
    }


def primitive_network(network: Network, sequences: NDArray[np.int32]) -> Network:
    """The same net in the primitive cell that its T positions have; the given one where that cannot be.

    Each site of the primitive cell takes the bonds of the first site of the given cell that it stands for.
    """
    found = find_symmetry(network, sequences) if network.n_sites <= MOST_SITES else None
    if found is None:
        return network
    number = np.asarray(found[1].mapping_to_primitive)
    n = int(number.max()) + 1
    if n == network.n_sites:
        return network
    lattice = np.asarray(found[1].primitive_lattice)
    if abs(abs(np.linalg.det(network.cell)) / abs(np.linalg.det(lattice)) - network.n_sites / n) > 0.1:
        return network
    representative = np.unique(number, return_index=True)[1]
    home = network.positions[representative]
    mine = network.first == representative[number[network.first]]
    back = network.second == representative[number[network.second]]
    ends = [(network.first[mine], network.second[mine], network.vectors[mine])]
    ends.append((network.second[back], network.first[back], -network.vectors[back]))
    source, target, vector = (np.concatenate([e[k] for e in ends]) for k in range(3))
    a, b = number[source], number[target]
    steps = (network.positions[source] + vector - home[b]) @ np.linalg.inv(lattice)
    shift = np.round(steps).astype(np.int64)
    # each bond came from both of its ends: keep one of the two
    rows = np.column_stack([a, b, shift])
    other = np.column_stack([b, a, -shift])
    forward = [tuple(r) <= tuple(o) for r, o in zip(rows.tolist(), other.tolist(), strict=True)]
    rows = np.unique(rows[forward], axis=0)
    small = replace(
        network, positions=home, cell=lattice, first=rows[:, 0].copy(), second=rows[:, 1].copy(),
        shift=rows[:, 2:].copy(), dropped=0,
    )  # fmt: skip
    depth = sequences.shape[1]
    same = np.array_equal(coordination_sequences(small, depth), sequences[representative])
    return small if same else network
