"""What may be chosen, and what each choice means; how names beside numbers and paths are read."""

from urllib.parse import urlsplit

from stages.setting.addresses import is_remote, local_path
from stages.setting.spec import read_whole
from stages.setting.suggestion import did_you_mean

AUTO = "auto"
DATA_SETS = {
    "embedded": "bean leaves that this project draws itself, without a network",
    "beans": "the ibean photographs of bean leaves, downloaded through tensorflow-datasets",
}
BACKBONES = {
    "embedded": "a VGG19 that this project makes itself, without a network",
    "imagenet": "the VGG19 published with ImageNet weights, downloaded",
    "downloaded": "whichever `download` was asked for last, as compose.yaml has it",
    "a handle or path": "a TF2 SavedModel, or its .tar.gz, that makes vectors of 224x224 images",
}
# Train checks that these have VGG19's convolutions; any other backbone can be another network.
OWN_BACKBONES = ("embedded", "imagenet")
DOWNLOADED = "downloaded"
NAMED_BACKBONES = (*OWN_BACKBONES, DOWNLOADED)
ALGORITHMS = {
    "minmax": "from the smallest to the largest value seen",
    "kl": "the range that loses least information, which takes minutes and gigabytes",
}
GRANULARITIES = {
    "per_channel": "one for each output channel",
    "per_tensor": "one for all weights of a layer",
}

# What each program makes that is kept, and not made again while it is current.
PRODUCTS = {
    "train": "the trained model with its data",
    "quantize": "the INT8 model of the runtime",
    "profile": "the measurement of the runtime",
    "compare": "the table, the page and the pictures",
    "peers": "the measurement beside other runtimes",
    "rehearse": "the rehearsal under emulation",
}


def read_backbone(text: str) -> str:
    """Return a backbone as it is known; ValueError if it is neither named nor a handle."""
    if "/" in text:
        if not is_remote(text) and local_path(text) is None:
            raise ValueError("an address of a kind that is not supported")
        return text
    if text.lower() not in NAMED_BACKBONES:
        raise ValueError(did_you_mean(text, NAMED_BACKBONES))
    return text.lower()


def is_backbone(name: str) -> bool:
    """Return whether a text can name a backbone; an address has no blank, in a password neither."""
    blank = is_remote(name) and any(map(str.isspace, name))
    return name in NAMED_BACKBONES or ("/" in name and not blank)


def read_mirror(text: str) -> str:
    """Return the address of a mirror; ValueError if it is no address of the web."""
    try:
        parts = urlsplit(text)
        found = is_remote(text) and parts.hostname and parts.port != 0
    except ValueError:  # brackets that are no address of version 6, or a port that can't be
        found = False
    if not found:
        raise ValueError("no address of the web")
    if parts.fragment or any(map(str.isspace, text)):
        raise ValueError("an address of the web has no blank and no #")
    return text


def read_instances(text: str) -> int | str:
    """Return a number of instances, or AUTO; ValueError if it is neither."""
    return AUTO if text.lower() == AUTO else read_whole(text)
