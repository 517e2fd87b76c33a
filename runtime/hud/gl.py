"""Draws a `Drawing` with OpenGL: lines of constant angular width, and panels with text.

A line's vertices are widened in directions from the eye, not in pixels, so its width is an angle everywhere in the
view; its border is smoothed over one pixel in the shader. Lines are blended by the larger value (GL_MAX), so where
segments meet, halo and glow are not laid on twice. Colours go in as sRGB, and are mixed as light: the target must be an
sRGB one. What comes out has its alpha multiplied in, as OpenXR's compositors take it.
"""

import os
from collections.abc import Sequence

import moderngl
import numpy as np
from numpy.typing import NDArray

from gazeline.runtime.hud.atlas import Atlas
from gazeline.runtime.hud.drawing import Drawing, Stroke
from gazeline.runtime.hud.views import Eye, projection

FRAMEBUFFER_SRGB = 0x8DB9
SEGMENT = "3f 3f 4f 3f 3f /i"
SEGMENT_FLOATS = 16

LINE_VERTEX = """
#version 330
uniform mat4 view;
uniform mat4 proj;
uniform float pixel;
in vec3 a; in vec3 b; in vec4 colour; in vec3 widths; in vec3 strengths;
out vec2 at; flat out float span; flat out vec4 paint; flat out vec3 wide; flat out vec3 strong;
const float NEAR = 0.02;
void main() {
    int corner = gl_VertexID;
    bool at_b = (corner & 1) == 1;
    float side = (corner & 2) == 2 ? 1.0 : -1.0;
    vec3 ea = (view * vec4(a, 1.0)).xyz, eb = (view * vec4(b, 1.0)).xyz;
    paint = colour; wide = widths; strong = strengths;
    gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
    at = vec2(0.0); span = 0.0;
    if (ea.z > -NEAR && eb.z > -NEAR) return;
    if (ea.z > -NEAR) ea = mix(eb, ea, (eb.z + NEAR) / (eb.z - ea.z));
    if (eb.z > -NEAR) eb = mix(ea, eb, (ea.z + NEAR) / (ea.z - eb.z));
    vec3 da = normalize(ea), db = normalize(eb);
    vec3 along = db - da;
    span = length(along);
    along = span > 1e-6 ? along / span : normalize(cross(da, vec3(0.0, 1.0, 0.001)));
    vec3 across = normalize(cross(da, along));
    float line = widths.x + max(widths.y, pixel) + pixel;
    float reach = side > 0.0 ? max(line, 2.5 * widths.z) : line;
    vec3 d = (at_b ? db + along * line : da - along * line) + across * side * reach;
    at = vec2(at_b ? span + line : -line, side * reach);
    gl_Position = proj * vec4(d, 1.0);
}
"""
LINE_FRAGMENT = """
#version 330
uniform float pixel;
in vec2 at; flat in float span; flat in vec4 paint; flat in vec3 wide; flat in vec3 strong;
out vec4 light;
void main() {
    float past = max(max(-at.x, at.x - span), 0.0);
    float d = length(vec2(past, at.y));
    float px = max(fwidth(at.y), 1e-6);
    float core_half = max(wide.x, 0.5 * px);
    float core = clamp((core_half - d) / px + 0.5, 0.0, 1.0) * strong.x;
    float halo = wide.y > 0.0 ? clamp(1.0 - (d - core_half) / wide.y, 0.0, 1.0) : 0.0;
    halo = halo * halo * (3.0 - 2.0 * halo) * strong.y;
    float glow = 0.0;
    if (wide.z > 0.0 && at.y > 0.0)
        glow = exp(-2.0 * d / wide.z) * clamp(1.0 - (d / wide.z - 1.5), 0.0, 1.0) * strong.z
             * clamp(1.0 - 4.0 * past / wide.z, 0.0, 1.0);
    light = vec4(paint.rgb * max(core, glow), max(core, max(halo, glow))) * paint.a;
}
"""
PANEL_VERTEX = """
#version 330
uniform mat4 view;
uniform mat4 proj;
in vec3 middle; in vec3 right; in vec3 up; in vec4 part; in float strength;
out vec2 place; flat out float alpha;
void main() {
    vec2 corner = vec2(gl_VertexID & 1, gl_VertexID >> 1);  // from the left top one
    place = mix(part.xy, part.zw, corner);
    alpha = strength;
    vec3 at = middle + (2.0 * corner.x - 1.0) * right + (1.0 - 2.0 * corner.y) * up;
    gl_Position = proj * (view * vec4(at, 1.0));
}
"""
PANEL_FRAGMENT = """
#version 330
uniform sampler2D picture;
in vec2 place; flat in float alpha;
out vec4 light;
void main() {
    vec4 texel = texture(picture, place);
    light = vec4(texel.rgb * texel.a, texel.a) * alpha;
}
"""
PANEL = "3f 3f 3f 4f 1f /i"
PANEL_FLOATS = 14


def new_context(**backend: str) -> moderngl.Context:
    """An OpenGL 3.3 context without a window. Raises what glcontext raises: bare exceptions."""
    # A software rasteriser's own threads cost the HUD a sixth more, and the runtime its cores.
    os.environ.setdefault("LP_NUM_THREADS", "0")
    return moderngl.create_context(require=330, standalone=True, **backend)


class Painter:
    """Draws into whatever framebuffer is bound; for the thread of its context."""

    def __init__(self, context: moderngl.Context) -> None:
        self._context = context
        self._line = context.program(LINE_VERTEX, LINE_FRAGMENT)
        self._panel = context.program(PANEL_VERTEX, PANEL_FRAGMENT)
        self._segments = context.buffer(reserve=4 * SEGMENT_FLOATS * 256, dynamic=True)
        self._cards = context.buffer(reserve=4 * PANEL_FLOATS * 64, dynamic=True)
        names = ("a", "b", "colour", "widths", "strengths")
        self._lines = context.vertex_array(self._line, [(self._segments, SEGMENT, *names)])
        names = ("middle", "right", "up", "part", "strength")
        self._panels = context.vertex_array(self._panel, [(self._cards, PANEL, *names)])
        self._atlas = Atlas(context)
        self._segment_count = self._panel_count = 0

    def take(self, drawing: Drawing) -> None:
        """Bring what is to be drawn to the graphics card, once for all eyes."""
        segments = packed(drawing.strokes)
        self._segment_count = _written(self._segments, segments)
        panels = np.empty((len(drawing.panels), PANEL_FLOATS), np.float32)
        places = self._atlas.places(panel.label for panel in drawing.panels)
        for row, panel, place in zip(panels, drawing.panels, places, strict=True):
            row[0:3], row[3:6], row[6:9] = panel.middle_m, panel.right_m, panel.up_m
            row[9:13], row[13] = place, panel.alpha
        self._panel_count = _written(self._cards, panels)

    def draw(self, eye: Eye, viewport: tuple[int, int, int, int]) -> None:
        """Draw what was taken, as one eye sees it, into a part (x, y, width, height; px) of the framebuffer."""
        context = self._context
        context.viewport = viewport
        view = eye.T_eye_world.as_matrix().astype(np.float32).T.tobytes()  # OpenGL has columns first
        proj = projection(eye.tangents_lrud).T.tobytes()
        context.enable_only(moderngl.BLEND)
        context.enable_direct(FRAMEBUFFER_SRGB)
        context.blend_func = moderngl.ONE, moderngl.ONE
        if self._segment_count:
            context.blend_equation = moderngl.MAX
            self._line["view"].write(view)
            self._line["proj"].write(proj)
            left, right, _, _ = eye.tangents_lrud
            self._line["pixel"].value = (left + right) / viewport[2]
            self._lines.render(moderngl.TRIANGLE_STRIP, vertices=4, instances=self._segment_count)
        context.blend_equation = moderngl.FUNC_ADD
        context.blend_func = moderngl.ONE, moderngl.ONE_MINUS_SRC_ALPHA
        if self._panel_count:
            self._panel["view"].write(view)
            self._panel["proj"].write(proj)
            self._panels.render(moderngl.TRIANGLE_STRIP, vertices=4, instances=self._panel_count)


def _written(buffer: moderngl.Buffer, rows: NDArray[np.float32]) -> int:
    """Puts rows into a buffer, which grows as need be; how many there are."""
    if rows.nbytes > buffer.size:
        buffer.orphan(2 * rows.nbytes)
    if rows.nbytes:
        buffer.write(rows)
    return len(rows)


def packed(strokes: Sequence[Stroke]) -> NDArray[np.float32]:
    """The strokes' segments, (S, 16): ends a and b, colour as light with the alpha, widths, strengths."""
    parts = []
    for stroke in strokes:
        points = stroke.points_m
        ends = np.roll(points, -1, axis=0) if stroke.closed else points[1:]
        part = np.empty((len(ends), SEGMENT_FLOATS), np.float32)
        part[:, 0:3], part[:, 3:6] = points[: len(ends)], ends
        line = stroke.line
        part[:, 6:9], part[:, 9] = linear(stroke.colour), stroke.alpha
        part[:, 10:13] = line.half_rad, line.halo_rad, line.glow_rad
        part[:, 13:16] = line.alpha, line.halo_alpha, line.glow_alpha
        parts.append(part)
    return np.concatenate(parts) if parts else np.empty((0, SEGMENT_FLOATS), np.float32)


def linear(colour: tuple[int, int, int]) -> tuple[float, ...]:
    """sRGB 0 to 255 as linear light 0 to 1 (IEC 61966-2-1)."""
    values = [value / 255.0 for value in colour]
    return tuple(value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in values)
