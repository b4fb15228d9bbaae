"""The four stages of the pipeline: train, quantize, profile, compare."""

__version__ = "0.1.0"
