"""How much a bundle may hold: far above what results take, far below what harms who checks them.

With these a check ends within minutes, and takes less than about 4 GiB of memory.
"""

MIB = 2**20
MAX_BUNDLE_BYTES = 1024 * MIB
# What the highest level of xz takes to decompress, and some more.
MAX_XZ_MEMORY = 128 * MIB
# Programs that compress in parallel may write one for each few MB.
MAX_XZ_STREAMS = 2000
MAX_FILES = 50_000
MAX_FOLDERS = 20_000
MAX_FILE_BYTES = 256 * MIB
MAX_NAME = 255
MAX_DEPTH = 12
