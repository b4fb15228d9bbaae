"""Pictures of the user's own: which there are in a folder, and which of them are taken for what."""
