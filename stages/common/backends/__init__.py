"""What runs a model, one module each: a function from images to probabilities."""
