"""Al and other atoms in the places of Si, and what balances their charge."""

import zeocryst.foundation.caching  # noqa: F401  (before the first function is compiled)
