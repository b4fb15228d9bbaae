"""The error for a failed download, and a check that finds out at once if a host answers."""

import urllib.request

from stages.errors import DownloadError, StageError, from_os_error

_TIMEOUT_S = 30.0


def require_reachable(url: str, what: str, setting: str) -> None:
    """Raise DownloadError if `url` does not answer; downloaders would retry for minutes."""
    try:
        request = urllib.request.Request(url, method="HEAD")
        urllib.request.urlopen(request, timeout=_TIMEOUT_S).close()
    except (OSError, ValueError) as error:
        raise download_failure(what, setting, error) from error


def download_failure(what: str, setting: str, error: Exception) -> StageError:
    """Return the error to raise for a failed download of `what`, which `setting` asked for."""
    local = from_os_error(error) if isinstance(error, OSError) else None
    reason = (str(error) or type(error).__name__).splitlines()[0]
    return local or DownloadError(
        f"{what} can't be downloaded ({reason}); "
        f"connect to the network or set {setting} to embedded"
    )
