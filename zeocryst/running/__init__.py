"""A run: its stages, what watches them, how it goes on after whatever happened, how it ends."""
