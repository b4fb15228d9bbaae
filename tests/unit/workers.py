"""A worker that does nothing, for stand-ins to build on."""

import os
from typing import Any

from stages.common.host.memory import Footprint
from stages.common.worker.protocol import Ready


class FakeWorker:
    """Is ready at once; a stand-in defines `ask`, or `send` and `receive`."""

    ready = Ready(cores=[0], load_seconds=1.0, versions={})
    process = os.getpid()

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def wait(self) -> Ready:
        return self.ready

    def ask(self, request: Any, answer: Any, lasting_s: float = 0.0) -> Any:
        self.send(request)
        return self.receive(answer, lasting_s)

    def send(self, request: Any) -> None:
        raise NotImplementedError

    def receive(self, answer: Any, lasting_s: float = 0.0) -> Any:
        raise NotImplementedError

    def footprint(self) -> Footprint:
        return Footprint(0, 0)
