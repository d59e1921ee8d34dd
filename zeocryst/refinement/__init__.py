"""Atoms relaxed and moved by physics: published force fields, and any ASE calculator."""
