"""What this machine must have: the engine, its users, the tools of the host."""
