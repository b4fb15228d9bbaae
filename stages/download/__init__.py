"""Fetch the data and the backbone that the settings name, and run nothing of them."""
