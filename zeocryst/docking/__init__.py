"""Molecules put into pores: the framework's DREIDING potential on a grid, orientations, rigid refinement."""
