import pytest

from stages.profile.loadgen_settings import expected_seconds, turn_request
from stages.settings import Settings


def test_offline_is_whole_batches_with_a_tenth_to_spare() -> None:
    request = turn_request(Settings(batch_size=8, round_duration_s=2.0), "offline", 20.0)
    assert (request.batch_size, request.min_duration_s, request.min_queries) == (8, 2.0, 48)
    assert expected_seconds(request, 20.0) == pytest.approx(2.4)


@pytest.mark.parametrize("duration", [1.0, 10.0, 60.0])
def test_a_cell_that_is_much_faster_than_known_ends_early_however_long_a_turn_is(
    duration: float,
) -> None:
    request = turn_request(Settings(round_duration_s=duration), "offline", 100.0)
    assert request.min_queries / 125.0 < request.min_duration_s


def test_offline_is_one_batch_at_least() -> None:
    request = turn_request(Settings(batch_size=8, round_duration_s=1.0), "offline", 0.1)
    assert request.min_queries == 8


def test_a_single_stream_has_images_alone_and_queries_for_its_median() -> None:
    request = turn_request(Settings(round_queries=11), "single_stream", 2.0)
    assert (request.batch_size, request.min_queries, request.percentile) == (1, 11, 0.5)
    assert expected_seconds(request, 2.0) == pytest.approx(5.5)
    assert request.expected_per_s == 2.0


def test_strict_follows_mlperf_whatever_a_turn_is_else() -> None:
    settings = Settings(strict=True, round_duration_s=1.0, round_queries=1, batch_size=10)
    offline = turn_request(settings, "offline", 1.0)
    assert (offline.min_duration_s, offline.min_queries) == (600, 24580)
    stream = turn_request(settings, "single_stream", 1.0)
    assert (stream.min_duration_s, stream.min_queries, stream.percentile) == (600, 64, 0.9)
