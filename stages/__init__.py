"""The four stages of the pipeline: train, quantize, profile, compare."""
