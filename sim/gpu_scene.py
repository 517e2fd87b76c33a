"""A scene's meshes and textures on the graphics side, and the drawing of one pinhole view of it."""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazeline.sim import shaders
from gazeline.sim.gl import make_current
from gazeline.sim.scene import Scene
from gazeline.sim.textures import SIZE, Image

F64 = NDArray[np.float64]
SHADOW_SIZE = 1024
COLUMNS = 6
NEAR_M, FAR_M = 0.05, 40.0


@cache
def _program(vertex: str, fragment: str) -> Any:
    GL = make_current()
    program = GL.glCreateProgram()
    for kind, source in ((GL.GL_VERTEX_SHADER, vertex), (GL.GL_FRAGMENT_SHADER, fragment)):
        shader = GL.glCreateShader(kind)
        GL.glShaderSource(shader, source)
        GL.glCompileShader(shader)
        if not GL.glGetShaderiv(shader, GL.GL_COMPILE_STATUS):
            raise OSError(f"this OpenGL cannot compile the simulator's shaders: {GL.glGetShaderInfoLog(shader)!r}")
        GL.glAttachShader(program, shader)
    GL.glLinkProgram(program)
    if not GL.glGetProgramiv(program, GL.GL_LINK_STATUS):
        raise OSError(f"this OpenGL cannot link the simulator's shaders: {GL.glGetProgramInfoLog(program)!r}")
    return program


def frustum(slopes: tuple[float, float, float, float]) -> F64:
    """View axes (x right, y down, z forward) to clip space, the picture's top row first in memory."""
    left, right, top, bottom = slopes
    m = np.zeros((4, 4))
    m[0, 0], m[0, 2] = 2 / (right - left), -(right + left) / (right - left)
    m[1, 1], m[1, 2] = 2 / (bottom - top), -(bottom + top) / (bottom - top)
    m[2, 2], m[2, 3] = (FAR_M + NEAR_M) / (FAR_M - NEAR_M), -2 * FAR_M * NEAR_M / (FAR_M - NEAR_M)
    m[3, 2] = 1.0
    return m


class GpuScene:
    """Buffers for one scene; ``close`` frees them. Only on the thread that opened the context."""

    def __init__(self, scene: Scene) -> None:
        GL = self.GL = make_current()
        visuals = self.visuals = scene.visuals
        self.light, self.data = scene.light, scene.data  # not the scene itself, which may end before its buffers
        self.bodies = np.array([v.body for v in visuals])
        self.opaque = np.array([v.look.alpha >= 1.0 for v in visuals])
        self.casts = self.opaque & np.array([v.object_id > 0 for v in visuals])
        self.driven = scene.model.body_mocapid[self.bodies] >= 0
        self.shadow_drawn = self.closed = False
        vertices = np.concatenate(
            [
                np.concatenate([v.mesh.vertices, v.mesh.normals, v.mesh.uv, np.full((len(v.mesh.uv), 1), k)], axis=1)
                for k, v in enumerate(visuals)
            ]
        ).astype(np.float32)
        offsets = np.cumsum([0, *(len(v.mesh.vertices) for v in visuals)])
        indices = np.concatenate([v.mesh.faces.reshape(-1) + o for v, o in zip(visuals, offsets, strict=False)])
        self.counts = np.array([v.mesh.faces.size for v in visuals], np.int32)
        self.starts = np.append(0, np.cumsum(self.counts)[:-1]) * 4
        low = np.array([v.mesh.vertices.min(0) for v in visuals])
        high = np.array([v.mesh.vertices.max(0) for v in visuals])
        self.middle, self.radius = (low + high) / 2, np.linalg.norm(high - low, axis=1) / 2
        self.vao = GL.glGenVertexArrays(1)
        self.buffers = GL.glGenBuffers(2)
        GL.glBindVertexArray(self.vao)
        GL.glBindBuffer(GL.GL_ARRAY_BUFFER, self.buffers[0])
        GL.glBufferData(GL.GL_ARRAY_BUFFER, vertices.nbytes, vertices, GL.GL_STATIC_DRAW)
        GL.glBindBuffer(GL.GL_ELEMENT_ARRAY_BUFFER, self.buffers[1])
        index32 = indices.astype(np.uint32)
        GL.glBufferData(GL.GL_ELEMENT_ARRAY_BUFFER, index32.nbytes, index32, GL.GL_STATIC_DRAW)
        from ctypes import c_void_p

        for location, (size, offset) in enumerate(((3, 0), (3, 3), (2, 6), (1, 8))):
            GL.glEnableVertexAttribArray(location)
            GL.glVertexAttribPointer(location, size, GL.GL_FLOAT, False, 36, c_void_p(offset * 4))
        GL.glBindVertexArray(0)
        self.textures = GL.glGenTextures(4)  # pictures, table, shadow map, shadow map of what never moves
        self._upload_pictures()
        self._make_shadow_map()
        self.drawn_at: bytes = b""

    def _upload_pictures(self) -> None:
        GL = self.GL
        layers: dict[int, int] = {}
        pictures: list[Image] = []
        self.table = np.zeros((len(self.visuals), COLUMNS, 4), np.float32)
        for k, visual in enumerate(self.visuals):
            look = visual.look
            layer = -1
            if look.texture is not None:
                if id(look.texture) not in layers:
                    layers[id(look.texture)] = len(pictures)
                    pictures.append(look.texture)
                layer = layers[id(look.texture)]
            self.table[k, 3] = (*look.rgb, look.alpha)
            self.table[k, 4] = (look.roughness, look.metallic, look.emission, layer)
            self.table[k, 5] = (visual.object_id, visual.part_id, *look.repeat)
        stack = np.zeros((max(len(pictures), 1), SIZE, SIZE, 4), np.uint8)
        for layer, picture in enumerate(pictures):
            stack[layer, ..., :3] = picture
        GL.glBindTexture(GL.GL_TEXTURE_2D_ARRAY, self.textures[0])
        GL.glTexImage3D(
            GL.GL_TEXTURE_2D_ARRAY, 0, GL.GL_RGBA8, SIZE, SIZE, len(stack), 0, GL.GL_RGBA, GL.GL_UNSIGNED_BYTE, stack
        )
        GL.glGenerateMipmap(GL.GL_TEXTURE_2D_ARRAY)
        GL.glTexParameteri(GL.GL_TEXTURE_2D_ARRAY, GL.GL_TEXTURE_MIN_FILTER, GL.GL_LINEAR_MIPMAP_NEAREST)
        GL.glTexParameteri(GL.GL_TEXTURE_2D_ARRAY, GL.GL_TEXTURE_MAG_FILTER, GL.GL_LINEAR)
        GL.glBindTexture(GL.GL_TEXTURE_2D, self.textures[1])
        for name in (GL.GL_TEXTURE_MIN_FILTER, GL.GL_TEXTURE_MAG_FILTER):
            GL.glTexParameteri(GL.GL_TEXTURE_2D, name, GL.GL_NEAREST)

    def _make_shadow_map(self) -> None:
        GL = self.GL
        self.shadow_buffers = GL.glGenFramebuffers(2)
        for texture, buffer in zip(self.textures[2:4], self.shadow_buffers, strict=True):
            GL.glBindTexture(GL.GL_TEXTURE_2D, texture)
            shape = (GL.GL_DEPTH_COMPONENT24, SHADOW_SIZE, SHADOW_SIZE)
            GL.glTexImage2D(GL.GL_TEXTURE_2D, 0, *shape, 0, GL.GL_DEPTH_COMPONENT, GL.GL_FLOAT, None)
            for name in (GL.GL_TEXTURE_MIN_FILTER, GL.GL_TEXTURE_MAG_FILTER):
                GL.glTexParameteri(GL.GL_TEXTURE_2D, name, GL.GL_LINEAR)
            for name in (GL.GL_TEXTURE_WRAP_S, GL.GL_TEXTURE_WRAP_T):
                GL.glTexParameteri(GL.GL_TEXTURE_2D, name, GL.GL_CLAMP_TO_EDGE)
            GL.glTexParameteri(GL.GL_TEXTURE_2D, GL.GL_TEXTURE_COMPARE_MODE, GL.GL_COMPARE_REF_TO_TEXTURE)
            GL.glBindFramebuffer(GL.GL_FRAMEBUFFER, buffer)
            GL.glFramebufferTexture2D(GL.GL_FRAMEBUFFER, GL.GL_DEPTH_ATTACHMENT, GL.GL_TEXTURE_2D, texture, 0)
            GL.glDrawBuffer(GL.GL_NONE)
        light = self.light
        z = -np.asarray(light.towards) / np.linalg.norm(light.towards)
        x = np.cross(z, [0.0, 1.0, 0.0] if abs(z[1]) < 0.95 else [0.0, 0.0, 1.0])
        x /= np.linalg.norm(x)
        m = np.eye(4)
        m[:3, :3] = np.stack([x, np.cross(z, x), z]) / light.reach_m
        m[2, :3] /= 2.5  # room for tall things outside the circle
        m[:3, 3] = -m[:3, :3] @ np.asarray(light.centre)
        self.world_to_shadow = m

    def _uniforms(self, program: Any, **values: Any) -> None:
        GL = self.GL
        for name, value in values.items():
            where = GL.glGetUniformLocation(program, name)
            array = np.asarray(value, np.float32)
            if array.shape == (4, 4):
                GL.glUniformMatrix4fv(where, 1, True, np.ascontiguousarray(array))
            elif array.shape == (3,):
                GL.glUniform3f(where, *(float(v) for v in array))
            elif isinstance(value, int):
                GL.glUniform1i(where, value)
            else:
                GL.glUniform1f(where, float(value))

    def update(self) -> None:
        """Take the poses from the scene; the shadow map is drawn again only if something moved."""
        GL = self.GL
        R, t = self.data.xmat.reshape(-1, 3, 3)[self.bodies], self.data.xpos[self.bodies]
        self.table[:, 0:3, :3], self.table[:, 0:3, 3] = R, t
        self.centres = np.einsum("kij,kj->ki", R, self.middle) + t
        GL.glActiveTexture(GL.GL_TEXTURE0)
        GL.glBindTexture(GL.GL_TEXTURE_2D, self.textures[1])
        poses = self.table.tobytes()
        if poses == self.drawn_at:
            return
        self.drawn_at = poses
        GL.glTexImage2D(
            GL.GL_TEXTURE_2D, 0, GL.GL_RGBA32F, COLUMNS, len(self.table), 0, GL.GL_RGBA, GL.GL_FLOAT, self.table
        )
        first = not self.shadow_drawn
        if first:
            self._cast(self.shadow_buffers[1], ~self.driven, clear=True)
            self.shadow_drawn = True
        if first or self.driven.any():
            size = (0, 0, SHADOW_SIZE, SHADOW_SIZE)
            GL.glBindFramebuffer(GL.GL_READ_FRAMEBUFFER, self.shadow_buffers[1])
            GL.glBindFramebuffer(GL.GL_DRAW_FRAMEBUFFER, self.shadow_buffers[0])
            GL.glBlitFramebuffer(*size, *size, GL.GL_DEPTH_BUFFER_BIT, GL.GL_NEAREST)
            self._cast(self.shadow_buffers[0], self.driven, clear=False)

    def _cast(self, buffer: int, which: NDArray[np.bool_], clear: bool) -> None:
        """Draw shadow casters into a shadow map."""
        GL = self.GL
        program = _program(shaders.SHADOW_VERTEX, shaders.SHADOW_FRAGMENT)
        GL.glUseProgram(program)
        GL.glBindFramebuffer(GL.GL_FRAMEBUFFER, buffer)
        GL.glViewport(0, 0, SHADOW_SIZE, SHADOW_SIZE)
        GL.glEnable(GL.GL_DEPTH_TEST)
        GL.glDepthFunc(GL.GL_LESS)
        GL.glDepthMask(True)
        if clear:
            GL.glClear(GL.GL_DEPTH_BUFFER_BIT)
        GL.glDisable(GL.GL_CULL_FACE)
        GL.glEnable(GL.GL_POLYGON_OFFSET_FILL)
        GL.glPolygonOffset(1.5, 2.0)
        self._uniforms(program, table=0, world_to_shadow=self.world_to_shadow)
        self._draw(which & self.casts & self._in_shadow_map())
        GL.glDisable(GL.GL_POLYGON_OFFSET_FILL)

    def _in_shadow_map(self) -> NDArray[np.bool_]:
        scale = np.linalg.norm(self.world_to_shadow[0, :3])
        p = self.centres @ self.world_to_shadow[:3, :3].T + self.world_to_shadow[:3, 3]
        return np.asarray((np.abs(p[:, :2]) < 1 + (self.radius * scale)[:, None]).all(1))

    def _draw(self, which: NDArray[np.bool_] | NDArray[np.int64]) -> None:
        GL = self.GL
        index = np.flatnonzero(which) if which.dtype == bool else which
        if len(index):
            GL.glBindVertexArray(self.vao)
            GL.glMultiDrawElements(
                GL.GL_TRIANGLES,
                self.counts[index],
                GL.GL_UNSIGNED_INT,
                self.starts[index].astype(np.uint64),
                len(index),
            )

    def draw(self, R_world_view: F64, eye: F64, slopes: tuple[float, float, float, float], buffer: int) -> None:
        """Draw one view into the bound viewport of ``buffer``: opaque things near to far, then glass far to near."""
        GL = self.GL
        light = self.light
        program = _program(shaders.VERTEX, shaders.FRAGMENT)
        GL.glUseProgram(program)
        GL.glBindFramebuffer(GL.GL_FRAMEBUFFER, buffer)
        for unit, (target, name) in enumerate(
            (
                (GL.GL_TEXTURE_2D, self.textures[1]),
                (GL.GL_TEXTURE_2D_ARRAY, self.textures[0]),
                (GL.GL_TEXTURE_2D, self.textures[2]),
            )
        ):
            GL.glActiveTexture(GL.GL_TEXTURE0 + unit)
            GL.glBindTexture(target, name)
        world_to_view = np.eye(4)
        world_to_view[:3, :3], world_to_view[:3, 3] = R_world_view.T, -R_world_view.T @ eye
        towards = np.asarray(light.towards) / np.linalg.norm(light.towards)
        self._uniforms(
            program,
            table=0,
            pictures=1,
            shadow_map=2,
            world_to_clip=frustum(slopes) @ world_to_view,
            world_to_shadow=self.world_to_shadow,
            eye=eye,
            towards=towards,
            key=light.key,
            above=light.above,
            below=light.below,
            exposure=float(light.exposure),
            shadow_texel=1.0 / SHADOW_SIZE,
        )
        local = (self.centres - eye) @ R_world_view
        inside = self._in_view(local, slopes)
        GL.glEnable(GL.GL_DEPTH_TEST)
        GL.glDepthFunc(GL.GL_LESS)
        GL.glEnable(GL.GL_CULL_FACE)
        GL.glFrontFace(GL.GL_CW)  # the picture is drawn upside down, so that it reads top row first
        GL.glCullFace(GL.GL_BACK)
        GL.glDisable(GL.GL_BLEND)
        # small near things first: what they hide of table, floor and walls is then never shaded
        order = np.argsort(np.linalg.norm(local, axis=1) + 2 * self.radius)
        self._draw(order[(inside & self.opaque)[order]])
        if (inside & ~self.opaque).any():
            GL.glEnablei(GL.GL_BLEND, 0)
            GL.glBlendFunc(GL.GL_SRC_ALPHA, GL.GL_ONE_MINUS_SRC_ALPHA)
            far_first = np.argsort(-np.linalg.norm(local, axis=1))
            for k in far_first[(inside & ~self.opaque)[far_first]]:
                only = np.zeros(len(inside), bool)
                only[k] = True
                for side in (GL.GL_FRONT, GL.GL_BACK):
                    GL.glCullFace(side)
                    self._draw(only)
            GL.glDisablei(GL.GL_BLEND, 0)

    def _in_view(self, local: F64, slopes: tuple[float, float, float, float]) -> NDArray[np.bool_]:
        left, right, top, bottom = slopes
        x, y, z = local.T
        ok = z > -self.radius
        for a, s, sign in ((x, left, 1), (x, right, -1), (y, top, 1), (y, bottom, -1)):
            ok &= sign * (a - s * z) > -self.radius * np.hypot(1.0, s)
        return np.asarray(ok, bool)

    def close(self) -> None:
        """Free the buffers; once is enough."""
        if self.closed:
            return
        self.closed = True
        GL = make_current()
        GL.glDeleteBuffers(2, self.buffers)
        GL.glDeleteTextures(4, self.textures)
        GL.glDeleteVertexArrays(1, [self.vao])
        GL.glDeleteFramebuffers(2, self.shadow_buffers)
