"""A stage of the runtime: a thread of its own, and its way back to the step."""

import queue
import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from gazeline.runtime.events import Decode, Encode, Event, Failed, Follow, Label, Survey, Teach
from gazeline.runtime.wire import WireError

Inbox = queue.Queue[Sequence[Event]]
Request = TypeVar("Request", Encode, Decode, Follow, Survey, Label | Teach)


class Stage(Generic[Request]):
    """A thread that does one thing at a time, and puts what came of it into the inbox."""

    def __init__(self, name: str, work: Callable[[Request], Event], inbox: Inbox) -> None:
        self._work: Callable[[Request], Event] = work
        self._inbox = inbox
        self._requests: queue.SimpleQueue[Request | None] = queue.SimpleQueue()  # holds one: the pipeline asks for one
        self.thread = threading.Thread(target=self._run, name=f"gazeline-{name}", daemon=True)

    def start(self, request: Request) -> None:
        self._requests.put(request)

    def stop(self) -> None:
        self._requests.put(None)

    def _run(self) -> None:
        while (request := self._requests.get()) is not None:
            try:
                event: Event = self._work(request)
            except WireError as error:
                event = Failed(request, error.reason)
            except Exception as error:  # noqa: BLE001 - a model may fail in any way, and the runtime goes on
                event = Failed(request, type(error).__name__)
            self._inbox.put((event,))
            del request, event  # pictures and embeddings are large; the next may be long in coming
