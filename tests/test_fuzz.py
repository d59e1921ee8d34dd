"""Fuzzers: whatever is mutated or killed ends with one message, and nothing that could be read is lost."""

import random
import re
import shutil
import signal
import subprocess
import time

import gsd.hoomd
import pytest
from command_line import ZEOCRYST
from faults import (
    ALLOWED,
    GEL,
    GOOD,
    MELT,
    TS,
    call_apart,
    call_here,
    damaged_at_random,
    structure_files,
)

ODD = ["1e300", "-1", "0", "nan", "inf", "-inf", "true", '"text"', "[]", "[1, 2]", "{}", "1e-300", str(10**400), "1e9",
       "2", "0.5", '""', "[[1]]", "1979-05-27", "'\\u0000'", "1e5", "1e6", "3.7", '"SOD"', "[1600, 1e9]"]  # fmt: skip


def mutated(text, rng):
    """TOML with a value, a key, a line or a character changed."""
    lines = text.splitlines()
    values = [k for k, line in enumerate(lines) if "=" in line and not line.lstrip().startswith("#")]
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        k = rng.choice(values)
        how = rng.random()
        key, _, _ = lines[k].partition("=")
        if how < 0.6:
            lines[k] = f"{key}= {rng.choice(ODD)}"
        elif how < 0.7:
            at = rng.randrange(max(1, len(key)))
            lines[k] = lines[k][:at] + rng.choice("_xX.\"'") + lines[k][at + 1 :]
        elif how < 0.8:
            lines[k] = ""
        elif how < 0.9:
            lines.insert(k, lines[rng.randrange(len(lines))])
        else:
            at = rng.randrange(len(lines[k]))
            lines[k] = lines[k][:at] + chr(rng.randrange(1, 256)) + lines[k][at:]
    return "\n".join(lines) + "\n"


def outcome(*command, what):
    """The status and messages of a call, which are as they have to be."""
    status, _, errors = call_here(*command)
    assert status in ALLOWED, f"{what}: {status} {errors}"
    if status:
        messages = errors.strip().splitlines()
        assert errors.startswith("zeocryst: ") or status == 3, f"{what}: {errors}"
        assert len(messages) <= 2, f"{what}: {errors}"
        assert len(errors) < 2000, f"{what}: {errors[:300]}"
    return status, errors


def test_mutated_conditions(tmp_path, fuzz):
    """Each is refused with one message, or is one that runs."""
    rng = random.Random("conditions")
    counts = dict.fromkeys(ALLOWED, 0)
    gel = GEL.format("SiO2 = 25\nOSDA = 9\nH2O = 480\nethanol = 100")
    seeded = (
        MELT + '[[stage]]\nkind = "seed"\nframework = "SOD"\nradius_A = 6\n[solvent]\nviscosity_mPa_s = 1.0\n'
    )
    for number in range(fuzz(12)):
        path = tmp_path / f"{number}.toml"
        text = mutated(rng.choice([MELT, GOOD, gel, seeded]), rng)
        path.write_text(text)
        status, errors = outcome("check", path, "--threads", 1, what=text)
        counts[status] += 1
        if status == 3:
            print(f"found out by running: {errors}")
    print(counts)


def test_mutated_force_fields(tmp_path, fuzz):
    rng = random.Random("force fields")
    counts = dict.fromkeys(ALLOWED, 0)
    condition = tmp_path / "condition.toml"
    condition.write_text(MELT.replace("n_T = 64", "n_T = 40\nn_S = 4") + '[forcefield]\nname = "mine.toml"\n')
    for _ in range(fuzz(12)):
        text = mutated(TS, rng)
        (tmp_path / "mine.toml").write_text(text)
        status, errors = outcome("check", condition, "--threads", 1, what=text)
        counts[status] += 1
        if status == 3:
            print(f"found out by running: {errors}\n{text}")
    print(counts)


def test_mutated_structure_files(tmp_path, fuzz):
    """Six formats, cut, flipped, with other numbers and lines."""
    rng = random.Random("structures")
    files = structure_files(tmp_path)
    counts, faults = dict.fromkeys(ALLOWED, 0), []
    for number in range(fuzz(12)):
        source = files[number % len(files)]
        folder = tmp_path / f"n{number}"
        folder.mkdir()
        path = folder / source.name
        path.write_bytes(source.read_bytes())
        how = rng.choice(["cut", "flip", "number", "line"])
        if source.suffix == ".gsd" or how in ("cut", "flip"):
            what = damaged_at_random(path, rng, "cut" if how == "cut" else "flip")
        else:
            lines = path.read_text().splitlines()
            k = rng.randrange(len(lines))
            if how == "line":
                lines[k : k + 1] = rng.choice([[], [lines[k]] * 2, ["x" * 500], ["1 2 3"]])
            else:
                lines[k] = re.sub(
                    r"-?\d+\.?\d*", lambda m: rng.choice(["nan", "1e30", "-1", "0", "99999", m[0]]), lines[k]
                )
            path.write_text("\n".join(lines) + "\n")
            what = f"{source.name}: {how} in line {k}: {lines[min(k, len(lines) - 1)][:80]}"
        status, errors = call_apart("identify", path)
        if status in ALLOWED and (status == 0 or len(errors.strip().splitlines()) == 1):
            counts[status] += 1
        else:
            faults.append(f"{what}: {status} {errors.strip()[-300:]}")
            print(faults[-1], flush=True)
    print(counts)
    assert not faults, "\n".join(faults)


@pytest.mark.slow
@pytest.mark.alone
def test_kills(tmp_path, fuzz):
    """Killed at any time, again and again, a run ends with every frame that one without kills has."""
    rng = random.Random("kills")
    condition, out = tmp_path / "melt.toml", tmp_path / "run"
    condition.write_text(MELT.replace("time_ps = 1\n", "time_ps = 20\n").replace("n_T = 64", "n_T = 200"))
    kills = 0
    for _ in range(fuzz(4)):
        process = subprocess.Popen(
            [*ZEOCRYST, "run", str(condition), "--out", str(out), "--threads", "1", "--quiet"],
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        time.sleep(rng.uniform(0.5, 5))
        process.kill()
        _, errors = process.communicate(timeout=60)
        assert process.returncode in (0, -signal.SIGKILL), errors
        kills += process.returncode != 0
        if process.returncode == 0:
            shutil.rmtree(out)
    status, _, errors = call_here("run", condition, "--out", out, "--threads", 1)
    assert status == 0, errors
    with gsd.hoomd.open(str(out / "trajectory.gsd")) as file:
        assert [int(f.configuration.step) for f in file] == list(range(0, 4001, 100))
    print(f"{kills} kills")
