"""The signatures of prompt decoders, and which of their masks to take.

All take ``point_coords`` and ``point_labels`` beside what the encoder gave, and most ``mask_input`` and
``has_mask_input``: an earlier mask, which is no more than a hint and is left out where a network takes none. They take
one prompt a call or a free number of them, which is read from the graph. The family in ``model.toml`` says the rest:

- "gazeline", ours: prompts of different lengths go in one call, the shorter ones filled up with padding points;
- "sam", segment-anything: every prompt without a box wants one padding point, and padding more would change the masks,
  so that only prompts of one length go in one call; ``orig_im_size`` perhaps;
- "sam2", SAM 2: as "sam", but the network adds its padding itself.

Of four masks, the first is for prompts that are clear (several points, a box) and the others for a single point that
may mean several things; of one or three, the best is the one with the highest predicted IoU.
"""

from collections.abc import Iterator, Mapping
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
    """A prompt decoder of any family."""

    def __init__(self, session: Session, embedding: Mapping[str, object], family: str) -> None:
        self._session = session
        self._family = family
        inputs = session.inputs
        wanted = [name for name in inputs if name not in (*OWN_INPUTS, "orig_im_size")]
        for name in ("point_coords", "point_labels"):
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
        self._takes_mask = "mask_input" in inputs
        side = (inputs["mask_input"] if self._takes_mask else session.outputs["low_res_masks"]).shape[-1]
        if side is None:
            raise ValueError("the decoder's masks must have a fixed size")
        self.mask_size = side

    def decode(self, tensors: Mapping[str, Array], queries: list[Query]) -> list[Answer]:
        """The masks of each prompt, in as few calls as the network allows."""
        answers: dict[int, Answer] = {}
        for points, members in self._batches(queries):
            self._check_points(points)
            logits, iou = self._run(tensors, [queries[i] for i in members], points)
            clear = [len(queries[i].labels) > 1 for i in members]
            answers |= {i: _choose(*found) for i, *found in zip(members, logits, iou, clear, strict=True)}
        return [answers[i] for i in range(len(queries))]

    def _check_points(self, points: int) -> None:
        fixed = self._session.inputs["point_coords"].shape[1]
        if fixed is not None and fixed != points:
            many = f"{fixed} points" if fixed > 1 else "1 point"
            raise ValueError(f"this model takes exactly {many} in a prompt, not {points}; a box counts as two")

    def _batches(self, queries: list[Query]) -> Iterator[tuple[int, list[int]]]:
        """What may go in one call: the number of points, padding included, and which prompts."""
        lengths = [len(q.labels) + (self._family == "sam" and BOX_LAST not in q.labels) for q in queries]
        if self._batched and self._family == "gazeline":
            lengths = [max(lengths)] * len(lengths)
        for points in dict.fromkeys(lengths):
            members = [i for i, length in enumerate(lengths) if length == points]
            if self._batched:
                yield points, members
            else:
                yield from ((points, [i]) for i in members)

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
        feeds |= {"point_coords": coords, "point_labels": labels}
        if self._takes_mask:
            feeds |= {"mask_input": masks, "has_mask_input": has_mask}
        if spec := self._session.inputs.get("orig_im_size"):
            feeds["orig_im_size"] = np.ones(2, spec.dtype)  # of the large masks, which are not used
        results = self._session.run(feeds)
        return results["low_res_masks"], results["iou_predictions"]


def _choose(logits: NDArray[np.float32], iou: NDArray[np.float32], clear: bool) -> Answer:
    """The masks of one prompt that compete, and the best of them.

    By the rule of segment-anything's ``select_masks``, but that a box alone counts as clear, as its authors use it.
    """
    if len(iou) != 4:
        return Answer(logits, iou, int(np.argmax(iou)))
    if clear:
        keep = np.array([0, *(1 + np.sort(np.argsort(-iou[1:])[:2]))])
        return Answer(logits[keep], iou[keep], 0)
    return Answer(logits[1:], iou[1:], int(np.argmax(iou[1:])))
