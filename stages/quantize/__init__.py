"""Quantize: FP32 to INT8 by Intel Neural Compressor, under an accuracy bound."""
