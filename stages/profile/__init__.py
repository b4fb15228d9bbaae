"""Measure every precision at every instruction set, and prove what ran."""
