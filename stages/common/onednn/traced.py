"""Which primitives of oneDNN's log ran in the inference that was traced."""

from collections.abc import Iterable, Sequence

from stages.common.onednn.log import TOLERANCE_MS, Execution
from stages.records.measure import NodeTime, Span


def span_of(nodes: Sequence[NodeTime]) -> Span:
    """Return when the inference ran, from the start of its first node to the end of its last."""
    return Span(
        begin_ms=min((node.start_ms for node in nodes), default=0.0),
        end_ms=max((node.start_ms + node.duration_ms for node in nodes), default=0.0),
    )


def within(executions: Iterable[Execution], span: Span) -> list[Execution]:
    """Return the primitives that began within `span`, in order."""
    return [
        execution
        for execution in executions
        if span.begin_ms - TOLERANCE_MS <= execution.start_ms <= span.end_ms + TOLERANCE_MS
    ]
