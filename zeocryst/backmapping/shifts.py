r"""29Si chemical shifts that Si-O-Si angles imply, where a correlation covers the site.

Q4 sites of silica follow from their mean Si-O-Si angle,

.. math:: \delta / \mathrm{ppm} = -25.44 - 0.5793\, \langle\theta\rangle / \mathrm{deg}

relative to tetramethylsilane (J. M. Thomas, J. Klinowski, S. Ramdas, B. K. Hunter, D. T. B. Tennakoon, Chem.
Phys. Lett. 102, 158 (1983)), or from the s character of their oxygens' bonds,

.. math:: \delta / \mathrm{ppm} = 2.19 - 247.05\, \langle\rho\rangle, \quad
   \rho = \cos\theta / (\cos\theta - 1)

(G. Engelhardt, R. Radeglia, Chem. Phys. Lett. 108, 271 (1984)). Neither paper was at hand: the numbers are
those of zeolite-analyser (https://github.com/salrodgom/zeolite-analyser, ``src/main.f90``, the second in a
comment of earlier versions). The first is reported; how far the second is from it says how much a correlation
can be trusted.

A straight line in the angle goes on for ever, shifts do not: rho ends at 1/2, so that by the second no Q4 lies
beyond -121.3 ppm, while the first gives -129.7 ppm at 180 degrees. Shifts of Q4 "in the range of -105 ppm to
-120 ppm" are known to follow the mean angle (D. J. Srivastava et al., Phys. Chem. Chem. Phys. 20, 562 (2018),
doi 10.1039/c7cp06486a). By the line these are angles of 137.3 to 163.2 degrees. Sites outside are counted, and
said.

No such correlation with numbers was found for Q3 and less that carry silanols: that of X. Xue and M. Kanzaki
("Correlations between 29Si, 17O and 1H NMR properties and local structures in silicates", 1998) is of computed
Q1 and Q2, and only its abstract was at hand. Such sites are counted and get no shift.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from zeocryst.backmapping.dls import SI_O, SI_SI
from zeocryst.backmapping.local import Local

Floats = NDArray[np.float64]

OFFSET_PPM, PER_DEG = -25.44, -0.5793
SOURCE = "Thomas, Klinowski, Ramdas, Hunter, Tennakoon, Chem. Phys. Lett. 102, 158 (1983)"
RHO_OFFSET_PPM, PER_RHO = 2.19, -247.05
OTHER_SOURCE = "Engelhardt, Radeglia, Chem. Phys. Lett. 108, 271 (1984)"
#: Shifts of Q4 that are known to follow the angle, ppm, and the angles that these are by the line, degrees.
COVERED_PPM = (-105.0, -120.0)
COVERED_DEG = ((COVERED_PPM[0] - OFFSET_PPM) / PER_DEG, (COVERED_PPM[1] - OFFSET_PPM) / PER_DEG)
COVERED_SOURCE = "-105 to -120 ppm: Srivastava et al., Phys. Chem. Chem. Phys. 20, 562 (2018)"
#: Where angles come from that distance least squares put in.
DLS_ANGLES = "distance least squares"
NOT_COVERED = "no cited correlation"
#: The angle of the prescribed Si-O and Si-Si, which the solver puts in wherever nothing opposes, degrees.
SOLVER_DEG = 2 * float(np.degrees(np.arcsin(SI_SI[0] / (2 * SI_O[0]))))
#: An angle this near to it is the solver's own, degrees; how many there would be is told from those up to
#: `AROUND_DEG` away. More than this share of all, and more than chance makes of those, are a peak.
SOLVER_WIDTH_DEG, AROUND_DEG = 0.5, 3.0
SOLVER_SHARE = 0.02


def q4_shifts(local: Local) -> tuple[Floats, Floats, Floats]:
    """Mean Si-O-Si angle (degrees) of each Q4, and its shift by the line and by rho, ppm."""
    site, angle = local.site_of_bridges()
    cosine = np.cos(np.radians(angle))
    n = len(local.sites)
    four = local.q_n == 4
    mean, rho = (np.bincount(site, x, n)[four] / 4 for x in (angle, cosine / (cosine - 1)))
    return mean, OFFSET_PPM + PER_DEG * mean, RHO_OFFSET_PPM + PER_RHO * rho


def shift_record(local: Local) -> dict[str, Any]:
    """What is said about the shifts of a structure whose angles distance least squares made.

    Returns
    -------
    dict
        ``sites``, ``mean``, ``std`` (ppm; None of nothing) and ``source`` of the Q4; ``other_correlation``
        likewise; ``by_q``: for each Q_n that is there its number ``T`` of sites, and ``mean``, ``std`` or
        ``why`` there is none; ``covered_ppm``, ``covered_deg``, ``covered_source``; ``outside``: Q4 sites
        ``below`` and ``above`` these angles; ``angles``: where the angles come from; ``solver_angle_deg`` and
        its shift ``solver_angle_ppm``; ``at_solver_angle``: the share of Si-O-Si angles within
        `SOLVER_WIDTH_DEG` of it, and whether that is a ``solver_peak``; ``warnings``: sentences.
    """
    mean, shifts, other = q4_shifts(local)
    low, high = COVERED_DEG
    count = {n: int((local.q_n == n).sum()) for n in range(4, -1, -1)}
    by_q: dict[str, Any] = {}
    for n, sites in count.items():
        if sites:
            said = _spread(shifts) if n == 4 else {"mean": None, "std": None, "why": NOT_COVERED}
            by_q[f"Q{n}"] = {"T": sites, **said}
    record = {
        "sites": len(shifts),
        **_spread(shifts),
        "source": SOURCE,
        "other_correlation": {**_spread(other), "source": OTHER_SOURCE},
        "by_q": by_q,
        "covered_ppm": list(COVERED_PPM),
        "covered_deg": [round(low, 1), round(high, 1)],
        "covered_source": COVERED_SOURCE,
        "outside": {"below": int((mean < low).sum()), "above": int((mean > high).sum())},
        "angles": DLS_ANGLES,
        "solver_angle_deg": round(SOLVER_DEG, 1),
        "solver_angle_ppm": round(OFFSET_PPM + PER_DEG * SOLVER_DEG, 1),
        **_solver_peak(local.t_o_t),
    }
    return {**record, "warnings": _warnings(record)}


def shifts_in_words(record: dict[str, Any]) -> str:
    """The sentence about the shifts, with every warning; empty where there is no T."""
    if not record["by_q"]:
        return ""
    said = []
    if record["sites"]:
        other = record["other_correlation"]
        said.append(
            f"29Si shifts of {record['sites']} Q4 sites, from the geometry solver's angles and no better than "
            f"these: {record['mean']:.1f} ± {record['std']:.1f} ppm (Thomas et al. 1983; {other['mean']:.1f} ± "
            f"{other['std']:.1f} ppm by Engelhardt and Radeglia 1984)."
        )
    without = [f"{q['T']} {name}" for name, q in record["by_q"].items() if q["mean"] is None]
    if without:
        said.append(f"No 29Si shift of {', '.join(without)} sites: {NOT_COVERED}.")
    return " ".join([*said, *record["warnings"]])


def _warnings(record: dict[str, Any]) -> list[str]:
    """What must be said along with the shifts."""
    said = []
    low, high = record["covered_deg"]
    below, above = record["outside"]["below"], record["outside"]["above"]
    if below + above:
        where = [f"{n} {word}" for n, word in ((below, "below"), (above, "above")) if n]
        said.append(
            f"Warning: {below + above} of these {record['sites']} sites have a mean Si-O-Si angle outside the "
            f"{low:g} to {high:g}° that the correlation is known to cover ({', '.join(where)})."
        )
    if record["solver_peak"]:
        said.append(
            f"Warning: {100 * record['at_solver_angle']:.0f} % of the Si-O-Si angles are the solver's own, "
            f"{record['solver_angle_deg']:g}°, which it puts in where nothing opposes: a peak of shifts at "
            f"{record['solver_angle_ppm']:g} ppm is made by it."
        )
    return said


def _solver_peak(angles: Floats) -> dict[str, Any]:
    """The share of angles that are the solver's own, and whether they stand out among those around them."""
    if len(angles) == 0:
        return {"at_solver_angle": None, "solver_peak": False}
    off = np.abs(angles - SOLVER_DEG)
    near = int((off < SOLVER_WIDTH_DEG).sum())
    around = int(((off >= SOLVER_WIDTH_DEG) & (off < AROUND_DEG)).sum())
    chance = around * SOLVER_WIDTH_DEG / (AROUND_DEG - SOLVER_WIDTH_DEG)
    share = near / len(angles)
    return {
        "at_solver_angle": share,
        "solver_peak": bool(share > SOLVER_SHARE and near > chance + 3 * chance**0.5),
    }


def _spread(values: Floats) -> dict[str, float | None]:
    some = len(values) > 0
    return {"mean": float(values.mean()) if some else None, "std": float(values.std()) if some else None}
