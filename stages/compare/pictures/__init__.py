"""The pictures: how each is drawn, and those of latencies, layers, layouts."""
