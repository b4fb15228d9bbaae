"""What the settings need from a network, and where it goes."""

from collections.abc import Iterator
from dataclasses import replace

from stages.download import beans, data_set, module
from stages.download.limits import Wanted
from stages.download.mirror import mirrored
from stages.download.step import Step, of_file
from stages.files.limits import MB
from stages.folder import own_caches
from stages.folder.cache import Cache, is_intact
from stages.setting.addresses import is_remote
from stages.setting.values import is_downloaded
from stages.settings import Settings

# What tf_keras.applications.vgg19 downloads, and the checksum that it compares: it has no other.
WEIGHTS = Wanted(
    url="https://storage.googleapis.com/tensorflow/keras-applications/vgg19/"
    "vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5",
    what="the ImageNet weights of VGG19",
    setting="backbone",
    max_bytes=100 * MB,
    algorithm="md5",
    digest="253f8cb515780f3b799900260a226db6",
)


def steps(settings: Settings, cache: Cache) -> Iterator[Step]:
    """Yield what is to be downloaded: its name for people, and a function that does it."""
    mirror = settings.download_mirror
    if settings.data == "beans":
        yield from beans.steps(cache, mirror)
    elif is_downloaded(settings.data):
        yield from data_set.steps(settings.data, cache, mirror)
    if settings.backbone == "imagenet" and not is_intact(cache.imagenet):
        kept = own_caches.weights(cache.weights.name)
        yield from of_file(_weights(cache, mirror), cache.weights, kept)
    if is_remote(settings.backbone):
        yield from module.steps(settings.backbone, cache, mirror)


def _weights(cache: Cache, mirror: str) -> Wanted:
    place = cache.weights
    wanted = replace(WEIGHTS, by_hand=f"put {place.name} into {place.parent}")
    return mirrored(wanted, mirror, place.name)
