"""The artifacts folder: which it may be, who uses it, how a stage hands its own over."""
