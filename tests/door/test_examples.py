"""The examples of everything public, run as they stand in the docstrings."""

import doctest

import pytest

import zeocryst


@pytest.mark.parametrize("name", zeocryst.__all__)
def test_examples_hold(name, tmp_path, monkeypatch):
    pytest.importorskip("pandas")
    monkeypatch.chdir(tmp_path)
    thing = getattr(zeocryst, name)
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    runner = doctest.DocTestRunner(optionflags=flags)
    said = []
    found = [t for t in doctest.DocTestFinder(recurse=False).find(thing, name, globs={}) if t.examples]
    assert found, f"{name} has no example"
    for test in found:
        runner.run(test, out=said.append)
    assert runner.summarize(verbose=False).failed == 0, "".join(said)
