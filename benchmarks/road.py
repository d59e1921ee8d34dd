"""Time and memory of every part of a run at size: ``python benchmarks/road.py [--sizes 10000 100000]``.

Runs the shipped solution of oligomers (``runs/silicalite_gel``; with ``--start`` a SOD crystal or its melt)
with so many T, from the condition to the report, each size in a process of its own, with two frames: at the
beginning and after the steps. Prints a table: seconds on the clock and of the processor, and the most memory
that there had been when the part was over; then the exponent with which its processor time grows from size to
size (1: linear).
"""

import argparse
import json
import math
import os
import resource
import subprocess
import sys
import tempfile
import time
import tomllib
from contextlib import contextmanager
from importlib import resources
from pathlib import Path


def condition(start, n_t, steps):
    """The condition of one size."""
    from zeocryst.condition import parse_condition

    text = resources.files("zeocryst.runs").joinpath("silicalite_gel/condition.toml").read_text("utf-8")
    table = tomllib.loads(text)
    table["stage"][0]["time_ps"] = table["output"]["interval_ps"] = steps * 0.005
    table["system"]["n_T"] = n_t
    if start != "gel":
        table.pop("solvent")
        cells = max(1, round((n_t / 12) ** (1 / 3)))
        table["system"] = {"start": "framework", "framework": "SOD", "repeat": [cells] * 3}
        if start == "melt":
            table["system"]["start"] = "melt"
            table["stage"][0]["temperature_K"] = 1500
    return parse_condition(table, "benchmarks/road.py", Path())


def within(timed, words, call):
    """A function that is timed."""

    def wrapped(*given, **more):
        with timed(words):
            return call(*given, **more)

    return wrapped


def measured(start, n_t, steps):
    """Run one size; a row for each part: what it is, seconds, of the processor, MB."""
    from zeocryst.foundation import working
    from zeocryst.running import pipeline
    from zeocryst.running.beginning import Options

    rows = []

    @contextmanager
    def timed(words):
        begin, used = time.monotonic(), time.process_time()
        yield
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
        rows.append((words, time.monotonic() - begin, time.process_time() - used, most))

    original = working.Working.on

    @contextmanager
    def on(self, words):
        with timed(words), original(self, words) as told:
            yield told

    working.Working.on = on
    for owner, name, words in (
        (pipeline, "first_frame_and_words", "first frame"),
        (pipeline._Run, "_write", "writing a frame"),
        (pipeline._Run, "_save", "writing the checkpoint"),
        (pipeline._Run, "simulate", "steps, and all above but the first"),
    ):
        setattr(owner, name, within(timed, words, getattr(owner, name)))
    with tempfile.TemporaryDirectory() as folder:
        with timed("all"):
            pipeline.run(condition(start, n_t, steps), Path(folder) / "out", Options(quiet=True))
        size = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file()) / 1e6
    return {"rows": rows, "disk_MB": size}


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--start", choices=("gel", "crystal", "melt"), default="gel")
    parser.add_argument("--one", type=int, help="for the program itself")
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measured(options.start, options.one, options.steps)))
        return
    print(f"{len(os.sched_getaffinity(0))} cores; {options.start}, {options.steps} steps")
    before = {}
    for size in options.sizes:
        load = os.getloadavg()[0]
        words = [sys.executable, __file__, "--one", str(size), "--start", options.start]
        done = subprocess.run(
            [*words, "--steps", str(options.steps)], check=True, stdout=subprocess.PIPE, text=True
        )
        found = json.loads(done.stdout.splitlines()[-1])
        print(f"\n{size} T, load {load:.1f} beforehand, {found['disk_MB']:.0f} MB on disk")
        print("| part | s | s of the processor | peak MB | exponent |\n|---|---|---|---|---|")
        now = {}
        for told, wall, used, most in found["rows"]:
            what = "measuring a frame" if told.startswith("measuring") else told
            now[what] = size, max(used, 1e-3)
            was = before.get(what)
            grows = math.log(now[what][1] / was[1]) / math.log(size / was[0]) if was else float("nan")
            print(f"| {what} | {wall:.1f} | {used:.1f} | {most:.0f} | {grows:.2f} |", flush=True)
        before = now


if __name__ == "__main__":
    main()
