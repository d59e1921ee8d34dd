import pytest

from zeocryst.condition import System
from zeocryst.errors import InputError
from zeocryst.solution.recipe import compose, recipe_density

#: 25 SiO2 : 9 TPAOH : 480 H2O : 100 C2H5OH
SILICALITE = {"SiO2": 25.0, "OSDA": 9.0, "H2O": 480.0, "ethanol": 100.0, "Al2O3": 0.0, "Na2O": 0.0}


def gel(n_t, precursors=None, recipe=SILICALITE, density=None, n_s=None):
    shares = precursors or {"monomer": 1.0}
    return System("gel", n_T=n_t, n_S=n_s, density_T_per_1000A3=density, recipe=recipe, precursors=shares)


def test_the_silicalite_recipe_gives_what_a_calculation_by_hand_gives():
    # cm^3/mol: SiO2 60.084 / 2.20 = 27.3109, TPAOH 203.36 / 1.02 = 199.3725, H2O 18.015 / 0.997 = 18.0692,
    # C2H5OH 46.069 / 0.789 = 58.3891. For 25 mol of SiO2:
    #   25 x 27.3109 = 682.773
    #    9 x 199.3725 = 1794.353
    #  480 x 18.0692 = 8673.220
    #  100 x 58.3891 = 5838.910
    # in all 16989.256 cm^3. With 1 cm^3/mol = 1e24 / 6.02214e23 = 1.660539 Å^3 a molecule that is 28211.3 Å^3
    # for 25 T: 25000 / 28211.3 = 0.88617 T per 1000 Å^3.
    assert recipe_density(SILICALITE) == pytest.approx(0.88617, abs=2e-5)
    # 1000 T: 1000 / 0.00088617 = 1128450 Å^3, whose cube root is 104.11 Å; 1000 x 9 / 25 = 360 S
    made = compose(gel(1000))
    assert (made.n_T, made.n_S, made.clusters) == (1000, 360, {"monomer": 1000})
    assert made.side_A == pytest.approx(104.11, abs=0.01)
    assert made.volumes_A3 == pytest.approx(
        {"SiO2": 45.351, "OSDA": 331.066, "H2O": 30.005, "ethanol": 96.957}, abs=1e-3
    )


def test_every_substance_takes_its_room():
    # Al2O3 101.961 / 3.97 = 25.6829 cm^3/mol, Na2O 61.979 / 2.27 = 27.3035
    dry = {"SiO2": 1.0, "OSDA": 0.0, "H2O": 0.0}
    assert recipe_density(dry) == pytest.approx(1000 / (27.31091 * 1.660539))
    both = dry | {"Al2O3": 0.5, "Na2O": 2.0}
    assert recipe_density(both) == pytest.approx(1000 / ((27.31091 + 0.5 * 25.68287 + 2 * 27.30352) * 1.660539))


def test_a_density_that_is_given_goes_before_the_volumes():
    made = compose(gel(800, density=8.0))
    assert made.side_A == pytest.approx(100_000 ** (1 / 3))
    assert (made.n_S, made.volumes_A3) == (288, {})
    bare = compose(gel(800, recipe=None, density=1.0, n_s=7))
    assert (bare.n_T, bare.n_S, bare.density_T_per_1000A3) == (800, 7, 1.0)


def test_clusters_are_whole_and_monomers_make_up_the_number():
    made = compose(gel(1000, {"monomer": 0.4, "D4R": 0.6}))
    assert made.clusters == {"D4R": 75, "monomer": 400}
    made = compose(gel(1000, {"monomer": 0.3, "MFI-33": 0.35, "5R": 0.35}))
    # 350 / 33 = 10.6, so 11 with 363 T; (700 - 363) / 5 = 67.4, so 67 with 335; the rest is 302
    assert made.clusters == {"MFI-33": 11, "5R": 67, "monomer": 302}
    assert made.n_T == 1000
    made = compose(gel(1000, {"MFI-33": 1.0}))
    assert (made.clusters, made.n_T, made.n_S) == ({"MFI-33": 30}, 990, round(990 * 9 / 25))


def test_shares_that_are_one_but_for_rounding_are_scaled():
    made = compose(gel(999, {"monomer": 0.333, "dimer": 0.333, "3R": 0.333}))
    assert made.n_T == 999
    assert made.clusters["3R"] == 111


def test_a_share_without_a_whole_cluster_is_refused():
    with pytest.raises(InputError, match=r"system.precursors: MFI-33 = 0.1; of n_T = 100 .* cluster of 33 T"):
        compose(gel(100, {"MFI-33": 0.1, "monomer": 0.9}))
