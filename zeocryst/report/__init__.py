"""Figures, tables and the HTML page of a run; the only place with matplotlib."""

import logging

_logger = logging.getLogger("matplotlib")
if _logger.level == logging.NOTSET:
    # where a home cannot be written it says so in two lines, and goes on
    _logger.setLevel(logging.ERROR)
