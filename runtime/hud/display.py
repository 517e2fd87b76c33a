"""An OpenXR session from its beginning to its end: which display there is, what state it is in, and its frames.

Follows the life cycle of the OpenXR specification, section 9.3: idle, ready, synchronized, visible, focused, stopping,
exiting or loss pending. A runtime may go away at any call; then pyopenxr's `ErrorResult` comes out of here, and what is
left to do is to begin anew.
"""

from contextlib import ExitStack
from ctypes import POINTER, byref, c_void_p, cast, pointer
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import numpy as np
import xr

from gazeline.calib.se3 import FORWARD_CAMERA, SE3
from gazeline.runtime.hud import graphics
from gazeline.runtime.hud.clock import XrClock
from gazeline.runtime.hud.convert import known, posef_of, se3_of, tangents_of
from gazeline.runtime.hud.drawing import Drawing
from gazeline.runtime.hud.gl import Painter
from gazeline.runtime.hud.instance import (
    BLENDS,
    STEREO,
    blends_of,
    chosen_blend,
    destroyed_at_end,
    opened,
    require_opengl,
    system_of,
)
from gazeline.runtime.hud.picture import Picture, PicturePainter, window
from gazeline.runtime.hud.style import Blend
from gazeline.runtime.hud.swapchain import Swapchain
from gazeline.runtime.hud.views import Eye, Views

LARGEST_PX = 1280  # of the camera's picture on a side
OVER = (xr.SessionState.EXITING, xr.SessionState.LOSS_PENDING)


@dataclass(frozen=True, eq=False)
class Frame:
    """One frame to be drawn: when it will be seen (XrTime), and from where; None while the head is not tracked."""

    display_time: int
    views: Views | None


class Display:
    """The headset's display. For one thread, that of its OpenGL context.

    Raises OSError with one sentence where there is no runtime, no headset, or none that can be used.
    """

    def __init__(self) -> None:
        self._stack = ExitStack()
        try:
            self._open()
        except BaseException:
            self._stack.close()
            raise

    def _open(self) -> None:
        instance, asked = opened(self._stack)
        self.instance, self.enabled = instance, asked
        self.runtime = xr.get_instance_properties(instance).runtime_name.decode(errors="replace")
        self.system = system_of(instance)
        self.blend_mode = chosen_blend(blends_of(instance, self.system))
        self.clock = XrClock(instance, asked)
        self._graphics = graphics.create(asked)
        self._stack.callback(self._graphics.context.release)
        require_opengl(instance, self.system)
        info = xr.SessionCreateInfo(system_id=self.system)
        info.next = cast(pointer(self._graphics.binding), c_void_p)
        self.session = xr.create_session(instance, info)
        destroyed_at_end(self._stack, xr.destroy_session, self.session)
        self.state = xr.SessionState.IDLE
        self.running = False
        self.moved = False  # the world's origin is another one since `poll`
        spaces = {int(each) for each in xr.enumerate_reference_spaces(self.session)}
        stage = int(xr.ReferenceSpaceType.STAGE) in spaces
        self.world = self._space(xr.ReferenceSpaceType.STAGE if stage else xr.ReferenceSpaceType.LOCAL)
        self.head = self._space(xr.ReferenceSpaceType.VIEW)
        sizes = xr.enumerate_view_configuration_views(instance, self.system, STEREO)
        self.width = int(sizes[0].recommended_image_rect_width)
        self.height = int(sizes[0].recommended_image_rect_height)
        self._layer = Swapchain(self.session, self._graphics.context, len(sizes) * self.width, self.height)
        self._painter = Painter(self._graphics.context)
        self._pictures = PicturePainter(self._graphics.context)
        self._picture: tuple[Picture, Swapchain, tuple[float, float, float, float]] | None = None

    @property
    def blend(self) -> Blend:
        """How the display puts light before the eyes."""
        return BLENDS[self.blend_mode]

    def poll(self) -> list[xr.SessionState]:
        """Take the runtime's events, begin and end the session as it asks; the states that it has entered."""
        entered = []
        while True:
            event = xr.poll_event(self.instance)
            match xr.StructureType(event.type):
                case xr.StructureType.EVENT_DATA_SESSION_STATE_CHANGED:
                    changed = cast(byref(event), POINTER(xr.EventDataSessionStateChanged)).contents
                    self._enter(xr.SessionState(changed.state))
                    entered.append(self.state)
                case xr.StructureType.EVENT_DATA_INSTANCE_LOSS_PENDING:
                    self.state = xr.SessionState.LOSS_PENDING
                case xr.StructureType.EVENT_DATA_REFERENCE_SPACE_CHANGE_PENDING:
                    self.moved = True
                case xr.StructureType.EVENT_DATA_BUFFER:  # as it went in: there is no event
                    return entered
                case _:
                    pass

    def _enter(self, state: xr.SessionState) -> None:
        self.state = state
        if state == xr.SessionState.READY:
            xr.begin_session(self.session, xr.SessionBeginInfo(STEREO))
            self.running = True
        elif state == xr.SessionState.STOPPING:
            xr.end_session(self.session)
            self.running = False

    def leave(self) -> None:
        """Ask for the session's end; it comes through `poll`."""
        if self.running:
            xr.request_exit_session(self.session)
        else:
            self.state = xr.SessionState.EXITING

    @property
    def over(self) -> bool:
        """Whether the session has come to its end."""
        return self.state in OVER

    def wait(self) -> Frame | None:
        """Wait for the next frame and begin it; None where there is nothing to be drawn, and it is ended already."""
        state = xr.wait_frame(self.session, xr.FrameWaitInfo())
        xr.begin_frame(self.session, xr.FrameBeginInfo())
        display_time = int(state.predicted_display_time)
        self.clock.announced(display_time, int(state.predicted_display_period))
        if not state.should_render:
            self._end(display_time, [])
            return None
        return Frame(display_time, self._views(display_time))

    def _views(self, display_time: int) -> Views | None:
        found, located = xr.locate_views(self.session, xr.ViewLocateInfo(STEREO, display_time, self.world))
        needed = xr.ViewStateFlags.ORIENTATION_VALID_BIT | xr.ViewStateFlags.POSITION_VALID_BIT
        if int(found.view_state_flags) & int(needed) != int(needed):
            return None
        self._located = located
        T_world_head = self.locate(self.head, display_time)
        if T_world_head is None:
            return None
        eyes = tuple(Eye(se3_of(view.pose), tangents_of(view.fov)) for view in located)
        left, right, _, _ = eyes[0].tangents_lrud
        return Views(T_world_head, eyes, (left + right) / self.width)

    def locate(self, space: xr.Space, at: int, base: xr.Space | None = None) -> SE3 | None:
        """Where a space is in another (the world by default) at an XrTime; None while that is not known."""
        found = xr.locate_space(space, base or self.world, at)
        return se3_of(found.pose) if known(found) else None

    def show(self, frame: Frame, drawing: Drawing, picture: Picture | None = None, distance_m: float = 1.0) -> None:
        """Draw a frame and end it. ``picture`` hangs behind, so far from the camera that took it."""
        layers: list[Any] = []
        if frame.views is not None:
            if picture is not None:
                layers.append(self._behind(picture, distance_m))
            layers.append(self._before(frame.views, drawing))
        self._end(frame.display_time, layers)

    def _before(self, views: Views, drawing: Drawing) -> xr.CompositionLayerProjection:
        self._painter.take(drawing)
        with self._layer.drawing():
            for number, eye in enumerate(views.eyes):
                self._painter.draw(eye, (number * self.width, 0, self.width, self.height))
        shown = [
            xr.CompositionLayerProjectionView(
                pose=view.pose, fov=view.fov, sub_image=self._layer.part(number * self.width, self.width)
            )
            for number, view in enumerate(self._located)
        ]
        flags = xr.CompositionLayerFlags.BLEND_TEXTURE_SOURCE_ALPHA_BIT  # its alpha is multiplied in already
        return xr.CompositionLayerProjection(layer_flags=flags, space=self.world, views=shown)

    def _behind(self, picture: Picture, distance_m: float) -> xr.CompositionLayerQuad:
        """The camera's picture as a rectangle in the world, which the compositor itself moves to the display's pose."""
        if self._picture is None or self._picture[0] is not picture:
            self._picture = picture, *self._hung(picture)
        _, swapchain, (left, right, up, down) = self._picture
        middle = np.array(((right - left) / 2.0, (up - down) / 2.0, -1.0)) * distance_m
        T_world_eye = picture.T_world_camera @ FORWARD_CAMERA
        return xr.CompositionLayerQuad(
            space=self.world,
            sub_image=swapchain.part(0, swapchain.width),
            pose=posef_of(T_world_eye @ SE3(np.array((1.0, 0.0, 0.0, 0.0)), middle)),
            size=xr.Extent2Df((left + right) * distance_m, (up + down) * distance_m),
        )

    def _hung(self, picture: Picture) -> tuple[Swapchain, tuple[float, float, float, float]]:
        """Draws the picture, straightened, into its own swapchain."""
        before = self._picture
        if before is not None and before[0].camera == picture.camera:
            swapchain, tangents = before[1], before[2]
        else:
            if before is not None:
                xr.destroy_swapchain(before[1].handle)
            tangents = window(picture.camera)
            scale = min(1.0, LARGEST_PX / max(picture.camera.width, picture.camera.height))
            size = round(scale * picture.camera.width), round(scale * picture.camera.height)
            swapchain = Swapchain(self.session, self._graphics.context, *size)
        self._pictures.take(picture)
        with swapchain.drawing():
            eye = Eye(picture.T_world_camera @ FORWARD_CAMERA, tangents)
            self._pictures.draw(eye, (0, 0, swapchain.width, swapchain.height), 1.0)
        return swapchain, tangents

    def _end(self, display_time: int, layers: list[Any]) -> None:
        info = xr.FrameEndInfo(
            display_time=display_time,
            environment_blend_mode=xr.EnvironmentBlendMode(self.blend_mode),
            layers=[byref(layer) for layer in layers],
        )
        xr.end_frame(self.session, info)

    def _space(self, kind: xr.ReferenceSpaceType) -> xr.Space:
        info = xr.ReferenceSpaceCreateInfo(kind, xr.Posef(xr.Quaternionf(0.0, 0.0, 0.0, 1.0), xr.Vector3f()))
        space: xr.Space = xr.create_reference_space(self.session, info)
        return space

    def close(self) -> None:
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
