"""Measure throughput and latency over batch sizes and layouts of instances, with proofs."""
