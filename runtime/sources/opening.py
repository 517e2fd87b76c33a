"""Which source a path is: an Aria recording, a log of the bus, a video, a folder of images, or a single image."""

from pathlib import Path

from gazeline.calib import rig as rigs
from gazeline.runtime.log import SUFFIX
from gazeline.runtime.sources.pictures import IMAGE_SUFFIXES, VIDEO_SUFFIXES, images_in
from gazeline.runtime.sources.source import Source

SCRIPTED = "scripted"
MOUSE = "mouse"


def open_source(
    path: str | Path,
    gaze: str | Path | None = None,
    *,
    rig: str | Path | None = None,
    longest_side_px: int | None = None,
) -> Source:
    """The source at ``path``: a .vrs file, a .gzl log, a video, an image, or a folder with one of these or with images.

    ``gaze``: a CSV file; "scripted" for a slow tour of points; "mouse" for none, the mouse in the HUD being the gaze;
    None for the gaze that lies beside the recording, or else the scripted one. ``rig``: a rig file, for videos and
    images. ``longest_side_px``: scale larger pictures down to this. Raises OSError or ValueError with one sentence.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"there is no {path}")
    recording = _recording_in(path) if path.is_dir() else path
    suffix = recording.suffix.lower()
    images = images_in(path) if recording.is_dir() else [recording] if suffix in IMAGE_SUFFIXES else []
    gaze_path = Path(gaze) if gaze is not None and gaze not in (SCRIPTED, MOUSE) else None
    if gaze_path is not None and not gaze_path.is_file():
        raise FileNotFoundError(f"no gaze file {gaze_path} (a file, {SCRIPTED!r} or {MOUSE!r})")
    if suffix == ".vrs":
        if rig is not None:
            raise ValueError(f"{recording} has its own calibration; leave the rig file {rig} out")
        from gazeline.runtime.sources import aria

        gaze_path = aria.find_gaze(recording) if gaze is None else gaze_path
        return aria.open_aria(recording, gaze_path, scripted=gaze != MOUSE, longest_side_px=longest_side_px)

    if suffix == SUFFIX:
        from gazeline.runtime.sources import bus_log

        if gaze_path is not None:
            raise ValueError(f"{recording} has its own gaze; leave the gaze file {gaze_path} out")
        calibration = rigs.load(rig) if rig is not None else None
        return bus_log.open_log(recording, gaze=gaze is None, scripted=gaze != MOUSE, rig=calibration)

    from gazeline.runtime.sources import video

    calibration = rigs.load(rig) if rig is not None else None
    beside = recording.parent / "gaze.csv"
    if suffix in VIDEO_SUFFIXES:
        if gaze is None and path.is_dir() and beside.is_file():  # an export of Pupil Labs is such a folder
            gaze_path = beside
        return video.open_video(
            recording, gaze_path, scripted=gaze != MOUSE, rig=calibration, longest_side_px=longest_side_px
        )
    if images:
        return video.open_images(
            path, images, gaze_path, scripted=gaze != MOUSE, rig=calibration, longest_side_px=longest_side_px
        )
    if path.is_dir():
        raise ValueError(f"the folder {path} holds no recording, video or image")
    known = ", ".join((".vrs", SUFFIX, *VIDEO_SUFFIXES, *IMAGE_SUFFIXES))
    raise ValueError(f"{path} is no source: its name must end in one of {known}, or it must be a folder of images")


def _recording_in(folder: Path) -> Path:
    """The one recording or video of a folder; the folder itself where there is none, which then has images."""
    for suffixes in ((".vrs",), VIDEO_SUFFIXES):
        found = sorted(p for p in folder.iterdir() if p.suffix.lower() in suffixes and p.is_file())
        if len(found) > 1:
            names = ", ".join(p.name for p in found[:3]) + (", …" if len(found) > 3 else "")
            raise ValueError(f"the folder {folder} holds several recordings ({names}); name one of them")
        if found:
            return found[0]
    return folder
