"""From a coarse-grained network to atoms: oxygens and silanols, geometry, checks."""
