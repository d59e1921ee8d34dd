"""A funnel on its way: rung after rung, and the best to atoms."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from zeocryst.errors import InputError, SimulationError, ZeocrystError
from zeocryst.files.records import read_json, without_nan
from zeocryst.studies.points import Done, Point
from zeocryst.studies.reading import StudyFile
from zeocryst.sweeps.funnel import Rank, close_call, kept, objective_of, part_of, ranked
from zeocryst.sweeps.space import DROPPED, RUN, STATE, Slot
from zeocryst.sweeps.sweep_folder import SweepFolder
from zeocryst.sweeps.sweep_plan import Plan

#: What is remembered of it, and where atoms lie below a job.
RECORD, ATOMS = "funnel.json", "atoms"


class Funnel:
    """A funnel in a sweep's folder.

    Parameters
    ----------
    folder, study, plan
        Of the sweep; the plan has a funnel.
    """

    def __init__(self, folder: SweepFolder, study: StudyFile, plan: Plan) -> None:
        assert plan.funnel is not None
        self._folder, self._funnel = folder, plan.funnel
        self._slots = [
            [folder.space.slot(setting.values, replica) for replica in range(1, plan.replicas + 1)]
            for setting in plan.settings
        ]
        self._whole = {
            slot.name: folder.condition(slot, study, plan) for slots in self._slots for slot in slots
        }
        self._rungs: list[dict[str, Any]] = []
        self._took: dict[str, list[Mapping[str, Any]]] = {}
        self._earlier: dict[str, Mapping[str, Any]] = {}  # atoms of an earlier call, by folder
        with suppress(InputError):
            record = read_funnel(folder.path) or {}
            self._earlier = {one["folder"]: one for one in record.get("atoms", [])}

    def run(self) -> list[Done]:
        """Run it, or what is left of it; the runs of the last rung.

        Raises
        ------
        SimulationError
            All points failed in a rung.
        """
        shares = (*self._funnel.time_shares, 1.0)
        alive = list(range(len(self._slots)))
        begin = 0.0
        done: dict[str, Done] = {}
        for rung, end in enumerate(shares, start=1):
            last = rung == len(shares)
            earlier = {name: one.folder for name, one in done.items()}
            done = self._rung(alive, rung, (begin, end), earlier, last=last)
            groups = [[done[slot.name] for slot in self._slots[k]] for k in alive]
            ranks = ranked(groups, self._funnel, self._folder.rows)
            if all(one.rank is None for one in ranks):
                raise SimulationError(f"every point failed in rung {rung}; the first: {ranks[0].notes[0]}")
            chosen = kept(ranks, len(alive) if last else self._funnel.keep[rung - 1])
            self._note(rung, end, ranks, chosen, done)
            self._mark(alive, chosen)
            alive, begin = [alive[k] for k in chosen], end
            done = {slot.name: done[slot.name] for k in alive for slot in self._slots[k]}
        self._realize(alive, done)
        return list(done.values())

    # ---- rungs ------------------------------------------------------------------------------------

    def _rung(
        self,
        alive: Sequence[int],
        rung: int,
        shares: tuple[float, float],
        earlier: Mapping[str, Path],
        *,
        last: bool,
    ) -> dict[str, Done]:
        """Run one; what came of each run, by its slot's name."""
        points: dict[str, Point] = {}
        for k in alive:
            for slot in self._slots[k]:
                condition = part_of(self._whole[slot.name], *shares, earlier.get(slot.name))
                below = RUN if last else f"rung-{rung}"
                points[slot.name] = self._folder.placed(slot, below, condition, {"rung": rung})
        found = self._folder.run(list(points.values()), say=f"rung {rung}, {len(alive)} points")
        done = dict(zip(points, found, strict=True))
        for name, one in done.items():
            if one.summary is not None:
                self._took.setdefault(name, []).append(one.summary)
        return done

    def _note(
        self, rung: int, end: float, ranks: Sequence[Rank], chosen: Sequence[int], done: Mapping[str, Done]
    ) -> None:
        """Remember what was kept and why, on the disk too."""
        last = rung > len(self._funnel.time_shares)
        rows = [asdict(one) | {"kept": k in chosen} for k, one in enumerate(ranks)]
        self._rungs.append(
            {
                "rung": rung,
                "time_share": end,
                "points": sorted(rows, key=lambda row: (row["rank"] is None, -(row["rank"] or 0.0))),
                "n_points": len(ranks),
                "n_kept": len(chosen),
                "doubt": "" if last else close_call(ranks, chosen),
                "wall_s": sum(float((one.summary or {}).get("wall_s") or 0.0) for one in done.values()),
            }
        )
        told = "the last one is done" if last else f"{len(chosen)} of {len(ranks)} points go on"
        self._folder.say(f"rung {rung}: {told}")
        self._keep(list(self._earlier.values()))

    def _mark(self, alive: Sequence[int], chosen: Sequence[int]) -> None:
        """Say in the jobs which points were left; one that an earlier call left may go on now."""
        for k, point in enumerate(alive):
            for slot in self._slots[point]:
                if k not in chosen:
                    self._folder.space.mark(slot.job, {STATE: DROPPED})
                elif slot.document.get(STATE) == DROPPED:
                    self._folder.space.mark(slot.job, {STATE: None})

    # ---- atoms ------------------------------------------------------------------------------------

    def _realize(self, alive: Sequence[int], done: Mapping[str, Done]) -> None:
        """Back-map and refine the best replica of each point that is left."""
        objective = objective_of(self._funnel)
        atoms = []
        for k in alive:
            scores = [
                (
                    objective.of(
                        done[slot.name], self._folder.rows(done[slot.name]), self._funnel.framework
                    ).rank,
                    slot,
                )
                for slot in self._slots[k]
                if done[slot.name].failure is None
            ]
            if scores:
                best = max(scores, key=lambda score: score[0])[1]
                atoms.append(self._atoms(best, done[best.name]))
                self._keep(atoms)

    def _atoms(self, slot: Slot, done: Done) -> dict[str, Any]:
        """Atoms of a run's last frame, in a folder of their own beside the run's."""
        from zeocryst.answers.asked import Wanted
        from zeocryst.answers.backmap import Options, backmap_files

        out = done.folder.parent / ATOMS
        row: dict[str, Any] = {
            "values": dict(slot.values),
            "replica": slot.replica,
            "folder": str(out.relative_to(self._folder.path)),
        }
        earlier = self._earlier.get(row["folder"], {})
        if not (out / "summary.json").is_file():
            self._folder.say(f"back-mapping and refining {row['folder']}")
            wanted = Wanted(refine=self._funnel.refine or None)
            begin = time.monotonic()
            try:
                backmap_files(done.folder, out, Options(frame="-1", wanted=wanted))
            except ZeocrystError as error:
                return row | {"failure": str(error), "wall_s": time.monotonic() - begin}
            earlier = {"wall_s": time.monotonic() - begin}
        return row | told_of(read_json(out / "summary.json")) | {"wall_s": earlier.get("wall_s")}

    def _keep(self, atoms: Sequence[Mapping[str, Any]]) -> None:
        record = self._record(atoms)
        self._folder.place(RECORD, json.dumps(without_nan(record), indent=1) + "\n")

    def _record(self, atoms: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        objective = objective_of(self._funnel)
        spent = sum(one["wall_s"] for one in [*self._rungs, *atoms] if one.get("wall_s"))
        whole = self._whole_wall_s() if all(one.get("wall_s") is not None for one in atoms) else None
        share = spent / whole if whole else None
        return {
            "criterion": objective.name,
            "unit": objective.unit,
            "words": objective.words,
            "graded": objective.graded,
            "framework": self._funnel.framework,
            "refine": self._funnel.refine,
            "rungs": self._rungs,
            "atoms": list(atoms),
            "wall_s": spent,
            "full_wall_s": whole,
            "share_of_full": share,
            "sentence": self._sentence(atoms, share),
        }

    def _sentence(self, atoms: Sequence[Mapping[str, Any]], share: float | None) -> str:
        """How far the funnel has come, in words."""
        counts = [str(rung["n_points"]) for rung in self._rungs] + [str(self._rungs[-1]["n_kept"])]
        way = " to ".join(counts[: len(self._funnel.time_shares) + 1])
        told = f"The funnel went from {way} points by {objective_of(self._funnel).words}"
        told += "" if share is None else f", in {100 * share:.0f} % of the time of all at full length"
        good = sum("failure" not in one for one in atoms)
        return told + (f"; atoms of {good} of {len(atoms)}." if atoms else ".")

    def _whole_wall_s(self) -> float:
        """Seconds that all points would take at full length, each at the speed that its own runs had.

        What a run takes besides its steps (beginning, quench) it takes once, however long it is.
        """
        total = 0.0
        for name, summaries in self._took.items():
            known = [one for one in summaries if one.get("steps_per_s")]
            dynamics = sum(float(one["steps"]) / float(one["steps_per_s"]) for one in known)
            steps = sum(float(one["steps"]) for one in known)
            if steps > 0:
                besides = sum(float(one["wall_s"]) for one in known) - dynamics
                total += dynamics / steps * self._whole[name].n_steps + max(0.0, besides) / len(known)
        return total


def told_of(summary: Mapping[str, Any]) -> dict[str, Any]:
    """What the record says of atoms, from the summary of their back-mapping."""
    checks = summary["backmap"]["checks"]
    refined = summary.get("refined") or {}
    return {
        "formula": summary["backmap"]["formula"],
        "checks_passed": sum(check["passed"] is True for check in checks),
        "checks_applied": sum(check["passed"] is not None for check in checks),
        "refined_method": refined.get("method"),
        "refined_energy_eV_per_SiO2": refined.get("energy_eV_per_SiO2"),
        "refined_above_quartz_kJ_per_mol": refined.get("above_quartz_kJ_per_mol"),
    }


def read_funnel(out: Path) -> dict[str, Any] | None:
    """What is remembered of the funnel in a sweep's folder; None where there is none.

    Raises
    ------
    InputError
        It is damaged.
    """
    path = out / RECORD
    return read_json(path) if path.is_file() else None
