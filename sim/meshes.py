"""Triangle meshes by formula: lathe, sweep, extrusion, superellipsoid, rounded box. Pure numpy, y is up.

A mesh carries its own normals, split where faces meet at more than the crease angle, and texture coordinates in
[0, 1] unless said otherwise. Everything is in metres, faces counter-clockwise seen from outside.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gazeline.sim.polygons import F64, area, triangulate

CREASE_DEG = 42.0


@dataclass(frozen=True, eq=False)
class Mesh:
    """Vertices (V, 3), unit normals (V, 3), uv (V, 2), all float64; faces (F, 3) int."""

    vertices: F64
    normals: F64
    uv: F64
    faces: NDArray[np.int64]

    def moved(self, xyz: ArrayLike = (0.0, 0.0, 0.0), rotation: F64 | None = None) -> "Mesh":
        """The mesh rotated by a 3x3 matrix, then shifted."""
        turn = np.eye(3) if rotation is None else rotation
        return Mesh(self.vertices @ turn.T + np.asarray(xyz, float), self.normals @ turn.T, self.uv, self.faces)

    def scaled(self, factors: ArrayLike) -> "Mesh":
        """The mesh stretched per axis (positive factors)."""
        s = np.broadcast_to(np.asarray(factors, float), (3,))
        normals = self.normals / s
        return Mesh(self.vertices * s, normals / np.linalg.norm(normals, axis=1, keepdims=True), self.uv, self.faces)


def rot(axis: str, degrees: float) -> F64:
    """Rotation matrix about a coordinate axis ("x", "y" or "z"), right-handed."""
    a = np.deg2rad(degrees)
    c, s = np.cos(a), np.sin(a)
    i, j = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}[axis]
    m = np.eye(3)
    m[i, i], m[i, j], m[j, i], m[j, j] = c, -s, s, c
    return m


def join(*meshes: Mesh) -> Mesh:
    """All meshes as one."""
    offsets = np.cumsum([0, *(len(m.vertices) for m in meshes)])
    return Mesh(
        np.concatenate([m.vertices for m in meshes]),
        np.concatenate([m.normals for m in meshes]),
        np.concatenate([m.uv for m in meshes]),
        np.concatenate([m.faces + o for m, o in zip(meshes, offsets, strict=False)]),
    )


def shade(vertices: F64, uv: F64, faces: NDArray[np.int64], crease_deg: float = CREASE_DEG) -> Mesh:
    """Give a bare triangle list its normals: smooth over edges flatter than ``crease_deg``, sharp over the others.

    ``uv`` belongs to ``vertices``; vertices at the same place share their normals even if their uv differ (seams).
    """
    a, b, c = (vertices[faces[:, i]] for i in range(3))
    cross = np.cross(b - a, c - a)
    area = np.linalg.norm(cross, axis=1)
    faces, cross, area = faces[area > 1e-14], cross[area > 1e-14], area[area > 1e-14]
    unit = cross / area[:, None]
    _, place = np.unique(np.round(vertices, 7), axis=0, return_inverse=True)
    corner_place = place.reshape(-1)[faces.reshape(-1)]
    corner_face = np.repeat(np.arange(len(faces)), 3)
    order = np.argsort(corner_place, kind="stable")
    starts = np.flatnonzero(np.diff(corner_place[order], prepend=-1))
    counts = np.diff(np.append(starts, len(order)))
    # every ordered pair of corners that meet at one place
    repeat = np.repeat(counts, counts)
    first = np.repeat(order, repeat)
    group_start = np.repeat(np.repeat(starts, counts), repeat)
    within = np.arange(len(first)) - np.repeat(np.cumsum(repeat) - repeat, repeat)
    second = order[group_start + within]
    alike = np.einsum("ij,ij->i", unit[corner_face[first]], unit[corner_face[second]]) > np.cos(np.deg2rad(crease_deg))
    normals = np.zeros((len(corner_face), 3))
    for axis in range(3):
        weight = cross[corner_face[second[alike]], axis]
        normals[:, axis] = np.bincount(first[alike], weight, minlength=len(corner_face))
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-30)
    key = np.concatenate([faces.reshape(-1, 1).astype(float), np.round(normals, 3)], axis=1)
    _, index, inverse = np.unique(key, axis=0, return_index=True, return_inverse=True)
    keep = faces.reshape(-1)[index]
    return Mesh(vertices[keep], normals[index], uv[keep], inverse.reshape(-1, 3).astype(np.int64))


def grid(points: F64, uv: F64, crease_deg: float = CREASE_DEG) -> Mesh:
    """Quads over a (N, M, 3) lattice; the normal points along d/dM x d/dN."""
    n, m = points.shape[:2]
    index = np.arange(n * m).reshape(n, m)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]
    faces = np.concatenate([np.stack([a, b, c], -1).reshape(-1, 3), np.stack([a, c, d], -1).reshape(-1, 3)])
    return shade(points.reshape(-1, 3), uv.reshape(-1, 2), faces, crease_deg)


def lathe(profile: ArrayLike, segments: int = 24, crease_deg: float = CREASE_DEG, arc_deg: float = 360.0) -> Mesh:
    """Turn (r, y) points about the y axis. A profile that runs up the outside has its faces outwards."""
    p = np.asarray(profile, float)
    angle = np.linspace(0.0, np.deg2rad(arc_deg), segments + 1)
    points = np.stack(
        [
            p[:, None, 0] * np.sin(angle),
            np.broadcast_to(p[:, None, 1], (len(p), segments + 1)),
            p[:, None, 0] * np.cos(angle),
        ],
        -1,
    )
    if arc_deg == 360.0:
        points[:, -1] = points[:, 0]
    length = np.append(0.0, np.cumsum(np.linalg.norm(np.diff(p, axis=0), axis=1)))
    v = 1.0 - length / max(float(length[-1]), 1e-9)
    uv = np.stack(np.broadcast_arrays(angle[None, :] / angle[-1], v[:, None]), -1)
    return grid(points, uv, crease_deg)


def sweep(
    path: ArrayLike,
    radius: ArrayLike = 0.01,
    sides: int = 8,
    closed: bool = False,
    section: ArrayLike | None = None,
    crease_deg: float = 60.0,
) -> Mesh:
    """Carry a section along a path (N, 3), with rounded-off ends unless closed.

    ``radius`` is one number or one per path point; ``section`` (K, 2), scaled by it, replaces the circle (its first
    axis lies along the frame's normal, which starts as near to +y as it can).
    """
    p = np.asarray(path, float)
    r = np.broadcast_to(np.asarray(radius, float), (len(p),))
    if closed:
        p, r = np.vstack([p, p[:1]]), np.append(r, r[0])
        tangent = np.roll(p[:-1], -1, 0) - np.roll(p[:-1], 1, 0)
        tangent = np.vstack([tangent, tangent[:1]])
    else:
        tangent = np.gradient(p, axis=0)
    tangent = tangent / np.maximum(np.linalg.norm(tangent, axis=1, keepdims=True), 1e-12)
    up = np.array([0.0, 1.0, 0.0]) if abs(tangent[0, 1]) < 0.9 else np.array([0.0, 0.0, -1.0])
    normals = np.zeros_like(p)
    for i, t in enumerate(tangent):  # parallel transport
        up = up - t * (up @ t)
        up = up / max(float(np.linalg.norm(up)), 1e-12)
        normals[i] = up
    binormals = np.cross(tangent, normals)
    if section is None:
        a = np.linspace(0.0, 2 * np.pi, sides + 1)
        outline = np.stack([np.cos(a), np.sin(a)], -1)
    else:
        outline = np.asarray(section, float)
        outline = np.vstack([outline, outline[:1]])
    rings = p[:, None] + r[:, None, None] * (
        outline[None, :, :1] * normals[:, None] + outline[None, :, 1:] * binormals[:, None]
    )
    length = np.append(0.0, np.cumsum(np.linalg.norm(np.diff(p, axis=0), axis=1)))
    v = length / max(float(length[-1]), 1e-9)
    if not closed:
        rings = np.concatenate([np.broadcast_to(p[0], rings[:1].shape), rings, np.broadcast_to(p[-1], rings[:1].shape)])
        v = np.concatenate([[0.0], v, [1.0]])
    uv = np.stack(np.broadcast_arrays(np.linspace(0, 1, len(outline))[None, :], v[:, None]), -1)
    return grid(rings, uv, crease_deg)


def superellipsoid(size: ArrayLike, e_up: float = 1.0, e_around: float = 1.0, n: int = 16) -> Mesh:
    """Half-axes ``size`` about the origin; exponents 1 = ellipsoid, towards 0 = box, 2 = octahedron (Barr 1981)."""
    up = np.linspace(-np.pi / 2, np.pi / 2, n // 2 + 1)[:, None]
    around = np.linspace(0.0, 2 * np.pi, n + 1)[None, :]

    def power(x: F64, e: float) -> F64:
        return np.asarray(np.sign(x) * np.abs(x) ** e)

    x = power(np.cos(up), e_up) * power(np.sin(around), e_around)
    z = power(np.cos(up), e_up) * power(np.cos(around), e_around)
    y = power(np.sin(up), e_up) * np.ones_like(around)
    points = np.stack([x, y, z], -1) * np.asarray(size, float)
    points[:, -1] = points[:, 0]
    uv = np.stack(np.broadcast_arrays(around / (2 * np.pi), 0.5 - up / np.pi), -1)
    return grid(points, uv, 60.0)


def box(size: ArrayLike, radius: float = 0.0, centre: ArrayLike | None = None, bevels: int = 2) -> Mesh:
    """A box of full edge lengths ``size`` standing on y = 0 (or about ``centre``), its edges rounded by ``radius``."""
    w, h, d = (float(v) for v in np.asarray(size, float))
    plain = _box(1.0, 1.0, 1.0, 0.0, 0).scaled((w, h, d)) if radius <= 0 else _box(w, h, d, radius, bevels)
    return plain.moved((0.0, h / 2, 0.0) if centre is None else centre)


@lru_cache(maxsize=256)
def _box(width: float, height: float, depth: float, radius: float, bevels: int) -> Mesh:
    """A box about the origin."""
    half = np.array([width, height, depth]) / 2
    radius = min(radius, 0.999 * float(half.min()))
    parts = []
    for axis in range(3):
        i, j = (axis + 1) % 3, (axis + 2) % 3
        coords = []
        for k in (i, j):
            ease = half[k] - radius + radius * np.tan(np.linspace(0.0, np.pi / 4, bevels + 1))
            coords.append(np.concatenate([-ease[::-1], ease]) if radius > 0 else np.array([-half[k], half[k]]))
        for sign in (-1.0, 1.0):
            p = np.zeros((len(coords[0]), len(coords[1]), 3))
            p[..., axis], p[..., i], p[..., j] = sign * half[axis], coords[0][:, None], coords[1][None, :]
            inner = np.clip(p, -(half - radius), half - radius)
            out = p - inner
            if radius > 0:
                p = inner + radius * out / np.maximum(np.linalg.norm(out, axis=-1, keepdims=True), 1e-12)
            u, v = _face_uv(axis, sign, p / (2 * half) + 0.5)
            uv = np.stack([u, v], -1)
            parts.append((p, uv) if sign < 0 else (p.transpose(1, 0, 2), uv.transpose(1, 0, 2)))
    total = 0
    vertices, uvs, faces = [], [], []
    for p, uv in parts:
        n, m = p.shape[:2]
        index = np.arange(n * m).reshape(n, m) + total
        a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]
        faces += [np.stack([a, b, c], -1).reshape(-1, 3), np.stack([a, c, d], -1).reshape(-1, 3)]
        vertices.append(p.reshape(-1, 3))
        uvs.append(uv.reshape(-1, 2))
        total += n * m
    return shade(np.concatenate(vertices), np.concatenate(uvs), np.concatenate(faces))


def _face_uv(axis: int, sign: float, q: F64) -> tuple[F64, F64]:
    """Upright texture coordinates of a box face seen from outside; ``q`` is the place in the box, 0..1."""
    if axis == 1:  # top and bottom: the picture's top edge lies at the back (-z)
        return q[..., 0], q[..., 2] if sign > 0 else 1 - q[..., 2]
    along = q[..., 2] if axis == 0 else q[..., 0]
    mirrored = (axis == 0 and sign > 0) or (axis == 2 and sign < 0)
    return (1 - along if mirrored else along), 1 - q[..., 1]


def extrude(outline: ArrayLike, height: float, crease_deg: float = CREASE_DEG) -> Mesh:
    """A simple polygon (N, 2) of (x, z), any orientation, raised from y = 0 to ``height``."""
    p = np.asarray(outline, float)
    if area(p) > 0:  # clockwise in (x, z) seen from above is counter-clockwise about y
        p = p[::-1]
    n = len(p)
    low, high = p.min(0), p.max(0)
    flat = (p - low) / np.maximum(high - low, 1e-9)
    cap = triangulate(p)
    ring = np.arange(n)
    nxt = (ring + 1) % n
    sides = np.concatenate([np.stack([ring, nxt, nxt + n], -1), np.stack([ring, nxt + n, ring + n], -1)])
    base = np.insert(p, 1, 0.0, axis=1)
    top = np.insert(p, 1, height, axis=1)
    vertices = np.concatenate([base, top, base, top])
    edge = np.stack([np.linspace(0, 1, n), np.zeros(n)], -1)
    uv = np.concatenate([edge + np.array([0.0, 1.0]), edge, flat, flat])
    return shade(vertices, uv, np.concatenate([sides, cap[:, ::-1] + 2 * n, cap + 3 * n]), crease_deg)


def ring(outer: ArrayLike, inner: ArrayLike, height: float) -> Mesh:
    """A flat plate with a hole: two loops (N, 2) of (x, z) with matching points, raised from y = 0 to ``height``."""
    o, i = np.asarray(outer, float), np.asarray(inner, float)
    if area(o) > 0:
        o, i = o[::-1], i[::-1]
    loops = [np.insert(loop, 1, y, axis=1) for loop, y in ((o, 0.0), (o, height), (i, height), (i, 0.0), (o, 0.0))]
    points = np.stack([np.vstack([loop, loop[:1]]) for loop in loops])
    low, high = o.min(0), o.max(0)
    uv = (points[..., [0, 2]] - low) / np.maximum(high - low, 1e-9)
    return grid(points, uv)
