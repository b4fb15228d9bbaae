"""Compare: turn the measurements into effects, each kind apart, a table and pictures."""
