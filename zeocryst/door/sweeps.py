"""A sweep as a table."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def open_sweep(folder: str | os.PathLike[str]) -> pd.DataFrame:
    """The runs of a sweep as a table of pandas, also while it runs.

    Parameters
    ----------
    folder : path
        What was given to ``--out``.

    Returns
    -------
    pandas.DataFrame
        A row a run, in the order of what is varied: ``name``, ``state`` (done, running, stopped, failed,
        dropped or waiting), a column for each axis, ``replica``, ``seed``, what its ``summary.json`` says (with
        units in the names; missing where it was not measured), ``folder``, ``failure``. ``attrs["summary"]``
        has the sweep's ``summary.json`` as it was last written, if it was.

    Raises
    ------
    InputError
        It is no folder of a sweep.

    Examples
    --------
    >>> import zeocryst as zc
    >>> zc.open_sweep("nowhere")
    Traceback (most recent call last):
    zeocryst.errors.InputError: nowhere: holds no sweep (it is no project of signac)
    """
    import pandas as pd

    from zeocryst.files.records import read_json
    from zeocryst.sweeps.reporting import rows

    path = Path(folder)
    table = pd.DataFrame(rows(path))
    summary = path / "summary.json"
    table.attrs["summary"] = read_json(summary) if summary.is_file() else None
    return table
