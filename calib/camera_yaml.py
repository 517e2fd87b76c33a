"""Other tools' camera files: Kalibr's camchain YAML, and the YAML of OpenCV and of ROS, read and written.

Kalibr: https://github.com/ethz-asl/kalibr/wiki/yaml-formats. OpenCV: what cv::FileStorage writes, with the names of its
calibration sample; ROS's camera_info has the same names (REP 104) and plain lists. Pixels are alike in all of them: (0,
0) is the centre of the top-left one.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import yaml

from gazeline.calib.cameras import Camera, KannalaBrandt, Pinhole, RadTan
from gazeline.calib.rig import Rig, RigCamera, Transform
from gazeline.calib.se3 import FORWARD_CAMERA, SE3

_MATRIX = ("camera_matrix", "Camera_Matrix", "cameraMatrix", "K")
_DISTORTION = ("distortion_coefficients", "Distortion_Coefficients", "distCoeffs", "dist_coeffs", "D")
_FISHEYE = ("equidistant", "fisheye")


class _Loader(yaml.SafeLoader):  # type: ignore[misc]  # PyYAML has no types
    """YAML with OpenCV's matrices, which become plain maps."""


_Loader.add_constructor(
    "tag:yaml.org,2002:opencv-matrix", lambda loader, node: loader.construct_mapping(node, deep=True)
)


def read(text: str, origin: str, name: str = "world") -> Rig:
    """A rig from any of these files; its first camera is called ``name``, and others as the file has them.

    No such file knows the head: the first camera looks straight ahead from its origin. Raises ValueError with one
    sentence that names ``origin``.
    """
    lines = text.splitlines()
    body = "\n".join(lines[1:] if lines and lines[0].startswith("%YAML:") else lines)
    try:
        found = yaml.load(body, _Loader)
    except yaml.YAMLError as error:
        raise ValueError(f"{origin}: not YAML: {error}") from None
    if not isinstance(found, dict):
        raise ValueError(f"{origin} is no camera file: it must be a Kalibr camchain, or OpenCV's or ROS's camera YAML")
    chain = [key for key in found if isinstance(found[key], dict) and "intrinsics" in found[key]]
    if chain:
        return _of_kalibr(found, sorted(chain), origin, name)
    camera = _of_opencv(found, origin)
    return Rig(str(found.get("camera_name") or name), {name: RigCamera(camera, Transform.of(FORWARD_CAMERA))})


def to_opencv(camera: Camera, name: str = "world") -> str:
    """OpenCV's YAML of one camera. Raises ValueError for a model that OpenCV does not have."""
    match camera:
        case Pinhole():
            kind, d = "plumb_bob", [0.0] * 5
        case RadTan(k4=0.0, k5=0.0, k6=0.0):
            kind, d = "plumb_bob", [camera.k1, camera.k2, camera.p1, camera.p2, camera.k3]
        case RadTan():
            kind = "rational_polynomial"
            d = [getattr(camera, key) for key in ("k1", "k2", "p1", "p2", "k3", "k4", "k5", "k6")]
        case KannalaBrandt():
            kind, d = "equidistant", [camera.k1, camera.k2, camera.k3, camera.k4]
        case _:
            raise ValueError("OpenCV has no fisheye624; calibrate with --model fisheye or rational to export to it")
    K = [camera.fx, 0.0, camera.cx, 0.0, camera.fy, camera.cy, 0.0, 0.0, 1.0]
    return (
        f"%YAML:1.0\n---\nimage_width: {camera.width}\nimage_height: {camera.height}\ncamera_name: {name}\n"
        f"{_opencv_matrix('camera_matrix', 3, 3, K)}distortion_model: {kind}\n"
        f"{_opencv_matrix('distortion_coefficients', 1, len(d), d)}"
    )


def to_kalibr(rig: Rig) -> str:
    """Kalibr's camchain of all cameras of a rig, in their order. Raises ValueError for models that Kalibr lacks."""
    chain: dict[str, Any] = {}
    before: SE3 | None = None
    for i, (name, placed) in enumerate(rig.cameras.items()):
        camera = placed.camera
        match camera:
            case Pinhole():
                kind, d = "radtan", [0.0] * 4
            case RadTan(k3=0.0, k4=0.0, k5=0.0, k6=0.0):
                kind, d = "radtan", [camera.k1, camera.k2, camera.p1, camera.p2]
            case KannalaBrandt():
                kind, d = "equidistant", [camera.k1, camera.k2, camera.k3, camera.k4]
            case _:
                raise ValueError(
                    f"camera {name!r} cannot be written for Kalibr, whose radtan has k1, k2, p1 and p2 alone: calibrate"
                    " with --model fisheye, or write OpenCV's format"
                )
        entry: dict[str, Any] = {
            "camera_model": "pinhole",
            "distortion_coeffs": d,
            "distortion_model": kind,
            "intrinsics": [camera.fx, camera.fy, camera.cx, camera.cy],
            "resolution": [camera.width, camera.height],
            "rostopic": f"/{name}/image_raw",
        }
        if before is not None:
            entry["T_cn_cnm1"] = (placed.se3.inverse() @ before).as_matrix().tolist()
        before = placed.se3
        chain[f"cam{i}"] = entry
    return str(yaml.safe_dump(chain, default_flow_style=None, sort_keys=True, width=120))


def of_coefficients(width: int, height: int, K: Sequence[float], d: Sequence[float], origin: str) -> Camera:
    """A camera from OpenCV's matrix (9 numbers, row by row) and its 0, 4, 5 or 8 distortion coefficients."""
    fx, fy, cx, cy = K[0], K[4], K[2], K[5]
    while len(d) > 8 and d[-1] == 0.0:
        d = d[:-1]
    if len(d) not in (0, 4, 5, 8):
        raise ValueError(
            f"{origin}: {len(d)} distortion coefficients; 0, 4, 5 or 8 can be read (no thin prism, no tilt)"
        )
    if not any(d):
        return Pinhole(width, height, fx, fy, cx, cy)
    return RadTan(width, height, fx, fy, cx, cy, *d)


def _of_opencv(found: Mapping[str, Any], origin: str) -> Camera:
    matrix = next((found[key] for key in _MATRIX if key in found), None)
    distortion: Any = next((found[key] for key in _DISTORTION if key in found), [])
    size = found.get("image_size") or [found.get("image_width"), found.get("image_height")]
    if matrix is None:
        raise ValueError(f"{origin} is no camera file: it has no camera_matrix and no camera of a Kalibr chain")
    try:
        width, height = (int(n) for n in size)
        K, d = _numbers(matrix), _numbers(distortion)
    except (TypeError, ValueError):
        raise ValueError(f"{origin}: image_width, image_height and the matrices must be numbers") from None
    if len(K) != 9:
        raise ValueError(f"{origin}: camera_matrix must have 9 numbers; it has {len(K)}")
    if str(found.get("distortion_model", found.get("camera_model", ""))).lower() in _FISHEYE:
        if len(d) != 4:
            raise ValueError(f"{origin}: a fisheye has 4 distortion coefficients; these are {len(d)}")
        return KannalaBrandt(width, height, K[0], K[4], K[2], K[5], *d)
    return of_coefficients(width, height, K, d, origin)


def _of_kalibr(found: Mapping[str, Any], chain: Sequence[str], origin: str, name: str) -> Rig:
    cameras: dict[str, RigCamera] = {}
    T_head_camera = FORWARD_CAMERA
    for i, key in enumerate(chain):
        entry = found[key]
        try:
            model, kind = entry["camera_model"], entry.get("distortion_model", "none")
            width, height = (int(n) for n in entry["resolution"])
            linear, d = _numbers(entry["intrinsics"]), _numbers(entry.get("distortion_coeffs", []))
            if i > 0:
                T_head_camera = T_head_camera @ SE3.from_matrix(np.array(entry["T_cn_cnm1"], np.float64)).inverse()
        except KeyError as error:
            raise ValueError(f"{origin}: {key} has no {error.args[0]}") from None
        except (TypeError, ValueError) as error:
            raise ValueError(f"{origin}: {key} cannot be read: {error}") from None
        if model != "pinhole" or kind not in ("radtan", "equidistant", "none") or len(linear) != 4:
            raise ValueError(f"{origin}: {key} is {model} with {kind}; pinhole with radtan or equidistant can be read")
        if kind != "none" and len(d) != 4:
            raise ValueError(f"{origin}: {key} has {len(d)} distortion_coeffs; Kalibr's {kind} has 4")
        camera: Camera
        if kind == "equidistant":
            camera = KannalaBrandt(width, height, *linear, *d)
        elif any(d):
            camera = RadTan(width, height, *linear, *d)
        else:
            camera = Pinhole(width, height, *linear)
        cameras[name if i == 0 else key] = RigCamera(camera, Transform.of(T_head_camera))
    return Rig("kalibr", cameras)


def _numbers(value: Any) -> list[float]:
    """A matrix of OpenCV or ROS, a list, or a list of lists."""
    data = value["data"] if isinstance(value, dict) else value
    return [float(number) for number in np.ravel(np.array(data, np.float64)).tolist()]


def _opencv_matrix(name: str, rows: int, columns: int, data: Sequence[float]) -> str:
    numbers = ", ".join(repr(float(value)) for value in data)
    return f"{name}: !!opencv-matrix\n   rows: {rows}\n   cols: {columns}\n   dt: d\n   data: [ {numbers} ]\n"
