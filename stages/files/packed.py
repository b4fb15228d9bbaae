"""By what a file is compressed, if it is."""

_SIGNATURES = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"PK\x03\x04": "zip",
    b"7z\xbc\xaf": "7z",
}
# Bytes at a file's start that show it.
SIGNATURE_BYTES = 8


def compression_of(start: bytes) -> str:
    """Return the name of what compressed a file that begins so, empty if nothing known did."""
    names = (name for signature, name in _SIGNATURES.items() if start.startswith(signature))
    return next(names, "")
