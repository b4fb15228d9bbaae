"""Whether images come out as they are locked, and what differs if they do not."""
