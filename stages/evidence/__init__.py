"""Results with all they came from, in one file that anyone can check."""
