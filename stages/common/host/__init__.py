"""The machine: what it is, what it can run, what may be used of it, what disturbs it."""
