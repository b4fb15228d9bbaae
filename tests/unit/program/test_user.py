"""Who may not do something is named as the system's own tools name them."""

import os

import pytest

from stages.program.user import this_user


def test_a_user_has_a_number_and_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 0)
    assert this_user() == "0 (root)"


def test_a_number_without_a_name_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 4_000_123)
    assert this_user() == "4000123"
