"""What large runs cost, from one core's speed and geometry: ``python benchmarks/scale_model.py``.

A step of N beads on P processes takes

    t = a N/P (1 + c g) + m l + 2 s g N/P / b,   g = ((L + 2 r) / L)^3 - 1,   L = (N / (P d))^(1/3)

where a is a bead's step on one core and g how many beads of its neighbours a process has copies of, for each
bead of its own: those within the range and the skin r about a cube of edge L. c is what a copy costs of what a
bead costs. The last two terms are m messages of latency l, and s bytes a copy, there and back, by bandwidth b.
a, c and g are compared with runs on two and four processes by `ranks.py` (README); l and b are those of a usual
network of a cluster and were not measured. One process measures and writes, so that its memory and time grow
with N alone.
"""

from zeocryst.running.costs import BYTES_PROGRAM, DENSE_BYTES_PER_BEAD, DENSE_MEASURE_S

#: Seconds of a bead's step on one core, and what a copy costs of it; of dense SGT (`ranks.py`).
BEAD_S, COPY = 1.18e-6, 0.027
#: Range of the model and skin, Å; beads per Å^3 of SGT; beads per T.
REACH_A, DENSITY, BEADS_PER_T = 10.25, 0.0188, 1.0625
#: Messages a step, their latency (s), bytes of a copy, bandwidth (bytes/s): assumed.
MESSAGES, LATENCY_S, COPY_BYTES, BANDWIDTH = 12, 2e-6, 24, 5e9
#: Steps of a ns.
STEPS = 200_000


def copies_per_bead(beads, processes):
    """Beads of its neighbours that a process has copies of, for each of its own."""
    edge = (beads / processes / DENSITY) ** (1 / 3)
    return ((edge + 2 * REACH_A) / edge) ** 3 - 1 if processes > 1 else 0.0


def step_s(beads, processes):
    """Seconds of a step."""
    copies, own = copies_per_bead(beads, processes), beads / processes
    said = MESSAGES * LATENCY_S + 2 * COPY_BYTES * copies * own / BANDWIDTH if processes > 1 else 0.0
    return BEAD_S * own * (1 + COPY * copies) + said


def main():
    print("| T | processes | steps/s | hours a ns | efficiency | GB of the first | s to measure a frame |")
    print("|---|---|---|---|---|---|---|")
    for sites in (10**5, 10**6, 10**8):
        beads = sites * BEADS_PER_T
        memory = BYTES_PROGRAM + DENSE_BYTES_PER_BEAD * beads
        for processes in (1, 2, 16, 256):
            t = step_s(beads, processes)
            print(
                f"| {sites:.0e} | {processes} | {1 / t:.3g} | {t * STEPS / 3600:.3g} "
                f"| {step_s(beads, 1) / t / processes:.2f} "
                f"| {memory / 1e9:.3g} | {DENSE_MEASURE_S * sites:.3g} |"
            )


if __name__ == "__main__":
    main()
