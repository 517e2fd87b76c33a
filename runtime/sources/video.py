"""A video file, a folder of images or a single image as a source, with a gaze CSV, a scripted gaze or none."""

import contextlib
import math
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from gazeline.calib.cameras import Pinhole
from gazeline.calib.rig import Rig, RigCamera, Transform
from gazeline.calib.se3 import FORWARD_CAMERA
from gazeline.runtime.sources.gaze_csv import WORLD_TIMESTAMPS, GazeTrack, read_gaze, read_world_timestamps
from gazeline.runtime.sources.pictures import Picture, image_pictures, video_pictures
from gazeline.runtime.sources.scripted import scripted_gaze
from gazeline.runtime.sources.source import CAMERA_ID, Sample, Source, frame_sample, gaze_sample, interleaved

UNCALIBRATED_FOV_DEG = 70.0
"""The horizontal field of view that is assumed where no calibration is given."""
_LARGEST_PX = 16384  # what frame messages allow


def open_video(
    path: Path, gaze: Path | None, *, scripted: bool, rig: Rig | None, longest_side_px: int | None
) -> Source:
    """A source from a video file. ``gaze``: a CSV file; without one, ``scripted`` or no gaze at all.

    ``rig``: the calibration, with one camera or one named "world", of the video's size; without one, a pinhole camera
    of 70 degrees is assumed and the rig is called "uncalibrated-70deg-…". Raises OSError or ValueError.
    """
    folders = [path.parent] if gaze is None else [gaze.parent, path.parent]
    return _source(path, lambda: video_pictures(path), folders, gaze, scripted, rig, longest_side_px)


def open_images(
    path: Path, images: list[Path], gaze: Path | None, *, scripted: bool, rig: Rig | None, longest_side_px: int | None
) -> Source:
    """A source from images (``path``: their folder, or the single one), otherwise as ``open_video``."""
    folders = [path] if gaze is None else [gaze.parent, path]
    return _source(path, lambda: image_pictures(images), folders, gaze, scripted, rig, longest_side_px)


def _source(
    path: Path,
    pictures: Callable[[], Generator[Picture]],
    folders: list[Path],
    gaze: Path | None,
    scripted: bool,
    rig: Rig | None,
    longest_side_px: int | None,
) -> Source:
    with contextlib.closing(pictures()) as start:
        height, width = next(start).image.shape[:2]
    if max(width, height) > _LARGEST_PX:
        raise ValueError(f"{path} is {width}x{height}; pictures may have at most {_LARGEST_PX} pixels on a side")
    full = _world(path, rig, width, height)
    rig_id = rig.id if rig is not None else f"uncalibrated-{UNCALIBRATED_FOV_DEG:g}deg-{width}x{height}"
    scale = min(1.0, longest_side_px / max(width, height)) if longest_side_px else 1.0
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    if scale < 1.0:
        rig_id += f"-at-{size[0]}x{size[1]}"
    small = RigCamera(full.camera.resized(*size), full.T_head_camera, full.line_time_ns) if scale < 1.0 else full
    track = read_gaze(gaze) if gaze is not None else None
    times_ns = _world_times(track, gaze, folders) if gaze is not None and track is not None else None

    def frames() -> Iterator[Sample]:
        for index, picture in enumerate(pictures()):
            if times_ns is not None and index >= len(times_ns):
                return
            time_ns = int(times_ns[index]) if times_ns is not None else picture.time_ns
            image, jpeg = picture.image, picture.jpeg
            if scale < 1.0:
                image, jpeg = _resized(image, size), None
            yield frame_sample(image, time_ns, index, rig_id, jpeg=jpeg)

    def samples() -> Iterator[Sample]:
        if track is not None:
            return interleaved(frames(), _gaze_samples(track, full))
        start_ns = int(times_ns[0]) if times_ns is not None else 0
        return interleaved(frames(), scripted_gaze(full, start_ns) if scripted else ())

    return Source(path.name, Rig(rig_id, {CAMERA_ID: small}, eyes=rig.eyes if rig is not None else None), samples)


def _world(path: Path, rig: Rig | None, width: int, height: int) -> RigCamera:
    """The scene camera, in full size."""
    if rig is None:
        pinhole = Pinhole.from_horizontal_fov(width, height, math.radians(UNCALIBRATED_FOV_DEG))
        return RigCamera(pinhole, Transform.of(FORWARD_CAMERA))
    world = rig.cameras.get(CAMERA_ID) or (next(iter(rig.cameras.values())) if len(rig.cameras) == 1 else None)
    if world is None:
        raise ValueError(
            f"rig {rig.id!r} has the cameras {', '.join(rig.cameras)} and none of them is called {CAMERA_ID!r}"
        )
    if (world.camera.width, world.camera.height) != (width, height):
        raise ValueError(
            f"{path} is {width}x{height} and the camera of rig {rig.id!r} is {world.camera.width}x{world.camera.height}"
        )
    return world


def _world_times(track: GazeTrack, gaze: Path, folders: list[Path]) -> NDArray[np.int64] | None:
    """The pictures' absolute times where the gaze has such; None where its times count from the first picture."""
    if not track.absolute:
        return None
    for folder in folders:
        if (folder / WORLD_TIMESTAMPS).is_file():
            return read_world_timestamps(folder / WORLD_TIMESTAMPS)
    raise FileNotFoundError(
        f"{gaze} has absolute times; put the {WORLD_TIMESTAMPS} of the same export beside it, which says when each"
        " picture was taken"
    )


def _gaze_samples(track: GazeTrack, world: RigCamera) -> Iterator[Sample]:
    camera = world.camera
    seen = np.isfinite(track.px[:, 0]) & np.isfinite(track.px[:, 1])  # (N,)
    d_camera, _ = camera.unproject(np.nan_to_num(track.px))
    d_head = world.se3.rotate(d_camera)
    for i, time_ns in enumerate(track.timestamp_ns.tolist()):
        if not seen[i]:
            yield gaze_sample(time_ns, None)
            continue
        x, y = track.px[i].tolist()
        norm_pos = ((x + 0.5) / camera.width, 1.0 - (y + 0.5) / camera.height)
        yield gaze_sample(time_ns, d_head[i], float(track.confidence[i]), norm_pos)


def _resized(image: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
