"""A promptable segmenter without hidden state: ``encode`` returns an embedding, ``decode`` takes one.

Prompts are in pixels of the frame; masks come in the window's coordinates and go back to the frame on demand.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from gazeline.engines import bundle as bundles
from gazeline.engines.backends import open_sessions
from gazeline.engines.bundle import Bundle
from gazeline.engines.decoders import BOX_FIRST, BOX_LAST, POSITIVE, Decoder, Query
from gazeline.engines.describe import Describer, Description, NetworkDescriber, PooledDescriber
from gazeline.engines.exposure import stretched
from gazeline.engines.ort import OrtSession
from gazeline.engines.pieces import clicked_pieces
from gazeline.engines.session import Array, Session
from gazeline.engines.window import Window

Box = tuple[int, int, int, int]


@dataclass(frozen=True, eq=False)
class Prompt:
    """What is asked for, in pixels of the frame; ValueError unless there is a positive point or a box.

    ``points`` (P, 2); ``labels`` (P,) 1 "this" or 0 "not this", all 1 by default; ``box`` (x0, y0, x1, y1); ``mask``:
    the logits (h, w) of an earlier answer in the same window. Kept as float arrays of those shapes.
    """

    points: ArrayLike = ()
    labels: ArrayLike | None = None
    box: ArrayLike | None = None
    mask: NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        points = np.asarray(self.points, np.float64).reshape(-1, 2)
        labels = np.ones(len(points)) if self.labels is None else np.asarray(self.labels, np.float64).ravel()
        if len(labels) != len(points):
            raise ValueError(f"a prompt has {len(points)} points and {len(labels)} labels; there must be one for each")
        if not np.isin(labels, (0.0, 1.0)).all():
            raise ValueError('the label of a point must be 1 ("this") or 0 ("not this")')
        if self.box is not None:
            box = np.asarray(self.box, np.float64)
            if box.shape != (4,) or not np.isfinite(box).all() or not (box[:2] < box[2:]).all():
                raise ValueError(f"a box must be x0, y0, x1, y1 with x0 < x1 and y0 < y1, not {np.ravel(box).tolist()}")
            object.__setattr__(self, "box", box)
        elif not labels.any():
            raise ValueError("a prompt needs a box or at least one positive point")
        object.__setattr__(self, "points", points)
        object.__setattr__(self, "labels", labels)

    def check_inside(self, frame_w: int, frame_h: int) -> None:
        """ValueError unless all points, and some of the box, lie inside a frame of this size."""
        points, last = np.asarray(self.points), np.array([frame_w, frame_h]) - 0.5
        inside = ((points >= -0.5) & (points <= last)).all(axis=1)
        if not inside.all():
            x, y = points[~inside][0]
            raise ValueError(f"the point ({x:g}, {y:g}) lies outside the picture of {frame_w}x{frame_h} pixels")
        if self.box is not None:
            box = np.asarray(self.box)
            if not ((box[2:] > -0.5) & (box[:2] < last)).all():
                text = ", ".join(f"{value:g}" for value in box)
                raise ValueError(f"the box ({text}) lies outside the picture of {frame_w}x{frame_h} pixels")


@dataclass(frozen=True, eq=False)
class Embedding:
    """What the encoder made of one picture: its output tensors by name, the window it saw, the model it is of, and its
    input tensors by name."""

    tensors: dict[str, Array]
    window: Window
    model: str
    seen: dict[str, Array] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Masks:
    """The answers to one prompt: ``logits`` (K, h, w) float32 in window coordinates (above 0 is inside), the predicted
    IoU of each (K,), and the index of the one to take."""

    logits: NDArray[np.float32]
    iou: NDArray[np.float32]
    best: int
    window: Window

    def mask(self, k: int | None = None) -> NDArray[np.bool_]:
        """Mask ``k``, by default the best, in the frame: (H, W) bool."""
        whole = np.zeros((self.window.frame_h, self.window.frame_w), np.bool_)
        logits, (x0, y0, x1, y1) = self.crop(k)
        np.greater(logits, 0.0, out=whole[y0:y1, x0:x1])
        return whole

    def probability(self, k: int | None = None) -> NDArray[np.float32]:
        """The same as a probability 0..1: (H, W) float32."""
        index = self.best if k is None else k
        logits = np.clip(self.window.unwarp(self.logits[index : index + 1])[0], -80.0, 80.0)
        probability: NDArray[np.float32] = 1.0 / (1.0 + np.exp(-logits))
        return probability

    def crop(self, k: int | None = None) -> tuple[NDArray[np.float32], Box]:
        """The logits in the frame, where they can be above 0, and that part's box: x0 <= x < x1, y0 <= y < y1.

        Much faster than the whole frame, and what outlines are made from. An empty mask gives an empty box.
        """
        index = self.best if k is None else k
        inside = self.logits[index] > 0.0
        spans = []
        sides = (self.window.frame_w, self.window.frame_h)
        for axis, along, side in zip((self.window.x, self.window.y), (0, 1), sides, strict=True):
            hit = np.flatnonzero(inside.any(axis=along))
            if not len(hit):
                return np.zeros((0, 0), np.float32), (0, 0, 0, 0)
            # from the centre of the pixel before the first to that of the one after the last: there, it is below 0
            u = (2.0 * np.array([hit[0] - 1, hit[-1] + 1]) + 1.0) / inside.shape[1 - along] - 1.0
            first, last = axis.to_frame(u)
            spans.append((int(np.clip(np.floor(first), 0, side)), int(np.clip(np.ceil(last) + 1, 0, side))))
        (x0, x1), (y0, y1) = spans
        if x0 >= x1 or y0 >= y1:  # only where the window shows no frame
            return np.zeros((0, 0), np.float32), (0, 0, 0, 0)
        box = (x0, y0, x1, y1)
        return self.window.unwarp_roi(self.logits[index : index + 1], box)[0], box


class Segmenter:
    """An encoder and a prompt decoder. Safe for several threads: it keeps nothing between calls."""

    def __init__(self, bundle: Bundle, encoder: Session, decoder: Session, describer: Session | None = None) -> None:
        self.bundle = bundle
        self._encoder, self._decoder_session = encoder, decoder
        size = bundle.manifest.input.size
        shapes = [spec.shape for spec in encoder.inputs.values()]
        if shapes not in ([(1, 3, size, size)], [(1, 3, size, size), (1, 1, size, size)]):
            raise ValueError(
                f"{bundle.encoder} must have one input of 1x3x{size}x{size}, as {bundles.MANIFEST} says, and perhaps a "
                f"second one of 1x1x{size}x{size} for the depth"
            )
        try:
            self._decoder = Decoder(decoder, encoder.outputs, bundle.manifest.family)
        except ValueError as error:
            raise ValueError(f"{bundle.decoder}: {error}") from error
        maps = [name for name, spec in encoder.outputs.items() if len(spec.shape) == 4]
        self._describer: Describer | None = PooledDescriber(maps[0]) if maps else None
        if describer is not None:
            try:
                known = [*encoder.inputs, *encoder.outputs]
                self._describer = NetworkDescriber(describer, known, len(bundle.manifest.labels))
            except ValueError as error:
                raise ValueError(f"{bundle.describer}: {error}") from error

    @classmethod
    def load(cls, name: str | Path = bundles.DEFAULT, backend: str = "auto", threads: int | None = None) -> "Segmenter":
        """The model of this name or folder; ``backend`` as for `open_sessions`, ``threads`` as for `OrtSession`.

        ValueError or OSError: what is wrong.
        """
        bundle = bundles.load(name)
        # The describer is small: the processor does it while a graphics card would still be waiting for its inputs.
        describer = OrtSession(bundle.describer, threads=1) if bundle.describer is not None else None
        return cls(bundle, *open_sessions(bundle, backend, threads), describer)

    @property
    def name(self) -> str:
        """The model's name."""
        return self.bundle.name

    @property
    def backend(self) -> str:
        """What it runs on, for people."""
        return self._encoder.backend

    def window_for(self, frame_w: int, frame_h: int, gaze_px: ArrayLike | None = None) -> Window:
        """The window that this model wants on a frame, around ``gaze_px`` (x, y) or the frame's middle."""
        policy, size = self.bundle.manifest.window, self.bundle.manifest.input.size
        if policy.kind == "full":
            return Window.full(frame_w, frame_h, size)
        if policy.kind == "stretched":
            return Window.stretched(frame_w, frame_h, size)
        last = np.array([frame_w - 1, frame_h - 1])
        centre = np.clip(last / 2 if gaze_px is None else np.asarray(gaze_px, np.float64), 0, last)
        return Window.foveal(frame_w, frame_h, size, centre, middle_scale=policy.middle_scale, fovea=policy.fovea)

    @property
    def takes_depth(self) -> bool:
        """Whether `encode` makes use of a depth picture."""
        return len(self._encoder.inputs) > 1

    def encode(self, image: NDArray[np.uint8], window: Window, depth_m: NDArray[np.float32] | None = None) -> Embedding:
        """The embedding of what ``window`` shows of ``image`` (H, W, 3) RGB.

        ``depth_m`` (h, w): metres along the ray of each pixel, 0 or not finite where unknown; of the same view as the
        picture, at any resolution. Models without an input for it (see `takes_depth`) do not look at it.
        """
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
            raise ValueError(f"the picture must be (H, W, 3) uint8, not {image.shape} {image.dtype}")
        settings = self.bundle.manifest.input
        if window.size != settings.size:
            raise ValueError(f"the window has {window.size} pixels, but the model {self.name} sees {settings.size}")
        mean, std = np.array(settings.mean, np.float32), np.array(settings.std, np.float32)
        seen = window.sample(image, fill=mean)
        if settings.max_gain > 1.0:
            seen = stretched(seen, window, settings.max_gain)
        planes = np.moveaxis(seen, -1, 0)  # (3, S, S), contiguous
        planes -= mean[:, None, None]
        planes /= std[:, None, None]
        views = [planes] if not self.takes_depth else [planes, _seen_depth(depth_m, window)]
        feeds = {
            name: view[None].astype(spec.dtype, copy=False)
            for (name, spec), view in zip(self._encoder.inputs.items(), views, strict=True)
        }
        return Embedding(self._encoder.run(feeds), window, self.name, feeds)

    def decode(self, embedding: Embedding, prompts: Sequence[Prompt]) -> list[Masks]:
        """The masks of each prompt, together in one run where the network allows it.

        Points outside the frame, and positive ones or boxes that the window does not show, are a ValueError; negative
        points that it does not show say nothing and are left out.
        """
        if embedding.model != self.name:
            raise ValueError(f"this embedding is of the model {embedding.model}, not of {self.name}")
        queries = [self._query(prompt, embedding.window) for prompt in prompts]
        step = self.bundle.manifest.limits.prompts
        answers = [
            answer
            for start in range(0, len(queries), step)
            for answer in self._decoder.decode(embedding.tensors, queries[start : start + step])
        ]
        masks = zip((self._cut(a.logits, q) for a, q in zip(answers, queries, strict=True)), answers, strict=True)
        return [Masks(logits, answer.iou, answer.best, embedding.window) for logits, answer in masks]

    @property
    def describes(self) -> bool:
        """Whether `describe` can tell anything: the encoder gives a feature map."""
        return self._describer is not None

    def describe(self, embedding: Embedding, logits: Sequence[NDArray[np.float32]]) -> list[Description]:
        """What lies under each mask, given as logits (h, w) in the embedding's window. Well under a millisecond."""
        if embedding.model != self.name:
            raise ValueError(f"this embedding is of the model {embedding.model}, not of {self.name}")
        if self._describer is None:
            raise ValueError(f"the model {self.name} cannot describe: its encoder gives no feature map")
        return self._describer.describe({**embedding.seen, **embedding.tensors}, logits)

    def close(self) -> None:
        """Free the networks."""
        self._encoder.close()
        self._decoder_session.close()
        if self._describer is not None:
            self._describer.close()

    def _query(self, prompt: Prompt, window: Window) -> Query:
        limit = self.bundle.manifest.limits.points
        points, labels = np.asarray(prompt.points), np.asarray(prompt.labels)
        if len(points) > limit:
            raise ValueError(f"the model {self.name} takes at most {limit} points in a prompt, not {len(points)}")
        prompt.check_inside(window.frame_w, window.frame_h)
        shown = window.contains(points)
        if hidden := points[~shown & (labels == POSITIVE)].tolist():
            raise ValueError(f"the point {tuple(hidden[0])} lies outside the window of this embedding")
        coords, kinds = [window.to_window(points[shown])], [labels[shown]]
        if prompt.box is not None:
            box = np.clip(np.reshape(prompt.box, (2, 2)), -0.5, np.array([window.frame_w, window.frame_h]) - 0.5)
            corners = np.clip(window.to_window(box), -0.5, window.size - 0.5)
            if not (corners[0] < corners[1]).all():
                raise ValueError(f"the box {np.ravel(prompt.box).tolist()} lies outside the window of this embedding")
            coords.append(corners)
            kinds.append(np.array([BOX_FIRST, BOX_LAST]))
        return Query(
            np.concatenate(coords).astype(np.float32), np.concatenate(kinds).astype(np.float32), self._mask(prompt)
        )

    def _cut(self, logits: NDArray[np.float32], query: Query) -> NDArray[np.float32]:
        """The masks as the model wants them cut; see `Manifest.clicked_piece`."""
        if not self.bundle.manifest.clicked_piece or BOX_FIRST in query.labels:
            return logits
        scale = logits.shape[-1] / self.bundle.manifest.input.size
        return clicked_pieces(logits, (query.coords[query.labels == POSITIVE] + 0.5) * scale - 0.5)

    def _mask(self, prompt: Prompt) -> NDArray[np.float32] | None:
        if prompt.mask is None:
            return None
        if prompt.mask.ndim != 2:
            raise ValueError(f"the mask of a prompt must be (h, w) logits, not {prompt.mask.shape}")
        side = self._decoder.mask_size
        return np.asarray(cv2.resize(prompt.mask.astype(np.float32), (side, side)), np.float32)


def _seen_depth(depth_m: NDArray[np.float32] | None, window: Window) -> NDArray[np.float32]:
    """What ``window`` shows of a depth picture: (1, S, S) m, 0 where unknown."""
    if depth_m is None:
        return np.zeros((1, window.size, window.size), np.float32)
    if depth_m.ndim != 2 or depth_m.size == 0 or not np.issubdtype(depth_m.dtype, np.floating):
        raise ValueError(f"the depth must be (h, w) metres as floats, not {depth_m.shape} {depth_m.dtype}")
    seen = window.sample_nearest(depth_m)[None].astype(np.float32)
    return np.where(np.isfinite(seen) & (seen > 0), seen, np.float32(0))
