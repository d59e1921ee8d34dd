"""Sites, bonds and what follows from them: coordination sequences, rings."""

import zeocryst.foundation.caching  # noqa: F401  (before the first function is compiled)
