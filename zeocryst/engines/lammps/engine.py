"""What LAMMPS does as an engine (`zeocryst.engines.protocol.Engine`)."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from zeocryst.cell import volume
from zeocryst.condition import Stage
from zeocryst.engines.lammps import NAME
from zeocryst.engines.lammps.library import load
from zeocryst.engines.lammps.session import Session
from zeocryst.engines.lammps.shares import Shares
from zeocryst.engines.protocol import (
    FORCE_TOLERANCE,
    EngineInfo,
    Evaluation,
    Sample,
    next_sample,
    rigid_bodies,
)
from zeocryst.foundation.machine import breakable
from zeocryst.foundation.pace import Crew
from zeocryst.foundation.ranks import count
from zeocryst.model.forcefield import ForceField
from zeocryst.units import BAR_PER_EV_PER_A3

if TYPE_CHECKING:
    import gsd.hoomd

#: Most iterations of a minimization, and those between two samples of a descent.
MOST_ITERATIONS, DESCENT_ITERATIONS = 20_000, 5
#: Iterations of a minimization on several ranks between two looks at signals, times beads of each rank.
ITERATED_BEADS = 200_000
#: Fewer beads than this are minimized and looked at by one rank alone.
SPREAD_BEADS = 1000


class LammpsEngine:
    """Runs a Stillinger-Weber force field with LAMMPS.

    Parameters
    ----------
    forcefield
        The model.
    threads
        OpenMP threads, of each rank.
    """

    def __init__(self, forcefield: ForceField, threads: int) -> None:
        module = load()
        self._forcefield = forcefield
        self._most = self._threads = threads
        self.info = EngineInfo(NAME, str(module.__version__), "cpu", "double", threads, count())
        #: Where the time of runs on several ranks goes.
        self.shares = Shares()

    def _session(self, frame: gsd.hoomd.Frame, least: int = SPREAD_BEADS) -> Session:
        """A frame in LAMMPS: on all ranks where there are several, and that many beads."""
        spread = count() > 1 and least <= frame.particles.N
        return Session(self._forcefield, self._threads, frame, self.shares if spread else None)

    # ---- what an engine does ------------------------------------------------------------------

    def run(
        self,
        frame: gsd.hoomd.Frame,
        stage: Stage,
        *,
        seed: int,
        every: int | Callable[[int], int],
        begin: int = 0,
        friction: Mapping[str, float] | None = None,
        adapt: Callable[[int, str], None] | None = None,
    ) -> Generator[Sample]:
        """Integrate a stage; see `zeocryst.engines.protocol.Engine.run`."""
        # what LAMMPS knows of rigid bodies does not go into a restart
        adapting = adapt is not None and self._most > 1 and not stage.rigid_precursors and self.info.ranks == 1
        crew = Crew(self._most if adapting else self._threads, self._threads)
        with self._session(frame, least=0) as session:
            session.fix(stage, seed, friction)
            session.keep_even()
            session.command(f"timestep {stage.timestep_fs / 1000:.12g}")
            session.command(f"reset_timestep {begin}")
            session.command(f"run 0 start 0 stop {stage.n_steps}")
            yield session.sample()
            done, ready = (
                begin,
                False,
            )  # the first chunk sets up again: `run 0` has ended the fixes' integration
            while done < stage.n_steps:
                sampled = next_sample(every, done, stage.n_steps)
                with crew.running(sampled - done):
                    session.advance(done, sampled, ready)
                done, ready = sampled, True
                yield session.sample()
                if not adapting or done == stage.n_steps:
                    continue
                words = crew.decide()
                if words is not None and adapt is not None:
                    self._threads = crew.threads
                    adapt(crew.threads, words)
                if crew.threads != session.threads:
                    with crew.moving():
                        session.move(crew.threads, friction)
                    ready = False

    def check(self, frame: gsd.hoomd.Frame, stages: Iterable[Stage] = ()) -> None:
        """Every box will do: LAMMPS looks at as many images as it takes. Rigid precursors must be there."""
        rigid_bodies(frame, stages)

    def minimize(self, frame: gsd.hoomd.Frame) -> tuple[gsd.hoomd.Frame, float]:
        """The nearest energy minimum at fixed box, by conjugate gradients."""
        with (
            self._session(frame) as session,
            breakable(session.end_soon) as broken,
        ):
            session.command("min_style cg")
            chunk = MOST_ITERATIONS
            if session.ranks > 1:  # it is ended between commands only; on one rank within one
                chunk = max(DESCENT_ITERATIONS, min(chunk, session.ranks * ITERATED_BEADS // frame.particles.N))
            limits, done, step = f"{chunk} {10 * MOST_ITERATIONS}", -chunk, 0
            while not broken and step == done + chunk and step < MOST_ITERATIONS:  # else it has ended by itself
                session.command(f"minimize 0.0 {FORCE_TOLERANCE} {limits}")
                done, step = step, session.step()
            if broken:
                raise KeyboardInterrupt
            sample = session.sample()
            return sample.frame(), sample.energy_eV

    def descend(self, frame: gsd.hoomd.Frame) -> Generator[Sample]:
        """The way to the minimum; conjugate gradients begin anew after each sample."""
        with self._session(frame) as session:
            session.command("min_style cg")
            done, limits = 0, f"{DESCENT_ITERATIONS} {100 * DESCENT_ITERATIONS}"
            while done < MOST_ITERATIONS:
                session.command(f"minimize 0.0 {FORCE_TOLERANCE} {limits}")
                sample = session.sample()
                yield sample
                if sample.step < done + DESCENT_ITERATIONS:  # it has ended by itself
                    return
                done += DESCENT_ITERATIONS

    def evaluate(self, frame: gsd.hoomd.Frame) -> Evaluation:
        """Energy, forces and virial."""
        with self._session(frame) as session:
            session.command("compute virial all pressure NULL virial")
            session.command("thermo_style custom step temp pe press vol pxx pyy pzz pxy pxz pyz")
            session.command("thermo_modify press virial")
            session.command("run 0")
            names = ("pxx", "pyy", "pzz", "pxy", "pxz", "pyz")
            tensor = np.array([session.thermo(name) for name in names])
            virial = tensor * volume(session.cell()) / BAR_PER_EV_PER_A3
            return Evaluation(session.thermo("pe"), session.gather("f"), virial, float(tensor[:3].mean()))
