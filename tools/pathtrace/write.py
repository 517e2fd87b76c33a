"""The views of one scene, rendered and written; those on disk are left alone."""

import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from tools.pathtrace.assemble import assemble
from tools.pathtrace.denoise import denoise
from tools.pathtrace.develop import develop
from tools.pathtrace.groups import groups
from tools.pathtrace.scenes import make_scene
from tools.pathtrace.tracer import Traced, Tracer
from tools.pathtrace.views import random_view

JPEG_QUALITY = 95


@dataclass(frozen=True)
class Job:
    """Where to, from what, and how well."""

    out: Path
    data: Path | None
    size: int = 384
    spp: int = 4
    variant: str = "llvm_ad_rgb"
    threads: int = 1


def render_scene(job: Job, seed: int, views: range) -> None:
    """Those views of scene ``seed`` that are not on disk yet; view n is a function of (seed, n) and the models."""
    pending = [n for n in views if not (job.out / f"{n:06d}.npz").exists()]
    if not pending:
        return
    rng = np.random.default_rng([11, seed])
    scene = make_scene(seed, job.data)
    scene.advance(int(rng.uniform(0, 60e9)))
    drawn = assemble(rng, scene, job.data)
    tracer = Tracer(drawn.surfaces, drawn.light.lamps, drawn.light.surroundings, job.variant, job.threads)
    names = json.dumps(
        {
            "objects": {o.id: o.name for o in scene.objects},
            "parts": {p.id: p.name for o in scene.objects for p in o.parts},
        }
    )
    together = groups(scene)
    for number in pending:
        view = np.random.default_rng([12, seed, number])
        camera, pose = random_view(view, scene, tracer, job.size)
        turning = view.normal(0, 0.004, 3) if view.random() < 0.3 else np.zeros(3)
        traced = tracer.render(camera, pose, job.spp, int(view.integers(1 << 31)), turning)
        rgb = denoise(traced.rgb, traced.albedo, traced.normal, traced.depth_m, traced.part_ids)
        write(job.out / f"{number:06d}", develop(view, rgb), traced, together, names)


def write(stem: Path, picture: NDArray[np.uint8], traced: Traced, together: NDArray[np.uint16], names: str) -> None:
    """One view as ``stem``.jpg and ``stem``.npz; the latter comes last: where it is, the view is whole."""
    cv2.imwrite(f"{stem}.jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    part = Path(f"{stem}.part.npz")
    np.savez_compressed(
        part,
        object_ids=traced.object_ids,
        part_ids=traced.part_ids,
        depth_mm=np.clip(np.rint(traced.depth_m * 1000), 0, 65535).astype(np.uint16),
        groups=together,
        names=np.array(names),
    )
    part.rename(f"{stem}.npz")
