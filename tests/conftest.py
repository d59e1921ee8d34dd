"""What tests share: reference structures, frames, short conditions."""

import functools
import os
import signal
import tempfile
from pathlib import Path

#: Which of pytest-xdist's workers this process is, where there are some. Each keeps to one core, with the processes
#: that its tests start, so that they do not take it from each other; before libraries count the cores. Of many cores
#: another session takes others.
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
if WORKER and hasattr(os, "sched_setaffinity"):
    CORES = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {CORES[(os.getppid() + int(WORKER.removeprefix("gw"))) % len(CORES)]})

import numpy as np  # noqa: E402
import pytest  # noqa: E402

#: The user's own framework types lie elsewhere while tests run, in this process and in those it starts.
os.environ["ZEOCRYST_DATA"] = tempfile.mkdtemp(prefix="zeocryst-tests-")

#: Under nohup a hangup is ignored, here and in every process that tests start.
signal.signal(signal.SIGHUP, signal.SIG_DFL)

SHARED = Path(os.environ.get("ZEOCRYST_SHARED", Path(__file__).resolve().parents[2] / "shared"))


def pytest_addoption(parser):
    parser.addoption(
        "--fuzz", type=int, default=0, metavar="N", help="inputs that each fuzzer tries (default: a few)"
    )


#: They take minutes: with two workers one begins with them, so that none is left alone with them at the end. They
#: compile what others use, and the other worker begins meanwhile with tests that compile next to nothing.
LONG, UNCOMPILED = ("test_shipped.py",), ("test_contract.py", "test_solvent.py")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """With workers: in which order; and what needs the machine for itself is not run beside others."""
    if not WORKER:
        return
    first = [item for item in items if item.path.name in LONG]
    second = [item for item in items if item.path.name in UNCOMPILED]
    rest = [item for item in items if item.path.name not in LONG + UNCOMPILED]
    half = max(0, len(items) // 2 - len(first))  # there the second worker begins (--dist worksteal)
    items[:] = first + rest[:half] + second + rest[half:]
    for item in items:
        if item.get_closest_marker("alone"):
            item.add_marker(pytest.mark.skip(reason="needs the machine for itself: pytest -m alone"))


@pytest.fixture
def fuzz(request):
    """How many inputs a fuzzer tries: so many as it gives, or as ``--fuzz`` says."""
    asked = request.config.getoption("--fuzz")
    return lambda few: asked or few


def shared(name):
    path = SHARED / name
    if not path.is_file():
        pytest.skip(f"{name} is reference material that lies beside the project's own checkout only")
    return path


@pytest.fixture(scope="session")
def reference():
    """The reference frameworks by code, as ase.Atoms of SiO2."""
    import ase.io

    return {a.info["framework"]: a for a in ase.io.read(shared("iza_frameworks.extxyz"), ":")}


@pytest.fixture(scope="session")
def unseeded():
    """Path of hot frames of unseeded runs: melt, ordering, partly, crystal; disordered; crystal."""
    return shared("unseeded.gsd")


@pytest.fixture(scope="session")
def ts():
    from zeocryst.model.forcefield import read_forcefield

    return read_forcefield("ts")


@pytest.fixture(scope="session")
def sgt(ts):
    """A perfect SGT crystal of 576 T and 36 S at rest."""
    from zeocryst.condition import System
    from zeocryst.solution.start import crystal

    return crystal(System("framework", framework="SGT", repeat=(3, 3, 1)), ts)


@pytest.fixture(scope="session")
def sod(ts):
    """SOD 3x3x3 with a = 8.9561 Å, the published model's reference: 324 T, 54 S."""
    from zeocryst.cell import make_frame

    t = np.array(
        [[0.25, 0.5, 0], [0.75, 0.5, 0], [0.5, 0.25, 0], [0.5, 0.75, 0], [0, 0.25, 0.5], [0, 0.75, 0.5],
         [0, 0.5, 0.25], [0, 0.5, 0.75], [0.5, 0, 0.25], [0.5, 0, 0.75], [0.25, 0, 0.5], [0.75, 0, 0.5]]
    )  # fmt: skip
    s = np.array([[0, 0, 0], [0.5, 0.5, 0.5]])
    a = 8.9561
    shifts = np.array(list(np.ndindex(3, 3, 3)))[:, None]
    t_all = ((t + shifts) * a).reshape(-1, 3)
    s_all = ((s + shifts) * a).reshape(-1, 3)
    kinds = [0] * len(t_all) + [1] * len(s_all)
    return make_frame(np.vstack([t_all, s_all]), np.eye(3) * 3 * a, kinds, ["T", "S"], ts.masses)


SHORT = """
seed = 7
[system]
start = "framework"
framework = "SOD"
repeat = [2, 2, 2]
[[stage]]
kind = "langevin"
temperature_K = 500
time_ps = 1
[[stage]]
kind = "npt"
temperature_K = 500
coupling = "aniso"
time_ps = 4
[output]
interval_ps = 0.5
"""


@pytest.fixture
def short(tmp_path):
    """A condition that runs in seconds: 96 T and 16 S, 1000 steps."""
    path = tmp_path / "short.toml"
    path.write_text(SHORT)
    return path


class Reference:
    """One framework type: its network, its oxygens in the order of the bonds, the residual of its own atoms.

    The residual is R of the DLS-76 terms for the reference's atoms as they are (not refined any further).
    """

    def __init__(self, atoms):
        from zeocryst.cell import neighbour_pairs
        from zeocryst.order.derive import network_of

        self.atoms = atoms
        self.network = network_of(atoms)
        n = self.network.n_sites
        t, o, cell = atoms.positions[atoms.numbers == 14], atoms.positions[atoms.numbers == 8], atoms.cell[:]
        i, j, shift, d = neighbour_pairs(np.vstack([t, o]), cell, 2.2, full=True)
        mine = (i >= n) & (j < n)
        i, j, shift, d = i[mine], j[mine], shift[mine], d[mine]
        order = np.lexsort((j, np.round(d, 6), i))  # the order in which network_of makes bonds of oxygens
        i, j, shift = i[order], j[order], shift[order]
        begin = np.flatnonzero(np.append(True, i[1:] != i[:-1]))
        count = np.diff(np.append(begin, len(i)))
        self.terminal = o[i[begin[count == 1]] - n]
        self.terminal_site = j[begin[count == 1]]
        bridge = begin[count >= 2]
        assert (j[bridge] == self.network.first).all()
        # beside the first T, as in a Silicate
        self.oxygens = o[i[bridge] - n] - shift[bridge] @ cell

    @property
    def fully_connected(self):
        return (self.network.degree == 4).all()

    @functools.cached_property
    def built(self):
        """The atoms that its T alone are back-mapped to, as several tests judge them: made once, not to be changed."""
        from zeocryst.backmapping.build import build

        return build(self.network)

    @property
    def own_residual(self):
        from zeocryst.backmapping.dls import prescribed_terms, residual
        from zeocryst.backmapping.oxygens import add_oxygens

        silicate = add_oxygens(self.network, np.random.default_rng(1))
        positions = np.vstack([self.network.positions, self.oxygens])
        return residual(prescribed_terms(silicate), positions, self.network.cell)


@pytest.fixture(scope="session")
def references(reference):
    return {code: Reference(atoms) for code, atoms in sorted(reference.items())}


@pytest.fixture(scope="session")
def connected(references):
    """The 237 fully connected types."""
    found = {code: r for code, r in references.items() if r.fully_connected}
    assert len(found) == 237
    return found
