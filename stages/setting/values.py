"""What may be chosen, and what each choice means; how names beside numbers and paths are read."""

import re
from difflib import SequenceMatcher

from stages.setting.addresses import (
    GIVEN,
    given_name,
    is_remote,
    local_path,
    why_no_address,
    why_no_path,
)
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
# As keras.applications has them, whose names for the last three are "tf", "torch" and "caffe".
PREPROCESSINGS = {
    "none": "nothing: it takes pixels from 0 to 255, and does in itself what it needs",
    "unit": "pixels from 0 to 1",
    "symmetric": 'pixels from -1 to 1, the mode "tf" of Keras',
    "imagenet": "pixels from 0 to 1, less ImageNet's mean, divided by its deviation, the mode "
    '"torch" of Keras',
    "caffe": "pixels from 0 to 255 as blue, green, red, less ImageNet's mean, the mode "
    '"caffe" of Keras',
}
MODES_OF_KERAS = {"tf": "symmetric", "torch": "imagenet"}
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
    "sweep": "the sweep over batch sizes and layouts of the runtime",
}


def read_data(text: str) -> str:
    """Return data as they are known; ValueError if they are neither named nor at a path."""
    if is_data_path(text):
        return read_local(text)
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
        if reason := _why_no_handle(text):
            raise ValueError(reason)
        return text
    if text.lower() not in NAMED_BACKBONES:
        raise ValueError(did_you_mean(text, NAMED_BACKBONES))
    return text.lower()


def is_backbone(name: str) -> bool:
    """Return whether a text can name a backbone."""
    return name in NAMED_BACKBONES or ("/" in name and not _why_no_handle(name))


def _why_no_handle(text: str) -> str:
    """Return why neither the web nor this machine can have a backbone there, "" if one can."""
    if is_remote(text):
        return why_no_address(text)
    if local_path(text) is None:
        return "an address of a kind that is not supported"
    return why_no_path(text)


def read_local(text: str) -> str:
    """Return the path of what is on this machine; ValueError if it may be meant as an address."""
    if reason := why_no_path(text):
        raise ValueError(reason)
    return text


def read_preprocessing(text: str) -> str:
    """Return one of PREPROCESSINGS, also by the name that Keras has for it; ValueError if none."""
    name = MODES_OF_KERAS.get(text.lower(), text.lower())
    if name not in PREPROCESSINGS:
        raise ValueError(did_you_mean(text, PREPROCESSINGS))
    return name


def read_mirror(text: str) -> str:
    """Return the address of a mirror; ValueError if it is no address of the web."""
    if reason := why_no_mirror(text):
        raise ValueError(reason)
    return text


def why_no_mirror(text: str) -> str:
    """Return why a text is no address that the names of files can be added to; "" if it is one."""
    no_fragment = "" if "#" not in text else "the address of a mirror has no #"
    return why_no_address(text) or no_fragment


def read_instances(text: str) -> int | str:
    """Return a number of instances, or AUTO; ValueError if it is neither."""
    return AUTO if text.lower() == AUTO else read_whole(text)
