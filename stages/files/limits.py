"""How much of a stranger's module is taken, however it comes."""

MB, GB = 10**6, 10**9
# Those of the largest published feature vectors are below 2 GB.
MAX_MODULE_BYTES = 4 * GB
MAX_UNPACKED_BYTES = 8 * GB
MAX_FILES = 100_000
# Folders within folders; what reads and removes them takes each by a call within a call.
MAX_DEPTH = 50
