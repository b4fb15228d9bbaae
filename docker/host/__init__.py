"""What a run needs of this machine: an engine, a user to run as, virtual environments."""
