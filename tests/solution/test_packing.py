import numpy as np
import pytest
from scipy import stats

from zeocryst.errors import InputError
from zeocryst.solution.packing import Kind, contacts, pack
from zeocryst.solution.precursors import relaxed

T, S = 0, 1


def clusters(ts, name, count):
    places = relaxed(name, ts)
    return Kind(name, count, places, np.full(len(places), T))


def singles(kind, count):
    return Kind("TS"[kind], count, np.zeros((1, 3)), np.array([kind]))


def side_of(n_t, density):
    return (1000 * n_t / density) ** (1 / 3)


def flat(places, kinds):
    """Positions, types and cluster of each bead."""
    points = np.vstack([found.reshape(-1, 3) for found in places])
    types = np.concatenate([np.tile(kind.types, kind.count) for kind in kinds])
    sizes = np.repeat([len(kind.types) for kind in kinds], [kind.count for kind in kinds])
    return points, types, np.repeat(np.arange(len(sizes)), sizes)


def closest_by_brute_force(places, kinds, side):
    """Least distance for each pair of types between beads of different clusters, images of its own included."""
    points, types, cluster = flat(places, kinds)
    least = np.full((2, 2), np.inf)
    for shift in np.ndindex(3, 3, 3):
        move = (np.array(shift) - 1) * side
        apart = np.linalg.norm(np.mod(points, side)[:, None] - np.mod(points, side) + move, axis=2)
        other = cluster[:, None] != cluster
        if any(move):  # a cluster and its own images, whole
            whole = np.linalg.norm(points[:, None] - points + move, axis=2)
            apart = np.where(other, apart, whole)
            other = np.ones_like(other)
        for a in (T, S):
            for b in (T, S):
                pick = other & (types[:, None] == a) & (types == b)
                if pick.any():
                    least[a, b] = min(least[a, b], apart[pick].min())
    return least


def test_distances_follow_from_the_model(ts):
    found = contacts(ts)
    # T-T: 1.8 x 2.7275; with S: sigma. B^(1/4) = 0.88093, so 2.7275 and 5.13 times that
    assert found.roomy == pytest.approx(np.array([[4.9095, 5.13], [5.13, 5.13]]))
    assert found.least == pytest.approx(np.array([[2.40273, 4.51915], [4.51915, 4.51915]]), abs=1e-5)
    for a, b in (("T", "T"), ("T", "S"), ("S", "S")):
        pair = ts.pairs[a, b]
        r = np.array([found.least[ts.types.index(a), ts.types.index(b)]])
        assert abs(pair.two_body(r)[0][0]) < 1e-9  # the energy's sign changes there


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize(
    ("names", "density", "n_s"),
    [
        (["monomer"], 0.886, 130), (["D4R", "monomer"], 0.886, 130), (["MFI-33", "3R", "dimer"], 0.886, 100),
        (["monomer"], 8.0, 0), (["monomer"], 8.0, 130), (["D4R"], 8.0, 0), (["D4R"], 6.0, 130), (["MFI-33"], 6.0, 130),
    ],
)  # fmt: skip
def test_no_two_beads_are_nearer_than_said(ts, names, density, n_s, seed):
    kinds = [clusters(ts, name, 360 // len(names) // len(relaxed(name, ts))) for name in names]
    n_t = sum(kind.count * len(kind.places) for kind in kinds)
    kinds.append(singles(S, n_s * n_t // 360))
    side = side_of(n_t, density)
    allowed = contacts(ts)
    places, share = pack(kinds, side, allowed, np.random.default_rng(seed))
    closest = closest_by_brute_force(places, kinds, side)
    assert (closest >= allowed.at(share) - 1e-9).all()
    assert share == 1.0 or density > 1
    if n_t > 300 and density > 5:  # nor is it far from that: beads do touch
        assert closest[T, T] < allowed.at(share)[T, T] + 0.5


@pytest.mark.parametrize("name", ["dimer", "D4R", "MFI-33"])
def test_a_cluster_keeps_its_distance_from_its_own_images(ts, name):
    kind = clusters(ts, name, 1)
    allowed = contacts(ts)
    extent = np.linalg.norm(kind.places[:, None] - kind.places, axis=2).max()
    for side in (extent + 2.41, extent + 3.5, extent + 5.0):
        places, share = pack([kind], side, allowed, np.random.default_rng(1))
        assert closest_by_brute_force(places, [kind], side)[T, T] >= allowed.at(share)[T, T] - 1e-9
        assert (share == 1) == (side > extent + 4.91)
    with pytest.raises(InputError, match="too large for a box"):
        pack([kind], extent + 2.3, allowed, np.random.default_rng(1))


@pytest.mark.parametrize("name", ["dimer", "D4R", "MFI-33"])
def test_clusters_are_whole_and_keep_their_hand(ts, name):
    kind = clusters(ts, name, 40)
    side = side_of(40 * len(kind.places), 0.886)
    (places,), _ = pack([kind], side, contacts(ts), np.random.default_rng(5))
    shape = np.linalg.norm(kind.places[:, None] - kind.places, axis=2)
    outside = 0
    for cluster in places:
        assert np.linalg.norm(cluster[:, None] - cluster, axis=2) == pytest.approx(shape, abs=1e-9)
        assert rotation(kind.places, cluster)[1] < 1e-9  # turned, not mirrored
        outside += ((cluster < 0) | (cluster >= side)).any()
    assert outside > 0  # some reach over the edge of the box


def rotation(shape, cluster):
    """The rotation that takes a shape to a cluster (W. Kabsch, Acta Cryst. A 32, 922 (1976)), and its misfit."""
    u, _, v = np.linalg.svd(shape.T @ (cluster - cluster.mean(axis=0)))
    turn = v.T @ np.diag([1, 1, np.sign(np.linalg.det(v.T @ u.T))]) @ u.T
    return turn, np.abs(shape @ turn.T - (cluster - cluster.mean(axis=0))).max()


def test_orientations_are_uniform(ts):
    kind = clusters(ts, "trimer", 4000)
    (places,), _ = pack([kind], side_of(12_000, 0.1), contacts(ts), np.random.default_rng(7))
    # an axis of uniformly turned clusters: its z and its azimuth are uniform
    axis = places[:, 2] - places[:, 0]
    axis /= np.linalg.norm(axis, axis=1)[:, None]
    assert stats.kstest(axis[:, 2], "uniform", (-1, 2)).pvalue > 1e-3
    assert stats.kstest(np.arctan2(axis[:, 1], axis[:, 0]), "uniform", (-np.pi, 2 * np.pi)).pvalue > 1e-3
    # and the angle of the whole rotation has the density (1 - cos w) / pi (R. E. Miles, Biometrika 52, 636 (1965))
    angles = [
        np.arccos(np.clip((np.trace(rotation(kind.places, cluster)[0]) - 1) / 2, -1, 1)) for cluster in places
    ]
    assert stats.kstest(angles, lambda w: (w - np.sin(w)) / np.pi).pvalue > 1e-3


@pytest.mark.parametrize(("density", "seed"), [(0.5, 1), (0.5, 2), (4.0, 3), (8.0, 4)])
def test_the_density_is_uniform(ts, density, seed):
    kinds = [singles(T, 27_000), singles(S, 27_000 // 9)]
    side = side_of(27_000, density)
    places, _ = pack(kinds, side, contacts(ts), np.random.default_rng(seed))
    for found, least in zip(places, (50.0, 60.0), strict=True):
        assert found.min() >= 0
        assert found.max() < side
        boxes = np.floor(found.reshape(-1, 3) / side * 6).astype(int)
        counts = np.bincount(np.ravel_multi_index(tuple(boxes.T), (6, 6, 6)), minlength=216)
        expected = len(found) / 216
        square = ((counts - expected) ** 2 / expected).sum()
        # independent points have chi square with 215 degrees of freedom; points that keep apart scatter less
        assert square < stats.chi2(215).ppf(0.999)
        if density < 1:
            assert square > least


def test_seeds_repeat_and_differ(ts):
    kinds = [clusters(ts, "D4R", 20), singles(S, 50)]
    side = side_of(160, 0.886)
    one, two, three = (pack(kinds, side, contacts(ts), np.random.default_rng(k))[0] for k in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))
    assert not np.allclose(one[0], three[0])


def test_a_large_box_is_filled_as_densely_as_a_small_one(ts):
    # above 10000 beads a trial with few of them says which distances to begin with
    for n in (4_000, 40_000):
        kinds = [clusters(ts, "D4R", n // 8)]
        (places,), share = pack(kinds, side_of(n, 8.0), contacts(ts), np.random.default_rng(1))
        assert places.shape == (n // 8, 8, 3)
        assert share > 0


def test_what_does_not_fit_is_refused_with_what_would(ts):
    kinds = [clusters(ts, "MFI-33", 60), singles(S, 10)]
    side = side_of(60 * 33, 14.0)
    wanted = r"only \d+ of 60 MFI-33 found room; .*density_T_per_1000A3 \(0\.\d+ times"
    with pytest.raises(InputError, match=wanted) as error:
        pack(kinds, side, contacts(ts), np.random.default_rng(1))
    factor = float(str(error.value).split("(")[1].split()[0])
    pack(kinds, side * factor ** (-1 / 3), contacts(ts), np.random.default_rng(2))  # and so it does
    with pytest.raises(InputError, match=r"MFI-33 is too large for a box of 12.0 Å, it needs 19.5"):
        pack([clusters(ts, "MFI-33", 1)], 12.0, contacts(ts), np.random.default_rng(1))
    with pytest.raises(InputError, match=r"200 D4R were placed, but only \d+ of 4000 S found room"):
        pack(
            [clusters(ts, "D4R", 200), singles(S, 4000)],
            side_of(1600, 6),
            contacts(ts),
            np.random.default_rng(1),
        )


def test_the_share_of_the_box_filled_at_random_is_the_known_one(ts):
    # spheres added at random until no more find room fill 0.384 of the box (D. W. Cooper, Phys. Rev. A 38, 522
    # (1988)), slowly towards the end; S keep their least distance at last, so that 0.32 fits and 0.39 cannot
    diameter = contacts(ts).least[S, S]
    side = 100.0
    for filled, fits in ((0.32, True), (0.39, False)):
        count = round(filled * side**3 / (np.pi / 6 * diameter**3))
        try:
            pack([singles(S, count)], side, contacts(ts), np.random.default_rng(1))
        except InputError:
            assert not fits
        else:
            assert fits
