"""A runtime stood in for: what it would send, again and again, for as long as it is looked at."""

import threading
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from gazeline.runtime.bus import BusAddress, Publisher
from gazeline.runtime.messages import Message

Sent = tuple[Message, bytes | None]  # a message and its raw frame


class Sending:
    """Sends what ``made`` gives, twenty times a second, until the ``with`` block ends."""

    def __init__(self, address: BusAddress, made: Callable[[], Sequence[Sent]]) -> None:
        self._address, self._made = address, made
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        with Publisher(self._address) as publisher:
            while not self._ending.wait(0.05):
                for message, raw in self._made():
                    publisher.send(message, *([] if raw is None else [raw]))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.set()
        self._thread.join()
