"""Rehearse every AMX cell under an emulator: which kernels run, whether answers hold; no speed."""
