"""Mitsuba 3 as a renderer of our scenes: any lens, exact ids and range, and colours with the noise filtered.

Needs ``pip install 'gazeline[generate]'`` and, on the CPU, LLVM (Debian: ``apt-get install libllvm19``), which is taken
from among the system's libraries unless DRJIT_LIBLLVM_PATH names it.
"""

import os
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazeline.calib.cameras import Camera
from gazeline.calib.se3 import SE3
from gazeline.sim.design import Look
from gazeline.sim.meshes import Mesh
from tools.pathtrace.atlas import pack

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
LLVM_OLDEST = 16  # version 15, found first on some systems, ends the process
DEPTH = 8  # bounces of light
BRIGHTEST = 30.0  # a path brings no more than this, in units of a white surface in the light
STILL: F64 = np.zeros(3)
EMITS = 0.5  # a look with more emission than this is a lamp


@dataclass(frozen=True, eq=False)
class Surface:
    """A mesh in the world with its look and ids (0: walls, floor, ceiling); textures up to ``limit_px`` across."""

    mesh: Mesh
    look: Look
    object_id: int
    part_id: int
    limit_px: int = 384


@dataclass(frozen=True, eq=False)
class Lamp:
    """A rectangle that shines along its normal: ``T_world_lamp`` maps [-1, 1]^2 x 0, +z out. Radiance is linear RGB."""

    T_world_lamp: F64  # (4, 4)
    radiance: tuple[float, float, float]


@dataclass(frozen=True, eq=False)
class Surroundings:
    """Light from everywhere: linear RGB (H, W, 3) in latitude and longitude, turned about the vertical, scaled."""

    picture: F32
    turn_deg: float
    scale: float


@dataclass(frozen=True, eq=False)
class Traced:
    """One view: linear RGB and what guides the filter, (H, W, 3); ids and range in metres (0 = nothing), (H, W)."""

    rgb: F32
    albedo: F32
    normal: F32
    object_ids: NDArray[np.uint16]
    part_ids: NDArray[np.uint16]
    depth_m: F32


def find_llvm() -> Path:
    """The newest LLVM library among the system's. Raises OSError where there is none that will do."""
    found = []
    for path in [*Path("/usr/lib").glob("*/libLLVM*.so*"), *Path("/usr/lib").glob("llvm-*/lib/libLLVM*.so*")]:
        version = re.search(r"libLLVM(?:-|\.so\.)(\d+)", path.name)
        if version and int(version[1]) >= LLVM_OLDEST:
            found.append((int(version[1]), path))
    if not found:
        raise OSError(
            "Mitsuba needs LLVM to trace on the CPU: apt-get install libllvm19, or set DRJIT_LIBLLVM_PATH to "
            f"a libLLVM.so of version {LLVM_OLDEST} or newer"
        )
    return max(found)[1]


@cache
def mitsuba(variant: str = "llvm_ad_rgb", threads: int = 1) -> Any:
    """The module, with a variant chosen. Raises OSError where it or LLVM is missing, ValueError for the variant."""
    try:
        import drjit as dr
        import mitsuba as mi
    except ImportError as error:
        raise OSError("the path tracer needs Mitsuba 3: pip install 'gazeline[generate]'") from error
    if variant not in mi.variants() or not variant.startswith(("llvm_ad", "cuda_ad")):
        raise ValueError(f"unknown variant {variant!r}: llvm_ad_rgb on the CPU, cuda_ad_rgb on a GPU")
    if variant.startswith("llvm") and "DRJIT_LIBLLVM_PATH" not in os.environ:
        os.environ["DRJIT_LIBLLVM_PATH"] = str(find_llvm())
    try:
        mi.set_variant(variant)
        dr.set_thread_count(threads)
        dr.eval(mi.Float(1.0) + 1)
    except (RuntimeError, ImportError) as error:
        raise OSError(f"Mitsuba cannot run {variant} here: {str(error).splitlines()[0]}") from error
    return mi


class Tracer:
    """One scene in Mitsuba's hands."""

    def __init__(
        self,
        surfaces: list[Surface],
        lamps: list[Lamp],
        surroundings: Surroundings | None,
        variant: str = "llvm_ad_rgb",
        threads: int = 1,
    ) -> None:
        mi = self.mi = mitsuba(variant, threads)
        import drjit as dr

        looks = [s.look for s in surfaces]
        atlas = pack(looks, [s.mesh.uv for s in surfaces], [s.limit_px for s in surfaces])
        colours = {
            "type": "bitmap",
            "bitmap": mi.Bitmap(atlas.colours),
            "format": "fp16",
            "wrap_mode": "clamp",
        }
        gloss = [
            {**colours, "bitmap": mi.Bitmap(np.ascontiguousarray(atlas.gloss[..., k : k + 1])), "raw": True}
            for k in range(2)
        ]
        opaque = {
            "type": "twosided",
            "bsdf": {"type": "principled", "base_color": colours, "roughness": gloss[0], "metallic": gloss[1]},
        }
        tint = {"type": "rgb", "value": [0.9, 0.95, 0.95]}
        glass = {"type": "thindielectric", "int_ior": 1.5, "specular_transmittance": tint}
        shining = {"type": "area", "radiance": colours}
        content: dict[str, Any] = {"type": "scene"}
        self.tables: list[NDArray[np.uint16]] = []
        kinds = [2 if k.emission > EMITS else 1 if k.alpha < 1.0 else 0 for k in looks]
        for kind, (bsdf, emitter) in enumerate(((opaque, None), (glass, None), (opaque, shining))):
            pick = [k for k, other in enumerate(kinds) if other == kind]
            if not pick:
                continue
            meshes = [surfaces[k].mesh for k in pick]
            offsets = np.cumsum([0, *(len(m.vertices) for m in meshes)])
            shape = self._mesh(
                np.concatenate([m.vertices for m in meshes]),
                np.concatenate([m.normals for m in meshes]),
                np.concatenate([atlas.uv[k] for k in pick]),
                np.concatenate([m.faces + o for m, o in zip(meshes, offsets, strict=False)]),
                mi.load_dict(bsdf),
                mi.load_dict(emitter) if emitter else None,
            )
            content[f"mesh{kind}"] = shape
            ids = np.array([(surfaces[k].object_id, surfaces[k].part_id) for k in pick], np.uint16)
            self.tables.append(np.repeat(ids, [len(m.faces) for m in meshes], axis=0))
        for k, lamp in enumerate(lamps):
            content[f"lamp{k}"] = {
                "type": "rectangle",
                "to_world": mi.ScalarTransform4f(lamp.T_world_lamp),
                "emitter": {"type": "area", "radiance": {"type": "rgb", "value": list(lamp.radiance)}},
                "bsdf": {"type": "diffuse", "reflectance": {"type": "rgb", "value": 0.8}},
            }
        if surroundings is not None:
            content["sky"] = {
                "type": "envmap",
                "bitmap": mi.Bitmap(np.ascontiguousarray(surroundings.picture)),
                "scale": surroundings.scale,
                "to_world": mi.ScalarTransform4f().rotate([0, 1, 0], surroundings.turn_deg),
            }
        self.scene = mi.load_dict(content)
        shapes = self.scene.shapes()[: len(self.tables)]  # the lamps come after the meshes
        self.handles = [int(np.asarray(dr.reinterpret_array(mi.UInt32, mi.ShapePtr(s)))[0]) for s in shapes]
        self.integrator = mi.load_dict({"type": "path", "max_depth": DEPTH, "rr_depth": 3})

    def _mesh(self, vertices: F64, normals: F64, uv: F64, faces: NDArray[np.int64], bsdf: Any, emitter: Any) -> Any:
        mi = self.mi
        props = mi.Properties()
        props["bsdf"] = bsdf
        if emitter is not None:
            props["emitter"] = emitter
        mesh = mi.Mesh(
            "surfaces", len(vertices), len(faces), has_vertex_normals=True, has_vertex_texcoords=True, props=props
        )
        params = mi.traverse(mesh)
        params["vertex_positions"] = vertices.astype(np.float32).ravel()
        params["vertex_normals"] = normals.astype(np.float32).ravel()
        params["vertex_texcoords"] = uv.astype(np.float32).ravel()
        params["faces"] = faces.astype(np.uint32).ravel()
        params.update()
        return mesh

    def render(self, camera: Camera, T_world_camera: SE3, spp: int, seed: int, turning_rad: F64 = STILL) -> Traced:
        """The view through a lens; ``turning_rad`` is the camera's turn while the shutter is open (world axes)."""
        import drjit as dr

        mi = self.mi
        count = camera.width * camera.height
        rays = self._rays(camera, T_world_camera, turning_rad)
        sampler = mi.load_dict({"type": "independent"})
        sampler.seed(seed, count * spp)
        index = dr.arange(mi.UInt32, count * spp)
        stratum, across = index % spp, max(int(np.sqrt(spp)), 1)
        jitter = sampler.next_2d()
        fx = (mi.Float(stratum % across) + jitter.x) / across
        fy = (mi.Float(stratum // across) + jitter.y) / -(-spp // across)
        ray = rays(index // spp, fx, fy, sampler.next_1d() - 0.5)
        light, _, _ = self.integrator.sample(self.scene, sampler, ray)
        light = dr.minimum(light, BRIGHTEST)
        si = self.scene.ray_intersect(ray)
        albedo = dr.select(si.is_valid(), si.bsdf().eval_diffuse_reflectance(si), 1.0)
        normal = dr.select(si.is_valid(), si.sh_frame.n, 0.0)
        sums = [dr.block_sum(c, spp) for v in (light, albedo, normal) for c in (v.x, v.y, v.z)]
        dr.eval(*sums)
        planes = [np.asarray(s).reshape(camera.height, camera.width) / spp for s in sums]
        rgb, colour, facing = (np.stack(planes[k : k + 3], -1).astype(np.float32) for k in (0, 3, 6))
        object_ids, part_ids, depth_m = self.ids(camera, T_world_camera)
        rgb[~_lit(camera)] = 0
        return Traced(rgb, colour, facing, object_ids, part_ids, depth_m)

    def ids(self, camera: Camera, T_world_camera: SE3) -> tuple[NDArray[np.uint16], NDArray[np.uint16], F32]:
        """Object ids, part ids and range along the ray in metres through the middle of each pixel, (H, W) each."""
        import drjit as dr

        mi = self.mi
        shape = (camera.height, camera.width)
        ray = self._rays(camera, T_world_camera)(dr.arange(mi.UInt32, camera.height * camera.width), 0.5, 0.5, 0.0)
        si = self.scene.ray_intersect(ray)
        which = dr.reinterpret_array(mi.UInt32, si.shape)
        face = dr.select(si.is_valid(), si.prim_index, 0)
        distance = dr.select(si.is_valid(), si.t, 0.0)
        dr.eval(which, face, distance)
        inside = _lit(camera)
        pairs = np.zeros((*shape, 2), np.uint16)
        meshes, faces = np.asarray(which).reshape(shape), np.asarray(face).reshape(shape)
        for handle, table in zip(self.handles, self.tables, strict=True):
            mine = (meshes == handle) & inside
            pairs[mine] = table[faces[mine]]
        depth_m = np.where(inside, np.asarray(distance).reshape(shape), 0).astype(np.float32)
        return pairs[..., 0].copy(), pairs[..., 1].copy(), depth_m

    def _rays(self, camera: Camera, T_world_camera: SE3, turning_rad: F64 = STILL) -> Any:
        """A function from pixel number, place in the pixel (0..1) and time (-0.5..0.5) to rays."""
        import drjit as dr

        mi = self.mi
        columns = camera.width + 1
        x, y = np.meshgrid(np.arange(columns) - 0.5, np.arange(camera.height + 1) - 0.5)
        d_camera, seen = camera.unproject(np.stack([x, y], -1).reshape(-1, 2))
        d_camera = np.where(seen[:, None], d_camera, [0.0, 0.0, 1.0])
        corners = mi.Float((d_camera @ T_world_camera.R.T).astype(np.float32).ravel())
        origin = mi.Point3f(*(mi.Float(float(v)) for v in T_world_camera.xyz_m))
        turn = mi.Vector3f(*(mi.Float(float(v)) for v in turning_rad))
        dr.make_opaque(origin, turn)  # else they are compiled into the kernel, anew for each view

        def rays(pixel: Any, fx: Any, fy: Any, t: Any) -> Any:
            at = pixel // camera.width * columns + pixel % camera.width
            d = [dr.gather(mi.Vector3f, corners, at + o) for o in (0, 1, columns, columns + 1)]
            straight = dr.lerp(dr.lerp(d[0], d[1], fx), dr.lerp(d[2], d[3], fx), fy)
            return mi.RayDifferential3f(origin, dr.normalize(straight + t * dr.cross(turn, straight)))

        return rays


def _lit(camera: Camera) -> NDArray[np.bool_]:
    """Where the lens reaches, (H, W)."""
    x, y = np.meshgrid(np.arange(camera.width), np.arange(camera.height))
    _, seen = camera.unproject(np.stack([x, y], -1).reshape(-1, 2))
    return np.asarray(seen.reshape(camera.height, camera.width), np.bool_)
