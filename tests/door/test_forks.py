"""Workers of multiprocessing: those that are forked after kernels ran say so, those that are started afresh work."""

import subprocess
import sys

import pytest

CODE = """
import multiprocessing, sys
import zeocryst as zc

def named(atoms):
    try:
        return zc.identify(atoms).codes
    except zc.InputError as error:
        return str(error)

if __name__ == "__main__":
    structures = [zc.framework("SOD"), zc.framework("LTA")]
    for atoms in structures:
        zc.identify(atoms)  # kernels have run here
    with multiprocessing.get_context(sys.argv[1]).Pool(1) as pool:
        print(pool.map(named, structures))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="fork, and GNU's OpenMP")
@pytest.mark.parametrize("how", ["fork", "spawn"])
def test_workers(tmp_path, how):
    (tmp_path / "workers.py").write_text(CODE)
    done = subprocess.run(
        [sys.executable, "-P", str(tmp_path / "workers.py"), how], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    named = done.stdout.strip() == "[('SOD',), ('LTA',)]"
    # with another library of threads than OpenMP (TBB) forked workers can compute
    assert named or (how == "fork" and done.stdout.count("get_context('spawn')") == 2)
