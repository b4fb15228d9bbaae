"""Quantize the model to INT8 by Intel Neural Compressor, under an accuracy bound."""
