"""What a cloud calls the type of this machine, as far as files of the machine itself show it.

Amazon EC2 writes it to the firmware. cloud-init keeps on the machine what EC2 and Azure said at
boot, but not in a container. Google's clouds show it in neither. No network is asked.
"""

import json
import re
from pathlib import Path
from typing import Any

from stages.common.host.kernel_text import text_of
from stages.common.host.topology import Sysfs
from stages.records.base import UNKNOWN

INSTANCE_DATA = Path("/run/cloud-init/instance-data.json")
EC2 = "Amazon EC2"
# Where that file has the type: of EC2 and what is like it, and of Azure.
PLACES = (
    ("ds", "meta_data", "instance-type"),
    ("ds", "meta_data", "instance_type"),
    ("ds", "meta_data", "imds", "compute", "vmSize"),
)
# Such as m7i.xlarge and Standard_D4s_v6; in place of a secret, the file has several words.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")


def machine_type(sysfs: Sysfs, instance_data: Path = INSTANCE_DATA) -> str:
    """Return the cloud's name of the machine's type, unknown if no file shows it."""
    types = [sysfs.firmware("product_name")] if sysfs.firmware("sys_vendor") == EC2 else []
    types += _in_instance_data(instance_data)
    return next((name for name in types if NAME.fullmatch(name)), UNKNOWN)


def _in_instance_data(path: Path) -> list[str]:
    try:
        content = json.loads(text_of(path))
    except (ValueError, RecursionError):
        return []
    found = (_at(content, place) for place in PLACES)
    return [name for name in found if isinstance(name, str)]


def _at(content: Any, place: tuple[str, ...]) -> Any:
    """Return what is at a place within objects of JSON, None if nothing is."""
    for name in place:
        content = content.get(name) if isinstance(content, dict) else None
    return content
