"""What `zeocryst check` tries in place of a condition that is too large to be tried."""

import numpy as np
import pytest

from zeocryst.condition import Condition
from zeocryst.running.estimate import MOST_TRIED, _smaller

LARGE = {"start": "melt", "n_T": 1_000_000, "n_S": 60_000}
STAGE = {"kind": "nvt", "temperature_K": 800, "time_ps": 100}


@pytest.mark.parametrize(
    "stages",
    [
        [STAGE | {"until": {"largest_cluster_T": 150_000, "for_ps": 10}}],
        [STAGE | {"until": {"largest_grain_sites": 150_000, "for_ps": 10}}],
        [STAGE, {"kind": "seed", "framework": "SGT", "radius_A": 100}, STAGE],
    ],
)
def test_what_asks_for_more_than_the_small_one_has_is_no_fault(stages):
    condition = Condition(system=LARGE, stages=stages)
    small = _smaller(condition)
    assert small.stages == condition.stages
    assert small.system.n_T + small.system.n_S == pytest.approx(MOST_TRIED, abs=1)
    assert small.system.n_S / small.system.n_T == pytest.approx(0.06, rel=1e-3)


def test_a_framework_has_fewer_cells():
    condition = Condition(
        system={"start": "framework", "framework": "SOD", "repeat": (40, 40, 40)}, stages=[STAGE]
    )
    small = _smaller(condition)
    assert 0.5 * MOST_TRIED < 12 * np.prod(small.system.repeat) <= MOST_TRIED
