import os

import pytest

from docker.host import user
from docker.host.user import User


def be(monkeypatch: pytest.MonkeyPatch, uid: int) -> None:
    monkeypatch.setattr(os, "getuid", lambda: uid)
    monkeypatch.setattr(os, "getgid", lambda: uid)


def test_stages_run_as_the_user_who_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    be(monkeypatch, 1234)
    assert user.invoking_user({}) == User(1234, 1234)


def test_behind_sudo_stages_run_as_the_user_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    be(monkeypatch, 0)
    assert user.invoking_user({"SUDO_UID": "1000", "SUDO_GID": "100"}) == User(1000, 100)


NONSENSE = ("", "root", "-1", "1.5", "\u0663", "4294967295", "9" * 5000)


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"SUDO_UID": "0", "SUDO_GID": "0"},
        *({"SUDO_UID": text, "SUDO_GID": "100"} for text in NONSENSE),
        *({"SUDO_UID": "1000", "SUDO_GID": text} for text in NONSENSE),
    ],
)
def test_stages_never_run_as_root(monkeypatch: pytest.MonkeyPatch, environ: dict[str, str]) -> None:
    be(monkeypatch, 0)
    assert user.invoking_user(environ).uid == user.STAND_IN_FOR_ROOT
