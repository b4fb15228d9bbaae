"""What a user reads if a download is impossible."""

import errno

import pytest

from stages.errors import DiskFullError, DownloadError
from stages.train.downloads import download_failure, require_reachable


def test_a_host_that_does_not_exist_is_reported_with_the_remedy() -> None:
    with pytest.raises(DownloadError, match="set data to embedded"):
        require_reachable("https://hub.invalid/beans.zip", "the data set beans", "data")


def test_a_full_disk_is_not_called_a_network_failure() -> None:
    failure = download_failure("weights", "backbone", OSError(errno.ENOSPC, "full", "/cache"))
    assert isinstance(failure, DiskFullError)


def test_the_message_is_one_line() -> None:
    assert "\n" not in str(download_failure("weights", "backbone", ValueError("first\nsecond")))
