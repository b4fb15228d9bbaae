"""Measurements on several kinds of nodes at once, as jobs of Slurm: sent, watched, ended."""
