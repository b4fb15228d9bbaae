"""How the replicas of hubs, and what lists them, are called."""

from collections.abc import Iterator
from pathlib import Path

MODULE = "module.tar.gz"
CHECKSUMS = "checksums.tsv"


def checksums_in(folder: Path) -> Iterator[Path]:
    """Yield, below `folder`, the list of beans' files that tensorflow-datasets has."""
    return folder.glob(f"**/datasets/beans/{CHECKSUMS}")
