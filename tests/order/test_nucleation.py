import numpy as np
import pytest

from zeocryst.order.nucleation import find_transition


def test_a_known_rise_is_found_within_its_uncertainty():
    t = np.linspace(0, 1000, 80)
    curve = 0.45 + 0.5 / (1 + np.exp(-(t - 620) / 60))
    misses, spreads = [], []
    for seed in range(12):
        noise = np.random.default_rng(seed).normal(scale=0.03, size=t.size)
        found = find_transition(t, curve + noise, seed)
        assert found.found
        misses.append(found.time_ps - 620)
        spreads.append(found.uncertainty_ps)
    # the stated uncertainty is that of the estimate: the misses have its size
    assert np.std(misses) == pytest.approx(np.mean(spreads), rel=0.6)
    assert abs(np.mean(misses)) < 3 * np.mean(spreads) / 12**0.5 + 1


@pytest.mark.parametrize("share", [np.full(50, 0.02), np.linspace(0.5, 0.1, 50), np.array([]), np.ones(3)])
def test_no_transition_says_so(share):
    found = find_transition(np.arange(len(share)) * 10.0, share)
    assert not found.found
    assert found.time_ps is None
    assert "No transition" in found.sentence
