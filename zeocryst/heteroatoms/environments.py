r"""What surrounds each Si: Q4(nAl), the Si/Al that follows from it, and the 29Si spectrum that it implies.

Where no Al-O-Al is there and all T have four bridges, each Al is beside four Si, and

.. math:: \mathrm{Si/Al} = \frac{\sum_n I_n}{\sum_n n I_n / 4}

is exact, I_n the number of Si with n Al around them (J. Klinowski, S. Ramdas, J. M. Thomas, C. A. Fyfe, J. S.
Hartman, J. Chem. Soc. Faraday Trans. 2 78, 1025 (1982)). On a tree of four neighbours the lattice gas without
neighbouring Al has the binomial distribution with p = Al/Si: given that a T is Si, its neighbours are Al
independently, each with the share of bonds of Si that lead to Al. Rings make nets differ from that.

Shifts are those of S. Ramdas, J. Klinowski, Nature 308, 521 (1984), for Si with n Al around it,

.. math:: \delta / \mathrm{ppm} = 143.03 + 7.95\, n - 20.34 \sum_{k=1}^{4} 2 r_k \sin(\theta_k / 2)

with T-O-T angles theta and 2 r = 3.24 Å over O to Si, 3.37 Å to Al. The paper was not at hand and the numbers
are from memory. They give -89.0 ppm for the one Si(4Al) of NaA (148.4 degrees; measured -89.6) and -81.4 ppm
for that of sodalite (138.2 degrees; measured -84.8): no better than `UNCERTAINTY_PPM`, and no better than the
angles.
"""

from __future__ import annotations

from math import comb
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zeocryst.backmapping.local import histogram
from zeocryst.backmapping.oxygens import Silicate
from zeocryst.errors import InputError
from zeocryst.heteroatoms.geometry import silicate_of
from zeocryst.network.bonds import Network

if TYPE_CHECKING:
    from ase import Atoms

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

BASE_PPM, PER_AL_PPM, PER_A_PPM = 143.03, 7.95, -20.34
TO_SI_A, TO_AL_A = 3.24, 3.37
SOURCE = "Ramdas, Klinowski, Nature 308, 521 (1984); constants from memory"
UNCERTAINTY_PPM = 3.5
#: Range of the histogram, ppm.
RANGE_PPM = (-132.0, -72.0)


def bonds_to(network: Network, those: Bools) -> Ints:
    """How many bonds of each T lead to T of `those`, (N,)."""
    n = network.n_sites
    return np.bincount(network.first, those[network.second], n).astype(np.int64) + np.bincount(
        network.second, those[network.first], n
    ).astype(np.int64)


def environments(symbols: list[str], network: Network, element: str = "Al") -> dict[str, Any]:
    """How an element is distributed over the T.

    Parameters
    ----------
    symbols
        Elements of the T, in the network's order.
    network
        Sites and bonds.
    element
        Which one; the names of the entries have it in place of Al.

    Returns
    -------
    dict
        ``n_Al``, ``si_al``; ``q4_nAl``: shares of the Si with four bridges that have 0, ..., 4 Al around them
        (None where there is none), ``q4_sites`` their number; ``si_al_from_q4`` by Klinowski's formula (None
        where no Q4 has Al) and ``exact_from_q4``, whether it has to be `si_al`; ``binomial``: what independent
        neighbours would give; ``al_o_al``: bonds between Al; ``al_o_si_o_al``: pairs of Al on one Si.
    """
    found = np.array(symbols[: network.n_sites])
    those, si = found == element, found == "Si"
    count = bonds_to(network, those)
    number, silicon = int(those.sum()), int(si.sum())
    q4 = si & (network.degree == 4)
    by_n = np.bincount(count[q4], minlength=5)
    total, beside = int(by_n.sum()), int((by_n * np.arange(5)).sum())
    share = beside / (4 * total) if total else 0.0
    touching = int((those[network.first] & those[network.second]).sum())
    low = element.lower()
    return {
        f"n_{element}": number,
        f"si_{low}": silicon / number if number else None,
        f"q4_n{element}": (by_n / total).tolist() if total else None,
        "q4_sites": total,
        f"si_{low}_from_q4": 4 * total / beside if beside else None,
        "exact_from_q4": bool(
            number and touching == 0 and (network.degree[those | si] == 4).all() and (those | si).all()
        ),
        "binomial": [comb(4, n) * share**n * (1 - share) ** (4 - n) for n in range(5)] if total else None,
        f"{low}_o_{low}": touching,
        f"{low}_o_si_o_{low}": int((count * (count - 1) // 2)[si].sum()),
    }


def shifts(silicate: Silicate, aluminium: Bools) -> Floats:
    """29Si shift of each T with four bridges, as if it were Si, ppm; NaN of others, (N,)."""
    network = silicate.network
    first = network.positions[network.first] - silicate.bridging
    second = first + network.vectors
    cosine = (first * second).sum(axis=1) / np.linalg.norm(first, axis=1) / np.linalg.norm(second, axis=1)
    half = np.sin(np.arccos(np.clip(cosine, -1, 1)) / 2)
    ends = np.concatenate([network.first, network.second])
    partner = aluminium[np.concatenate([network.second, network.first])]
    across = np.where(partner, TO_AL_A, TO_SI_A) * np.tile(half, 2)
    found = BASE_PPM + PER_AL_PPM * bonds_to(network, aluminium)
    found = found + PER_A_PPM * np.bincount(ends, across, network.n_sites)
    return np.asarray(np.where(network.degree == 4, found, np.nan))


def spectrum(atoms: Atoms, network: Network) -> dict[str, Any]:
    """The 29Si spectrum that angles and neighbours imply.

    Parameters
    ----------
    atoms
        T, bridging O, O of silanols first, as back-mapping makes them.
    network
        Its sites and bonds.

    Returns
    -------
    dict
        ``lines``: of each n with Si of it ``n``, ``sites``, ``mean`` and ``std`` (ppm); ``histogram``;
        ``source``, ``uncertainty_ppm``; ``without``: Si with fewer bridges or other neighbours, which get no
        shift.
    """
    silicate = silicate_of(atoms, network)
    symbols = np.array(atoms.get_chemical_symbols()[: network.n_sites])
    aluminium, si = symbols == "Al", symbols == "Si"
    foreign = bonds_to(network, ~aluminium & ~si) > 0
    ppm = shifts(silicate, aluminium)
    covered = si & np.isfinite(ppm) & ~foreign
    count = bonds_to(network, aluminium)
    lines = []
    for n in range(5):
        some = ppm[covered & (count == n)]
        if len(some):
            lines.append({"n": n, "sites": len(some), "mean": float(some.mean()), "std": float(some.std())})
    return {
        "lines": lines,
        "histogram": histogram(ppm[covered], *RANGE_PPM, 60),
        "source": SOURCE,
        "uncertainty_ppm": UNCERTAINTY_PPM,
        "without": int(si.sum() - covered.sum()),
    }


def aluminium_record(atoms: Atoms, network: Network, element: str = "Al") -> dict[str, Any]:
    """The entry ``aluminium`` of ``summary.json``: `environments` and, as ``shift_29Si_ppm``, `spectrum`."""
    symbols = atoms.get_chemical_symbols()
    if element not in symbols[: network.n_sites]:
        raise InputError(f"there is no {element} on the T sites")
    return {**environments(symbols, network, element), "shift_29Si_ppm": spectrum(atoms, network)}
