"""A stage of the runtime: a thread of its own, and its way back to the step."""

import os
import queue
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from gazeline.runtime.events import Decode, Encode, Event, Failed, Follow, Label, Survey, Teach
from gazeline.runtime.wire import WireError

Inbox = queue.Queue[Sequence[Event]]
Request = TypeVar("Request", Encode, Decode, Follow, Survey, Label | Teach)


class Stage(Generic[Request]):
    """A thread that does one thing at a time, and puts what came of it into the inbox.

    ``niceness``: from 0 to 19; the larger, the more it lets others go first (on Linux, where threads have one each).
    """

    def __init__(self, name: str, work: Callable[[Request], Event], inbox: Inbox, niceness: int = 0) -> None:
        self._niceness = niceness
        self._work: Callable[[Request], Event] = work
        self._inbox = inbox
        self._requests: queue.SimpleQueue[Request | None] = queue.SimpleQueue()  # holds one: the pipeline asks for one
        self.thread = threading.Thread(target=self._run, name=f"gazeline-{name}", daemon=True)

    def start(self, request: Request) -> None:
        self._requests.put(request)

    def stop(self) -> None:
        self._requests.put(None)

    def _run(self) -> None:
        if self._niceness and sys.platform == "linux":
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), self._niceness)
        while (request := self._requests.get()) is not None:
            try:
                event: Event = self._work(request)
            except WireError as error:
                event = Failed(request, error.reason)
            except Exception as error:  # noqa: BLE001 - a model may fail in any way, and the runtime goes on
                event = Failed(request, type(error).__name__)
            self._inbox.put((event,))
            del request, event  # pictures and embeddings are large; the next may be long in coming
