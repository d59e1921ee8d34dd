r"""Could it be synthesized? The local interatomic distances (LID) that zeolites obey.

Y. Li, J. Yu, R. Xu, Angew. Chem. Int. Ed. 52, 1673 (2013): in zeolites that exist the mean edge of a
tetrahedron and the mean T-T distance follow the mean T-O distance on straight lines, and standard deviations
and ranges of all three kinds of distances are small.

.. math:: |\langle D_{OO}\rangle - a_1 \langle D_{TO}\rangle - b_1| \le \epsilon_1, \quad
   |\langle D_{TT}\rangle - a_2 \langle D_{TO}\rangle - b_2| \le \epsilon_2

The numbers here are those that the Zeolite Structure Prediction Platform applies
(https://github.com/BlueGhosts/Zeolite-Structure-Prediction-Platform-Based-on-LSF-Queue-System, commit 3c8822c,
``Codes/LID_Judge/LID_Judge.py``; without RWY, AHT, VFI and MVY); the paper itself was not at hand.

They are for structures relaxed in a silica force field, where bonds become shorter as Si-O-Si angles open.
Distance least squares knows no such thing: it makes all bonds 1.61 Å, so that the second line says nothing
about its structures: 2 of the 237 fully connected reference frameworks, which were made by DLS-76, lie on it.
The other seven criteria hold for 219 of the 237.

So a structure of distance least squares that breaks one of these seven is not feasible; one that breaks none is
not therefore feasible, since a criterion is left that could not be judged. Its verdict is withheld, with the
reason. Structures relaxed with their cells by SLC, the shell model, are judged by all eight: AFI, CHA, FER,
MEL, MTW, SGT and SOD meet each with at most 0.63 of its limit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SOURCE = (
    "Li, Yu, Xu, Angew. Chem. Int. Ed. 52, 1673 (2013); limits as in LID_Judge.py of the Zeolite Structure "
    "Prediction Platform"
)
#: Slope, intercept (Å) and largest offset (Å) of the lines against the mean T-O distance.
LINES = {"O-O": (1.6310673632, 0.0027805611, 0.001025425), "T-T": (-4.9448452543, 10.9967799179, 0.005475)}
#: Largest standard deviation and range, Å.
SPREADS = {"T-O": (0.019575, 0.063453), "O-O": (0.059779, 0.275582), "T-T": (0.088922, 0.333253)}


def feasibility(distances: Mapping[str, float | None], *, relaxed: bool = False) -> dict[str, Any]:
    """The criteria, one by one, for a structure made by distance least squares, or relaxed.

    Parameters
    ----------
    distances
        `zeocryst.backmapping.local.Local.distances`, Å.
    relaxed
        Whether a force field for silica has relaxed the structure with its cell, so that all can be judged.

    Returns
    -------
    dict
        ``criteria``: a list of ``name``, ``value_A``, ``limit_A`` and ``met`` (None where it is not judged);
        ``feasible``: False where one of them is not met, True where all are judged and met, else None;
        ``withheld``: why it is None; ``source``.
    """
    criteria: list[dict[str, Any]] = []
    t_o = distances["T-O_mean_A"]
    for kind, (slope, intercept, most) in LINES.items():
        mean = distances[f"{kind}_mean_A"]
        offset = None if mean is None or t_o is None else abs(mean - slope * t_o - intercept)
        judged = (relaxed or kind == "O-O") and offset is not None
        criteria.append(_criterion(f"{kind} from its line", offset, most, judged))
    for kind, limits in SPREADS.items():
        for what, most in zip(("std", "range"), limits, strict=True):
            value = distances[f"{kind}_{what}_A"]
            words = "standard deviation" if what == "std" else "range"
            criteria.append(_criterion(f"{kind} {words}", value, most, value is not None))
    broken = any(c["met"] is False for c in criteria)
    whole = all(c["met"] for c in criteria)
    return {
        "criteria": criteria,
        "feasible": False if broken else True if whole else None,
        "withheld": None if broken or whole else _reason(criteria),
        "source": SOURCE,
    }


def feasibility_in_words(record: Mapping[str, Any]) -> str:
    """The sentence about the criteria; empty where there is nothing to judge."""
    criteria = record["criteria"]
    judged = [c for c in criteria if c["met"] is not None]
    if not judged:
        return ""
    broken = ", ".join(c["name"] for c in judged if not c["met"])
    said = f"Of {len(criteria)} criteria on local distances that synthesized zeolites meet (Li, Yu, Xu 2013) "
    if record["feasible"] is False:
        said += f"{len(judged)} could be judged; not met: {broken}, so that it is not feasible by them."
    elif record["feasible"]:
        said += "all are met: feasible by them."
    else:
        said += f"the {len(judged)} that could be judged are met. Whether it is feasible is not said: "
        said += f"{record['withheld']}."
    return said


def _reason(criteria: list[dict[str, Any]]) -> str:
    """Why there is no verdict."""
    if all(c["value_A"] is None for c in criteria):
        return "there are no distances to judge"
    missing = ", ".join(c["name"] for c in criteria if c["met"] is None)
    return f"{missing} needs a structure relaxed in a force field, whose bonds follow its angles"


def _criterion(name: str, value: float | None, most: float, judged: bool) -> dict[str, Any]:
    met = bool(value <= most) if judged and value is not None else None
    return {"name": name, "value_A": value, "limit_A": most, "met": met}
