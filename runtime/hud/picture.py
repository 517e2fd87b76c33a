"""The camera's picture as a plane in the world: hung where the camera was at capture, seen from where the eye is now.

Through the model of its lens, so that straight things are straight. A display that cannot be seen through shows it
behind the outlines. One camera tells no depth: the picture hangs at one distance, and so does what is drawn on it.
"""

from dataclasses import dataclass

import moderngl
import numpy as np
from numpy.typing import NDArray

from gazeline.calib.cameras import Camera
from gazeline.calib.se3 import SE3
from gazeline.runtime.hud.gl import FRAMEBUFFER_SRGB
from gazeline.runtime.hud.views import Eye, projection

SRGB8 = 0x8C41
COLUMNS, ROWS = 32, 24  # cells; a fisheye's bend within one is far below a pixel
WIDEST_TANGENT = 1.6  # 116 degrees across: what a flat surface can hold of a wider lens

VERTEX = """
#version 330
uniform mat4 view;
uniform mat4 proj;
uniform mat4 model;
uniform float distance;
in vec3 flat_ray; in vec2 uv;
out vec2 place;
void main() {
    place = uv;
    gl_Position = proj * (view * (model * vec4(flat_ray * distance, 1.0)));
}
"""
FRAGMENT = """
#version 330
uniform sampler2D picture;
in vec2 place;
out vec4 light;
void main() { light = vec4(texture(picture, place).rgb, 1.0); }
"""


@dataclass(frozen=True, eq=False)
class Picture:
    """A camera's picture, (H, W, 3) RGB, with its lens and where it was at capture."""

    pixels: NDArray[np.uint8]
    camera: Camera
    T_world_camera: SE3
    capture_ns: int


class PicturePainter:
    """Draws a picture into whatever framebuffer is bound; for the thread of its context."""

    def __init__(self, context: moderngl.Context) -> None:
        self._context = context
        self._program = context.program(VERTEX, FRAGMENT)
        self._camera: Camera | None = None
        self._mesh: moderngl.VertexArray | None = None
        self._texture: moderngl.Texture | None = None
        self._taken: Picture | None = None

    def take(self, picture: Picture) -> None:
        """Bring a picture to the graphics card; one that is there already costs nothing."""
        if picture is self._taken:
            return
        height, width = picture.pixels.shape[:2]
        if picture.camera != self._camera:
            self._mesh, self._camera = _mesh(self._context, self._program, picture.camera), picture.camera
        if self._texture is None or self._texture.size != (width, height):
            if self._texture is not None:
                self._texture.release()
            self._texture = self._context.texture((width, height), 3, alignment=1, internal_format=SRGB8)
            self._texture.repeat_x = self._texture.repeat_y = False
        self._texture.write(np.ascontiguousarray(picture.pixels), alignment=1)
        self._taken = picture

    def draw(self, eye: Eye, viewport: tuple[int, int, int, int], distance_m: float) -> None:
        """Draw what was taken, on a plane so far ahead of its camera, as one eye sees it."""
        if self._taken is None or self._mesh is None or self._texture is None:
            return
        context, program = self._context, self._program
        context.viewport = viewport
        context.enable_only(0)
        context.enable_direct(FRAMEBUFFER_SRGB)
        program["view"].write(_columns(eye.T_eye_world))
        program["proj"].write(projection(eye.tangents_lrud).T.tobytes())
        program["model"].write(_columns(self._taken.T_world_camera))
        program["distance"].value = distance_m
        self._texture.use(0)
        self._mesh.render(moderngl.TRIANGLES)


def window(camera: Camera) -> tuple[float, float, float, float]:
    """The tangents left, right, up, down of the flat window through which all of a camera's picture is seen, as far as
    it can be flat."""
    rays = _rays(camera)
    ahead = rays[..., 2] > 0.3
    x = np.where(ahead, rays[..., 0], 0.0) / np.maximum(rays[..., 2], 0.3)
    y = np.where(ahead, rays[..., 1], 0.0) / np.maximum(rays[..., 2], 0.3)
    bounds = (-x.min(), x.max(), -y.min(), y.max())
    left, right, up, down = (min(float(bound), WIDEST_TANGENT) for bound in bounds)
    return left, right, up, down


def _rays(camera: Camera) -> NDArray[np.float64]:
    """Unit directions (ROWS + 1, COLUMNS + 1, 3), camera frame, of a grid from border to border."""
    x = np.linspace(-0.5, camera.width - 0.5, COLUMNS + 1)
    y = np.linspace(-0.5, camera.height - 0.5, ROWS + 1)
    rays, _ = camera.unproject(np.stack(np.meshgrid(x, y), axis=-1))
    return rays


def _mesh(context: moderngl.Context, program: moderngl.Program, camera: Camera) -> moderngl.VertexArray:
    rays = _rays(camera)
    u, v = np.meshgrid(np.linspace(0.0, 1.0, COLUMNS + 1), np.linspace(0.0, 1.0, ROWS + 1))
    flat = rays / np.maximum(rays[..., 2:], 0.05)  # on the plane one metre ahead
    vertices = np.concatenate((flat, u[..., None], v[..., None]), axis=-1).astype(np.float32)
    row, column = (each.ravel() for each in np.mgrid[:ROWS, :COLUMNS])
    first = row * (COLUMNS + 1) + column
    below = first + COLUMNS + 1
    cells = np.stack((first, below, first + 1, first + 1, below, below + 1), axis=-1)
    ahead = rays.reshape(-1, 3)[:, 2] > 0.05
    cells = cells[ahead[cells].all(axis=-1)].astype(np.uint32)
    return context.vertex_array(
        program, [(context.buffer(vertices.tobytes()), "3f 2f", "flat_ray", "uv")], context.buffer(cells.tobytes())
    )


def _columns(T: SE3) -> bytes:
    """A transform as OpenGL takes it: column by column."""
    return T.as_matrix().astype(np.float32).T.tobytes()
