"""An engine in one file: velocity Verlet (nve), and with a bath Langevin dynamics (langevin) by BAOAB.

    zeocryst run condition.toml --plugin engine.py --engine verlet --out results

or install it: [project.entry-points."zeocryst.engines"] verlet = "my_package.engine". Put your own integrator
or your own forces in the place of these. BAOAB: B. Leimkuhler, C. Matthews, Appl. Math. Res. Express 2013, 34.
"""

import numpy as np

from zeocryst.cell import box_to_cell, wrap_counting
from zeocryst.engines import protocol
from zeocryst.potentials.cpu import Evaluator
from zeocryst.units import BOLTZMANN_EV_PER_K, EV_PER_AMU_A2_PER_PS2

NAME, KINDS = "verlet", ("nve", "langevin")  # what users call it by, and the stages that it integrates


def offer(device):  # "auto", "cpu" or "gpu": 0 where it cannot run on it, what it runs on, why
    return protocol.Offer(0 if device == "gpu" else 1, "cpu", "runs on the CPU only")


def create(forcefield, device, threads):
    return Verlet(forcefield)


class Verlet:
    def __init__(self, forcefield):
        self.forcefield, self.model = forcefield, Evaluator(forcefield)
        self.info = protocol.EngineInfo(NAME, "1.0", "cpu", "double", 1)  # for the provenance of a run

    def evaluate(self, frame):  # energy in eV, forces (N, 3) in eV/Å, virial (xx, yy, zz, xy, xz, yz) in eV
        found = self.model.evaluate(frame)
        return protocol.evaluation_of(frame, found.energy.sum(), found.forces, found.virial)

    def run(self, frame, stage, *, seed, every, begin=0, friction=None, adapt=None):
        frame, held = protocol.hold(frame, stage.seed_region)  # which beads stay where they are
        beads, box, still = frame.particles, frame.configuration.box, held[:, None]
        half = np.where(still, 0.0, stage.timestep_fs / 2000)  # half a time step, ps; none for what is held
        m = np.asarray(beads.mass, dtype=float)[:, None] * EV_PER_AMU_A2_PER_PS2  # eV ps^2/Å^2
        if bath := stage.kind == "langevin":  # what is kept of a velocity in a step, by the friction in amu/ps
            gamma = protocol.frictions(stage, friction, self.forcefield.masses)
            gamma = np.array([gamma[beads.types[k]] for k in beads.typeid])[:, None] * EV_PER_AMU_A2_PER_PS2
            kept, rng = np.exp(-2 * half * gamma / m), np.random.default_rng(seed)
        x, v, due = np.array(beads.position, dtype=float), np.where(still, 0.0, beads.velocity), begin
        for done in range(begin, stage.n_steps + 1):
            inside, turns = wrap_counting(x, box_to_cell(box))
            state = protocol.moved_frame(frame, box, inside, v, beads.image + turns)
            now = self.evaluate(state)
            v += (done > begin) * half * now.forces / m  # ends the last step; in place: the state has it, too
            if done == due:  # a sample at the beginning, and after each every(done) steps
                yield protocol.sample_of(done, state, now, stage, held)
                due = done + every(done)
            v = v + half * now.forces / m
            x = x + half * v
            if bath:
                thermal = np.sqrt((1 - kept**2) * BOLTZMANN_EV_PER_K * stage.temperature_at(done + 0.5) / m)
                v = kept * v + thermal * rng.normal(size=v.shape)
            x = x + half * v
