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
