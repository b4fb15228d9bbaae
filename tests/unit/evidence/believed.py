"""What of each record no sample shows, so that an edit of it is not found."""

import re

# What follows from no sample, and must be believed: names, origins, what a clock or a person said,
# what else happened on the host, and the samples themselves if no log has them as well.
BELIEVED = {
    "train/train.json": """
        maker.* data.* backbone.* classes[] conv_layers image_size[] head.* seconds.*
        samples.calibration
        """,
    "quantize/quantize.json": """
        maker.* host.* seconds trials[].seconds sensitivity[].op sensitivity[].divergence
        trials[].layers[].* variants[].layers[].op variants[].missing variants[].model
        resumed_trials trials[].may_pass
        """,
    "profile/measurements.json": """
        maker.* seconds *.load_seconds *.amx_busy.* *.instances[].ended_s[]
        *.offline.runs[].instances[].seconds[] tried[].runs[].instances[].seconds[]
        *.interference.*
        """,
    "profile/32.json": "maker.*",
    "profile/8.json": "maker.*",
    "compare/compare.json": "maker.*",
    "peers/peers.json": "maker.* seconds host.*",
    "sweep/sweep.json": """
        maker.* host.* seconds cells[].proofs[].proof.amx_busy.*
        cells[].proofs[].proof.traced.end_ms
        points[].runs[].instances[].ended_s[] points[].runs[].interference.*
        """,
    "rehearse/rehearsal.json": "maker.* host.* cells[].layers[].tiles.* left_out[].may_pass",
}


def believed(name: str) -> list[re.Pattern[str]]:
    """Return the kinds of fields of a record that are believed."""
    globs = BELIEVED[name].split()
    return [re.compile(re.escape(glob).replace(r"\*", ".*")) for glob in globs]
