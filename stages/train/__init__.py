"""Train a new head on a frozen VGG19 backbone."""
