"""Sweeps: one condition over lists of anything in it, as replicas, as a signac project, from screening to atoms."""
