"""A session of the simulated headset as a log, without a bus and as fast as it renders; its clocks may disagree."""

from pathlib import Path

from msgspec import structs

from gazeline.runtime.log import LogWriter
from gazeline.runtime.messages import Frame, Gaze
from gazeline.sim.headset import Headset

EPOCH_NS = 1_000_000_000


def record(
    headset: Headset, path: Path, seconds: float, *, camera_offset_ms: float = 0.0, gaze_offset_ms: float = 0.0
) -> int:
    """Write what the headset sends; returns how many messages. Sets ``headset.epoch_ns``.

    ``camera_offset_ms`` and ``gaze_offset_ms``: by how much the times of pictures and gaze are later than they should
    be, as by clocks of their own. The truth is left out. Raises OSError where the file cannot be written.
    """
    headset.epoch_ns = EPOCH_NS
    count = 0
    with LogWriter(path) as log:
        for delivery in headset.deliveries(seconds):
            message = delivery.message
            if delivery.broken is not None or message.topic.startswith("truth."):
                continue
            offset_ms = {Frame: camera_offset_ms, Gaze: gaze_offset_ms}.get(type(message), 0.0)
            capture_ns = (message.capture_ns or 0) + round(1e6 * offset_ms)
            stamped = structs.replace(message, capture_ns=capture_ns, timestamp=capture_ns * 1e-9)
            log.write(stamped, *delivery.raw, receive_ns=EPOCH_NS + delivery.deliver_ns)
            count += 1
    return count
