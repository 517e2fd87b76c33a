"""A detector: a picture to boxes with classes."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gazeline.engines.labelers import bundle as bundles
from gazeline.engines.labelers.bundle import Bundle, DetectorManifest
from gazeline.engines.labelers.clip import fitted
from gazeline.engines.labelers.detections import Detections, detections
from gazeline.engines.ort import OrtSession


class Detector:
    """Safe for several threads: it keeps nothing between calls. ValueError where it is not as ``labeler.toml`` says."""

    def __init__(self, bundle: Bundle, threads: int | None = None) -> None:
        if not isinstance(bundle.manifest, DetectorManifest):
            raise ValueError(f"{bundle.name} is no detector")
        self.bundle, self.manifest = bundle, bundle.manifest
        self._session = OrtSession(bundle.folder / bundles.DETECTOR, threads)

    @classmethod
    def load(cls, name: str | Path, threads: int | None = None) -> "Detector":
        """The model of this name or folder. OSError or ValueError, in a sentence."""
        return cls(bundles.load(name), threads)

    def detect(self, picture: NDArray[np.uint8]) -> Detections:
        """What is in a picture (H, W, 3) RGB, the likeliest first, in its pixels; classes are indices of ``labels``."""
        seen = self.manifest.picture
        (name, spec), *_ = self._session.inputs.items()
        outputs = self._session.run({name: fitted(picture, seen)[None].astype(spec.dtype, copy=False)})
        found = detections(self.manifest.form, outputs, (seen.height, seen.width))
        height, width = picture.shape[:2]
        x, y = seen.width / width, seen.height / height
        if seen.fit == "pad":
            x = y = min(x, y)
        known = (found.classes >= 0) & (found.classes < len(self.manifest.labels))
        boxes = np.asarray(found.boxes[known] / np.array([x, y, x, y]), np.float32)
        return Detections(boxes, found.classes[known], found.scores[known])

    def close(self) -> None:
        """Free the network."""
        self._session.close()
