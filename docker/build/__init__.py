"""The images: what they are made from, in which order, and making them."""
