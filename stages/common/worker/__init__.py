"""One pinned process that holds one model: starting it, asking it, what it answers."""
