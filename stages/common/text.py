"""Pieces of the reports in plain text: aligned tables, and where figures come from."""

from collections.abc import Sequence

from stages.records.base import Host, Source

# Train checks of these that they have VGG19's convolutions; others are whatever was given.
VGG19_BACKBONES = ("embedded", "imagenet")


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Return the rows, all of one length, as lines with columns of equal width."""
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    lines = (
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True))
        for row in rows
    )
    return "\n".join(line.rstrip() for line in lines)


def origins(host: Host, backbone: Source, data: Source) -> list[str]:
    """Return the lines that say on what machine, with what model and data it was measured."""
    network = "VGG19, " if backbone.name in VGG19_BACKBONES else ""
    return [
        f"host      {host.cpu_model}, {len(host.cores_pinned)} cores pinned, "
        f"Linux {host.kernel}{', virtual machine' if host.hypervisor else ''}",
        f"model     {network}{backbone.name} backbone ({backbone.sha256[:12]})",
        f"data      {data.name} ({data.sha256[:12]}), test split",
    ]
