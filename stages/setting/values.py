"""What may be chosen, and what each choice means; how names beside numbers and paths are read."""

import re
from difflib import SequenceMatcher
from urllib.parse import urlsplit

from stages.setting.addresses import GIVEN, given_name, is_remote, local_path
from stages.setting.spec import read_whole
from stages.setting.suggestion import did_you_mean

AUTO = "auto"
DATA_SETS = {
    "embedded": "bean leaves that this project draws itself, without a network",
    "beans": "the ibean photographs of bean leaves, downloaded through tensorflow-datasets",
    "a name": "any other image classification set of tensorflow-datasets, downloaded: NAME, "
    "NAME:VERSION or NAME/CONFIG:VERSION",
    "a path": "a folder of pictures, FOLDER/CLASS/*.jpg or FOLDER/train/CLASS/*.jpg",
}
NAMED_DATA = ("embedded", "beans")
# As tensorflow-datasets names its own sets, their configurations and their versions.
_SET = re.compile(r"[a-z][a-z0-9_]*(/[A-Za-z0-9_.+-]+)?(:[0-9]+\.[0-9]+\.[0-9]+)?")
# A name that is as like one of NAMED_DATA is a slip, which a network need not be asked about.
_LIKE = 0.75
# How a path begins; what only has a `/` is a set with its configuration.
_PATH = ("/", "./", "../", "~", "file://")
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
    "compare": "the table and the pictures",
    "peers": "the measurement beside other runtimes",
    "rehearse": "the rehearsal under emulation",
}


def read_data(text: str) -> str:
    """Return data as they are known; ValueError if they are neither named nor at a path."""
    if is_data_path(text):
        if local_path(text) is None:
            raise ValueError("an address of another machine")
        return text
    if text.lower() in NAMED_DATA:
        return text.lower()
    like = (name for name in NAMED_DATA if SequenceMatcher(a=text, b=name).ratio() >= _LIKE)
    if hint := next(like, ""):
        raise ValueError(f"did you mean {hint}?")
    return text


def is_data(name: str) -> bool:
    """Return whether a text can name data."""
    return is_data_path(name) or bool(_SET.fullmatch(name))


def is_data_path(name: str) -> bool:
    """Return whether data are given by the path of a folder."""
    return name.startswith(_PATH)


def is_downloaded(data: str) -> bool:
    """Return whether data are a set that comes from a network."""
    return data != "embedded" and not is_data_path(data)


def recorded_data(name: str) -> str:
    """Return data as records have them: of a path, its last part alone."""
    path = local_path(name) if is_data_path(name) else None
    return name if path is None else f"{GIVEN}/{given_name(path, 'data')}"


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
