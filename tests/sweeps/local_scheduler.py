"""A scheduler in a folder: what is submitted waits in a queue until ``work`` runs it here, with bash, in its order.

``python local_scheduler.py QUEUE NAME ...``, where NAME is the command of a scheduler that it speaks for: ``sbatch`` and
``squeue``, ``qsub`` and ``qstat``, or ``simple-scheduler submit|status``, which signac-flow has an environment for.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

NAME = re.compile(r'^#(?:SBATCH --job-name="(.*)"|PBS -N (.*)|SSCHED --job-name=(.*))$', re.M)


def main(queue, command, *arguments):
    waiting = sorted(queue.glob("*.sh"))
    names = [next(filter(None, NAME.search(script.read_text()).groups())) for script in waiting]
    if "--version" in arguments:
        print(command)
    elif command in ("sbatch", "qsub") or arguments[:1] == ("submit",):
        (queue / f"{len(waiting):04d}.sh").write_text(Path(arguments[-1]).read_text())
        (queue / "flags").write_text(" ".join(arguments[:-1]))
    elif command == "squeue":
        print("".join(f"PD{name:100}\n" for name in names), end="")
    elif command == "qstat":
        print("<Data></Data>")
    elif arguments[:1] == ("status",):
        print(json.dumps({name: {"job_name": name, "status": 6} for name in names}))
    elif command == "work":
        for script in waiting:
            print(subprocess.run(["bash", str(script)], check=True, capture_output=True, text=True).stdout)
            script.unlink()


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
