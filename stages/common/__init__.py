"""What the stages are built on: the host, the worker process, what runs a model, oneDNN's log."""
