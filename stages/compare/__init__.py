"""Compare what was measured: a table, pictures, the precision effect and the ISA effect."""
