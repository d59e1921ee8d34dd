"""What a run costs besides its steps: memory, and the time of every part before and after them.

All of it is linear in the number of beads; the constants were measured by ``benchmarks/road.py`` (figures in
its README). What depends on the machine is scaled by the time that measuring a frame takes here.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zeocryst.beads import Beads
from zeocryst.condition import Condition
from zeocryst.network.bonds import network_of_frame
from zeocryst.order import measure
from zeocryst.quench.apart import most_looks
from zeocryst.quench.relax import MOST_MINIMIZED_T, WHOLE_DENSITY
from zeocryst.running.conclusion import MOST_BUILT_T

if TYPE_CHECKING:
    import gsd.hoomd

#: Memory of the program with its libraries and a report, bytes; 2e8 more once, where functions are compiled.
BYTES_PROGRAM = 450_000_000
#: Most memory of a frame that is simulated and measured, bytes per bead: in a solution, and where T are close
#: (a crystal, a melt), whose sites have more others around them.
BYTES_PER_BEAD, DENSE_BYTES_PER_BEAD = 2_200, 5_000
#: And of one whose T all become atoms.
ATOMS_BYTES_PER_BEAD = 9_500
#: Time to measure a T by default, s, where nothing was tried: in a solution, and where T are close.
MEASURE_S, DENSE_MEASURE_S = 2.5e-5, 9e-5
#: The first frame and a frame's way to the disk (trajectory and checkpoint), s per bead.
PACK_S, WRITE_S = 4e-6, 1.2e-6
#: A look at clusters on their way to the minimum: s per bead, and time steps. Of one network, and of a melt's
#: start: steps in all.
LOOK_S, LOOK_STEPS, MINIMUM_STEPS = 6e-6, 10, 400
#: Atoms, s per T; and s of whatever is small.
ATOMS_S, SMALL_ATOMS_S = 4.5e-4, 3.0
#: The report: s, and measurements of a frame that it takes besides.
REPORT_S, REPORT_FRAMES = 12.0, 1.5


@dataclass(frozen=True)
class Size:
    """How large a run is.

    Attributes
    ----------
    n_T, beads : int
    dense : bool
        Whether its T are as close as in a crystal or a melt.
    built : bool
        Whether all T become atoms at the end.
    """

    n_T: int
    beads: int
    dense: bool
    built: bool

    @classmethod
    def of(cls, condition: Condition, frame: gsd.hoomd.Frame, n_T: int, beads: int) -> Size:
        """That of a run which begins like this frame, with so many T and beads."""
        look = Beads.of(frame)
        dense = 1000 * look.count("T") / look.volume >= WHOLE_DENSITY
        built = bool(condition.output.backmap) and condition.system.start != "gel" and n_T <= MOST_BUILT_T
        return cls(n_T, beads, dense, built)

    @property
    def memory_bytes(self) -> int:
        """Most memory that the run takes."""
        each = DENSE_BYTES_PER_BEAD if self.dense else BYTES_PER_BEAD
        return BYTES_PROGRAM + self.beads * max(each, ATOMS_BYTES_PER_BEAD if self.built else 0)


def time_to_measure(frame: gsd.hoomd.Frame, names: tuple[str, ...]) -> float:
    """Seconds per T to measure a frame: the second time, when everything is compiled."""
    for _ in range(2):
        begin = time.monotonic()
        network = network_of_frame(frame)[0]
        measure(network, names, frame)
    return (time.monotonic() - begin) / network.n_sites


def parts(
    condition: Condition, size: Size, speed: float, frames: int, measure_s: float | None
) -> list[dict[str, Any]]:
    """Each part of a run besides its steps, in order: what it is, and its seconds.

    Parameters
    ----------
    condition
        The run's.
    size
        Its size.
    speed
        Time steps per second; NaN where it has none.
    frames
        How many are written.
    measure_s
        Time to measure a T here, s; None where it was not tried.
    """
    usual = DENSE_MEASURE_S if size.dense else MEASURE_S
    here = usual if measure_s is None else measure_s
    slower = here / usual
    step = 0.0 if math.isnan(speed) else 1 / speed
    each, write = size.n_T * here, WRITE_S * slower * size.beads
    if size.dense and size.n_T <= MOST_MINIMIZED_T:
        quench = MINIMUM_STEPS * step
    else:
        quench = most_looks(size.n_T) * (LOOK_S * slower * size.beads + LOOK_STEPS * step)
    atoms = ATOMS_S * slower * size.n_T if size.built else SMALL_ATOMS_S * bool(condition.output.backmap)
    report = (REPORT_S + REPORT_FRAMES * each) * bool(condition.output.report)
    relaxing = MINIMUM_STEPS * step * (condition.system.start == "melt")
    return [
        {"what": "first frame", "s": PACK_S * slower * size.beads + relaxing},
        {"what": f"measuring {frames} frames", "s": frames * each, "each_s": each},
        {"what": f"writing {frames} frames", "s": frames * write, "each_s": write},
        {"what": "quench", "s": quench},
        {"what": "names", "s": 0.6 * each},
        {"what": "atoms", "s": atoms},
        {"what": "report", "s": report},
    ]


def parts_in_words(condition: Condition, found: list[dict[str, Any]], speed: float) -> list[str]:
    """The parts in a sentence, and one where measuring takes longer than what lies between two frames."""
    told = [f"{part['what']} {part['s']:.0f} s" for part in found if part["s"] >= 0.5]
    words = [f"besides the steps: {', '.join(told)}"] if told else []
    each = sum(part.get("each_s", 0.0) for part in found)
    dynamic = [stage for stage in condition.stages if stage.n_steps]
    if not dynamic or math.isnan(speed):
        return words
    longest = max(dynamic, key=lambda stage: stage.n_steps)
    between = condition.output.interval_ps * 1000 / longest.timestep_fs / speed
    if each > between:
        words.append(
            f"a frame takes {each:.1f} s to measure and write, more than the {between:.1f} s of steps between "
            f"two: with a longer interval_ps than {condition.output.interval_ps:g} more of it would be steps"
        )
    return words
