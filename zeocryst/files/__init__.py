"""Trajectories, structures and runs: between what is on the disk and frames, networks and atoms."""
