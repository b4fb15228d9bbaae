"""What one setting is: how its text is read, bounded, and refused."""
