"""Studies: what is measured by many runs. Melting points, critical nuclei, committors, inverse design."""
