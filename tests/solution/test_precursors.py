from collections import Counter

import networkx as nx
import numpy as np
import pytest
from networkx.algorithms.isomorphism import GraphMatcher

from zeocryst.cell import make_frame
from zeocryst.engines.lammps.engine import LammpsEngine
from zeocryst.errors import InputError
from zeocryst.frameworks.oligomers import oligomer_name, oligomers
from zeocryst.frameworks.table import nets
from zeocryst.network.bonds import network_of_bonds, repeat_network
from zeocryst.potentials.stillinger_weber import evaluate
from zeocryst.solution.precursors import bond_length, relaxed

NAMES = list(oligomers())


def graph(name):
    made = nx.Graph(oligomers()[name].bonds)
    made.add_nodes_from(range(oligomers()[name].n_T))
    return made


@pytest.mark.parametrize(
    ("name", "known", "q"),
    [
        ("monomer", nx.path_graph(1), {0: 1}),
        ("dimer", nx.path_graph(2), {1: 2}),
        ("trimer", nx.path_graph(3), {1: 2, 2: 1}),
        ("3R", nx.cycle_graph(3), {2: 3}),
        ("4R", nx.cycle_graph(4), {2: 4}),
        ("5R", nx.cycle_graph(5), {2: 5}),
        ("6R", nx.cycle_graph(6), {2: 6}),
        ("D3R", nx.circular_ladder_graph(3), {3: 6}),
        ("D4R", nx.hypercube_graph(3), {3: 8}),
        ("D5R", nx.circular_ladder_graph(5), {3: 10}),
        ("D6R", nx.circular_ladder_graph(6), {3: 12}),
    ],
)
def test_graphs_are_those_of_another_program(name, known, q):
    assert nx.is_isomorphic(graph(name), known)
    assert Counter(dict(graph(name).degree).values()) == q  # Q_n of each


@pytest.fixture(scope="module")
def mfi():
    """The net of MFI from the database, three cells wide, so that no piece meets its own image."""
    bonds, kinds = nets()["MFI"]
    wide = repeat_network(network_of_bonds(bonds, len(kinds)), (3, 3, 3))
    return nx.Graph(zip(wide.first.tolist(), wide.second.tolist(), strict=True))


@pytest.mark.parametrize("n", [11, 22, 33])
def test_mfi_precursors_are_pieces_of_mfi_with_all_their_bonds(mfi, n):
    piece = graph(f"MFI-{n}")
    assert nx.is_connected(piece)
    # an induced subgraph: bonds that MFI has between these T are all there
    assert GraphMatcher(mfi, piece).subgraph_is_isomorphic()


def test_mfi_precursors_are_one_two_and_three_tetracyclic_undecamers():
    whole = graph("MFI-33")
    units = [nx.convert_node_labels_to_integers(whole.subgraph(range(k, k + 11))) for k in (0, 11, 22)]
    assert all(nx.is_isomorphic(unit, graph("MFI-11")) for unit in units)
    assert nx.is_isomorphic(whole.subgraph(range(22)), graph("MFI-22"))
    unit = graph("MFI-11")
    assert unit.number_of_edges() - unit.number_of_nodes() + 1 == 4
    # every T is in a five-ring, and the shortest independent rings are five-rings
    rings = nx.minimum_cycle_basis(unit)
    assert [len(ring) for ring in rings] == [5, 5, 5, 5]
    assert set().union(*rings) == set(unit)
    # the middle one is the first, and nothing swings on a single bond
    joining = [sum(a < 11 <= b < 22 for a, b in whole.edges), sum(a < 11 and b >= 22 for a, b in whole.edges)]
    assert joining == [4, 3]
    assert whole.number_of_edges() == 3 * 14 + 7
    assert not nx.has_bridges(whole)


@pytest.mark.parametrize("name", NAMES[1:])
def test_each_is_a_minimum_of_the_model_that_keeps_its_bonds(ts, name):
    places = relaxed(name, ts)
    n = len(places)
    assert np.abs(places.mean(axis=0)).max() < 1e-9
    length = np.array([np.linalg.norm(places[i] - places[j]) for i, j in oligomers()[name].bonds])
    assert 3.0 < length.min()
    assert length.max() < 3.45  # the three-ring's, strained; 3.16 in all others but D3R
    cell, kinds = np.eye(3) * 60.0, np.zeros(n, dtype=int)

    def forces(x):
        return evaluate(x.reshape(-1, 3), cell, kinds, ["T"], ts).forces.ravel()

    assert np.abs(forces(places)).max() < 2e-5
    # the second derivatives have no negative direction, and none more without force than moving and turning it
    step = 1e-4
    rows = [
        (forces(places.ravel() - step * unit) - forces(places.ravel() + step * unit)) / (2 * step)
        for unit in np.eye(3 * n)
    ]
    modes = np.linalg.eigvalsh((np.array(rows) + np.array(rows).T) / 2)
    free = 5 if n == 2 else 6
    assert np.abs(modes[:free]).max() < 1e-5
    assert modes[free] > 1e-5


def test_bonds_are_as_long_as_the_model_has_them(ts):
    # F. H. Stillinger and T. A. Weber chose A and B so that the minimum is at 2^(1/6) sigma
    assert bond_length(ts) == pytest.approx(2 ** (1 / 6) * 2.7275, abs=1e-5)
    for name in ("dimer", "trimer", "6R"):  # no strain: angles can be tetrahedral
        places = relaxed(name, ts)
        length = [np.linalg.norm(places[i] - places[j]) for i, j in oligomers()[name].bonds]
        assert length == pytest.approx([bond_length(ts)] * len(length), abs=1e-3)


def test_another_program_has_them_at_rest_too(ts):
    # one of each, farther from the next than anything reaches
    points = [
        relaxed(name, ts) + 30.0 * np.array(np.unravel_index(k, (3, 3, 3))) for k, name in enumerate(NAMES)
    ]
    places = np.vstack(points) + 15.0
    frame = make_frame(places, np.eye(3) * 90.0, np.zeros(len(places), dtype=int), ts.types, ts.masses)
    assert np.abs(LammpsEngine(ts, 1).evaluate(frame).forces).max() < 1e-4


def test_a_model_that_holds_no_bonds_is_refused(ts):
    from dataclasses import replace

    weak = replace(ts, triplets={k: replace(t, lambda_=0.0) for k, t in ts.triplets.items()})
    with pytest.raises(InputError, match=r"system.precursors: D6R is not held by the model ts"):
        relaxed("D6R", weak)


def test_other_names():
    for given, name in [
        ("D4R", "D4R"), ("d4r", "D4R"), ("cubic octamer", "D4R"), ("cubic_octamer", "D4R"), ("Q0", "monomer"),
        ("linear_trimer", "trimer"), ("cyclic trimer", "3R"), ("mfi33", "MFI-33"), ("MFI_11", "MFI-11"),
        ("prismatic hexamer", "D3R"), ("Tetracyclic-Undecamer", "MFI-11"),
    ]:  # fmt: skip
        assert oligomer_name(given) == name
    with pytest.raises(InputError, match="'D4S'; did you mean"):
        oligomer_name("D4S")
    with pytest.raises(InputError, match="did you mean 'monomer'"):
        oligomer_name("monomar")
