"""Stages on another machine's engine: where their artifacts are there, and how they come here."""
