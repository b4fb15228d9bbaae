"""One pinned process that holds one model: starting it, asking it, reading its oneDNN log."""
