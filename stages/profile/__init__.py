"""Profile: measure every precision at every instruction set, and prove what ran."""
