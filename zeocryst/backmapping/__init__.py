"""From a coarse-grained network to atoms: oxygens and silanols, geometry, checks."""

import zeocryst.foundation.caching  # noqa: F401  (before the first function is compiled)
