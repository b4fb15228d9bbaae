"""The measurements of earlier runs: listed, and set against each other."""
