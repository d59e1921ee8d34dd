"""Ice I and diamond in any stacking: what each site is follows from how the layers were laid."""

import numpy as np
import pytest

from zeocryst.answers.identify import identify_network
from zeocryst.condition import Seed, Stage, System
from zeocryst.engines import choose_engine
from zeocryst.frameworks.table import nets
from zeocryst.model.forcefield import read_forcefield
from zeocryst.network.angles import angles
from zeocryst.network.bonds import bonds_from_sites, network_of_bonds, network_of_frame
from zeocryst.order.crystallinity import crystallinity
from zeocryst.order.ice import ice
from zeocryst.order.labels import agreement, label_sites
from zeocryst.order.sites import adjacency_of
from zeocryst.order.stackings import CUBIC, HEXAGONAL, stackings
from zeocryst.running.conclusion import _named
from zeocryst.running.simulation import thermalize
from zeocryst.solution.aggregate import SEED_MARK, plant
from zeocryst.solution.start import melt


def layers(word, wide=4, bond=2.75):
    """Bilayers at the places A, B or C, one on the other: positions, cell, and which sites are hexagonal.

    The bond from layer k to layer k + 1 is at the place of the latter; the three arms at its lower end point to the
    place of layer k, those at its upper end to that of layer k + 2. Where these are the same, it is eclipsed.
    """
    a, n = bond * np.sqrt(8 / 3), len(word)
    plane = np.array([[a, 0], [a / 2, a * np.sqrt(3) / 2]])
    places, hexagonal = [], []
    for k in range(n):
        here, above, below = word[k], word[(k + 1) % n], word[k - 1]
        for letter, up, eclipsed in ((here, 0, below == above), (above, bond / 3, here == word[(k + 2) % n])):
            for i, j in np.ndindex(wide, wide):
                flat = (np.array([i, j]) + "ABC".index(letter) / 3) @ plane
                places.append([*flat, k * bond * 4 / 3 + up])
                hexagonal.append(eclipsed)
    cell = np.zeros((3, 3))
    cell[:2, :2], cell[2, 2] = wide * plane, n * bond * 4 / 3
    return np.array(places), cell, np.array(hexagonal)


def random_word(rng, n):
    while True:
        word = "A"
        while len(word) < n:
            word += rng.choice([letter for letter in "ABC" if letter != word[-1]])
        if word[-1] != word[0]:
            return word


def found(network):
    return stackings(angles(network), adjacency_of(network))


WORDS = ["ABCABCABC", "ABABABABAB", "ABCBABCBABCB", "ABACABAC", "ABCABAB" * 2, *(random_word(np.random.default_rng(k), 12) for k in range(8))]  # fmt: skip


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("noise", [0.0, 0.14])
def test_each_site_is_what_its_layers_make_of_it(word, noise):
    places, cell, hexagonal = layers(word)
    places = places + np.random.default_rng(1).normal(scale=noise, size=places.shape)
    network = bonds_from_sites(places, cell)
    kind = found(network)
    assert kind.tolist() == np.where(hexagonal, HEXAGONAL, CUBIC).tolist()
    labels = label_sites(network)
    named = np.array([labels.codes[k] for k in labels.code])
    assert named.tolist() == np.where(hexagonal, "lon", "dia").tolist()
    assert (labels.grain == 0).all()  # one crystal, whatever its layers are called


def test_layers_that_change_are_no_doubt_of_their_names():
    """Each layer is told for itself: what lies eight bonds away, another layer, says nothing against it."""
    labels = label_sites(bonds_from_sites(*layers("ABCBABCBABCB")[:2]))
    words = [_named(row, agreement(labels, 8)) for row in labels.summary()]
    assert sorted(words) == ["dia 50 %", "lon 50 %"]


def test_a_stacking_is_told_as_one_piece():
    """A crystal, a slab of it and a ball, of cubic and hexagonal layers: no layer is a piece of its own."""
    places, cell, hexagonal = layers("ABCABABCBABC", wide=5)
    whole = identify_network(bonds_from_sites(places, cell))
    [piece] = whole["pieces"]
    n = int(hexagonal.sum())
    assert (piece["code"], piece["extent"], piece["sites"]) == ("dia", "crystal", len(places))
    assert piece["stacking"] == {"dia": len(places) - n, "lon": n}
    lower = places[:, 2] / cell[2, 2] < 0.5
    [slab] = identify_network(bonds_from_sites(places[lower], cell))["pieces"]
    assert (slab["extent"], slab["sites"]) == ("slab", lower.sum())
    assert slab["thickness_A"] == pytest.approx(np.ptp(places[lower][:, 2]), abs=0.01)
    assert slab["equivalent_thickness_A"] is None  # the table has silica's densities, and this is ice
    ball = np.linalg.norm(places - places.mean(axis=0), axis=1) < 9.5
    [piece] = identify_network(bonds_from_sites(places[ball], 60 * np.eye(3), 3.2))["pieces"]
    assert (piece["extent"], sum(piece["stacking"].values())) == ("finite", piece["sites"])


@pytest.mark.parametrize(
    ("word", "bond", "mineral"),
    [
        ("ABCABC", 3.07, "cristobalite"),
        ("ABABAB", 3.07, "tridymite"),
        ("ABCABC", 2.75, None),
        ("ABABAB", 2.35, None),
    ],
)
def test_a_mineral_of_silica_is_named_where_it_may_be_silica(word, bond, mineral):
    places, cell, _ = layers(word, bond=bond)
    network = bonds_from_sites(places, cell, 1.2 * bond)
    found = identify_network(network)
    [row], [piece] = found["types"], found["pieces"]
    assert (row.get("mineral"), piece["mineral"]) == (mineral, mineral)
    assert "stacking" not in piece
    middles = network.positions[network.first] + network.vectors / 2
    [row] = identify_network(network, middles)["types"]  # with O it is an oxide, whatever its lengths
    assert row["mineral"] == ("cristobalite" if row["code"] == "dia" else "tridymite")


def test_a_cell_of_few_sites_is_named_as_a_large_one_is():
    for word, wide in (("ABCB", 1), ("ABC", 1), ("AB", 1)):
        places, cell, hexagonal = layers(word, wide)
        labels = label_sites(bonds_from_sites(places, cell))
        named = np.array([labels.codes[k] for k in labels.code])
        assert named.tolist() == np.where(hexagonal, "lon", "dia").tolist()


def test_no_site_of_any_other_net_is_one_of_these():
    for code, (bonds, kinds) in nets().items():
        network = network_of_bonds(bonds, len(kinds))
        expected = {"dia": {CUBIC}, "lon": {HEXAGONAL}}.get(code, {-1})
        if code in ("dia", "lon"):  # too few sites in a primitive cell
            continue
        assert set(found(network)) == expected, code


def test_grains_that_do_not_touch_are_two_and_their_name_is_that_of_most_sites():
    places, cell, hexagonal = layers("ABCABCABCABAB" + "CABCABCABCABC", wide=5)
    z = places[:, 2] / cell[2, 2]
    keep = ((z > 0.02) & (z < 0.4)) | ((z > 0.52) & (z < 0.9))
    network = bonds_from_sites(places[keep], cell, 3.4)
    labels = label_sites(network)
    assert set(labels.grain[labels.grain >= 0]) == {0, 1}
    most = "lon" if hexagonal[keep][labels.grain == 0].mean() > 0.5 else "dia"
    assert crystallinity(network).words["largest_grain_framework"] == most


def test_a_vacancy_and_an_opened_bond_leave_the_rest_of_the_crystal():
    places, cell, hexagonal = layers("ABCABABCBABC", wide=6)
    rng = np.random.default_rng(3)
    keep = np.ones(len(places), bool)
    keep[rng.choice(len(places), 4, replace=False)] = False
    labels = label_sites(bonds_from_sites(places[keep], cell))
    assert labels.crystalline_share > 0.9
    assert labels.grain.max() == 0
    named = np.array([*labels.codes, "amorphous"])[labels.code]
    right = named == np.where(hexagonal[keep], "lon", "dia")
    assert right[labels.code >= 0].mean() > 0.97


@pytest.fixture(scope="module")
def water():
    """1000 T of water, melted and cooled to 230 K in 25 ps."""
    mw = read_forcefield("mw")
    engine, _ = choose_engine(mw, "lammps", "cpu", 1)
    frame = engine.minimize(melt(System("melt", n_T=1000), mw, np.random.default_rng(5)))[0]
    thermalize(frame, 320, np.random.default_rng(6))
    return mw, engine, moved(engine, frame, Stage("langevin", (320, 230), time_ps=25, timestep_fs=10))


def moved(engine, frame, stage):
    for sample in engine.run(frame, stage, seed=1, every=stage.n_steps):
        frame = sample.frame()
    return frame


def test_nothing_in_supercooled_water_is_ice(water):
    network, _ = network_of_frame(water[2])
    assert (network.degree == 4).mean() > 0.75
    assert (found(network) < 0).all()
    labels = label_sites(network)
    assert labels.codes == ()
    assert ice(network).values["largest_ice_cluster"] < 15


@pytest.mark.parametrize(("code", "radius"), [("dia", 9.5), ("lon", 9.5), ("dia", 13.0), ("lon", 13.0)])
def test_a_ball_of_ice_in_it_is_one_grain_of_nearly_its_size(water, code, radius):
    mw, engine, liquid = water
    planted, _ = plant(liquid, Seed(code, radius), mw, np.random.default_rng(1))
    ball = planted.log[SEED_MARK] > 0
    frame = engine.minimize(planted)[0]
    thermalize(frame, 230, np.random.default_rng(2))
    network, _ = network_of_frame(
        moved(engine, frame, Stage("langevin", (230, 230), time_ps=1.5, timestep_fs=10))
    )
    labels = label_sites(network)
    grain = labels.grain == 0
    assert labels.codes[int(np.bincount(labels.code[grain]).argmax())] == code
    assert ball[grain].mean() > 0.9
    # its surface has melted: the field's own measure says by how much
    assert 0.6 < grain.sum() / ice(network).values["largest_ice_cluster"] < 1.6
    assert labels.grain.max() == 0
