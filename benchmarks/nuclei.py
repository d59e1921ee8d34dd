"""How small a crystal is named, and what is named where there is none.

``python benchmarks/nuclei.py [PART ...]``

Parts, all when none is given:

- ``vacuum``: balls out of twelve perfect frameworks, the n T nearest to a random point, ten centres each;
- ``vibrating``: the same balls out of crystals that vibrate at 600 K;
- ``vacuum-hot``: the same balls after 2 ps at 600 K in vacuum;
- ``embedded``, ``embedded-hot``: in a glass that is relaxed around them, and after 2 ps at 600 K;
- ``sheets``: nanosheets and slabs, cold and at 300 and 600 K; ``half``: half a box of MTN held in its places;
- ``disordered``: independent melts and glasses of 2048 T; ``control``: hot frames of molten SGT at 720 K.

Everything is made here (see `tests/nuclei.py`). What is counted is the share of the crystal's T that are given
its type's code: the median over the centres. Beside it stands the share of the crystal's bonds that are left,
where not all are: what heat and relaxation have broken cannot be named. Of disordered ones the largest grain
counts. Times are of the processor, for naming alone.
"""

import argparse
import sys
import time
from collections import defaultdict
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import nuclei

from zeocryst.files.trajectory import iterate
from zeocryst.network.bonds import bonds_from_sites, network_of_frame
from zeocryst.network.matching import matched_bonds
from zeocryst.order.labels import label_sites

#: How bonds are given out: as in runs, and as in identify.
BONDS = {"nearest": bonds_from_sites, "matched": lambda sites, cell: matched_bonds(sites, cell)[0]}
#: T of an S-bearing melt to an S: as many as in SOD, SGT, less, and none.
T_PER_S = (6, 16, 32, 0)
SHEETS = (("MFI", (2, 1, 2), 1), ("CHA", (3, 3, 1), 2), ("SGT", (3, 3, 1), 2), ("SOD", (3, 3, 2), 2))


class Stopwatch:
    """Names networks, and keeps the seconds it took."""

    def __init__(self):
        self.seconds = []

    def name(self, network):
        """Labels of its sites."""
        begin = time.process_time()
        labels = label_sites(network)
        self.seconds.append((time.process_time() - begin, network.n_sites))
        return labels

    def __str__(self):
        took = [s for s, _ in self.seconds]
        slowest, size = max(self.seconds)
        return f"naming took {np.median(took):.3f} s (median), {slowest:.3f} s at most (a frame of {size} T)"


def right(labels, structure):
    """Share of the crystal's T that are given its code."""
    mine = [k for k, code in enumerate(labels.codes) if structure.code in code.split("|")]
    return float(np.isin(labels.code[structure.truth], mine).mean())


def left(network, structure):
    """Share of the crystal's bonds that are still there."""
    pairs = np.sort(np.column_stack([network.first, network.second]), axis=1)
    have = set(map(tuple, pairs.tolist()))
    want = set(map(tuple, np.sort(structure.bonds, axis=1).tolist()))
    return len(want & have) / len(want)


def table(title, make, options, sizes):
    """Shares named right of balls that `make(code, n, seed)` gives, one line a framework."""
    watch = {name: Stopwatch() for name in options.bonds}
    print(f"\n{title}: T named right, % (median of {options.centres} centres; in brackets bonds that are left)")
    good = defaultdict(int)
    for name in options.bonds:
        print(f"bonds {name:<8}" + "".join(f"{n:>12} T" for n in sizes))
    for code in options.frameworks:
        found = defaultdict(list)
        for n in sizes:
            for seed in range(options.centres):
                structure = make(code, n, seed)
                for name in options.bonds:
                    network = BONDS[name](structure.positions, structure.cell)
                    found[name, n].append(
                        (right(watch[name].name(network), structure), left(network, structure))
                    )
        for name in options.bonds:
            cells = []
            for n in sizes:
                share, bonds = np.median(found[name, n], axis=0)
                good[name, n] += share >= 0.5
                cells.append(f"{100 * share:.0f}" + (f" ({100 * bonds:.0f})" if bonds < 0.995 else ""))
            print(f"{code} {name:<10}" + "".join(f"{cell:>14}" for cell in cells), flush=True)
    for name in options.bonds:
        counts = "".join(f"{f'{good[name, n]} of {len(options.frameworks)}':>14}" for n in sizes)
        print(f"at least half {counts}  {name}: {watch[name]}")


def several(title, structures, options):
    """What each structure, given with a name, is called; disordered ones that show nothing are only counted."""
    print(f"\n{title}")
    watch = Stopwatch()
    largest = defaultdict(int)
    count = 0
    for label, structure in structures:
        count += 1
        for name in options.bonds:
            labels = watch.name(BONDS[name](structure.positions, structure.cell))
            rows = (
                ", ".join(f"{r['code']} {r['sites']} T in {r['grains']}" for r in labels.summary()) or "nothing"
            )
            crystal = f" named right {100 * right(labels, structure):.0f} %," if structure.truth.any() else ""
            size = labels.largest_grain_sites
            largest[name] = max(largest[name], size)
            n = len(structure.positions)
            if not size and not structure.truth.any():
                continue
            print(f"{label:<28} {name:<8} {n:>5} T:{crystal} largest grain {size} T; {rows}", flush=True)
    sizes = ", ".join(f"{size} T ({name})" for name, size in largest.items())
    print(f"{count} structures, largest grain of all {sizes}; {watch}")


def sheets():
    """Nanosheets and slabs."""
    for code, repeat, axis in SHEETS:
        cold = nuclei.slab(code, repeat, axis)
        cells = "x".join(map(str, repeat))
        yield f"{code} {cells} along {'abc'[axis]}", cold
        for temperature in (300.0, 600.0):
            yield f"  after 2 ps at {temperature:.0f} K", nuclei.heated(cold, 1, temperature_K=temperature)


def half():
    """Half a box of MTN, hot and quenched."""
    for structure in nuclei.half_held("MTN", (3, 1, 1), 1):
        yield "MTN 3x1x1, 650 K", structure
        yield "  quenched", nuclei.quenched(structure)


def disordered(n_t):
    """Melts and glasses, hot and quenched."""
    for seed, ratio in enumerate(T_PER_S, start=1):
        n_s = round(n_t / ratio) if ratio else 0
        for name, structure in nuclei.disordered(n_t, n_s, 10 * seed):
            yield f"{ratio or 'only'} T/S, {name}", structure
            if name == "600K_in_16ps":
                yield "  quenched", nuclei.quenched(structure)


def trajectory(paths, options):
    """Largest grain and time of each frame of files."""
    for path in paths:
        for name in options.bonds:
            watch, sizes = Stopwatch(), []
            for _, frame in iterate(Path(path)):
                network, _ = network_of_frame(frame)
                if name != "nearest":
                    network = BONDS[name](network.positions, network.cell)
                sizes.append(watch.name(network).largest_grain_sites)
            print(f"\n{path}, bonds {name}: largest grains {sizes}\n{watch}")


def main():
    makers = {
        "vacuum": (nuclei.ball, nuclei.SIZES),
        "vibrating": (nuclei.vibrating, nuclei.SIZES),
        "vacuum-hot": (lambda *ball: nuclei.heated(nuclei.ball(*ball), ball[2]), (100, 150, 200)),
        "embedded": (nuclei.embedded, (100, 150)),
        "embedded-hot": (lambda *ball: nuclei.heated(nuclei.embedded(*ball), ball[2]), (150,)),
    }
    others = {
        "sheets": sheets,
        "half": half,
        "disordered": lambda: disordered(2048),
        "control": lambda: nuclei.molten("SGT", (4, 2, 1), 1),
    }
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join([*makers, *others]))
    parser.add_argument("--frameworks", nargs="+", default=list(nuclei.TWELVE))
    parser.add_argument("--sizes", type=int, nargs="+")
    parser.add_argument("--centres", type=int, default=nuclei.CENTRES)
    parser.add_argument("--bonds", nargs="+", choices=BONDS, default=["nearest"])
    parser.add_argument("--trajectory", nargs="+", default=[], help="GSD files, instead of any part")
    options = parser.parse_args()
    unknown = set(options.parts) - set(makers) - set(others)
    if unknown:
        parser.error(f"no part {', '.join(sorted(unknown))}; parts: {', '.join([*makers, *others])}")
    label_sites(bonds_from_sites(*_warm()))  # compiles
    if options.trajectory:
        trajectory(options.trajectory, options)
        return
    for part in options.parts or [*makers, *others]:
        begin = time.monotonic()
        if part in makers:
            make, sizes = makers[part]
            table(part, make, options, options.sizes or sizes)
        else:
            several(part, others[part](), options)
        print(f"{part}: {time.monotonic() - begin:.0f} s in all", flush=True)


def _warm():
    ball = nuclei.ball("SOD", 60, 0)
    return ball.positions, ball.cell


if __name__ == "__main__":
    main()
