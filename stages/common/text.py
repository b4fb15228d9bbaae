"""Pieces of the reports in plain text: aligned tables, and what the figures come from."""

from collections.abc import Sequence

from stages.records.base import Host, Source
from stages.values import OWN_BACKBONES


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Return the rows, all of one length, as lines in which the columns are aligned."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True))
        for row in rows
    )
    return "\n".join(line.rstrip() for line in lines)


def origins(host: Host, backbone: Source, data: Source) -> list[str]:
    """Return the lines that name the machine, the model and the data of a measurement."""
    network = "VGG19, " if backbone.name in OWN_BACKBONES else ""
    return [
        f"host      {host.cpu_model}, {len(host.cores_pinned)} cores pinned, "
        f"Linux {host.kernel}{', virtual machine' if host.hypervisor else ''}",
        f"model     {network}{backbone.name} backbone ({backbone.sha256[:12]})",
        f"data      {data.name} ({data.sha256[:12]}), test split",
    ]
