"""What a sweep says, from what is on the disk: at any time, also while it runs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from zeocryst.errors import InputError
from zeocryst.files.records import read_summary, without_nan
from zeocryst.foundation.textfiles import write_text
from zeocryst.studies.reading import read_study
from zeocryst.sweeps.space import Slot, Space
from zeocryst.sweeps.states import state_of, status
from zeocryst.sweeps.sweep_folder import FAILURE
from zeocryst.sweeps.sweep_plan import KEYS, TABLE, read_plan
from zeocryst.sweeps.sweep_results import row
from zeocryst.sweeps.sweep_statistics import over_points


def rows(out: Path) -> list[dict[str, Any]]:
    """Everything of a sweep, a row a run.

    Parameters
    ----------
    out
        Its folder.

    Returns
    -------
    list of dict
        With the same keys each: see `zeocryst.sweeps.sweep_results.row`.
    """
    return [row(*_read(slot)) for slot in Space(out).slots()]
