"""Figures that people compare by eye."""

import numpy as np
import pytest

from zeocryst.cell import make_frame


def test_pictures_have_one_scale_and_one_view(ts):
    """Two boxes of other sizes, with other longest axes: the first one's axes count, and the limits are the same."""
    from zeocryst.report.figures import pictures

    rng = np.random.default_rng(1)
    frames = []
    for name, lengths in (("start", (20, 30, 25)), ("end", (28, 24, 22))):
        points = rng.random((60, 3)) * lengths
        frames.append((name, make_frame(points, np.diag(lengths), [0] * 60, ["T", "S"], ts.masses)))
    figure, table = pictures(frames)
    first, second = figure.axes
    assert first.get_xlim() == second.get_xlim()
    assert first.get_ylim() == second.get_ylim()
    # the first one's longest axis, b, is to the right in both, and c is up
    for axis, name in ((first, "start"), (second, "end")):
        sites = [row for row in table if row["picture"] == name]
        drawn = axis.collections[1].get_offsets()
        assert np.ptp(drawn[:, 0]) == pytest.approx(np.ptp([row["y_A"] for row in sites]), abs=1e-3)
        assert np.ptp(drawn[:, 1]) == pytest.approx(np.ptp([row["z_A"] for row in sites]), abs=1e-3)
