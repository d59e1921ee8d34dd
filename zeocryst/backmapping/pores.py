"""Pores: limiting diameter, largest cavity, volume and surface that a probe reaches, by Zeo++ (pyzeo).

Zeo++ (T. F. Willems, C. H. Rycroft, M. Kazi, J. C. Meza, M. Haranczyk, Microporous Mesoporous Mater. 149, 134
(2012)) walks the Voronoi network of the void. Diameters are those of hard spheres between atoms of the radii
that Zeo++ takes from the Cambridge Structural Database: O 1.52 Å, Si 2.10 Å, H 1.09 Å. Volumes and surfaces are
sampled by Monte Carlo.

The library ends its process where the Voronoi network of a highly symmetric structure is degenerate, and
writes to the standard output. So it runs in a process of its own (``python -m zeocryst.backmapping.pores``),
with the atoms shaken by `SHAKE_A`, and again with others if it fails.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zeocryst.foundation.machine import unnamed_file

if TYPE_CHECKING:
    from ase import Atoms

#: Radius of the probe of volumes, Å: half the kinetic diameter of helium, 2.60 Å; and of the probe of surfaces:
#: of nitrogen, 3.64 Å (D. W. Breck, Zeolite Molecular Sieves, 1974).
HELIUM_A, NITROGEN_A = 1.30, 1.82
#: Atoms are moved by this much at random, Å.
SHAKE_A = 1e-3
#: Samples of the volume, and of the surface at least, where Zeo++ counts them by atom.
SAMPLES = 20_000
#: Tries, and seconds after which one is given up.
TRIES, PATIENCE_S = 4, 300
#: Above this number of atoms nothing is measured: Zeo++ needs minutes.
MOST_ATOMS = 6_000
NAMES = (
    "largest_cavity_A", "pore_limiting_A",
    "accessible_volume_share", "void_volume_share", "accessible_surface_A2",
)  # fmt: skip


def measure_pores(atoms: Atoms, seed: int = 1, *, framework: bool = True) -> dict[str, float | None]:
    """Diameters, volumes and surface of the pores.

    Parameters
    ----------
    atoms
        Si, O and H, with a cell.
    seed
        Of the shaking.
    framework
        Whether the structure goes on for ever, as a framework or a layer. One that does not has no pores to
        speak of: its surface alone is measured (the walk through the void around it would take minutes).

    Returns
    -------
    dict
        ``largest_cavity_A`` and ``pore_limiting_A``: diameters of the largest sphere that has room and of the
        largest that passes through; ``accessible_volume_share``: share of the cell that the centre of a helium
        probe gets to from outside, ``void_volume_share`` with closed pockets as well;
        ``accessible_surface_A2``: surface that the centre of a nitrogen probe gets to. None where Zeo++ failed,
        or what was not measured.
    """
    nothing: dict[str, float | None] = dict.fromkeys(NAMES)
    if len(atoms) > MOST_ATOMS:
        return nothing
    rng = np.random.default_rng(seed)
    with unnamed_file() as path:
        handle = [int(path.name)] if path.name.isdigit() else []
        for _ in range(TRIES):
            _write_cif(path, atoms, rng.normal(scale=SHAKE_A, size=(len(atoms), 3)))
            try:
                done = subprocess.run(
                    [sys.executable, "-P", "-m", "zeocryst.backmapping.pores", str(path), str(framework)],
                    capture_output=True, text=True, timeout=PATIENCE_S, check=False, pass_fds=handle,
                )  # fmt: skip
            except subprocess.TimeoutExpired:
                return nothing
            lines = done.stdout.splitlines()
            if done.returncode == 0 and lines and lines[-1].startswith("{"):
                return {**nothing, **json.loads(lines[-1])}
    return nothing


def _write_cif(path: Path, atoms: Atoms, moved: np.ndarray) -> None:
    """A CIF of the kind that Zeo++ reads: P1, with fractional coordinates."""
    lengths = atoms.cell.cellpar()
    names = ("length_a", "length_b", "length_c", "angle_alpha", "angle_beta", "angle_gamma")
    head = ["data_shaken", "_symmetry_space_group_name_H-M 'P 1'", "_symmetry_Int_Tables_number 1"]
    head += [f"_cell_{name} {value:.6f}" for name, value in zip(names, lengths, strict=True)]
    head += ["loop_", "_atom_site_label", "_atom_site_type_symbol"]
    head += [f"_atom_site_fract_{axis}" for axis in "xyz"]
    places = ((atoms.positions + moved) @ np.linalg.inv(atoms.cell[:])) % 1.0
    body = [
        f"{s} {s} {x:.8f} {y:.8f} {z:.8f}"
        for s, (x, y, z) in zip(atoms.get_chemical_symbols(), places, strict=True)
    ]
    path.write_text("\n".join([*head, *body]) + "\n", "ascii")


def _ask_zeo(path: Path, framework: bool) -> dict[str, float]:
    """What Zeo++ finds; runs in the process of its own."""
    from pyzeo.extension import AtomNetwork, surface_area, volume

    atoms: Any = AtomNetwork.read_from_CIF(str(path), rad_flag=True)
    each = max(20, SAMPLES // int(atoms.no_atoms))
    surface = _value("ASA_A^2", surface_area(atoms, NITROGEN_A, NITROGEN_A, each).decode())
    if not framework:
        return {"accessible_surface_A2": surface}
    with unnamed_file() as result:
        atoms.calculate_free_sphere_parameters(str(result))
        included, free = (float(x) for x in result.read_text("ascii").split()[1:3])
    volumes = volume(atoms, HELIUM_A, HELIUM_A, SAMPLES).decode()
    reached, closed = _value("AV_Volume_fraction", volumes), _value("NAV_Volume_fraction", volumes)
    return dict(zip(NAMES, (included, free, reached, reached + closed, surface), strict=True))


def _value(name: str, text: str) -> float:
    """The number after a name in what Zeo++ writes."""
    found = re.search(rf"(?<!\w){re.escape(name)}: (\S+)", text)
    if found is None:
        raise ValueError(f"no {name} in what Zeo++ wrote")
    return float(found.group(1))


if __name__ == "__main__":
    print("\n" + json.dumps(_ask_zeo(Path(sys.argv[1]), sys.argv[2] == str(True))))
