from docker.reproduce.differences import ANOTHER_ORDER, MAX_SHOWN, differences, shortened

A, B = "a\t0\t644\t0:0\t7\t1\t11", "b\t0\t644\t0:0\t7\t1\t22"


def test_equal_listings_do_not_differ() -> None:
    assert differences([A, B], [A, B]) == []


def test_each_file_tells_what_of_it_changed() -> None:
    other = "b\t0\t755\t0:0\t7\t1\t33"
    assert differences([A, B], [other, "c\t2\t777\t0:0\t7\t0\t-> a"]) == [
        "missing  a",
        "changed  b: mode 644 became 755, content 22 became 33",
        "new      c",
    ]


def test_another_order_is_a_difference() -> None:
    assert differences([A, B], [B, A]) == [ANOTHER_ORDER]


def test_more_than_a_person_reads_is_counted() -> None:
    lines = [str(number) for number in range(MAX_SHOWN + 5)]
    assert shortened(lines) == [*lines[:MAX_SHOWN], "and 5 more"]
    assert shortened(lines[:MAX_SHOWN]) == lines[:MAX_SHOWN]
