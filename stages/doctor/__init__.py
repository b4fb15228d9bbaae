"""Check whether this machine can make the full comparison, and what would make it noisy."""
