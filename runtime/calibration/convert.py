"""``gazeline calibrate convert``: rigs from and to the camera files of other tools."""

import json
import re
from pathlib import Path

from gazeline.calib import camera_yaml
from gazeline.calib import rig as rigs
from gazeline.calib.rig import Rig, RigCamera, Transform
from gazeline.calib.se3 import FORWARD_CAMERA
from gazeline.runtime.calibration.shots import rig_of
from gazeline.runtime.files import read_bytes, write_bytes
from gazeline.runtime.sources.source import CAMERA_ID

MOST_BYTES = 1 << 20
NEON_PX = (1600, 1200)


def convert(source: Path, out: Path, form: str, size: str | None) -> str:
    """Read any of the files, write another; returns what it was. Raises OSError or ValueError with one sentence."""
    rig = read(source, size)
    if out.suffix == ".json":
        text = rigs.dumps(rig)
    elif out.suffix in (".yaml", ".yml"):
        first = next(iter(rig.cameras.items()))
        text = camera_yaml.to_kalibr(rig) if form == "kalibr" else camera_yaml.to_opencv(first[1].camera, first[0])
    else:
        raise ValueError(f"{out}: the name of a rig ends in .json, that of a Kalibr or OpenCV file in .yaml")
    write_bytes(out, text.encode())
    kinds = ", ".join(f"{name}: {type(each.camera).__name__}" for name, each in rig.cameras.items())
    return f"{rig.id} ({kinds})"


def read(source: Path, size: str | None = None) -> Rig:
    """A rig from a rig file, a Kalibr or OpenCV YAML, an Aria recording, or a Neon export's scene_camera.json."""
    if source.suffix.lower() in (".vrs", ".gzl"):
        rig = rig_of(source)
        if rig is None:
            raise ValueError(f"{source} holds no calibration")
        return rig
    text = read_bytes(source, "the calibration", MOST_BYTES).decode("utf-8", "replace")
    if source.suffix.lower() in (".yaml", ".yml"):
        return camera_yaml.read(text, str(source), CAMERA_ID)
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"{source}: not JSON: {error}") from None
    if isinstance(found, dict) and "camera_matrix" in found:
        return _of_neon(found, str(source), size)
    return rigs.loads(text, str(source))


def _of_neon(found: dict[str, object], origin: str, size: str | None) -> Rig:
    """Pupil Labs' scene_camera.json: OpenCV's matrix and coefficients, without the pictures' size."""
    d = next((found[key] for key in ("distortion_coefficients", "dist_coefs") if key in found), [])
    try:
        K = [float(value) for row in found["camera_matrix"] for value in row]  # type: ignore[attr-defined]
        flat = [float(value) for row in d for value in (row if isinstance(row, list) else [row])]  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        raise ValueError(f"{origin}: camera_matrix and the distortion coefficients must be numbers") from None
    if len(K) != 9:
        raise ValueError(f"{origin}: camera_matrix must have 9 numbers; it has {len(K)}")
    width, height = _size(size, K, origin)
    camera = camera_yaml.of_coefficients(width, height, K, flat, origin)
    name = f"pupil-labs-{found.get('serial_number', 'scene-camera')}"
    return Rig(name, {CAMERA_ID: RigCamera(camera, Transform.of(FORWARD_CAMERA))})


def _size(size: str | None, K: list[float], origin: str) -> tuple[int, int]:
    given = re.fullmatch(r"(\d+)x(\d+)", size or "")
    if given:
        return int(given[1]), int(given[2])
    if size is not None:
        raise ValueError(f"--size {size} is no size; write width x height in pixels, for example 1600x1200")
    if all(0.4 < middle / side < 0.6 for middle, side in zip((K[2], K[5]), NEON_PX, strict=True)):
        return NEON_PX
    raise ValueError(f"{origin} does not say how large the pictures are: give it with --size, for example 1088x1080")
