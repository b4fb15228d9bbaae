"""What another program says, as it may be shown."""

import pytest

from stages.setting import foreign_words


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ("first\nlast\n\n \n", "last"),
        ("can't reach https://me:secret@proxy.example:3128/x?key=1", None),
        ("a\r\nred \x1b[31m\u202etext", "red \\x1b[31m\\u202etext"),
        (
            "docker: no space left\n\nRun 'docker run --help' for more information\n",
            "docker: no space left",
        ),
        ("docker: no such image.\nSee 'docker run --help'.\n", "docker: no such image."),
        (" \n", "code 3"),
        ("", "code 3"),
    ],
)
def test_the_last_line_with_words_is_shown_without_secrets(said: str, line: str | None) -> None:
    shown = foreign_words.last_line(said, "code 3")
    assert line is None or shown == line
    assert "secret" not in shown
    assert "key=1" not in shown


@pytest.mark.parametrize(
    "said",
    [
        "\x1b[31mhttps://me:hunter2@host/x refuses",
        "\x1b[0mhttps://me:hunter2@host/x",
        "url_https://me:hunter2@host/x",
        "3https://me:hunter2@host/x",
        "HTTPS_PROXY=me:hunter2@proxy:8080",
        "//me:hunter2@host",
        "https:/me:hunter2@host",
        "FATAL: password=hunter2",
        'said {"password": "hunter2"}',
        "Authorization: Bearer hunter2",
        "authorization: hunter2",
        "sent bearer hunter2",
        "curl --password hunter2 --proxy-token hunter2",
        "SLURM_JWT=hunter2",
        "AWS_SECRET_ACCESS_KEY=hunter2 api-key: hunter2",
    ],
)
def test_a_password_is_hidden_wherever_it_is_written(said: str) -> None:
    for shown in (foreign_words.shown(said), foreign_words.shown_line(f"  {said}")):
        assert "hunter2" not in shown
        assert "***" in shown


@pytest.mark.parametrize(
    "said",
    [
        "me@vm: Permission denied (publickey)",
        "git@host:group/project not found",
        "no space left on /dev/vda1: 12 of 12 blocks",
        "unexpected token ')' at line 3",
        "docker-archive:/tmp/images.tar has no vgg19-train:latest",
        '  File "a.py", line 3, in key',
    ],
)
def test_what_is_no_password_stays(said: str) -> None:
    assert foreign_words.shown_line(said) == said


@pytest.mark.parametrize("part", ["a", "token", ":", "@", "=", "://", "--a", "x ", "bearer "])
def test_a_long_line_of_one_kind_is_gone_through_at_once(part: str) -> None:
    assert len(foreign_words.shown(part * (100_000 // len(part)))) <= foreign_words.MAX_SAID


def test_all_that_was_said_is_one_line_of_limited_length() -> None:
    assert foreign_words.shown("one\n  two\tthree") == "one two three"
    assert len(foreign_words.shown("x" * 1000)) == foreign_words.MAX_SAID
    assert foreign_words.shown("x" * 1000, 10) == "xxxxxxx..."
