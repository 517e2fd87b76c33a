"""A log of the bus (.gzl) as a source: what the headset sent then is sent again."""

import heapq
from collections.abc import Iterator
from pathlib import Path

from gazeline.calib import rig as rigs
from gazeline.calib.rig import Rig
from gazeline.runtime.log import read_log
from gazeline.runtime.messages import Frame, Gaze, HeadPose, RigDevice
from gazeline.runtime.sources.scripted import scripted_gaze
from gazeline.runtime.sources.source import CAMERA_ID, Sample, Source, interleaved

HELD_NS = 1_000_000_000  # messages came in late by less than this, so this much of them is enough to sort by capture


def open_log(path: Path, *, gaze: bool, scripted: bool, rig: Rig | None) -> Source:
    """A source from a log. ``gaze``: the recorded one; without it, ``scripted`` or none.

    ``rig``: for a log without a calibration of its own. Raises OSError or ValueError with one sentence.
    """
    rig = rig or recorded_rig(path)
    if gaze or not scripted:
        return Source(path.name, rig, lambda: _samples(path, gaze=gaze))
    if CAMERA_ID not in rig.cameras:
        raise ValueError(f"{path}: its rig has no camera {CAMERA_ID!r} to make up a gaze for")

    def samples() -> Iterator[Sample]:
        frames = _samples(path, gaze=False)
        first = next(frames, None)
        if first is not None:
            world = rig.cameras[CAMERA_ID]
            yield from interleaved(_with(first, frames), scripted_gaze(world, first.capture_ns))

    return Source(path.name, rig, samples)


def _samples(path: Path, *, gaze: bool) -> Iterator[Sample]:
    """The headset's messages in the order of their capture. What has only Pupil's time goes by when it came in."""
    wanted = (Frame, HeadPose, Gaze) if gaze else (Frame, HeadPose)
    held: list[tuple[int, int, Sample]] = []
    for count, received in enumerate(read_log(path)):
        message = received.message
        if not isinstance(message, wanted):
            continue
        capture_ns = message.capture_ns if message.capture_ns is not None else received.receive_ns
        heapq.heappush(held, (capture_ns, count, Sample(capture_ns, message, received.raw)))
        while capture_ns - held[0][0] > HELD_NS:
            yield heapq.heappop(held)[2]
    while held:
        yield heapq.heappop(held)[2]


def _with(first: Sample, rest: Iterator[Sample]) -> Iterator[Sample]:
    yield first
    yield from rest


def recorded_rig(path: Path) -> Rig:
    """The calibration in a log. Raises OSError or ValueError with one sentence."""
    for received in read_log(path):
        if isinstance(received.message, RigDevice):
            try:
                return rigs.loads(received.message.rig_json)
            except ValueError as error:
                raise ValueError(f"{path}: its rig cannot be read: {error}") from None
    raise ValueError(f"{path} holds no calibration (rig.device); give the camera's with --rig")
