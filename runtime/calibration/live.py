"""Views of a board from a headset that is being moved about: each picture that shows something new is taken."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray

from gazeline.calib import rig as rigs
from gazeline.calib.board import Array, Board
from gazeline.calib.coverage import ENOUGH_VIEWS, advice, heat_map, signature
from gazeline.calib.detect import find_board
from gazeline.calib.intrinsics import View
from gazeline.calib.rig import Rig
from gazeline.runtime.bus import BusAddress, Publisher, Subscriber
from gazeline.runtime.calibration.gather import Gathered
from gazeline.runtime.images import image_of
from gazeline.runtime.messages import BoardSearch, Frame, RigDevice
from gazeline.runtime.topics import CALIBRATE_BOARD, FRAME_WORLD, RIG_DEVICE
from gazeline.runtime.wire import WireError

SILENT_S = 30.0
SOFT_PX = 4.0
NEW = 0.12  # how different a view must be from all before it, in units of `signature`
MOST_VIEWS = 60

Image = NDArray[np.uint8]


def watch(
    address: BusAddress, board: Board, stop: threading.Event, tell: Callable[[int, int], None]
) -> tuple[Gathered, Rig | None]:
    """Collect views from a live bus until there is enough of everything or ``stop`` is set; and the headset's own rig,
    where it tells it.

    What it sees and needs is sent as ``calibrate.board``, which the browser page shows. Raises OSError where no picture
    comes, ValueError where there was no board in any.
    """
    collector: _Collector | None = None
    rig: Rig | None = None
    heard_s = time.monotonic()
    with Subscriber(address, (FRAME_WORLD, RIG_DEVICE)) as subscriber, Publisher(address) as publisher:
        while not stop.is_set():
            for received in subscriber.poll(100):
                frame = received.message
                if isinstance(frame, RigDevice):
                    with suppress(ValueError):  # one that cannot be read is none
                        rig = rigs.loads(frame.rig_json)
                    continue
                try:
                    image = image_of(received)
                except WireError:
                    continue
                assert isinstance(frame, Frame)
                heard_s = time.monotonic()
                if collector is None or collector.size != (frame.width, frame.height):
                    collector = _Collector(board, frame.width, frame.height)
                state = collector.look(image, f"picture {frame.index}", frame.capture_ns)
                publisher.send(state)
                tell(collector.pictures, len(collector.views))
                if state.done:
                    return collector.gathered(), rig
            if time.monotonic() - heard_s > SILENT_S:
                raise OSError(
                    f"no picture came on {address} within {SILENT_S:.0f} seconds; is the headset sending, and does"
                    " gazeline run on that bus?"
                )
    if collector is None or collector.sample is None:
        raise ValueError(f"no {board} was seen on {address}; is that the board, and is all of it in the picture?")
    return collector.gathered(), rig


class _Collector:
    """The views so far."""

    def __init__(self, board: Board, width: int, height: int) -> None:
        self.size = width, height
        self.views: list[View] = []
        self.sample: Image | None = None
        self.pictures = 0
        self._board = board
        self._places: list[Array] = []
        self._largest = 0.0

    def look(self, image: Image, name: str, capture_ns: int | None) -> BoardSearch:
        """Take the picture if it shows something new and sharp."""
        width, height = self.size
        self.pictures += 1
        found = find_board(image, self._board, thorough=False)
        if found is not None:
            view = View(name, self._board.points_m[found.ids], found.px, found.rise_px)
            place = signature(view, width, height)
            away = min((float(np.linalg.norm(place - other)) for other in self._places), default=np.inf)
            if away > NEW and not found.rise_px > SOFT_PX:
                self.views.append(view)
                self._places.append(place)
                if place[2] > self._largest:
                    self._largest, self.sample = float(place[2]), image
        said = advice(self.views, width, height)
        return BoardSearch(
            topic=CALIBRATE_BOARD,
            capture_ns=capture_ns if capture_ns is not None else time.monotonic_ns(),
            width=width,
            height=height,
            views=len(self.views),
            wanted=max(ENOUGH_VIEWS, len(self.views)),
            corners=[(float(x), float(y)) for x, y in found.px] if found is not None else [],
            edge_px=found.rise_px if found is not None and np.isfinite(found.rise_px) else None,
            heat=heat_map(self.views, width, height).astype(int).ravel().tolist(),
            advice=said,
            done=not said or len(self.views) >= MOST_VIEWS,
        )

    def gathered(self) -> Gathered:
        """The views, to be solved."""
        assert self.sample is not None
        return Gathered(*self.size, tuple(self.views), (), self.pictures, self.sample)
