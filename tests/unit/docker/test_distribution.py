"""Distributions and their derivatives, by their os-release files."""

import pytest

from docker.host.distribution import parse


@pytest.mark.parametrize(
    ("release", "family", "is_supported"),
    [
        ({"ID": "debian", "VERSION_ID": "12"}, "debian", True),
        ({"ID": "debian", "VERSION_ID": "13"}, "debian", True),
        ({"ID": "debian", "VERSION_ID": "11"}, "debian", False),
        ({"ID": "debian", "PRETTY_NAME": "Debian GNU/Linux forky/sid"}, "debian", True),
        ({"ID": "debian", "VERSION_ID": "testing/sid"}, "debian", True),
        ({"ID": "ubuntu", "VERSION_ID": "20.04"}, "ubuntu", False),
        ({"ID": "ubuntu", "VERSION_ID": "22.04"}, "ubuntu", True),
        ({"ID": "ubuntu", "VERSION_ID": "26.04"}, "ubuntu", True),
        (
            {
                "ID": "linuxmint",
                "ID_LIKE": "ubuntu debian",
                "VERSION_ID": "22",
                "UBUNTU_CODENAME": "noble",
            },
            "ubuntu",
            True,
        ),
        (
            {"ID": "pop", "ID_LIKE": "ubuntu debian", "UBUNTU_CODENAME": "focal"},
            "ubuntu",
            False,
        ),
        ({"ID": "kali", "ID_LIKE": "debian", "VERSION_ID": "2025.3"}, "debian", True),
        ({"ID": "raspbian", "ID_LIKE": "debian", "DEBIAN_CODENAME": "bullseye"}, "debian", False),
        ({"ID": "fedora", "VERSION_ID": "43"}, "", False),
        ({"ID": "rocky", "ID_LIKE": "rhel centos fedora", "VERSION_ID": "9.4"}, "", False),
        ({"ID": "alpine", "VERSION_ID": "3.22.1"}, "", False),
        ({}, "", False),
    ],
)
def test_distributions_are_told_apart(
    release: dict[str, str], family: str, is_supported: bool
) -> None:
    found = parse(release)
    assert (found.family, found.is_supported) == (family, is_supported)


def test_only_debian_12_takes_its_engine_from_the_next_release() -> None:
    mint = {"ID": "linuxmint", "ID_LIKE": "debian", "DEBIAN_CODENAME": "bookworm"}
    assert parse({"ID": "debian", "VERSION_ID": "12"}).takes_engine_from_next
    assert parse(mint).takes_engine_from_next
    assert not parse({"ID": "debian", "VERSION_ID": "13"}).takes_engine_from_next
    assert not parse({"ID": "ubuntu", "VERSION_ID": "12.04"}).takes_engine_from_next


def test_a_name_from_a_file_is_shown_on_one_line() -> None:
    assert parse({"PRETTY_NAME": "x\x1b[2J\n"}).name == r"x\x1b[2J\n"
