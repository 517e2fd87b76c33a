"""How far off the gazed pixel is, by distance, when the eyes and the camera are apart: a table, and a plot.

    python tools/bench_parallax.py [--plot OUT.png]

The simulated headset looks at walls 0.3 to 5 m away. Gaze itself is exact; what differs is where its distance comes
from: the default assumed (``outline.default_depth_m``), vergence with the noise of the simulated tracker, or a depth
picture. Degrees, mean and 95 %.
"""

import argparse
import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from gazeline.calib.gaze_mapping import direction_of
from gazeline.calib.so3 import angle_rad
from gazeline.runtime.config import OutlineSettings
from gazeline.runtime.gaze.parallax import pixel_on_surface
from gazeline.runtime.image_files import write_image
from gazeline.runtime.messages import Frame, Vec2
from gazeline.runtime.plot import Chart, draw
from gazeline.runtime.prompt import View, calibration_of, pixel_of
from gazeline.sim.rig import simulated_rig
from gazeline.sim.tracker import BETWEEN_EYES_M, TrackerSettings

Array = NDArray[np.float64]

SIZE = (640, 480)
AWAY_M = (0.3, 0.4, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0)
ASSUMED = f"{OutlineSettings().default_depth_m:g} m assumed"
WAYS = ("assumed", "vergence", "depth picture")
LEAST_DEG = 0.01  # what is drawn for less
LOOKS = 200


def errors_deg(view: View, away_m: float, rng: np.random.Generator) -> dict[str, Array]:
    """The error (LOOKS,) of each way for gaze at a wall so far away."""
    found: dict[str, list[float]] = {way: [] for way in WAYS}
    plane = wall(view, away_m)
    vergence_noise = math.sqrt(2.0) * math.radians(TrackerSettings().noise_deg) / BETWEEN_EYES_M  # dioptres
    assumed_m = OutlineSettings().default_depth_m
    while len(found["vergence"]) < LOOKS:
        d = direction_of(np.radians(rng.uniform((-20, -25), (20, 5))))
        true_m = away_m / -float(d[2])
        verged_m = 1.0 / max(1.0 / true_m + vergence_noise * float(rng.standard_normal()), 0.05)
        true_px = pixel_of(d, view, depth_m=true_m)
        answers = (
            pixel_of(d, view, depth_m=assumed_m),
            pixel_of(d, view, depth_m=verged_m),
            pixel_on_surface(d, view, plane, start_m=assumed_m),
        )
        if true_px is None or any(px is None for px in answers):
            continue
        for way, px in zip(WAYS, answers, strict=True):
            assert px is not None
            found[way].append(apart_deg(view, true_px, px))
    return {way: np.array(values) for way, values in found.items()}


def apart_deg(view: View, a: Vec2, b: Vec2) -> float:
    """The angle between two pixels, seen from the camera."""
    rays, _ = view.calibration.camera.unproject([a, b])
    return math.degrees(float(angle_rad(rays[0], rays[1])))


def wall(view: View, away_m: float) -> NDArray[np.uint16]:
    """The depth picture, at half the size, of a wall so far in front of the eyes."""
    calibration = view.calibration
    cells = np.stack(np.meshgrid(np.arange(SIZE[0] // 2), np.arange(SIZE[1] // 2)), axis=-1) * 2.0 + 0.5
    rays_head = calibration.T_head_camera.rotate(calibration.camera.unproject(cells)[0])
    along_m = (away_m + calibration.T_head_camera.xyz_m[2]) / -rays_head[..., 2]
    return np.asarray(np.rint(1000.0 * along_m).clip(0, 65535), np.uint16)


def chart_of(rows: list[dict[str, Array]]) -> Chart:
    """Mean error over distance."""
    lines = {
        way: [(away_m, max(float(row[way].mean()), LEAST_DEG)) for away_m, row in zip(AWAY_M, rows, strict=True)]
        for way in WAYS
    }
    return Chart("Error of the gazed pixel", "distance, m", "degrees", lines, {}, log_y=True)


def main() -> None:
    """See the module's text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plot", type=Path)
    given = parser.parse_args()
    rig = simulated_rig(*SIZE)
    frame = Frame(
        topic="frame.world", capture_ns=1, width=SIZE[0], height=SIZE[1], index=0, format="rgb", T_head_camera_id=rig.id
    )
    calibration = calibration_of(frame, rig)
    assert calibration is not None
    view, rng = View(frame, calibration, None), np.random.default_rng(0)
    rows = [errors_deg(view, away_m, rng) for away_m in AWAY_M]
    table = Table("distance", *WAYS, title="error of the gazed pixel, deg: mean (95 %)", box=None)
    for away_m, row in zip(AWAY_M, rows, strict=True):
        cells = [f"{values.mean():.2f} ({np.quantile(values, 0.95):.2f})" for values in row.values()]
        table.add_row(f"{away_m:g} m", *cells)
    Console().print(table)
    if given.plot:
        write_image(given.plot, draw([chart_of(rows)], columns=1))


if __name__ == "__main__":
    main()
