"""Measurements of several machines side by side."""
