"""Writes a trained describer into its bundle."""

from pathlib import Path

import msgspec
import torch

from gazeline.engines import bundle as bundles
from gazeline.engines.bundle import Bundle, Likeness
from gazeline.engines.gazeline_s.describer import INPUTS, OUTPUTS, Describer, Head
from gazeline.engines.gazeline_s.export import write_network
from gazeline.engines.gazeline_s.network import MASK_PX, WINDOW_PX, Encoder


def export_describer(
    head: Head, temperature: float, folder: Path, kinds: list[str], likeness: Likeness, threshold: float
) -> Bundle:
    """``describer.onnx`` beside the other networks, and what its outputs mean in ``model.toml``."""
    image, depth = torch.zeros(1, 3, WINDOW_PX, WINDOW_PX), torch.zeros(1, 1, WINDOW_PX, WINDOW_PX)
    with torch.no_grad():
        features = dict(zip(Encoder.outputs, Encoder().eval()(image, depth), strict=True))
    example = {"image": image, "depth": depth, **features, "masks": torch.zeros(2, MASK_PX, MASK_PX)}
    dynamic: dict[str, dict[int, torch.export.Dim] | None] = dict.fromkeys(INPUTS)
    dynamic["masks"] = {0: torch.export.Dim("masks", min=1)}
    write_network(
        Describer(head, temperature).eval(),
        tuple(example[name] for name in INPUTS),
        folder / bundles.DESCRIBER,
        list(INPUTS),
        list(OUTPUTS),
        dynamic,
    )
    manifest = bundles.read(folder).manifest
    changed = msgspec.structs.replace(manifest, labels=kinds, label_threshold=threshold, likeness=likeness)
    return bundles.write(folder, changed)
