"""What a sweep takes besides its runs: ``python benchmarks/sweep_overhead.py [--points 200] [--jobs 2]``.

So many runs of about a second (96 T and 16 S of SOD, ``langevin``, a temperature each) as ``zeocryst sweep``,
report and all, and the same runs alone: the same conditions and seed numbers in the same number of processes of
the same kind, one call that does nothing else. Each is a process of its own; seconds on the clock and of the
processors, of everything it began. On a machine that others use the processors' tell more.
"""

import argparse
import csv
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SWEEP = """
name = "overhead"
seed = 3
[system]
start = "framework"
framework = "SOD"
repeat = [2, 2, 2]
[[stage]]
kind = "langevin"
temperature_K = 300
time_ps = {time_ps}
[output]
interval_ps = 0.5
[engine]
name = "lammps"
[sweep]
[[sweep.axis]]
key = "stage.1.temperature_K"
from = 300
to = 700
steps = {points}
"""


def alone(folder, jobs):
    """Run the runs that a sweep's folder was made for, and nothing else."""
    from zeocryst.condition import to_toml
    from zeocryst.foundation.interrupt import Stopper
    from zeocryst.studies.child import Nursery
    from zeocryst.studies.crew import Crew
    from zeocryst.studies.points import Point
    from zeocryst.sweeps.replica import condition_of_job

    def place(point):
        return folder / "workspace" / point.name / "run"

    def asked(point):
        return {
            "condition": to_toml(point.condition), "out": str(place(point)), "engine": None, "device": None,
            "plugins": [],
        }  # fmt: skip

    points = [Point(job.name, condition_of_job(job)) for job in sorted((folder / "workspace").iterdir())]
    stopper, begin = Stopper(None), time.monotonic()
    nursery = Nursery(folder / "output.txt", print)
    crew = Crew(
        nursery, asked, place, jobs, stopper, lambda point, outcome: None, lambda going: None, print
    )  # fmt: skip
    with stopper:
        assert crew.run(points)
    nursery.close()
    return time.monotonic() - begin


def timed(*words):
    """Seconds on the clock and of the processors that a command takes."""
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(list(map(str, words)), check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.monotonic() - begin, used


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument(
        "--time-ps", type=float, default=8.0, help="of each run; 8 ps take a second on an idle core"
    )
    parser.add_argument("--alone", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.alone:
        alone(options.alone, options.jobs)
        return
    print(f"load {os.getloadavg()[0]:.1f}, {options.points} points, {options.jobs} jobs")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = folder / "sweep.toml"
        file.write_text(SWEEP.format(points=options.points, time_ps=options.time_ps))
        sweep = [
            sys.executable,
            "-P",
            "-m",
            "zeocryst.cli",
            "sweep",
            file,
            "--quiet",
            "--jobs",
            options.jobs,
            "--out",
        ]
        subprocess.run(
            [*map(str, sweep), str(folder / "alone"), "--init"], check=True, stdout=subprocess.DEVNULL
        )
        own = [sys.executable, __file__, "--jobs", options.jobs, "--alone", folder / "alone"]
        bare, whole = timed(*own), timed(*sweep, folder / "sweep")
        with (folder / "sweep" / "points.csv").open() as text:
            runs = [float(row["wall_s"]) for row in csv.DictReader(text)]
        again = timed(*sweep, folder / "sweep")
        print(f"a run: {sum(runs) / len(runs):.2f} s")
        for what, k in (("clock", 0), ("processors", 1)):
            more = 100 * (whole[k] / bare[k] - 1)
            print(
                f"{what}: alone {bare[k]:.1f} s, sweep {whole[k]:.1f} s, {more:+.1f} %; again {again[k]:.1f} s"
            )


if __name__ == "__main__":
    main()
