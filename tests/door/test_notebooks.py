"""The notebooks of docs/, executed from end to end, each in a fresh kernel and an empty folder."""

import os
import time
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
NOTEBOOKS = sorted(DOCS.glob("*.ipynb"))


def needed():
    for package in ("nbclient", "nbformat", "ipykernel", "pandas"):
        pytest.importorskip(package, reason=f"notebooks need {package}: pip install 'zeocryst[test]'")


def test_there_are_three():
    assert {path.stem for path in NOTEBOOKS} == {"first_run", "your_trajectory", "gel_to_atoms"}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_are_stored_without_outputs(path):
    needed()
    import nbformat

    book = nbformat.read(path, 4)
    nbformat.validate(book)
    for cell in book.cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # those of jupyter's own packages
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_run(path, tmp_path, monkeypatch):
    needed()
    import nbformat
    from nbclient import NotebookClient

    for name in ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS"):
        monkeypatch.setenv(name, "1")
    book = nbformat.read(path, 4)
    # CPU time of the kernel: other jobs of the machine are not the notebook's
    timer = "import resource; print(sum(resource.getrusage(resource.RUSAGE_SELF)[:2]))"
    book.cells.append(nbformat.v4.new_code_cell(timer))
    begin = time.monotonic()
    client = NotebookClient(
        book, timeout=900, kernel_name="python3", resources={"metadata": {"path": tmp_path}}
    )
    client.execute()  # raises for the first cell that does
    used = float(book.cells[-1].outputs[0]["text"])
    print(f"{path.stem}: {used:.0f} s of CPU, {time.monotonic() - begin:.0f} s")
    assert used < 120
    shown = [output for cell in book.cells for output in cell.get("outputs", [])]
    assert not [o for o in shown if o.output_type == "stream" and o.name == "stderr"], (
        "nothing goes wrong aside"
    )
    assert any("<progress" in o.get("data", {}).get("text/html", "") for o in shown), "a bar is shown"
    assert os.listdir(tmp_path)


INTERRUPTED = """
import zeocryst as zc
condition = zc.Condition(
    system={"start": "framework", "framework": "SOD", "repeat": [2, 2, 2]},
    stages=[{"kind": "langevin", "temperature_K": 500, "time_ps": 100000}],
    output={"interval_ps": 0.5}, engine={"threads": 1},
)
run = zc.run(condition, "a")
"""


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_the_stop_button_leaves_a_run_that_goes_on(tmp_path):
    needed()
    from jupyter_client.manager import start_new_kernel

    import zeocryst as zc

    manager, client = start_new_kernel(kernel_name="python3", cwd=str(tmp_path))
    try:
        client.execute(INTERRUPTED)
        until = time.monotonic() + 120
        while time.monotonic() < until and not (tmp_path / "a" / "order_parameters.csv").is_file():
            time.sleep(0.2)
        assert zc.open_run(tmp_path / "a").state == "running"
        manager.interrupt_kernel()
        reply = client.get_shell_msg(timeout=60)
        assert reply["content"]["status"] == "ok"
        steps = zc.open_run(tmp_path / "a").order_parameters["step"].iloc[-1]
        # the kernel lives, and the same cell goes on
        client.execute("print(run.state); run = zc.run(condition, 'a', walltime=3.0); print(run.state)")
        reply = client.get_shell_msg(timeout=120)
        assert reply["content"]["status"] == "ok"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    again = zc.open_run(tmp_path / "a")
    assert again.state == "stopped"
    assert again.order_parameters["step"].iloc[-1] > steps
