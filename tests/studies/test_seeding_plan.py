"""What a seeding study runs: balls, batches, compositions, and what of its file is refused."""

from pathlib import Path

import numpy as np
import pytest
from seeding_walks import WATER, planned

from zeocryst.errors import InputError
from zeocryst.studies.reading import read_study
from zeocryst.studies.seeding_plan import Balls, read_seeding
from zeocryst.studies.seeding_runs import BATCH, SeedRun, next_balls


def test_next_balls_after_separation_lie_between(tmp_path):
    """All up to 100 melted, all from 200 on grew: the next ones are tried between."""
    _, plan = planned(tmp_path)
    from zeocryst.model.forcefield import read_forcefield

    balls = Balls("dia", 20.0, read_forcefield("mw"), with_S=False)
    runs = [
        SeedRun(
            "r",
            240.0,
            1,
            balls.nearest(n),
            n,
            "grown" if n > 150 else "melted",
            np.arange(3.0),
            np.full(3, 4 * n if n > 150 else 0.0),
        )
        for n in (50.0, 80.0, 100.0, 200.0, 300.0)
    ]
    chosen = next_balls(plan, balls, runs, 5)
    assert len(chosen) == len(BATCH)
    assert all(80 < one.n_T < 260 for one in chosen)
    assert next_balls(plan, balls, [runs[0]] * 3, 3) == []


def test_balls_have_what_they_say():
    """Number of T by radius against counting, for a crystal with S; the nearest to a wanted number."""
    from zeocryst.condition import Seed
    from zeocryst.model.forcefield import read_forcefield
    from zeocryst.solution.aggregate import ball

    model = read_forcefield("ts")
    balls = Balls("SGT", 16.0, model, with_S=True)
    for wanted in (20, 60, 150):
        one = balls.nearest(wanted)
        _, kinds = ball(Seed("SGT", one.radius_A), model, with_S=True)
        assert one.n_T == (kinds == model.types.index("T")).sum()
        assert one.n_S == (kinds == model.types.index("S")).sum()
        assert one.n_T == pytest.approx(wanted, rel=0.2)


BAD = {
    "temperatures_K = [240, 240]": "different temperatures",
    'framework = "SDO"': "SDO",
    "radii_A = [40, 50]": "needs a box of at least",
    "radii_A = [12]": "at least two different radii",
    'size = "largest_grain"': "column of a run's table",
    'melt = "x"\nmelting_point_K = 270': "one source of the driving force",
    "hold_ps = 500\ntime_ps = 400": "more than a seed is held",
    "settle_ps = 500\ntime_ps = 40": "settle_ps .*less than ten times",
    "driving_force_eV = [0.1, 0.2]": "list of 1",
    "radii_A = [8, 8.0]": "at least two different radii",
    "runs = 2": "at least 4",
    "melting_point_K = 235": "240 K at or above the melting point",
    "driving_force_eV = 0": "numbers above 0",
    "hot_K = 250": "at least 288",
    "temperature_K = 240": "temperatures_K",
}


@pytest.mark.parametrize(("own", "words"), BAD.items(), ids=list(BAD))
def test_bad_studies_are_refused(tmp_path, own, words):
    """One message each, which names the cure."""
    base = WATER
    for line in own.splitlines():
        key = line.partition(" =")[0]
        base = "\n".join(old for old in base.splitlines() if not old.startswith(f"{key} ="))
    with pytest.raises(InputError, match=words):
        planned(tmp_path, own, base)


def test_a_melt_without_what_the_crystal_needs_is_refused(tmp_path):
    """SGT has S in its cages: a melt of too few S, or a net without cages in a melt with S."""
    melt = '[system]\nstart = "melt"\nn_T = 2000\n{}\n[seeding]\ntemperatures_K = [600]\nframework = "{}"\n'
    for s, code, words in ((3, "SGT", "at least 25 S"), (100, "dia", "place for an S")):
        with pytest.raises(InputError, match=words):
            planned(tmp_path, "", melt.format(f"n_S = {s}", code))
    with pytest.raises(InputError, match="too small for seeds"):
        planned(tmp_path, "", melt.format("n_S = 40", "SGT").replace("2000", "400"))
    gel = '[system]\nstart = "gel"\nn_T = 500\nn_S = 40\ndensity_T_per_1000A3 = 1\n'
    with pytest.raises(InputError, match="melts that the study makes itself"):
        planned(tmp_path, "", gel + '[seeding]\ntemperatures_K = [600]\nframework = "SGT"\n')


def test_composition_of_a_framework(tmp_path):
    """The melt has the crystal's T and S, in a cube; every default is in the table."""
    text = '[system]\nstart = "framework"\nframework = "SGT"\nrepeat = [4, 4, 2]\n'
    text += "[seeding]\ntemperatures_K = [600]\n"
    study, plan = planned(tmp_path, "", text)
    assert (plan.n_T, plan.n_S) == (64 * 32, 4 * 32)
    table = plan.table()
    again = tmp_path / "again.toml"
    again.write_text(study.to_toml(table))
    from zeocryst.studies.seeding_plan import KEYS

    second = read_study(again, "seeding", KEYS)
    trial = second.condition(name="x", seed=1, stages=[{"kind": "minimize"}])
    assert read_seeding(second.own, trial, timestep_fs=5.0).table() == table


def test_published_count_of_ice_in_the_shipped_study():
    """Every molecule of both ices is solid by averaged q6, and of random points hardly one is."""
    import runpy

    from zeocryst.condition import System
    from zeocryst.model.forcefield import read_forcefield
    from zeocryst.network.bonds import network_of_frame
    from zeocryst.solution.start import crystal, melt

    shipped = Path(__file__).resolve().parents[2] / "runs" / "ice_seeding" / "averaged_q6.py"
    count = runpy.run_path(str(shipped))["averaged_q6"]
    model = read_forcefield("mw")
    for code, cells in (("dia", (3, 3, 3)), ("lon", (5, 5, 3))):
        network, _ = network_of_frame(crystal(System("framework", code, cells), model))
        assert count(network).values["largest_q6_cluster"] == network.n_sites
    liquid = melt(System("melt", n_T=400, n_S=0, density_T_per_1000A3=33.5), model, np.random.default_rng(0))
    assert count(network_of_frame(liquid)[0]).values["largest_q6_cluster"] < 20
