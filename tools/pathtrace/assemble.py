"""A settled scene as what the path tracer takes: meshes in the world with their materials, and light."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from gazeline.sim.scene import Scene
from gazeline.sim.textures import Rng
from tools.pathtrace.lighting import Light, make_light, outside
from tools.pathtrace.materials import restyle
from tools.pathtrace.tracer import Surface

CEILING_M, BEHIND_M = 2.0, 0.9  # walls and ceiling beyond these are left out of an open room


@dataclass(frozen=True, eq=False)
class Assembled:
    """What is to be drawn."""

    surfaces: list[Surface]
    light: Light


def assemble(rng: Rng, scene: Scene, data: Path | None) -> Assembled:
    """Materials, window views and light drawn at random; ``data`` holds textures_ambientcg_cc0 and hdri_cc0."""
    textures, places = (data / "textures_ambientcg_cc0", data / "hdri_cc0") if data else (None, None)
    kinds = {o.id: o.kind for o in scene.objects}
    parts = {p.id: p.name for o in scene.objects for p in o.parts}
    looks = restyle(rng, textures, scene.visuals, kinds, parts)
    meshes = [v.mesh.moved(scene.data.xpos[v.body], scene.data.xmat[v.body].reshape(3, 3)) for v in scene.visuals]
    shell = np.concatenate([m.vertices for m, v in zip(meshes, scene.visuals, strict=True) if v.object_id == 0])
    light = make_light(rng, places, shell.min(0) + 0.1, shell.max(0) - 0.1)
    view = outside(rng, places)
    surfaces = []
    for mesh, look, visual in zip(meshes, looks, scene.visuals, strict=True):
        low = mesh.vertices.min(0)
        if light.open and visual.object_id == 0 and (low[1] > CEILING_M or low[2] > BEHIND_M):
            continue
        if view is not None and kinds.get(visual.object_id) == "window" and parts[visual.part_id] == "pane":
            look = replace(look, texture=view)  # noqa: PLW2901
        surfaces.append(Surface(mesh, look, visual.object_id, visual.part_id, 384 if visual.object_id else 768))
    return Assembled(surfaces, light)
