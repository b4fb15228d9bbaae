"""Profile: measures every precision at every instruction set, and proves what ran."""
