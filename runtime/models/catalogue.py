"""``gazeline models``: which models this machine has, and whether they work."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gazeline.engines import bundle as bundles
from gazeline.engines.labelers import bundle as labelers
from gazeline.engines.segmenter import Prompt, Segmenter

CHECK_IOU = 0.5  # a disc on plain ground: less than half of it is no segmentation
RUNS = 5


@dataclass(frozen=True)
class ModelInfo:
    """One installed model, or why it cannot be read."""

    name: str
    folder: Path
    family: str = ""
    bytes: int = 0
    input_px: int = 0
    window: str = ""
    licence: str = ""
    error: str = ""


@dataclass(frozen=True)
class Step:
    """One step of a check: what, whether it went well, and what was found."""

    what: str
    ok: bool
    detail: str


@dataclass(frozen=True)
class ModelCheck:
    """A model and the steps of its check; after a failure no further ones were made."""

    name: str
    steps: list[Step]

    @property
    def ok(self) -> bool:
        """Whether the model works."""
        return all(step.ok for step in self.steps)


def list_models() -> list[ModelInfo]:
    """All models of the package and of the user, the default first."""
    from gazeline.runtime.models.labelers import list_labelers

    infos = [_info(name, folder) for name, folder in bundles.list_bundles().items()] + list_labelers()
    return sorted(infos, key=lambda info: (info.name != bundles.DEFAULT, info.name))


def check_model(name: str, backend: str = "auto") -> ModelCheck:
    """Verify a model's files, load it, segment a picture whose answer is known, and time it.

    A model that names things is run, too; what it says is not judged.
    """
    from gazeline.runtime.models.labelers import check_labeler

    if labelers.is_one(name):
        return check_labeler(name)
    steps: list[Step] = []
    try:
        bundle = bundles.load(name)
        steps.append(
            Step("files", True, f"{len(bundle.manifest.files)} of {size_of(bundle.bytes)}, sha256 as described")
        )
        start = time.monotonic_ns()
        segmenter = Segmenter.load(name, backend)
        steps.append(Step("loads", True, f"{(time.monotonic_ns() - start) / 1e6:.0f} ms, {segmenter.backend}"))
    except (ValueError, OSError) as error:
        return ModelCheck(name, [*steps, Step("loads" if steps else "files", False, str(error))])
    try:
        steps += _try(segmenter)
    finally:
        segmenter.close()
    return ModelCheck(name, steps)


def print_list(console: Console | None = None) -> None:
    """Name, size, licence and place of every model, as a table."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("name", "family", "input", "size", "licence", "folder"):
        table.add_column(heading, justify="right" if heading == "size" else "left", overflow="fold")
    for info in list_models():
        if info.error:
            table.add_row(info.name, "[red]broken", "", "", "", escape(info.error))
            continue
        seen = f"{info.input_px} px {info.window}"
        table.add_row(info.name, info.family, seen, size_of(info.bytes), escape(info.licence), escape(str(info.folder)))
    console = console or Console()
    console.print(table)
    console.print(f"Your own models go into {escape(str(bundles.user_folder()))}", style="dim")


def check(names: Sequence[str] | None = None, console: Console | None = None, backend: str = "auto") -> None:
    """Check these models, all by default, and print each step. ValueError if one of them does not work."""
    console = console or Console(highlight=False)
    broken = []
    for name in names or [info.name for info in list_models()]:
        if not labelers.is_one(name):
            bundles.find(name)  # a name that does not exist is a mistake in the command, not a broken model
        result = check_model(name, backend)
        console.print(escape(name), style="bold")
        for step in result.steps:
            console.print(f"  {'[green]ok  ' if step.ok else '[red]fail'}[/] {step.what}: {escape(step.detail)}")
        if not result.ok:
            broken.append(name)
    if broken:
        raise ValueError(f"these models do not work: {', '.join(broken)}")


def known_picture() -> tuple[NDArray[np.uint8], NDArray[np.bool_], tuple[float, float]]:
    """A shaded orange disc on a grey ground with some noise: picture (480, 640, 3), its mask, and its middle (x, y)."""
    rng = np.random.default_rng(0)
    ys, xs = np.mgrid[:480, :640]
    middle = (250.0, 200.0)
    disc = np.asarray(np.hypot(xs - middle[0], ys - middle[1]) <= 60)
    ground = np.stack([110 + 0.05 * xs, 115 + 0.05 * ys, 120 + 0 * xs], axis=-1)
    shade = 1.0 - 0.2 * (ys - middle[1])[..., None] / 60
    picture = np.where(disc[..., None], np.array([220.0, 120.0, 40.0]) * shade, ground)
    picture += rng.normal(0.0, 3.0, picture.shape)
    return np.clip(picture, 0, 255).astype(np.uint8), disc, middle


def _try(segmenter: Segmenter) -> list[Step]:
    picture, disc, middle = known_picture()
    window = segmenter.window_for(picture.shape[1], picture.shape[0], middle)
    embedding = segmenter.encode(picture, window)
    prompts = [Prompt([middle])]
    mask = segmenter.decode(embedding, prompts)[0].mask()
    iou = float((mask & disc).sum() / max(1, (mask | disc).sum()))
    encode_ms = median_ms(lambda: segmenter.encode(picture, window))
    decode_ms = median_ms(lambda: segmenter.decode(embedding, prompts))
    return [
        Step("segments", iou >= CHECK_IOU, f"IoU {iou:.2f} on the picture of a disc"),
        Step("speed", True, f"encode {encode_ms:.1f} ms, decode {decode_ms:.1f} ms (median of {RUNS})"),
    ]


def _info(name: str, folder: Path) -> ModelInfo:
    try:
        bundle = bundles.read(folder)
    except (ValueError, OSError) as error:
        return ModelInfo(name, folder, error=str(error))
    about = bundle.manifest
    return ModelInfo(name, folder, about.family, bundle.bytes, about.input.size, about.window.kind, about.licence)


def median_ms(work: Callable[[], object], runs: int = RUNS) -> float:
    """Of a few runs."""
    times = []
    for _ in range(runs):
        start = time.monotonic_ns()
        work()
        times.append((time.monotonic_ns() - start) / 1e6)
    return statistics.median(times)


def size_of(count: int) -> str:
    """Bytes, for people."""
    return f"{count / 1e6:.1f} MB" if count >= 1e5 else f"{count / 1e3:.1f} kB"
