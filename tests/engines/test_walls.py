"""Where walls begin: outside of where potentials fall without end, inside of where atoms of minima are."""

import numpy as np

from zeocryst.engines.walls import wall_range


def test_the_wall_of_si_and_o_stands_between_bks_top_and_the_shell_of_a_terminal_oxygen():
    """B. W. H. van Beest, G. J. Kramer, R. A. van Santen, Phys. Rev. Lett. 64, 1955 (1990), for the top.

    1.2414 Å: the shell of an O that lost one of its two Si, in the SLC minimum of a half-grown crystal (the main
    job, 414 ps); walls of any shorter range give the same minimum, a longer one had it refused.
    """
    r = np.arange(0.9, 1.5, 0.001)
    energy = 18003.7572 * np.exp(-4.87318 * r) - 133.5381 / r**6 - 14.39964 * 2.4 * 1.2 / r
    top = r[np.argmax(energy)]
    assert top + 0.01 < wall_range(8, 14) < 1.2414 - 0.01
