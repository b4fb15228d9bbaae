"""Measurements of several machines side by side, and what a million images cost on each."""
