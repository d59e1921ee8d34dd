"""Runs of a sweep that never ran: their summaries as those of real ones, with the course that the program makes of a table."""

import copy
import functools
import hashlib
from types import SimpleNamespace

import numpy as np

from zeocryst.files.records import without_nan
from zeocryst.order.crystallinity import in_a_word
from zeocryst.order.kinetics import Frames, course
from zeocryst.studies.points import Done, Point

LIQUID = Frames(lambda k: None, lambda k: (np.zeros((192, 3)), 20 * np.eye(3), np.full(192, -1)))
N_T = 192


@functools.cache
def _course(wait, end, start):
    """What the program makes of the table; its fits take half a second."""
    time = np.arange(0.0, end + 1.0, 2.0)
    grain = np.where(time > wait, np.minimum(N_T, 60 + 4 * (time - wait)), N_T * start)
    rows = [
        {"time_ps": t, "crystalline_share": n / N_T, "largest_grain_sites": int(n), "stage": 1}
        for t, n in zip(time.tolist(), grain.tolist(), strict=True)
    ]
    return course(rows, 0, LIQUID)


def summary(wait, types, *, seed=1, end=1000.0, energy=-1.0, start=0.0, **other):
    """Of a run of 192 T and `end` ps, with a nucleus after `wait` that grows by 4 T a ps; `types`: shares by code, once quenched."""
    named = [
        {"code": code, "sites": round(N_T * share), "share": share, "grains": 1}
        for code, share in sorted(types.items(), key=lambda item: -item[1])
    ]
    cold = sum(types.values())
    quenched = {"crystalline_share": cold, "q4_share": 0.97, "energy_eV_per_bead": energy, "types": named}
    made = {"condition": "melt", "seed": seed, "verdict": in_a_word(cold), "quenched": quenched, "n_T": N_T,
            "n_S": 32, "types": named, "time_ps": end, "steps": int(end / 0.005), "wall_s": 60.0 + seed}  # fmt: skip
    return without_nan(made | copy.deepcopy(_course(wait, end, start)) | other)


def done(root, facts, found, failure=None):
    """What came of a run: a summary, a failure, or neither (it waits)."""
    job = hashlib.md5(repr(facts).encode()).hexdigest()
    return Done(Point(job[:12], None, {**facts, "job": job}), root / "workspace" / job / "run", found, failure)


def axes(*names):
    """As those of a plan, by name alone."""
    return [SimpleNamespace(name=name) for name in names]
