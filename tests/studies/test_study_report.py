"""What the reports of studies share."""

import pytest

from zeocryst.report.page import number
from zeocryst.report.studies import interval, runs_table, sentences, study_page, with_error


@pytest.mark.parametrize(
    ("value", "error", "expected"),
    [
        (274.312, 1.24, "274.3 ± 1.2 K"),
        (274.312, 0.0996, "274.31 ± 0.10 K"),
        (274.312, 0.996, "274.3 ± 1.0 K"),
        (1688.2, 17.3, "1688 ± 17 K"),
        (12345.0, 230.0, "12345 ± 230 K"),
        (274.312, None, "274.3 K"),
        (25162.4, None, "25160 K"),
        (2.5e9, None, "2.5e+09 K"),
        (None, 1.0, "not known"),
        (float("nan"), 1.0, "not known"),
    ],
)
def test_estimates_have_two_digits_of_their_error(value, error, expected):
    assert with_error(value, error, "K") == expected


def test_an_open_interval_says_so():
    assert interval(None, 280.0, "K") == "-∞ to 280 K"
    assert interval(270.25, 280.0) == "270.2 to 280"


def test_large_numbers_are_written_out():
    """1990 to three digits is no 1.99e+03."""
    assert interval(1987.2, 12345.6, "T", 3) == "1990 to 12300 T"
    assert interval(-1987.2, 1.2e-5, digits=3) == "-1990 to 1.2e-05"
    assert [number(x, 3) for x in (1234.5, 0.5, 1e12, float("inf"), 99999.0)] == [
        "1230", "0.5", "1e+12", "inf", "100000",
    ]  # fmt: skip


def test_the_page_has_assumptions_reasons_links_and_escapes(tmp_path):
    (tmp_path / "study.toml").write_text('name = "a<b"\n')
    summary = {
        "name": "a<b",
        "sentence": "Nothing & more.",
        "assumptions": ["one <i>"],
        "why_not": {"melting_point_K": "all melt"},
    }
    rows = [{"name": "T260-r1", "v": 1.5}, {"name": "T280-r1"}]
    path = study_page(tmp_path, summary, [("Runs", runs_table(rows, {"v": "speed"}))], found=False)
    text = path.read_text()
    assert 'href="./runs/T260-r1/"' in text
    assert "one &lt;i&gt;" in text
    assert "<i>" not in text
    assert "melting_point_K: all melt" in text
    assert "a&lt;b" in text
    assert "Nothing &amp; more." in text
    assert sentences([]) == ""


@pytest.mark.parametrize(
    ("low", "high", "digits", "expected"),
    [
        (1127.3, 1986.2, 3, "1130 to 1990 Å/ns"),
        (3.0, 24066.0, 3, "3 to 24100 Å/ns"),
        (999_400.0, 1.2e6, 3, "999000 to 1.2e+06 Å/ns"),
        (-1986.2, 999_600.0, 3, "-1990 to 1e+06 Å/ns"),
    ],
)
def test_numbers_below_a_million_have_no_exponent(low, high, digits, expected):
    assert interval(low, high, "Å/ns", digits) == expected
    assert with_error(low, None) == number(low)
    assert number(-1986.2, 2) == "-2000"
    assert number(2.5e-7) == "2.5e-07"
