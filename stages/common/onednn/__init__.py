"""oneDNN's verbose log: reading it, its kernels, the work that a primitive stands for."""
