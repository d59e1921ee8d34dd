"""zeocryst: zeolite crystallization across scales."""

from importlib.metadata import version as _version

__version__ = _version("zeocryst")
