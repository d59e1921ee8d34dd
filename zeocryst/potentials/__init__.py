"""Potentials as functions of plain arrays."""
