"""Train a new three-class head on a frozen VGG19 backbone."""
