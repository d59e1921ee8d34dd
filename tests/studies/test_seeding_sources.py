"""Where the driving force of a seeding study is from, and what is refused as one."""

import json

import pytest
from seeding_walks import CRITICAL, MELTING, SHORT, World, found_by, planned

from zeocryst.errors import InputError
from zeocryst.studies.seeding_bulk import driving_force
from zeocryst.studies.seeding_sources import melting_of


def test_without_a_driving_force_the_size_is_given_all_the_same(tmp_path):
    """Barrier null with the reason."""
    summary, _, _ = found_by(World(tmp_path), tmp_path, SHORT)
    [one] = summary["temperatures"]
    low, high = one["critical_size_interval"]
    assert low < CRITICAL < high
    assert one["barrier_kT"] is None
    assert "melting_point_K" in one["why_not"]["barrier_kT"]
    assert one["attachment_rate_per_ps"] > 0


def test_driving_force_by_gibbs_and_helmholtz_from_its_own_enthalpies(tmp_path):
    """60 meV at both temperatures: dmu = dH (1 - T/Tm), by hand."""
    world = World(tmp_path)
    summary, _, _ = found_by(world, tmp_path, SHORT + MELTING)
    [one] = summary["temperatures"]
    assert one["driving_force_eV_per_T"] == pytest.approx(0.060 * (1 - 240 / 274.6), rel=0.01)
    moved = 240 * 0.06 / 274.6**2  # a melting point of one kelvin more
    assert one["driving_force_uncertainty_eV_per_T"] == pytest.approx(moved, rel=0.1)
    assert {p.facts["temperature_K"] for p in world.asked if p.facts["kind"] == "crystal"} == {240.0, 274.6}


def test_driving_force_of_a_melting_study(tmp_path):
    """Its folder is named in the file; one without a driving force is refused."""
    from zeocryst.studies.driving import DrivingForce, fit_enthalpy, record_of

    force = DrivingForce(274.0, 1.0, fit_enthalpy([240, 274], [0.05, 0.055], [1e-3, 1e-3]))
    (tmp_path / "melted").mkdir()
    (tmp_path / "melted" / "summary.json").write_text(json.dumps({"driving_force": record_of(force, [240.0])}))
    summary, _, _ = found_by(World(tmp_path), tmp_path, SHORT + 'melt = "melted"\n')
    assert summary["temperatures"][0]["driving_force_eV_per_T"] == pytest.approx(force.at(240.0)[0])
    assert "melting study melted" in " ".join(summary["assumptions"])
    (tmp_path / "melted" / "summary.json").write_text("{}")
    with pytest.raises(InputError, match="has no driving force"):
        found_by(World(tmp_path), tmp_path, SHORT + 'melt = "melted"\n')
    with pytest.raises(InputError, match="folder of a finished melting study"):
        found_by(World(tmp_path), tmp_path, SHORT + 'melt = "nowhere"\n')


OTHER = {
    '"forcefield": "sw-silicon"': "force field",
    '"framework": "SGT"': "framework SGT",
    '"pressure_bar": 1000': "pressure of 1000 bar",
    '"S_per_T": 0.1': "S for each T",
    '"melting_point_K": 235': "at or above the melting point of 235 K",
}


@pytest.mark.parametrize(("key", "words"), OTHER.items(), ids=list(OTHER))
def test_a_melting_study_of_something_else_is_refused(tmp_path, key, words):
    """Silicon's melting point says nothing about water; another time step and dia for lon are said."""
    from zeocryst.studies.driving import DrivingForce, fit_enthalpy, record_of
    from zeocryst.studies.seeding_sources import of_another

    force = record_of(DrivingForce(274.0, 1.0, fit_enthalpy([240, 274], [0.05, 0.055], [1e-3, 1e-3])), [240.0])
    good = {"forcefield": "mw", "framework": "lon", "pressure_bar": 0.0, "S_per_T": 0.0, "timestep_fs": 2.0}
    _, plan = planned(tmp_path, 'melt = "m.json"')
    (tmp_path / "m.json").write_text(json.dumps(good | {"driving_force": force}))
    assert len(of_another(plan, melting_of(plan, tmp_path))) == 2
    other = json.loads("{" + key + "}")
    if "melting_point_K" in other:
        force, other = force | other, {}
    (tmp_path / "m.json").write_text(json.dumps(good | other | {"driving_force": force}))
    with pytest.raises(InputError, match=words):
        melting_of(plan, tmp_path)


def test_enthalpies_of_unlike_compositions_are_no_driving_force(tmp_path):
    """SGT has an S for 16 T (4 in 64): a melt with 125 for 2000 has the same, with 140 another."""
    from zeocryst.studies.seeding_sources import unlike_composition

    text = (
        '[system]\nstart = "melt"\nn_T = 2000\nn_S = {}\n[seeding]\ntemperatures_K = [500]\nframework = "SGT"\n'
    )
    text += "melting_point_K = 700\n"
    assert unlike_composition(planned(tmp_path, "", text.format(125))[1]) is None
    _, plan = planned(tmp_path, "", text.format(140))
    measured, why = driving_force(plan, {}, None)(500.0)
    assert measured is None
    assert "n_S = 125" in why
    _, plan = planned(tmp_path, "", text.format("125\ndensity_T_per_1000A3 = 15.5"))
    assert plan.melt_system()["density_T_per_1000A3"] == 15.5
    assert planned(tmp_path, "", text.format(125))[1].melt_system()["density_T_per_1000A3"] > 16
