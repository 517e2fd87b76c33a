"""``gazeline calibrate clock``: a recording in, the offsets of its streams out."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from gazeline.runtime.calibration.clock_from_data import Offset, camera_offset, gaze_offset, turning_of
from gazeline.runtime.calibration.image_motion import Turned, turns
from gazeline.runtime.files import write_bytes
from gazeline.runtime.images import image_of
from gazeline.runtime.messages import Frame, Gaze, HeadPose, Pose, Vec3
from gazeline.runtime.sources.opening import open_source
from gazeline.runtime.sources.source import CAMERA_ID, Source
from gazeline.runtime.topics import FRAME_WORLD
from gazeline.runtime.wire import Received, WireError

CONFIDENCE_MIN = 0.6


@dataclass(frozen=True)
class Result:
    """``camera`` and ``gaze``: against the head pose; None where the recording has no such stream."""

    camera: Offset | None
    gaze: Offset | None

    @property
    def gaze_camera_ms(self) -> float | None:
        """How much later than the camera's the gaze's times are."""
        if self.camera is None or self.gaze is None or self.camera.trouble or self.gaze.trouble:
            return None
        return round(self.gaze.offset_ms - self.camera.offset_ms, 2)


def calibrate(source: Source) -> Result:
    """The offsets of a recording's camera and gaze. ValueError with one sentence where it has no head pose."""
    poses: list[tuple[int, Pose]] = []
    gaze: list[tuple[int, Vec3]] = []
    world = source.rig.cameras.get(CAMERA_ID)

    def pictures() -> Iterator[tuple[int, NDArray[np.uint8]]]:
        """The pictures; what comes between them is kept on the way."""
        for sample in source:
            match sample.message:
                case Frame(topic=topic) if topic == FRAME_WORLD and world is not None:
                    try:
                        yield sample.capture_ns, image_of(Received(sample.message, sample.raw))
                    except WireError:
                        continue  # a broken picture tells nothing
                case HeadPose() as pose:
                    poses.append((sample.capture_ns, pose.T_world_head))
                case Gaze(d_head=d_head) as looked if d_head is not None and looked.confidence >= CONFIDENCE_MIN:
                    gaze.append((sample.capture_ns, d_head))

    turned: list[Turned] = []
    if world is not None:
        turned = list(turns(pictures(), world.camera))
    else:
        for _ in pictures():
            pass
    head = turning_of(poses)
    if head is None:
        raise ValueError(f"{source.name} holds no head poses (pose.head); the offsets are against their clock")
    camera = camera_offset(turned, world.se3, head) if world is not None and turned else None
    return Result(camera, gaze_offset(gaze, head) if gaze else None)


def run(recording: Path, rig: Path | None, report: Path | None) -> None:
    """The command. Raises OSError or ValueError with one sentence."""
    if report is not None and (report.is_dir() or not report.absolute().parent.is_dir()):
        raise OSError(f"{report} cannot be written: {'it is' if report.is_dir() else 'its parent is not'} a folder")
    result = calibrate(open_source(recording, rig=rig))
    console = Console()
    console.print(table(result))
    for name, offset in (("camera", result.camera), ("gaze", result.gaze)):
        if offset is None:
            console.print(f"{name}: the recording has none")
        elif offset.trouble:
            console.print(f"{name}: not to be trusted: {offset.trouble}")
    if report is not None:
        fields: dict[str, Any] = {**asdict(result), "gaze_camera_ms": result.gaze_camera_ms}
        write_bytes(report, msgspec.json.format(msgspec.json.encode(fields)))
        console.print(f"report: {report}")


def table(result: Result) -> Table:
    """The result for people."""
    shown = Table(title="How much later than the head pose's clock", title_justify="left", header_style="dim")
    for name in ("stream", "ms", "±", "movement explained", "intervals"):
        shown.add_column(name, justify="left" if name == "stream" else "right")
    for stream, offset in (("camera", result.camera), ("gaze", result.gaze)):
        if offset is not None:
            numbers = (f"{offset.offset_ms:+.1f}", f"{offset.uncertainty_ms:.1f}", f"{100 * offset.agreement:.0f} %")
            shown.add_row(stream, *numbers, str(offset.intervals), style="dim" if offset.trouble else "")
    if result.gaze_camera_ms is not None:
        shown.add_row("gaze against camera", f"{result.gaze_camera_ms:+.1f}", "", "", "")
    return shown
