"""How a program speaks, and ends: its streams, its signals, what it may show, its children."""
