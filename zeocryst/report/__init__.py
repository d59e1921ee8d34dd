"""Figures, tables and the HTML page of a run; the only place with matplotlib."""
