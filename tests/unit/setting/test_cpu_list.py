import pytest

from stages.setting.cpu_list import format_list, parse_list


def test_a_list_is_read_in_order_and_written() -> None:
    assert parse_list("0-2,8\n") == parse_list("8, 0-2") == [0, 1, 2, 8]
    assert parse_list("8191") == [8191]
    assert format_list([0, 1, 8]) == "0,1,8"
    assert parse_list(format_list([0, 1, 8])) == [0, 1, 8]
    assert parse_list("") == []


@pytest.mark.parametrize(
    "text", ["a", "0,,1", "0-", "-1", "1-2-3", "+1", "\uff11", "9" * 5000, "0-99999999999"]
)
def test_what_is_no_list_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^$"):
        parse_list(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [("0,0", "0 is there twice"), ("3-1", "backwards"), ("0-99999", "up to 8191")],
)
def test_what_can_not_be_meant_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_list(text)
