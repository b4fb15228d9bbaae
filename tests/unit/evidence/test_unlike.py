from stages.evidence.unlike import unlike


def test_figures_may_differ_by_rounding_and_nothing_else() -> None:
    assert unlike({"a": [1.0, {"b": "x"}]}, {"a": [1.0 + 1e-12, {"b": "x"}]}) == []
    assert unlike({"a": [1.0, 2.0]}, {"a": [1.0, 2.1]}) == ["a[1] is 2.0, its samples give 2.1"]
    assert unlike({"a": True}, {"a": False}) == ["a is True, its samples give False"]
    assert unlike({"a": 1.0}, {"a": None}) == ["a is 1.0, its samples give None"]
    assert unlike({"a": [1]}, {"a": [1, 2]}) == ["a is [1], its samples give [1, 2]"]


def test_long_values_are_cut() -> None:
    (line,) = unlike({"a": "x" * 200}, {"a": ""})
    assert len(line) < 120
    assert line == f"a is '{'x' * 56}...', its samples give ''"
