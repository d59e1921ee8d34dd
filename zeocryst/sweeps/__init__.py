"""Sweeps: one condition over lists of anything in it, with replicas; from screening to atoms."""
