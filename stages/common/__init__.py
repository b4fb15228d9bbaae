"""What the stages stand on: the host, one worker process, what runs a model, oneDNN's log."""
