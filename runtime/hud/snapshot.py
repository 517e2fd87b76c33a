"""``gazeline hud --snapshot``: what the HUD shows now, as a picture, without a headset.

It is seen from the camera, over the very picture that the outlines were found in.
"""

import time
from collections import OrderedDict
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from gazeline.calib.se3 import FORWARD_CAMERA, SE3
from gazeline.runtime.bus import BusAddress, Subscriber
from gazeline.runtime.files import write_bytes
from gazeline.runtime.hud.offscreen import Offscreen, over
from gazeline.runtime.hud.picture import Picture, window
from gazeline.runtime.hud.place import placed
from gazeline.runtime.hud.pointers import pointed
from gazeline.runtime.hud.scene import Hud
from gazeline.runtime.hud.style import AMBER, ICE, Blend, style_for
from gazeline.runtime.hud.views import Eye, Views
from gazeline.runtime.images import image_of
from gazeline.runtime.messages import Frame, Overlay, RigDevice
from gazeline.runtime.prompt import nominal
from gazeline.runtime.report import check_writable
from gazeline.runtime.sync import se3_of
from gazeline.runtime.topics import FRAME_WORLD, OVERLAY_OBJECTS, RIG_DEVICE
from gazeline.runtime.viewpoint import DEFAULT_DEPTH_M, Viewpoint
from gazeline.runtime.wire import Received, WireError

WIDE_PX = 1280
FRAMES_KEPT = 64
FADE_STEPS, STEP_NS = 20, 20_000_000


def save(address: BusAddress, path: Path, blend: Blend = "alpha", wait_s: float = 15.0) -> None:
    """Wait for an overlay with something gazed at, and its picture, on the bus; write the PNG.

    Raises OSError or ValueError with one sentence, also if none came within ``wait_s``.
    """
    if path.suffix.lower() != ".png":
        raise ValueError(f"--snapshot {path}: the picture is a PNG; give it the ending .png")
    check_writable(path, "--snapshot")
    overlay, picture = _heard(address, wait_s)
    done, data = cv2.imencode(".png", cv2.cvtColor(rendered(overlay, picture, blend), cv2.COLOR_RGB2BGR))
    if not done:
        raise OSError(f"{path}: the picture could not be encoded")
    write_bytes(path, data.tobytes())


def rendered(overlay: Overlay, picture: Picture, blend: Blend = "alpha") -> NDArray[np.uint8]:
    """The picture (H, W, 3 RGB) with the HUD before it, faded in, as a display of this kind shows it."""
    T_world_eye = picture.T_world_camera @ FORWARD_CAMERA
    tangents = window(picture.camera)
    left, right, up, down = tangents
    height = round(WIDE_PX * (up + down) / (left + right))
    views = Views(T_world_eye, (Eye(T_world_eye, tangents),), (left + right) / WIDE_PX)
    hud = Hud(style_for(blend), views.pixel_rad)
    things = placed(overlay, picture.T_world_camera, picture.camera, default_depth_m=DEFAULT_DEPTH_M)
    accent = ICE if overlay.gaze_source == "eye" else AMBER
    began_ns = overlay.capture_ns or 0
    for step in range(FADE_STEPS):
        hud.show(things, accent, began_ns + step * STEP_NS, pointed(overlay, picture.T_world_camera))
        drawing = hud.frame(views, began_ns + step * STEP_NS)
    with Offscreen(WIDE_PX, height) as offscreen:
        offscreen.draw_picture(views, picture, 1.0)
        ground = offscreen.layer()[..., :3].copy()
        offscreen.draw(views, drawing)
        return over(offscreen.layer(), ground, additive=blend == "additive")


def _heard(address: BusAddress, wait_s: float) -> tuple[Overlay, Picture]:
    frames: OrderedDict[int | None, Received] = OrderedDict()
    viewpoint = Viewpoint()
    heard_overlay = False
    give_up_s = time.monotonic() + wait_s
    topics = (OVERLAY_OBJECTS, FRAME_WORLD, RIG_DEVICE)
    with Subscriber(address, topics, waiting=FRAMES_KEPT) as subscriber:
        while time.monotonic() < give_up_s:
            for received in subscriber.poll(100):
                message = received.message
                if isinstance(message, RigDevice):
                    viewpoint.take(message)
                elif isinstance(message, Frame):
                    frames[message.capture_ns] = received
                    if len(frames) > FRAMES_KEPT:
                        frames.popitem(last=False)
                elif isinstance(message, Overlay):
                    heard_overlay = True
                    frame = frames.get(message.capture_ns)
                    if frame is not None and any(thing.gazed for thing in message.objects):
                        picture = _picture(frame, message, viewpoint)
                        if picture is not None:
                            return message, picture
    if heard_overlay:
        raise OSError(f"nothing was looked at within {wait_s:.0f} seconds")
    raise OSError(f"no outlines came over {address} within {wait_s:.0f} seconds; is a runtime there (gazeline run)?")


def _picture(received: Received, overlay: Overlay, viewpoint: Viewpoint) -> Picture | None:
    frame = received.message
    assert isinstance(frame, Frame)
    view = viewpoint.of(frame)
    calibration = nominal(frame) if view is None else view.calibration
    pose = SE3.identity() if overlay.T_world_camera is None else se3_of(overlay.T_world_camera)
    try:
        return Picture(image_of(received), calibration.camera, pose, frame.capture_ns or 0)
    except WireError:
        return None
