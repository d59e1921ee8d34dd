"""The tables of framework types."""
