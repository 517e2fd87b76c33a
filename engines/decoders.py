"""The signatures of prompt decoders, and which of their masks to take.

Both kinds take ``point_coords``, ``point_labels``, ``mask_input`` and ``has_mask_input`` beside what the encoder gave;
they differ in whether several prompts go in one call. Which kind it is is read from the graph:

- ours: a free number of prompts, three masks each;
- segment-anything's exporter (scripts/export_onnx_model.py): one prompt a call, ``orig_im_size`` perhaps, a padding
  point where there is no box, and one mask (exported with --return-single-mask) or four, of which the first is for
  prompts that are clear (several points, a box) and the others for a single point that may mean several things.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gazeline.engines.session import Array, Session

POSITIVE, NEGATIVE, BOX_FIRST, BOX_LAST, PADDING = 1.0, 0.0, 2.0, 3.0, -1.0
OWN_INPUTS = ("point_coords", "point_labels", "mask_input", "has_mask_input")


@dataclass(frozen=True)
class Query:
    """One prompt as a decoder takes it: window pixels and labels, and perhaps an earlier mask's logits (M, M)."""

    coords: NDArray[np.float32]  # (P, 2) window pixels
    labels: NDArray[np.float32]  # (P,) POSITIVE, NEGATIVE, BOX_FIRST, BOX_LAST
    mask: NDArray[np.float32] | None


@dataclass(frozen=True)
class Answer:
    """The masks of one prompt: logits (K, M, M), predicted IoU (K,), and which of them to take."""

    logits: NDArray[np.float32]
    iou: NDArray[np.float32]
    best: int


class Decoder:
    """A prompt decoder of either kind."""

    def __init__(self, session: Session, embedding: Mapping[str, object]) -> None:
        self._session = session
        inputs = session.inputs
        wanted = [name for name in inputs if name not in (*OWN_INPUTS, "orig_im_size")]
        for name in OWN_INPUTS:
            if name not in inputs:
                raise ValueError(f"the decoder has no input {name!r}, as segment-anything's exporter gives it")
        for name in wanted:
            if name not in embedding:
                raise ValueError(f"the decoder's input {name!r} is no output of the encoder")
        for name in ("low_res_masks", "iou_predictions"):
            if name not in session.outputs:
                raise ValueError(f"the decoder has no output {name!r}")
        self._tensors = wanted
        self._batched = inputs["point_coords"].shape[0] is None
        side = inputs["mask_input"].shape[-1]
        if side is None:
            raise ValueError("the decoder's input 'mask_input' must have a fixed size")
        self.mask_size = side

    def decode(self, tensors: Mapping[str, Array], queries: list[Query]) -> list[Answer]:
        """The masks of each prompt, in one call where the network allows it."""
        if self._batched:
            longest = max(len(query.labels) for query in queries)
            logits, iou = self._run(tensors, queries, longest)
            return [Answer(m, p, int(np.argmax(p))) for m, p in zip(logits, iou, strict=True)]
        answers = []
        for query in queries:
            pad = BOX_LAST not in query.labels
            logits, iou = self._run(tensors, [query], len(query.labels) + pad)
            answers.append(_choose(logits[0], iou[0], len(query.labels) + pad))
        return answers

    def _run(
        self, tensors: Mapping[str, Array], queries: list[Query], points: int
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        n, m = len(queries), self.mask_size
        feeds: dict[str, Array] = {name: tensors[name] for name in self._tensors}
        coords, labels = np.zeros((n, points, 2), np.float32), np.full((n, points), PADDING, np.float32)
        masks, has_mask = np.zeros((n, 1, m, m), np.float32), np.zeros(n, np.float32)
        for i, query in enumerate(queries):
            coords[i, : len(query.labels)] = query.coords
            labels[i, : len(query.labels)] = query.labels
            if query.mask is not None:
                masks[i, 0], has_mask[i] = query.mask, 1.0
        feeds |= {"point_coords": coords, "point_labels": labels, "mask_input": masks, "has_mask_input": has_mask}
        if spec := self._session.inputs.get("orig_im_size"):
            feeds["orig_im_size"] = np.ones(2, spec.dtype)  # of the large masks, which are not used
        results = self._session.run(feeds)
        return results["low_res_masks"], results["iou_predictions"]


def _choose(logits: NDArray[np.float32], iou: NDArray[np.float32], points: int) -> Answer:
    """Three masks of one prompt and the best of them, by the rule of segment-anything's ``select_masks``.

    ``points`` counts the padding point: up to two means a single point, whose meaning the last three masks share out.
    """
    if len(iou) != 4:
        return Answer(logits, iou, int(np.argmax(iou)))
    if points > 2:
        keep = np.array([0, *(1 + np.sort(np.argsort(-iou[1:])[:2]))])
        return Answer(logits[keep], iou[keep], 0)
    return Answer(logits[1:], iou[1:], int(np.argmax(iou[1:])))
