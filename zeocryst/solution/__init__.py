"""Where a run starts: crystals, melts, frames of the user's."""

import zeocryst.foundation.caching  # noqa: F401  (before the first function is compiled)
