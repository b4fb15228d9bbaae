"""A folder of pictures as a user gives it: its classes, its splits, and the files in them.

Standard library only. No file is opened, and no link is followed.
"""

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from stages.errors import DataError, SettingsError
from stages.pictures.classes import Picture, require_classes, require_in_every_split
from stages.program.printable import printable, shortened
from stages.program.user import this_user

FORMATS = (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".bmp", ".webp")
LAYOUTS = "FOLDER/CLASS/*.jpg, or FOLDER/train/CLASS/*.jpg"
SPLITS = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "val": "validation",
    "valid": "validation",
    "test": "test",
    "testing": "test",
}
# What file managers leave, beside what begins with a dot.
LITTER = ("thumbs.db", "desktop.ini", "__macosx")
# Kinds of other files that a line names.
MAX_KINDS = 3


@dataclass(frozen=True, slots=True)
class Passed:
    """What was passed over: links, what is no file, other entries by the ending of their names."""

    links: list[str] = field(default_factory=list)
    special: list[str] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)

    def in_words(self) -> Iterator[str]:
        """Yield a line for each kind."""
        if self.others:
            kinds = [printable(kind, 20) for kind, _ in self.others.most_common(MAX_KINDS)]
            more = ", ..." if len(self.others) > MAX_KINDS else ""
            total, named = sum(self.others.values()), ", ".join(kinds)
            yield f"{total} that are no pictures by their names are left out: {named}{more}"
        if self.special:
            first = printable(shortened(self.special[0]))
            yield f"{len(self.special)} that are pipes, sockets or devices are left out: {first}"
        if self.links:
            first = printable(shortened(self.links[0]))
            yield (
                f"{len(self.links)} links are not followed, such as {first}; "
                "`cp -rL` makes a copy without"
            )


@dataclass(frozen=True, slots=True)
class Listing:
    """The pictures of a folder by split, the names of the classes, and what was passed over.

    Names of classes are as they can be shown; those of pictures are relative paths.
    """

    classes: tuple[str, ...]
    splits: Mapping[str, list[Picture]]
    passed: Passed


def listed(folder: Path) -> Listing:
    """Return what a folder has.

    Raises SettingsError if it is not there or can't be read, DataError if it is no folder of
    pictures of 2 to 1000 classes, or if a class is missing in a split.
    """
    name = printable(shortened(f"the folder {folder}"))
    _require_folder(folder, name)
    passed = Passed()
    try:
        found = _by_split(folder, name, passed)
    except PermissionError as error:
        raise _unreadable(printable(shortened(str(error.filename)))) from None
    for paths in (passed.links, passed.special):
        paths[:] = [os.path.relpath(path, folder) for path in paths]
    classes = sorted({kind for kinds in found.values() for kind in kinds})
    shown = tuple(printable(kind) for kind in classes)
    require_classes(name, shown, LAYOUTS)
    splits = {
        split: [
            Picture(label, f"{place}/{file}")
            for label, kind in enumerate(classes)
            for place, file in kinds.get(kind, ())
        ]
        for split, kinds in found.items()
    }
    require_in_every_split(name, splits, shown)
    return Listing(shown, splits, passed)


# By class: the relative path of its folder, and the names of its pictures.
_Kinds = dict[str, list[tuple[str, str]]]


def _by_split(folder: Path, name: str, passed: Passed) -> dict[str, _Kinds]:
    inner = sorted(_folders(folder, passed))
    splits = _split_folders(folder, inner)
    if not splits:
        kinds = _kinds(folder, "", inner, passed)
        if len(kinds) < 2 and (hint := _hint(folder, inner)):
            raise DataError(f"{name} has no folders of classes; give {hint}, which has")
        return {"train": kinds}
    if "train" not in splits:
        raise DataError(f"{name} has no folder train beside {', '.join(splits.values())}; add one")
    passed.others.update(f"{other}/" for other in inner if other not in splits.values())
    return {
        split: _kinds(folder, f"{place}/", sorted(_folders(folder / place, passed)), passed)
        for split, place in splits.items()
    }


def _split_folders(folder: Path, inner: list[str]) -> dict[str, str]:
    """Return the folders that are those of splits, by split; a class may have such a name, too."""
    found: dict[str, str] = {}
    for place in inner:
        split = SPLITS.get(place.lower())
        if split and _has_classes(folder / place):
            if split in found:
                both = f"{found[split]} and {place}"
                raise DataError(f"{printable(both)} are both the split {split}; rename one")
            found[split] = place
    return found


def _has_classes(folder: Path) -> bool:
    """Return whether a folder has folders, and no picture beside them."""
    aside = Passed()
    return any(True for _ in _folders(folder, aside)) and not _files(folder, aside)


def _kinds(folder: Path, place: str, names: list[str], passed: Passed) -> _Kinds:
    return {
        name: [(place + name, file) for file in _files(folder / place / name, passed)]
        for name in names
    }


def _hint(folder: Path, inner: list[str]) -> str:
    """Return the only folder in a folder, if that has the folders of classes; else nothing."""
    if len(inner) != 1 or not _has_classes(folder / inner[0]):
        return ""
    return printable(shortened(str(folder / inner[0])))


def _folders(folder: Path, passed: Passed) -> Iterator[str]:
    for entry in _entries(folder):
        if entry.is_symlink():
            passed.links.append(entry.path)
        elif entry.is_dir(follow_symlinks=False):
            yield entry.name


def _files(folder: Path, passed: Passed) -> list[str]:
    """Return the names of the pictures that are in a folder itself, sorted."""
    names = []
    for entry in _entries(folder):
        if entry.is_symlink():
            passed.links.append(entry.path)
        elif entry.is_file(follow_symlinks=False) and entry.name.lower().endswith(FORMATS):
            names.append(entry.name)
        elif entry.is_file(follow_symlinks=False) or entry.is_dir(follow_symlinks=False):
            passed.others[_kind_of(entry)] += 1
        else:
            passed.special.append(entry.path)
    return sorted(names)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as found:
        entries = [entry for entry in found if not entry.name.startswith(".")]
    return [entry for entry in entries if entry.name.lower() not in LITTER]


def _kind_of(entry: os.DirEntry[str]) -> str:
    if entry.is_dir(follow_symlinks=False):
        return f"{entry.name}/"
    return os.path.splitext(entry.name)[1].lower() or entry.name  # noqa: PTH122


def _require_folder(folder: Path, name: str) -> None:
    try:
        is_folder = folder.is_dir()
        if not is_folder:
            folder.stat()
    except PermissionError:
        raise _unreadable(name) from None
    except OSError:
        raise SettingsError(f"{name} is not there; give one with pictures: {LAYOUTS}") from None
    if not is_folder:
        raise DataError(f"{name.removeprefix('the folder ')} is no folder; give one: {LAYOUTS}")


def _unreadable(name: str) -> SettingsError:
    return SettingsError(
        f"{name} can't be read by user {this_user()}; change its mode or owner, or copy it"
    )
