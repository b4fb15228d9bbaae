"""The programs that read settings: the stages, and what is run beside them."""

STAGES = ("train", "quantize", "profile", "compare")
# What runs before train, if the settings need anything from a network.
DOWNLOAD = "download"
# What is run on its own, beside the pipeline.
EXTRAS = PEERS, DOCTOR, REHEARSE, SWEEP = ("peers", "doctor", "rehearse", "sweep")
PROGRAMS = (DOWNLOAD, *STAGES, *EXTRAS)
MEASURING = ("quantize", "profile", PEERS, SWEEP)
