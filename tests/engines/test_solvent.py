"""The implicit solvent in every engine that is here, against theory: diffusion, equilibrium, coagulation."""

import numpy as np
import pytest
from scipy.integrate import quad, solve_ivp
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.stats import kstest

from zeocryst.cell import box_to_cell, make_frame, neighbour_pairs, volume
from zeocryst.condition import Output, Stage, parse_condition
from zeocryst.engines import choose_engine, engine_modules
from zeocryst.engines.protocol import frozen_beads, moved_frame
from zeocryst.errors import InputError, SimulationError
from zeocryst.files.position import Position
from zeocryst.model.forcefield import ForceField, Pair, Triplet
from zeocryst.model.solvent import DEFAULT_RADIUS_A, Solvent
from zeocryst.running.simulation import Hooks, simulate, thermalize
from zeocryst.units import BAR_PER_EV_PER_A3, BOLTZMANN_EV_PER_K, diffusion_A2_per_ps

FRICTION = Solvent(1.0, DEFAULT_RADIUS_A).friction
#: Of the sticky spheres and the free beads.
TEMPERATURE = 300.0
KT = BOLTZMANN_EV_PER_K * TEMPERATURE


@pytest.fixture(params=[pytest.param(n, marks=[pytest.mark.hoomd] if n == "hoomd" else []) for n in sorted(engine_modules())])  # fmt: skip
def make(request):
    """Makes the engine for a force field, on one thread: these systems are too small for two."""
    offer = engine_modules()[request.param].offer("cpu")
    if not offer.preference:
        pytest.skip(offer.reason)
    return lambda forcefield: choose_engine(forcefield, request.param, "cpu", 1)[0]


def last_frame(samples):
    for sample in samples:
        frame = sample.frame()
    return frame


def unwrapped(frame):
    cell = box_to_cell(frame.configuration.box)
    return np.asarray(frame.particles.position, dtype=float) + np.asarray(frame.particles.image) @ cell


# ---- free beads -------------------------------------------------------------------------------


def free_model():
    """Two types of beads that do not feel each other, to 1e-12 eV.

    They have triplets so that no engine takes a table for them, which would forbid that they meet.
    """
    pairs = {(a, b): Pair(1e-12, 8.0, 1.5, 1.0, 0.0, 4.0, 0.0, 1.0) for a in "TS" for b in "TS"}
    triplets = {(a, a, a): Triplet(1e-12, 1e-6, 0.0) for a in "TS"}
    return ForceField("free", "a test", {"T": 28.0855, "S": 50.0}, pairs, triplets)


def free_beads(model, n, rng):
    kinds = np.repeat([0, 1], n // 2)
    return make_frame(rng.uniform(size=(n, 3)) * 300, np.eye(3) * 300, kinds, ["T", "S"], model.masses)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["brownian", "langevin"])
def test_free_beads_diffuse_by_einsteins_relation(make, kind):
    """D = kT / friction within 3 %, by type; the mean square over an interval t is 6 D (t - s (1 - exp(-t/s))).

    s is mass/friction (Ornstein and Fürth), zero without inertia. Errors are those of a mean square of normal
    variates; the intervals are 20 times s and more, so that they are independent.
    """
    model, n, interval = free_model(), 4000, 0.4
    friction = {"T": 1500.0, "S": 4000.0}
    engine = make(model)
    found = {"T": [], "S": []}
    for seed in (1, 2, 3):
        frame = free_beads(model, n, np.random.default_rng(seed))
        if kind == "langevin":
            thermalize(frame, TEMPERATURE, np.random.default_rng(seed))
        stage = Stage(kind, (TEMPERATURE, TEMPERATURE), time_ps=6 * interval)
        paths = [unwrapped(s.frame()) for s in engine.run(frame, stage, seed=seed, every=80, friction=friction)]
        moves = np.diff(paths, axis=0)
        for k, name in enumerate("TS"):
            inertia = model.masses[name] / friction[name] if kind == "langevin" else 0.0
            time = interval - (inertia * (1 - np.exp(-interval / inertia)) if inertia else 0.0)
            own = moves[:, np.asarray(frame.particles.typeid) == k]
            found[name].append((own**2).mean() / (2 * time))
    for name in "TS":
        error = (2 / (3 * moves.size / 2)) ** 0.5
        ratio = np.mean(found[name]) / diffusion_A2_per_ps(TEMPERATURE, friction[name])
        each = " ".join(f"{d:.5f}" for d in found[name])
        print(f"{kind} {name}: D = {each} Å^2/ps, mean over kT/friction {ratio:.4f} ± {error:.4f}")
        assert error < 0.006
        assert abs(ratio - 1) < 0.03


def test_a_brownian_ramp_follows_its_line_whatever_the_interval(make):
    """Mean square displacements of the halves of a ramp from 200 to 600 K are as their mean temperatures."""
    model = free_model()
    frame = free_beads(model, 4000, np.random.default_rng(1))
    stage = Stage("brownian", (200.0, 600.0), time_ps=2)
    samples = [
        (s.step, s.temperature_K, unwrapped(s.frame()))
        for s in make(model).run(frame, stage, seed=1, every=200, friction=dict.fromkeys("TS", 2000.0))
    ]
    assert [step for step, _, _ in samples] == [0, 200, 400]
    assert [t for _, t, _ in samples] == pytest.approx([200, 400, 600])
    halves = np.diff([x for _, _, x in samples], axis=0)
    expected = [2 * diffusion_A2_per_ps(t, 2000.0) * 1.0 for t in (300.0, 500.0)]
    assert (halves**2).mean(axis=(1, 2)) == pytest.approx(expected, rel=0.06)  # 4.6 standard errors


# ---- equilibrium ------------------------------------------------------------------------------


def sticky(depth_kt, cutoff=1.0):
    """Spheres that stick: a well 20 % as wide as the spheres, with a steep inner and a sharp outer side.

    The potential is flat outside, so that spheres meet by diffusion alone; the inner side is stiff enough for
    twelve neighbours at most (softer cores let clusters collapse).
    """
    sigma = 0.05 * cutoff
    pair = Pair(1.0, sigma, cutoff / sigma, 1.0, (0.6 * cutoff / sigma) ** 8, 8.0, 0.0, 1.0)
    r = np.linspace(0.5, 1.0, 20_001)[:-1] * cutoff
    strength = float(-depth_kt * KT / pair.two_body(r)[0].min())
    pair = Pair(1.0, sigma, cutoff / sigma, strength, pair.B, 8.0, 0.0, 1.0)
    return ForceField("sticky", "a test", {"T": 28.0855}, {("T", "T"): pair}, {})


def energy_kt(model, r):
    pair = model.pairs["T", "T"]
    return float(pair.two_body(np.array([r]))[0][0]) / KT if r < pair.cutoff_A else 0.0


@pytest.mark.parametrize("kind", ["brownian", "langevin"])
def test_bond_lengths_are_boltzmanns(make, kind):
    """Distances in 1000 dimers against r^2 exp(-U/kT), integrated by scipy; well of 15 kT, friction 50 or 2000."""
    model = sticky(15.0, 3.0)
    friction = 2000.0 if kind == "brownian" else 300.0
    n, spacing = 1000, 12.0
    grid = np.array(list(np.ndindex(10, 10, 10))) * spacing
    place = np.vstack([grid, grid + [2.37, 0.0, 0.0]])
    frame = make_frame(place, np.eye(3) * 120.0, np.zeros(2 * n, int), ["T"], model.masses)
    thermalize(frame, TEMPERATURE, np.random.default_rng(5))
    stage = Stage(kind, (TEMPERATURE, TEMPERATURE), time_ps=10, timestep_fs=2)
    lengths = []
    for sample in make(model).run(frame, stage, seed=4, every=500, friction={"T": friction}):
        x = unwrapped(sample.frame())
        if sample.step > 0:
            lengths.append(np.linalg.norm(x[n:] - x[:n], axis=1))
    found = np.concatenate(lengths)
    r = np.linspace(1.6, 3.0, 4001)
    weight = np.array([x * x * np.exp(-energy_kt(model, x)) for x in r])
    mean = np.average(r, weights=weight)
    width = np.average((r - mean) ** 2, weights=weight) ** 0.5
    total = np.cumsum(weight) / weight.sum()
    p = kstest(found, lambda x: np.interp(x, r, total)).pvalue
    error = width / len(found) ** 0.5
    print(
        f"{kind}: bond {found.mean():.4f} ± {error:.4f} Å (Boltzmann {mean:.4f}), width {found.std():.4f} "
        f"(Boltzmann {width:.4f}), Kolmogorov-Smirnov p {p:.2f}"
    )
    assert found.max() < 3.0  # none broke
    assert abs(found.mean() - mean) < 4 * error + 0.002 * mean
    assert found.std() == pytest.approx(width, rel=0.04)
    assert p > 1e-3


# ---- coagulation ------------------------------------------------------------------------------


def contact_distance(model):
    """Radius at which two sticking spheres capture each other, 1 / integral of exp(U/kT) / r^2 (P. Debye, 1942).

    The integral goes from the bottom of the well, beyond which nothing comes back, to infinity. For this
    potential it is the distance at which the energy is -kT, to 0.1 %.
    """
    cutoff = model.pairs["T", "T"].cutoff_A
    r = np.linspace(0.5, 1.0, 20_001)[:-1] * cutoff
    bottom = r[model.pairs["T", "T"].two_body(r)[0].argmin()]
    inner = quad(lambda x: np.exp(energy_kt(model, x)) / x**2, bottom, cutoff * (1 - 1e-9), limit=500)[0]
    return 1 / (inner + 1 / cutoff)


def scattered(n, length, apart, rng):
    """Random points of a periodic cube, none nearer than `apart` to another."""
    points = np.empty((0, 3))
    while len(points) < n:
        points = np.vstack([points, rng.uniform(size=(n - len(points), 3)) * length])
        i, j, _, _ = neighbour_pairs(points, np.eye(3) * length, apart)
        points = np.delete(points, np.unique(np.maximum(i, j)), axis=0)
    return points


def count_clusters(frame, contact):
    n = frame.particles.N
    i, j, _, _ = neighbour_pairs(frame.particles.position, box_to_cell(frame.configuration.box), contact)
    return connected_components(coo_matrix((np.ones(len(i)), (i, j)), shape=(n, n)), directed=False)[0]


def smoluchowski(times, n0, *, transient, draining, most=80):
    """Share of clusters left, from Smoluchowski's equations with sigma = D = 1.

    dn_k/dt = 1/2 sum K_ij n_i n_j - n_k sum K_kj n_j, K_ij = 4 pi (D_i + D_j) R_ij. Plain, D_k = R_ij = 1, and the
    solution is 1/(1 + t/tau). Clusters that are freely draining have D_k = 1/k, and R_ij = (i^0.4 + j^0.4)/2: for
    a sphere and a pair, a triangle or a tetrahedron of spheres 0.8 apart this is 1.16, 1.28 and 1.37, where walks
    on spheres gave 1.18, 1.27 and 1.34. The transient multiplies K_ij by 1 + R_ij/sqrt(pi (D_i + D_j) t).
    """
    size = np.arange(1, most + 1)
    d, r = (1 / size, size**0.4 / 2) if draining else (np.ones(most), np.full(most, 0.5))
    both, reach = d[:, None] + d[None, :], r[:, None] + r[None, :]

    def change(root, n):  # in the square root of time, where the transient is smooth
        t = max(root * root, 1e-12)
        k = 4 * np.pi * both * reach * (1 + reach / np.sqrt(np.pi * both * t) if transient else 1)
        meet = k * n[:, None] * n[None, :]
        born = np.array([np.trace(meet[::-1], offset=m - most) for m in range(1, most)])
        return 2 * root * (np.concatenate([[0.0], born / 2]) - meet.sum(axis=1))

    begin = np.zeros(most)
    begin[0] = n0
    solution = solve_ivp(change, (0, times[-1] ** 0.5), begin, t_eval=np.sqrt(times), rtol=1e-6, atol=1e-12)
    return solution.y.sum(axis=0) / n0


def test_the_equations_solved_here_are_smoluchowskis():
    """Without transient and with equal diffusion the solution is known."""
    n0 = 6e-3 / np.pi
    tau = 2 / (8 * np.pi * n0)
    x = np.array([0.0, 0.5, 1.0, 2.0])
    assert smoluchowski(x * tau, n0, transient=False, draining=False) == pytest.approx(1 / (1 + x), rel=1e-4)


@pytest.mark.slow
def test_sticking_spheres_coagulate_by_smoluchowskis_law(make):
    """1/(1 + t/tau) within 15 % up to t = 2 tau, tau = 2/(K n0), K = 8 pi D sigma, at volume fraction 1e-3.

    Steps of 0.028 sigma (root mean square, along an axis), wells of 16 kT. sigma is `contact_distance`, for capture,
    for the volume fraction and for the count of clusters.
    """
    model = sticky(16.0)
    engine = make(model)
    # steps of the one engine cost five times those of the other; a seed has a process of its own nowhere
    seeds, n = ((1, 2), 600) if engine.info.name == "hoomd" else ((1, 2, 3, 4), 1000)
    sigma, friction = contact_distance(model), 2000.0
    diffusion = diffusion_A2_per_ps(TEMPERATURE, friction)
    n0 = 1e-3 * 6 / np.pi / sigma**3
    tau = 2 / (8 * np.pi * diffusion * sigma * n0)
    step = 4e-4 * sigma**2 / diffusion
    assert (2 * diffusion * step) ** 0.5 < 0.05 * sigma
    every = round(tau / 4 / step)
    stage = Stage("brownian", (TEMPERATURE, TEMPERATURE), time_ps=8 * every * step, timestep_fs=1000 * step)
    length = (n / n0) ** (1 / 3)
    counts = []
    for seed in seeds:
        place = scattered(n, length, sigma, np.random.default_rng(seed))
        frame = make_frame(place, np.eye(3) * length, np.zeros(n, int), ["T"], model.masses)
        samples = engine.run(frame, stage, seed=seed, every=every, friction={"T": friction})
        counts.append([count_clusters(s.frame(), sigma) / n for s in samples])
    shares = np.array(counts)
    x = np.arange(9) * every * step / tau
    plain = 1 / (1 + x)
    # variance of the number of clusters for a constant kernel: N (1 - (1 + x)^-3) / 3 (linear noise)
    error = np.sqrt((1 - plain**3) / 3 / (plain * n * len(seeds)))
    unit = np.maximum(x, 1e-9) * tau * diffusion / sigma**2
    curves = {
        "transient": smoluchowski(unit, n0 * sigma**3, transient=True, draining=False),
        "draining": smoluchowski(unit, n0 * sigma**3, transient=False, draining=True),
        "both": smoluchowski(unit, n0 * sigma**3, transient=True, draining=True),
    }
    off = shares.mean(axis=0) / plain - 1
    print(
        f"{engine.info.name}: {len(seeds)} seeds of {n} spheres; deviation from 1/(1 + t/tau), and what is expected of it"
    )
    for k in range(9):
        parts = ", ".join(f"{name} {curve[k] / plain[k] - 1:+.3f}" for name, curve in curves.items())
        print(
            f"t/tau {x[k]:.2f}  clusters {shares[:, k].mean():.4f}  {off[k]:+.3f} ± {error[k]:.3f}  ({parts})"
        )
    assert x[-1] == pytest.approx(2.0, rel=1e-3)
    assert shares[:, 0] == pytest.approx(1.0)
    assert error.max() < 0.035
    assert abs(off).max() < 0.15
    # what is expected of transient and draining together; a step's length makes capture 2 to 3 % slower
    assert (abs(shares.mean(axis=0) / curves["both"] - 1) < 4 * error + 0.03).all()


# ---- what an engine owes ----------------------------------------------------------------------


def test_brownian_samples_have_the_baths_temperature_and_the_pressure_that_belongs_to_it(make, ts, sgt):
    """No velocities in frames; pressure = N kT / V + virial, as for velocities of the bath's temperature."""
    engine = make(ts)
    stage = Stage("brownian", (500.0, 500.0), time_ps=0.5)
    for sample in engine.run(sgt, stage, seed=1, every=50, friction=FRICTION):
        frame = sample.frame()
        assert sample.temperature_K == 500.0
        assert not np.asarray(frame.particles.velocity).any()
        ideal = (
            612 * BOLTZMANN_EV_PER_K * 500.0 / volume(box_to_cell(frame.configuration.box)) * BAR_PER_EV_PER_A3
        )
        assert sample.pressure_bar == pytest.approx(ideal + engine.evaluate(frame).pressure_bar, abs=0.5)
    assert sample.step == 100
    assert sample.energy_eV > engine.evaluate(sgt).energy_eV + 0.3 * 612 * 1.5 * BOLTZMANN_EV_PER_K * 500


def test_brownian_dynamics_heats_a_crystal_to_what_equipartition_says(make, ts, sgt):
    """3/2 kT of potential energy a bead in a nearly harmonic crystal at 100 K."""
    engine = make(ts)
    rest, cold = engine.minimize(sgt)
    stage = Stage("brownian", (100.0, 100.0), time_ps=30, timestep_fs=3)
    energies = [
        s.energy_eV for s in engine.run(rest, stage, seed=1, every=250, friction=FRICTION) if s.step >= 2000
    ]
    found = (np.mean(energies) - cold) / (612 * 1.5 * BOLTZMANN_EV_PER_K * 100)
    print(f"potential energy over 3/2 kT: {found:.3f}")
    assert found == pytest.approx(1.0, abs=0.06)


def test_brownian_beads_of_the_seed_region_stay(make, ts, sgt):
    held = frozen_beads(np.asarray(sgt.particles.position), box_to_cell(sgt.configuration.box), 0.5)
    stage = Stage("brownian", (1000.0, 1000.0), time_ps=1, seed_region=0.5)
    moves = unwrapped(last_frame(make(ts).run(sgt, stage, seed=2, every=200, friction=FRICTION))) - unwrapped(
        sgt
    )
    assert abs(moves[held]).max() < 1e-5
    assert np.abs(moves[~held]).max(axis=1).min() > 0


def test_brownian_dynamics_without_friction_is_refused(make, ts, sgt):
    stage = Stage("brownian", (500.0, 500.0), time_ps=0.5)
    for friction in (None, {"T": 1000.0}):
        with pytest.raises(InputError, match="needs the friction of .*S in the solvent"):
            next(make(ts).run(sgt, stage, seed=1, every=50, friction=friction))


def test_a_brownian_run_that_explodes_is_noticed(make, ts, sgt):
    stage = Stage("brownian", (500.0, 500.0), time_ps=100, timestep_fs=400)
    with pytest.raises(SimulationError, match="too far|exploded"):
        last_frame(make(ts).run(sgt, stage, seed=1, every=25, friction=FRICTION))


def test_a_stage_after_brownian_dynamics_has_velocities(make, ts, tmp_path):
    """And the whole of it runs from a condition, with the friction of its solvent."""
    text = {
        "system": {"start": "framework", "framework": "SOD", "repeat": [3, 3, 3]},
        "solvent": {},
        "stage": [
            {"kind": "brownian", "temperature_K": 500, "time_ps": 1},
            {"kind": "langevin", "temperature_K": [500, 400], "time_ps": 1},
            {"kind": "nvt", "temperature_K": 400, "time_ps": 1},
        ],
    }
    condition = parse_condition({**text, "output": {"interval_ps": 0.5}}, "c.toml", tmp_path)
    from zeocryst.solution.start import crystal

    seen = []

    def keep(position, sample, frame, between):
        seen.append((sample, np.array(frame.particles.velocity)))

    hooks = Hooks(lambda *_: None, keep, lambda *_: None, lambda: False)
    frame = crystal(condition.system, ts)
    end, _, finished = simulate(condition, make(ts), frame, seed=3, position=Position(), hooks=hooks)
    assert finished
    assert condition.output == Output(0.5)
    assert np.isfinite([[s.temperature_K, s.pressure_bar, s.energy_eV] for s, _ in seen]).all()
    assert [bool(v.any()) for _, v in seen] == [False] * 3 + [True] * 4
    assert 300 < seen[-1][0].temperature_K < 520
    assert np.asarray(end.particles.velocity).any(axis=1).all()


def test_bodies_stay_with_their_beads(make, ts, sgt):
    import copy

    frame = copy.deepcopy(sgt)
    frame.particles.body = np.arange(612, dtype=np.int32) // 4 - 1
    stage = Stage("brownian", (300.0, 300.0), time_ps=0.1)
    end = last_frame(make(ts).run(frame, stage, seed=1, every=20, friction=FRICTION))
    assert (np.asarray(end.particles.body) == frame.particles.body).all()
    assert moved_frame(sgt, *([frame.configuration.box] + [np.zeros((612, 3))] * 3)).particles.body is None


# ---- rigid precursors -------------------------------------------------------------------------


def oligomers(ts, rng):
    """Monomers, dimers and squares on a grid that lies across the borders of the box, with their numbers."""
    square = np.array([[0.0, 0, 0], [3.06, 0, 0], [3.06, 3.06, 0], [0, 3.06, 0]])
    places, bodies = [], []
    for k, corner in enumerate(np.array(list(np.ndindex(5, 5, 5))) * 15.0 - 1.5):
        count = (1, 2, 4)[k % 3]
        places.append(corner + square[:count])
        bodies += [k] * count
    frame = make_frame(np.vstack(places), np.eye(3) * 75, np.zeros(len(bodies), int), ["T", "S"], ts.masses)
    frame.particles.body = np.array(bodies, dtype=np.int32)
    thermalize(frame, TEMPERATURE, rng)
    return frame


def test_rigid_precursors_keep_their_shape_and_diffuse_as_their_friction_says(make, ts):
    """Distances within bodies stay; a body of k beads has D/k; the temperature is the bath's; images count."""
    engine = make(ts)
    frame = oligomers(ts, np.random.default_rng(7))
    stage = Stage("langevin", (TEMPERATURE, TEMPERATURE), time_ps=30, rigid_precursors=True)
    try:
        engine.check(frame, [stage])
    except InputError as error:
        assert engine.info.name == "hoomd" and "rigid_precursors" in str(error)  # noqa: PT017, PT018
        return
    body = frame.particles.body
    samples = [
        (s.temperature_K, unwrapped(s.frame()))
        for s in engine.run(frame, stage, seed=2, every=200, friction=FRICTION)
    ]
    start, end = samples[0][1], samples[-1][1]
    assert abs(start - unwrapped(frame)).max() < 1e-4

    def lengths(x, k):
        arms = x[body == k] - x[body == k][0]
        return np.linalg.norm(
            arms - 75 * np.round(arms / 75), axis=1
        )  # bodies across the border are in two pieces

    for k in range(125):
        assert lengths(end, k) == pytest.approx(lengths(start, k), abs=2e-3)
    temperatures = np.array([t for t, _ in samples[3:]])
    assert temperatures.mean() == pytest.approx(TEMPERATURE, rel=0.06)
    for count in (1, 2, 4):
        which = [k for k in range(125) if (1, 2, 4)[k % 3] == count]
        centres = np.array([[x[body == k].mean(axis=0) for k in which] for _, x in samples])
        moves = np.diff(centres, axis=0)
        d = (moves**2).mean() / (2 * 1.0)
        free = diffusion_A2_per_ps(TEMPERATURE, FRICTION["T"] * count)
        error = (2 / moves.size) ** 0.5
        print(f"{count} beads: D over kT/friction {d / free:.3f} ± {error:.3f}")
        # 1 ps is 93 relaxation times; steps of 0.46 of one turn bodies less exactly than they move them
        assert d / free == pytest.approx(1.0, abs=4 * error + 0.02)


def test_rigid_precursors_that_are_not_there_are_refused(make, ts, sgt):
    stage = Stage("langevin", (300.0, 300.0), time_ps=1, rigid_precursors=True)
    with pytest.raises(InputError, match="stage 1: rigid_precursors = true, and the start has no precursors"):
        make(ts).check(sgt, [stage])
