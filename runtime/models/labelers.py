"""``gazeline models list`` and ``check`` for the models that name things."""

import time
from pathlib import Path

import numpy as np

from gazeline.engines.labelers import bundle as bundles
from gazeline.engines.labelers.bundle import ClipManifest, DetectorManifest
from gazeline.engines.labelers.clip import Clip
from gazeline.engines.labelers.detector import Detector
from gazeline.runtime.models.catalogue import RUNS, ModelCheck, ModelInfo, Step, median_ms, size_of

TEXTS = ("a photo of a mug", "a photo of a laptop")


def list_labelers() -> list[ModelInfo]:
    """All models of the user that name things."""
    return [_info(name, folder) for name, folder in bundles.list_bundles().items()]


def check_labeler(name: str) -> ModelCheck:
    """Verify its files, load it, run it on a picture, and time it."""
    steps: list[Step] = []
    try:
        bundle = bundles.load(name)
        size = size_of(bundle.bytes)
        steps.append(Step("files", True, f"{len(bundle.manifest.files)} of {size}, sha256 as described"))
        start = time.monotonic_ns()
        model = Clip(bundle) if isinstance(bundle.manifest, ClipManifest) else Detector(bundle)
        steps.append(Step("loads", True, f"{(time.monotonic_ns() - start) / 1e6:.0f} ms"))
        steps += _tried(model)
        model.close()
    except (ValueError, OSError) as error:
        return ModelCheck(name, [*steps, Step(("files", "loads", "runs")[len(steps)], False, str(error))])
    return ModelCheck(name, steps)


def _tried(model: Clip | Detector) -> list[Step]:
    picture = np.random.default_rng(0).integers(0, 255, (120, 160, 3), np.uint8)
    if isinstance(model, Detector):
        found = len(model.detect(picture).boxes)
        each_ms = median_ms(lambda: model.detect(picture))
        return [
            Step("runs", True, f"{found} boxes on noise, {len(model.manifest.labels)} classes"),
            Step("speed", True, f"{each_ms:.1f} ms for each picture (median of {RUNS})"),
        ]
    images, texts = model.embed_images([picture]), model.embed_texts(TEXTS)
    chances = model.probabilities(images @ texts.T)
    if not np.isfinite(chances).all():
        raise ValueError(f"{model.bundle.name} gives values that are no numbers")
    image_ms, text_ms = (
        median_ms(lambda: model.embed_images([picture])),
        median_ms(lambda: model.embed_texts(TEXTS[:1])),
    )
    scores = model.manifest.scores
    return [
        Step("runs", True, f"vectors of {images.shape[1]}, {scores.kind} of {scores.scale:g} c + {scores.bias:g}"),
        Step("speed", True, f"{image_ms:.1f} ms for each thing, {text_ms:.1f} ms for each text (median of {RUNS})"),
    ]


def _info(name: str, folder: Path) -> ModelInfo:
    try:
        bundle = bundles.read(folder)
    except (ValueError, OSError) as error:
        return ModelInfo(name, folder, error=str(error))
    about = bundle.manifest
    family = "detector" if isinstance(about, DetectorManifest) else "clip"
    return ModelInfo(name, folder, family, bundle.bytes, about.picture.width, about.picture.fit, about.licence)
