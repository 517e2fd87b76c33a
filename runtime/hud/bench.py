"""What a frame of the HUD costs, measured off screen with made-up objects: ``gazeline bench hud``."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from math import radians, sin, tau

import cv2
import numpy as np
from rich.console import Console
from rich.table import Table

from gazeline.calib.cameras import Pinhole
from gazeline.calib.se3 import FORWARD_CAMERA, SE3
from gazeline.runtime.hud.offscreen import Offscreen
from gazeline.runtime.hud.place import placed
from gazeline.runtime.hud.scene import Hud
from gazeline.runtime.hud.style import ICE, style_for
from gazeline.runtime.hud.views import stereo
from gazeline.runtime.messages import Overlay, OverlayObject
from gazeline.runtime.topics import OVERLAY_OBJECTS

FRAME_NS = 1_000_000_000 // 72
OVERLAY_EVERY = 4  # frames
WARM_UP = 30
TANGENT = 0.95  # a field of view of 87 degrees, as many headsets have
CAMERA = Pinhole.from_horizontal_fov(640, 480, radians(75.0))


@dataclass(frozen=True)
class Measured:
    """Milliseconds per frame: processor time for what to draw (``scene``), for drawing it, both, and by the clock."""

    renderer: str
    scene_ms: Sequence[float]
    draw_ms: Sequence[float]
    total_ms: Sequence[float]
    wall_ms: Sequence[float]


def measure(objects: int, frames: int, width: int, height: int) -> Measured:
    """Draw so many frames. Raises OSError where there is no off-screen OpenGL."""
    rng = np.random.default_rng(0)
    hud = Hud(style_for("alpha"), 2.0 * TANGENT / width)
    times: dict[str, list[float]] = {name: [] for name in ("scene", "draw", "total", "wall")}
    with Offscreen(width, height, eyes=2) as offscreen:
        for number in range(WARM_UP + frames):
            t_ns = number * FRAME_NS
            yaw = radians(12.0) * sin(tau * t_ns * 1e-9 / 4.0)
            T_world_head = SE3.exp((0.0, 0.0, 0.0, 0.0, yaw, 0.0))
            wall_ns, began_ns = time.perf_counter_ns(), time.process_time_ns()
            if number % OVERLAY_EVERY == 0:
                overlay = made_up(objects, rng)
                wall_ns, began_ns = time.perf_counter_ns(), time.process_time_ns()
                hud.show(placed(overlay, FORWARD_CAMERA, default_depth_m=1.0), ICE, t_ns)
            views = stereo(T_world_head, [(TANGENT,) * 4] * 2, 2.0 * TANGENT / width)
            drawing = hud.frame(views, t_ns)
            drawn_ns = time.process_time_ns()
            offscreen.draw(views, drawing)
            offscreen.finish()
            ended_ns, wall_ns = time.process_time_ns(), time.perf_counter_ns() - wall_ns
            if number >= WARM_UP:
                times["scene"].append((drawn_ns - began_ns) * 1e-6)
                times["draw"].append((ended_ns - drawn_ns) * 1e-6)
                times["total"].append((ended_ns - began_ns) * 1e-6)
                times["wall"].append(wall_ns * 1e-6)
        renderer = offscreen.renderer
    return Measured(renderer, times["scene"], times["draw"], times["total"], times["wall"])


def made_up(objects: int, rng: np.random.Generator) -> Overlay:
    """So many named objects in rows, their outlines bent and trembling, simplified as the runtime simplifies."""
    columns = max(1, int(np.ceil(np.sqrt(objects * 4 / 3))))
    rows = max(1, -(-objects // columns))
    angle = np.linspace(0.0, tau, 160, endpoint=False)
    found = []
    for number in range(objects):
        row, column = divmod(number, columns)
        middle = np.array(((column + 0.5) * 640 / columns, (row + 0.5) * 480 / rows))
        radius = 0.3 * min(640 / columns, 480 / rows) * (1.0 + 0.15 * np.cos((2 + number % 4) * angle + number))
        ring = middle + radius[:, None] * np.stack((np.cos(angle), np.sin(angle)), axis=-1)
        ring = ring + rng.normal(0.0, 0.2, ring.shape)
        ring = cv2.approxPolyDP(ring.astype(np.float32), 0.5, True)[:, 0].astype(np.float64)
        rays, _ = CAMERA.unproject(ring)
        (x0, y0), (x1, y1) = ring.min(axis=0).tolist(), ring.max(axis=0).tolist()
        found.append(
            OverlayObject(
                id=number,
                score=0.9,
                gazed=number == objects // 2,
                outline=[[(x, y) for x, y in ring.tolist()]],
                rays=[[(x, y, z) for x, y, z in rays.tolist()]],
                box=(x0, y0, x1, y1),
                area_px=float(cv2.contourArea(ring.astype(np.float32))),
                name=f"object {number}",
                depth_m=0.6 + 0.2 * number,
            )
        )
    return Overlay(
        topic=OVERLAY_OBJECTS, capture_ns=0, frame_index=0, width=640, height=480, publish_ns=0, objects=found
    )


def report(measured: Measured) -> None:
    """Print what was measured."""
    table = Table(box=None, pad_edge=False)
    table.add_column("processor time per frame")
    table.add_column("p50", justify="right")
    table.add_column("p99", justify="right")
    rows = (
        ("what to draw", measured.scene_ms),
        ("drawing, both eyes", measured.draw_ms),
        ("together", measured.total_ms),
        ("by the clock", measured.wall_ms),
    )
    for name, values in rows:
        p50, p99 = np.percentile(values, (50, 99))
        table.add_row(name, f"{p50:.2f} ms", f"{p99:.2f} ms")
    console = Console()
    console.print(table)
    console.print(f"{len(measured.total_ms)} frames on {measured.renderer}", highlight=False)
