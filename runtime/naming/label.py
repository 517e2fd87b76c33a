"""Naming things: what goes in (a crop of each track) and what comes out (a name with its score), whoever names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:  # its module loads the networks' runtime, which the pipeline does without
    from gazeline.engines.describe import Description

Source = Literal["taught", "model", "text", "detector"]


@dataclass(frozen=True, eq=False)
class Crop:
    """One track as it is seen in one picture.

    ``image`` (h, w, 3) uint8 RGB: the picture around it; ``mask`` (h, w): where in that it is; ``description``: what
    the segmenter's own features say of it, where the model can tell. ``picture`` (H, W, 3): the whole one, whose
    pixel ``corner`` (x, y) is the first of ``image``, for labelers that find things in a picture by themselves.
    """

    track_id: int
    image: NDArray[np.uint8]
    mask: NDArray[np.bool_]
    description: "Description | None" = None
    picture: NDArray[np.uint8] | None = None
    corner: tuple[int, int] = (0, 0)

    @property
    def box(self) -> tuple[float, float, float, float]:
        """The mask's outer edges, x0, y0, x1, y1, px of the picture, or else of ``image``; zeros where it is empty."""
        ys, xs = np.nonzero(self.mask)
        if not len(xs):
            return 0.0, 0.0, 0.0, 0.0
        x, y = (0, 0) if self.picture is None else self.corner
        return float(x + xs.min()), float(y + ys.min()), float(x + xs.max() + 1), float(y + ys.max() + 1)


@dataclass(frozen=True)
class Named:
    """What a thing is called, and the probability that it is; ``name`` None: it is none of what is known.

    ``others``: what else it may be, with the probability of each; what lacks to one is none of them.
    """

    name: str | None
    score: float
    source: Source
    others: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class Traits:
    """What is to be seen of a thing besides its name: the share of it that each colour word fits, and how likely it
    looks like each phrase that was asked for."""

    colours: Mapping[str, float] = field(default_factory=dict)
    looks: Mapping[str, float] = field(default_factory=dict)


class Labeler(Protocol):
    """Names things. It may be slow: it is asked a few times a second, off the way from gaze to outline."""

    def label(self, crops: Sequence[Crop]) -> list[Named]:
        """One answer for each crop, in their order."""
