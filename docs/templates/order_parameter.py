"""An order parameter in one file: how equal the distances to the four nearest T are.

Copy it, write your own, and measure with it:

    zeocryst analyze run.gsd --plugin order_parameter.py --only tetrahedral_distances --out analysis
    zeocryst run condition.toml --plugin order_parameter.py --out results

or install it: in your pyproject.toml,

    [project.entry-points."zeocryst.order_parameters"]
    tetrahedral_distances = "my_package.order_parameter:tetrahedral_distances"

Then `--only tetrahedral_distances` finds it, and `[output] measure = ["tetrahedral_distances"]` in a condition.
"""

import numpy as np

from zeocryst.order import Measured, order_parameter


# The function's name is what users call it by. Its arguments, by their names, are what it gets: `network` (the
# T: zeocryst.network.bonds.Network), `frame` (all beads: gsd.hoomd.Frame), `framework` (a code after a colon).
@order_parameter
def tetrahedral_distances(network):
    """Distance part of the tetrahedral order of each T and its mean, and how its values are distributed.

    S = 1 - (1/3) sum_k (r_k - r)^2 / (4 r^2) over the distances r_k to the four nearest T, r their mean;
    without unit (P.-L. Chau, A. J. Hardwick, Mol. Phys. 93, 511 (1998)). 1 where all four are equal. NaN for a
    T with fewer than four others within 7 Å; the mean leaves them out.
    """
    # vectors to all T within 7 Å, nearest first: those of T number i are vectors[start[i] : start[i + 1]], in Å
    start, vectors = network.surroundings
    enough = np.diff(start) >= 4
    nearest = vectors[start[:-1][enough][:, None] + np.arange(4)]
    r = np.linalg.norm(nearest, axis=2)
    mean = r.mean(axis=1, keepdims=True)
    s = np.full(network.n_sites, np.nan)
    s[enough] = 1 - ((r - mean) ** 2 / (4 * mean**2)).sum(axis=1) / 3
    edges = np.linspace(0.98, 1.0, 41)
    count = np.histogram(s[enough], edges)[0] / max(1, enough.sum())
    return Measured(
        # numbers of the frame: columns of order_parameters.csv, the unit at the end of the name (_A, _deg, ...)
        values={"tetrahedral_distances": s[enough].mean() if enough.any() else np.nan},
        # one number for each T: in the log of trajectory.gsd and sites.gsd, to colour T by
        sites={"tetrahedral_distances": s},
        # curves: the first column is the x-axis; figures of the report and of analyze
        distributions={"tetrahedral_distances": {"S": (edges[1:] + edges[:-1]) / 2, "share_of_T": count}},
    )
