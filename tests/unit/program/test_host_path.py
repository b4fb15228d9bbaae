import pytest

from stages.errors import InputMissingError, exit_code_of
from stages.program.host_path import as_on_host

ELSEWHERE = [{}, {"VGG19_ARTIFACTS": "/artifacts"}, {"STAGES_ARTIFACTS": "/"}]
IN_CONTAINER = {"VGG19_ARTIFACTS": "/artifacts", "STAGES_ARTIFACTS": "/home/me/my results"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/artifacts/train is missing", "/home/me/my results/train is missing"),
        ("/artifacts; remove it", "/home/me/my results; remove it"),
        ("no space left at /artifacts", "no space left at /home/me/my results"),
        (
            "in '/artifacts/a' and /artifacts/b",
            "in '/home/me/my results/a' and /home/me/my results/b",
        ),
        ("/artifacts2/train, /x/artifacts/train", "/artifacts2/train, /x/artifacts/train"),
    ],
)
def test_a_message_names_what_the_user_knows(text: str, shown: str) -> None:
    assert as_on_host(text, IN_CONTAINER) == shown


@pytest.mark.parametrize("environ", ELSEWHERE)
def test_outside_a_container_a_message_stays_as_it_is(environ: dict[str, str]) -> None:
    assert as_on_host("/artifacts/train", environ) == "/artifacts/train"


def test_an_error_is_shown_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, text in IN_CONTAINER.items():
        monkeypatch.setenv(name, text)

    def fail() -> None:
        raise InputMissingError("/artifacts/train is missing; run the train stage first")

    exit_code_of("quantize", fail)
    assert "error: /home/me/my results/train is missing; run" in capsys.readouterr().err
