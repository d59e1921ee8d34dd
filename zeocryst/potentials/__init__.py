"""Potentials as functions of plain arrays."""

import zeocryst.foundation.caching  # noqa: F401  (before the first function is compiled)
