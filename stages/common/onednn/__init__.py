"""oneDNN's verbose log: how it is read, its kernels, and the arithmetic of a primitive."""
