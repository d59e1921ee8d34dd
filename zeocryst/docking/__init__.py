"""Molecules into pores: rigid guests in a rigid framework, by DREIDING's van der Waals terms."""

import zeocryst.foundation.caching  # noqa: F401  (before the first function is compiled)
from zeocryst.docking.centres import centres
from zeocryst.docking.places import Placed
from zeocryst.docking.placing import dock, place_all

__all__ = ["Placed", "centres", "dock", "place_all"]
