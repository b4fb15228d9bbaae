"""Building the images: what they are made from, in which order, and how."""
