"""Pictures of a scene with exact truth: colour, object ids, part ids and range, all from one pass.

Drawn by a small forward renderer of our own over MuJoCo's off-screen context: MuJoCo's own draws the scene once for
colour and again for ids, with a 4096-texel shadow map and lighting per vertex.
"""

import weakref
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from gazeline.calib.cameras import Camera
from gazeline.calib.se3 import SE3
from gazeline.sim.finish import finish
from gazeline.sim.gl import make_current
from gazeline.sim.gpu_scene import GpuScene
from gazeline.sim.scene import Scene
from gazeline.sim.views import Bend, plan_views

_scenes: "weakref.WeakKeyDictionary[Scene, GpuScene]" = weakref.WeakKeyDictionary()


@dataclass(frozen=True, eq=False)
class Rendered:
    """One picture and its truth.

    ``depth_m`` is the Euclidean distance from the camera's centre (so that ``d_camera * depth_m`` is the point, for any
    lens), infinite where there is nothing. Ids are 0 for walls, floor, ceiling and where the lens does not reach.
    """

    rgb: NDArray[np.uint8]  # (H, W, 3)
    object_ids: NDArray[np.uint16]  # (H, W)
    part_ids: NDArray[np.uint16]  # (H, W)
    depth_m: NDArray[np.float32]  # (H, W)


class Renderer:
    """Draws one scene through one camera. All renderers of a process must be used from the same thread."""

    def __init__(self, scene: Scene, camera: Camera) -> None:
        GL = self._gl = make_current()
        self.scene, self.camera = scene, camera
        self._plan = plan_views(camera)
        if scene not in _scenes:
            _scenes[scene] = GpuScene(scene)
            weakref.finalize(scene, _scenes[scene].close).atexit = False  # at exit the context goes as a whole
        self._gpu = _scenes[scene]
        w, h = self._plan.width, self._plan.height
        self._buffer = GL.glGenFramebuffers(1)
        GL.glBindFramebuffer(GL.GL_FRAMEBUFFER, self._buffer)
        self._targets = GL.glGenRenderbuffers(4)
        formats = (GL.GL_RGBA8, GL.GL_RG16UI, GL.GL_R32F, GL.GL_DEPTH_COMPONENT24)
        points = (GL.GL_COLOR_ATTACHMENT0, GL.GL_COLOR_ATTACHMENT1, GL.GL_COLOR_ATTACHMENT2, GL.GL_DEPTH_ATTACHMENT)
        for target, internal, point in zip(self._targets, formats, points, strict=True):
            GL.glBindRenderbuffer(GL.GL_RENDERBUFFER, target)
            GL.glRenderbufferStorage(GL.GL_RENDERBUFFER, internal, w, h)
            GL.glFramebufferRenderbuffer(GL.GL_FRAMEBUFFER, point, GL.GL_RENDERBUFFER, target)
        GL.glDrawBuffers(3, points[:3])
        if GL.glCheckFramebufferStatus(GL.GL_FRAMEBUFFER) != GL.GL_FRAMEBUFFER_COMPLETE:
            raise OSError(f"this OpenGL cannot draw pictures of {w} x {h}")
        self._closed = False

    def render(self, T_world_camera: SE3) -> Rendered:
        """The picture from a camera pose (camera axes x right, y down, z forward)."""
        GL = make_current()
        plan = self._plan
        self._gpu.update()
        GL.glBindFramebuffer(GL.GL_FRAMEBUFFER, self._buffer)
        GL.glDepthMask(True)
        GL.glClearBufferfv(GL.GL_COLOR, 0, (0.0, 0.0, 0.0, 1.0))
        GL.glClearBufferuiv(GL.GL_COLOR, 1, (0, 0, 0, 0))
        GL.glClearBufferfv(GL.GL_COLOR, 2, (float("inf"), 0.0, 0.0, 0.0))
        GL.glClearBufferfv(GL.GL_DEPTH, 0, (1.0,))
        for view in plan.views:
            GL.glViewport(*view.rectangle)
            self._gpu.draw(T_world_camera.R @ view.R_camera_view, T_world_camera.xyz_m, view.slopes, self._buffer)
        rgba = self._read(GL.GL_COLOR_ATTACHMENT0, GL.GL_RGBA, GL.GL_UNSIGNED_BYTE, np.uint8, 4)
        ids = self._read(GL.GL_COLOR_ATTACHMENT1, GL.GL_RG_INTEGER, GL.GL_UNSIGNED_SHORT, np.uint16, 2)
        depth = self._read(GL.GL_COLOR_ATTACHMENT2, GL.GL_RED, GL.GL_FLOAT, np.float32, 1)[..., 0]
        rgb = np.asarray(cv2.cvtColor(rgba, cv2.COLOR_RGBA2RGB), np.uint8)
        smooth = depth
        if plan.bend is not None:
            rgb = np.asarray(_bent(rgb, plan.bend, cv2.INTER_LINEAR), np.uint8)
            smooth = np.asarray(_bent(depth, plan.bend, cv2.INTER_LINEAR), np.float32)
            ids = _bent(ids, plan.bend, cv2.INTER_NEAREST)
            depth = _bent(depth, plan.bend, cv2.INTER_NEAREST)
            depth[~plan.bend.seen] = np.inf
        object_ids, part_ids = np.ascontiguousarray(ids[..., 0]), np.ascontiguousarray(ids[..., 1])
        return Rendered(finish(rgb, part_ids, smooth, plan.focal_px), object_ids, part_ids, depth)

    def _read(self, point: int, layout: int, kind: int, dtype: Any, channels: int) -> NDArray[Any]:
        out = np.empty((self._plan.height, self._plan.width, channels), dtype)
        self._gl.glReadBuffer(point)
        self._gl.glPixelStorei(self._gl.GL_PACK_ALIGNMENT, 1)
        self._gl.glReadPixels(0, 0, self._plan.width, self._plan.height, layout, kind, out)
        return out

    def close(self) -> None:
        """Free the picture's buffers (the scene's are freed by ``forget``)."""
        if not self._closed:
            self._closed = True
            make_current()
            self._gl.glDeleteFramebuffers(1, [self._buffer])
            self._gl.glDeleteRenderbuffers(4, self._targets)


def _bent(picture: NDArray[Any], bend: Bend, how: int) -> NDArray[Any]:
    return np.asarray(cv2.remap(picture, bend.map_x, bend.map_y, how, borderMode=cv2.BORDER_CONSTANT))


def forget(scene: Scene) -> None:
    """Free a scene's meshes and textures on the graphics side."""
    gpu = _scenes.pop(scene, None)
    if gpu is not None:
        gpu.close()


def look_at(eye: Any, target: Any) -> SE3:
    """T_world_camera of a level camera at ``eye`` whose optical axis passes through ``target`` (both (3,), world)."""
    z = np.asarray(target, float) - np.asarray(eye, float)
    z /= np.linalg.norm(z)
    x = np.cross(z, [0.0, 1.0, 0.0])
    x /= max(float(np.linalg.norm(x)), 1e-9)
    m = np.eye(4)
    m[:3, :3] = np.stack([x, np.cross(z, x), z], axis=1)
    m[:3, 3] = eye
    return SE3.from_matrix(m)
