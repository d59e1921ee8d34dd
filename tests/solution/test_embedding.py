"""T positions from a net alone: the type that they are, and distances and cells of silica."""

import numpy as np
import pytest

from zeocryst.answers.identify import identify_network
from zeocryst.cell import box_to_cell, neighbour_pairs, volume
from zeocryst.condition import System
from zeocryst.errors import InputError
from zeocryst.frameworks.table import (
    bare_code,
    framework_types,
    start_codes,
    start_structure,
    start_t_count,
    startable_codes,
)
from zeocryst.network.matching import matched_bonds
from zeocryst.solution.embedding import FARTHEST_T_T_A, T_T_A, embedded, origin_in_words, start_of
from zeocryst.solution.start import crystal

#: Nets of all sorts: small, dense, interrupted, chiral, with more symmetry of T than of O, strained.
SOME = ("ABW", "CAN", "RON", "STW", "ASV", "LIT", "JSY", "KLW", "dia", "qtz")


@pytest.mark.parametrize("code", SOME)
def test_it_is_its_own_type_and_silica(code):
    found = embedded(code)
    network = matched_bonds(found.positions, found.cell)[0]
    [row] = identify_network(network)["types"]
    assert (row["code"], row["share"]) == (code, 1.0)
    assert T_T_A[0] <= found.shortest <= found.longest <= T_T_A[1]
    # what is written down is what was measured, and nothing else is as near
    pairs = neighbour_pairs(found.positions, found.cell, 3.5)[3]
    assert pairs.min() == pytest.approx(found.shortest, abs=1e-3)
    degree = network.degree.sum() / 2
    assert len(pairs) == degree
    assert len(found.positions) == start_t_count(code)


def test_it_is_the_same_each_time():
    first = embedded("CAN")
    embedded.cache_clear()
    assert np.allclose(embedded("CAN").positions, first.positions, atol=1e-6)


@pytest.mark.parametrize("code", ["SOD", "LTA", "MFI", "FAU", "CHA", "SGT"])
def test_as_the_published_structures(code):
    """Edges of cells within 2 %, and each T of the one near a T of the other, where both are known."""
    from zeocryst.solution import embedding

    cell, sites = start_structure(code)
    found = embedding.embedded(code)
    assert volume(found.cell) / len(found.positions) == pytest.approx(volume(cell) / len(sites), rel=0.02)
    assert np.allclose(
        np.sort(np.linalg.norm(found.cell, axis=1)), np.sort(np.linalg.norm(cell, axis=1)), rtol=0.02
    )
    assert start_of(code)[0] is not found.cell  # the published one is taken
    assert np.allclose(start_of(code)[1], sites)
    assert origin_in_words(code) == ""


def test_the_reference_cells(reference):
    """Volume per T against the idealized structures of the database."""
    for code in ("AEL", "ATO", "BOG", "EUO", "OFF", "ZON"):
        found, atoms = embedded(code), reference[code]
        mine = volume(found.cell) / len(found.positions)
        assert mine == pytest.approx(atoms.get_volume() / (atoms.numbers == 14).sum(), rel=0.015)


@pytest.mark.slow
def test_every_type_can_start(fuzz):
    """Some of them; all of them (`--fuzz 300`) take several minutes."""
    codes = sorted(set(startable_codes()) - set(start_codes()))
    for code in np.random.default_rng(2).permutation(codes)[: fuzz(40)].tolist():
        found = embedded(code)
        assert FARTHEST_T_T_A[0] < found.shortest <= found.longest < FARTHEST_T_T_A[1], code
        density = 1000 * len(found.positions) / volume(found.cell)
        assert density == pytest.approx(framework_types()[code].density_T_per_1000A3, rel=0.015), code


def test_a_start_of_it_says_where_it_comes_from(ts):
    frame = crystal(System("framework", framework="LTL", repeat=(1, 1, 2)), ts)
    kinds = np.bincount(frame.particles.typeid)
    assert kinds[0] == 2 * start_t_count("LTL") == 72
    assert kinds[1] > 0  # an S in the channel
    assert volume(box_to_cell(frame.configuration.box)) == pytest.approx(2 * volume(embedded("LTL").cell))
    assert "LTL are calculated from its net" in origin_in_words("LTL")
    assert origin_in_words(None) == ""


def test_what_is_no_type_is_refused():
    with pytest.raises(InputError, match="'XYZ' has no start structure"):
        embedded("XYZ")


def test_names_with_and_without_marks():
    for name in ("*BEA", "BEA", "bea", "*bea", " BEA "):
        assert bare_code(name) == "BEA"
    for name in ("-CLO", "CLO", "−CLO", "*-SSO", "-SSO"):
        assert bare_code(name) in ("CLO", "SSO")
    assert bare_code("QQQ") == "QQQ"
