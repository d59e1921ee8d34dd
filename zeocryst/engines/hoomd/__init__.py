"""HOOMD-blue, the engine of choice on a GPU: the only folder that knows it.

HOOMD-blue (https://hoomd-blue.readthedocs.io) comes from conda-forge. It has no Stillinger-Weber potential;
`zeocryst.engines.hoomd.force` gives it one, which any script of HOOMD-blue can use. Nothing here loads
HOOMD-blue before an engine is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zeocryst.engines.hoomd.versions import TRIED
from zeocryst.engines.protocol import Offer
from zeocryst.model.forcefield import ForceField

if TYPE_CHECKING:
    from zeocryst.engines.hoomd.engine import HoomdEngine

NAME = "hoomd"
#: What papers call it, and the key of what they cite for it (`zeocryst/report/references.bib`).
LABEL, CITED = "HOOMD-blue", "Anderson2020"
#: Whether several processes can share its work.
SPREADS = False
INSTALL = "install it with: conda install -c conda-forge hoomd"
#: conda takes a CPU build where it sees no GPU, as on the login node of a cluster.
INSTALL_GPU = (
    "conda install -c conda-forge 'hoomd=*=*gpu*' (where conda sees no GPU, as on a login node, with the CUDA "
    "version of the GPU's machine before it: CONDA_OVERRIDE_CUDA=12.9)"
)
#: The oldest release that this was written for.
OLDEST = (4, 8)


def offer(device: str) -> Offer:
    """What HOOMD-blue can run on here."""
    try:
        import hoomd
        import hoomd.md
    except ImportError as error:
        missing = isinstance(error, ModuleNotFoundError) and error.name == "hoomd"
        why = "is not installed" if missing else f"cannot be loaded ({error})"
        return Offer(0, "gpu" if device == "gpu" else "cpu", f"HOOMD-blue {why}; {INSTALL}")
    version = tuple(int(part) for part in hoomd.version.version.split(".")[:2])
    if version < OLDEST:
        return Offer(
            0, "cpu", f"HOOMD-blue {hoomd.version.version} is older than {OLDEST[0]}.{OLDEST[1]}; {INSTALL}"
        )
    untried = "" if version[0] == OLDEST[0] else f" (zeocryst was tried with HOOMD-blue {TRIED} only)"
    # is_available tells only how HOOMD-blue was built
    gpu = hoomd.version.gpu_enabled and bool(hoomd.device.GPU.get_available_devices())
    if device == "gpu" and not gpu:
        build = "sees no GPU" if hoomd.version.gpu_enabled else "was built without GPU support"
        return Offer(
            0,
            "gpu",
            f"HOOMD-blue {build}; use --device cpu, or on a machine with a GPU {INSTALL_GPU}",
        )
    if device != "cpu" and gpu:
        return Offer(3, "gpu", f"HOOMD-blue is installed and there is a GPU{untried}")
    return Offer(1, "cpu", f"HOOMD-blue is installed, and no engine that is faster on a CPU{untried}")


def create(forcefield: ForceField, device: str, threads: int) -> HoomdEngine:
    """An engine that runs `forcefield` on a device, with `threads` threads on a CPU."""
    from zeocryst.engines.hoomd.engine import HoomdEngine

    return HoomdEngine(forcefield, device, threads)
