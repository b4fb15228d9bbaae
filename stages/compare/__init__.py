"""Compare: from the measurements to a table, pictures and the effects, each apart."""
