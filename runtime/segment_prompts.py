"""Prompts that people write: in a ``--prompts`` file or as options of ``gazeline segment``."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np
from msgspec import Meta, Struct

from gazeline.engines.segmenter import Prompt
from gazeline.runtime.files import read_bytes

MAX_PROMPTS_BYTES = 1 << 26

Point = Annotated[list[float], Meta(min_length=2, max_length=3)]  # x, y px, and perhaps 1 "this" or 0 "not this"


class PromptEntry(Struct):
    """One prompt of a ``--prompts`` file, in pixels; points or box may be absent, but not both.

    Further keys are left alone: such files come from annotation tools, which have their own.
    """

    id: str | int
    points: list[Point] | None = None
    box: tuple[float, float, float, float] | None = None

    def prompt(self) -> Prompt:
        """As the segmenter takes it; ValueError, naming the prompt, if it cannot be."""
        points = self.points or []
        with self.named():
            return Prompt([p[:2] for p in points], [p[2] if len(p) == 3 else 1 for p in points], self.box)

    @contextmanager
    def named(self) -> Iterator[None]:
        """Puts this prompt's name before the text of a ValueError."""
        try:
            yield
        except ValueError as error:
            raise ValueError(f"prompt {self.id!r}: {error}") from error


class PromptsFile(Struct):
    """``{"prompts": [{"id": "a", "points": [[x, y, 1], [x, y, 0]], "box": [x0, y0, x1, y1]}]}``."""

    prompts: Annotated[list[PromptEntry], Meta(min_length=1)]


def entries_of(points: Sequence[str], box: str | None, prompts: Path | None) -> list[PromptEntry]:
    """The prompts that the command's options name: exactly one kind of them."""
    if (len(points) > 0) + (box is not None) + (prompts is not None) != 1:
        raise ValueError("give one of --point X,Y (repeated for more), --box X0,Y0,X1,Y1 and --prompts FILE.json")
    if prompts is not None:
        return read_prompts(prompts)
    if box is not None:
        x0, y0, x1, y1 = _numbers(box, "--box", "X0,Y0,X1,Y1", (4,))
        return [PromptEntry(id="box", box=(x0, y0, x1, y1))]
    return [PromptEntry(id="point", points=[_numbers(p, "--point", "X,Y or X,Y,LABEL", (2, 3)) for p in points])]


def read_prompts(path: Path) -> list[PromptEntry]:
    """The prompts of a ``--prompts`` file."""
    try:
        return msgspec.json.decode(read_bytes(path, "the prompts", MAX_PROMPTS_BYTES), type=PromptsFile).prompts
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: {error}") from error


def _numbers(text: str, option: str, form: str, lengths: tuple[int, ...]) -> list[float]:
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) not in lengths or not np.isfinite(numbers).all():
        raise ValueError(f"{option} must be {form}, in pixels, not {text!r}")
    return numbers
