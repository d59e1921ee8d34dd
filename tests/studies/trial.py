"""A small study, as a command: ``python -P trial.py trial STUDY --out DIR ...``, through the command line's own door.

Its table is ``[design]``: ``runs`` of the file's stages at several temperatures, and then, of those that are done, the
hottest once more.
"""

import sys
import types

from zeocryst import cli
from zeocryst.commands._options import answer_study, study_options
from zeocryst.studies.points import Point
from zeocryst.studies.reading import read_study, replica_seed
from zeocryst.studies.running import StudyFolder


def arguments(parser):
    parser.add_argument("study")
    study_options(parser)


def answer(options):
    return answer_study(options, trial, options.study)


def trial(path, out, options):
    study = read_study(path, "design", ["temperatures_K"])
    temperatures = study.own.numbers("temperatures_K", 3, (300, 400, 500), least=0)
    study.own.finish()

    def point(name, temperature):
        return Point(
            name,
            study.condition(
                name=name,
                seed=replica_seed(study.seed, name),
                stages=[{**stage, "temperature_K": temperature} for stage in study.stages],
            ),
            {"temperature_K": temperature},
        )

    toml = study.to_toml({"temperatures_K": list(temperatures)}, study.stages)
    with StudyFolder(out, toml, options) as folder:
        if folder.summary is not None:
            return folder.summary
        done = folder.run([point(f"t{t:g}", t) for t in temperatures], say="temperatures")
        good = [each for each in done if each.failure is None]
        again = folder.run([point("again", max(each.point.facts["temperature_K"] for each in good))])[0]
        return folder.finish(
            {
                "failed": [each.point.name for each in done if each.failure is not None],
                "rows": len(folder.rows(again)),
                "end_ps": folder.rows(again)[-1]["time_ps"],
                "nothing": float("nan"),
                "sentence": f"{len(good)} runs are done",
            }
        )


COMMAND = types.SimpleNamespace(HELP="a trial", OWN_PROGRESS=True, arguments=arguments, answer=answer)

if __name__ == "__main__":
    cli.commands = lambda: {"trial": COMMAND}
    sys.exit(cli.main())
