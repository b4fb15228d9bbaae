"""Paths as the user knows them: in a container, the artifacts folder has another name.

Who starts the container says in STAGES_ARTIFACTS what the folder is called on the host.
"""

import os
import re
from collections.abc import Mapping

from stages.program.printable import printable

INSIDE, OUTSIDE = "VGG19_ARTIFACTS", "STAGES_ARTIFACTS"


def shown(text: object) -> str:
    """Return a path, or an error, as a line on the terminal may have it."""
    return printable(as_on_host(str(text)))


def as_on_host(text: str, environ: Mapping[str, str] = os.environ) -> str:
    """Return a message in which paths within the artifacts folder are those of the host."""
    inside, outside = environ.get(INSIDE, ""), environ.get(OUTSIDE, "")
    if not inside.startswith("/") or not outside:
        return text
    pattern = rf"(?<![\w./-]){re.escape(inside.rstrip('/'))}(?![\w-])"
    return re.sub(pattern, lambda _: outside.rstrip("/") or "/", text)
