"""The pictures in which boards are looked for, from a folder, a video, a recording or a log of the bus."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gazeline.calib.rig import Rig
from gazeline.runtime.image_files import read_image
from gazeline.runtime.images import image_of
from gazeline.runtime.log import SUFFIX, is_log, read_log
from gazeline.runtime.messages import Frame
from gazeline.runtime.sources.aria import open_aria
from gazeline.runtime.sources.bus_log import recorded_rig
from gazeline.runtime.sources.pictures import VIDEO_SUFFIXES, images_in, video_pictures
from gazeline.runtime.topics import FRAME_WORLD
from gazeline.runtime.wire import Received, WireError

EVERY_NS = 300_000_000  # of moving pictures one in so long is looked at: nearer ones are nearly the same view


@dataclass(frozen=True, eq=False)
class Shot:
    """One picture (RGB uint8 HWC; None where it cannot be read), and what it is called in reports.

    ``capture_ns`` is in the recording's clock; None for pictures from a folder.
    """

    name: str
    image: NDArray[np.uint8] | None
    capture_ns: int | None = None


def read_shots(source: Path, every_ns: int = EVERY_NS) -> Iterator[Shot]:
    """The pictures of a source, one at a time. Raises OSError or ValueError with one sentence."""
    if not source.exists():
        raise FileNotFoundError(f"there is no picture, folder or recording {source}")
    if source.is_dir():
        images = images_in(source)
        if not images:
            raise ValueError(f"the folder {source} holds no pictures")
        return (_from_file(path) for path in images)
    if source.suffix.lower() in VIDEO_SUFFIXES:
        shots = (Shot(f"{p.time_ns / 1e9:.2f} s", p.image, p.time_ns) for p in video_pictures(source))
        return _thinned(shots, every_ns)
    if source.suffix == SUFFIX or is_log(source):
        return _thinned(_of(read_log(source)), every_ns)
    if source.suffix.lower() == ".vrs":
        recording = open_aria(source, None, scripted=False, longest_side_px=None)
        return _thinned(_of(Received(s.message, s.raw, s.capture_ns) for s in recording), every_ns)
    raise ValueError(f"{source} is no source: give a folder of pictures, a video, a .vrs, a {SUFFIX} or a bus address")


def rig_of(source: Path) -> Rig | None:
    """The calibration that a source carries itself, if it does."""
    if source.suffix.lower() == ".vrs":
        return open_aria(source, None, scripted=False, longest_side_px=None).rig
    if source.suffix == SUFFIX:
        try:
            return recorded_rig(source)
        except ValueError:
            return None
    return None


def _of(recorded: Iterable[Received]) -> Iterator[Shot]:
    """The pictures among what a headset sent."""
    for received in recorded:
        frame = received.message
        if not isinstance(frame, Frame) or frame.topic != FRAME_WORLD:
            continue
        name = f"picture {frame.index}"
        try:
            yield Shot(name, image_of(received), frame.capture_ns)
        except WireError:
            yield Shot(name, None, frame.capture_ns)


def _from_file(path: Path) -> Shot:
    try:
        return Shot(path.name, read_image(path))
    except ValueError:
        return Shot(path.name, None)


def _thinned(shots: Iterable[Shot], every_ns: int) -> Iterator[Shot]:
    last_ns: int | None = None
    for shot in shots:
        if shot.capture_ns is None or last_ns is None or shot.capture_ns - last_ns >= every_ns:
            last_ns = shot.capture_ns
            yield shot
