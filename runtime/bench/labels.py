"""``gazeline bench labels``: what naming things costs, by random towers of usual size, or by your own models."""

import resource
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import msgspec
import numpy as np
from rich.console import Console
from rich.table import Table

from gazeline.engines.labelers import bundle as bundles
from gazeline.engines.labelers.bundle import Bundle, ClipManifest, Picture, Scores, Tokens
from gazeline.engines.labelers.clip import Clip
from gazeline.engines.labelers.detector import Detector
from gazeline.runtime.files import write_bytes
from gazeline.runtime.models.catalogue import median_ms
from gazeline.runtime.naming import vocabulary
from gazeline.runtime.naming.label import Crop
from gazeline.runtime.naming.text_labeler import TextLabeler

RUNS = 9
THINGS = 8  # as many as are outlined at a time
WORDS = ("mug", "plate", "laptop", "book", "phone", "chair", "bottle", "key")
PICTURE_PX = (480, 640)


@dataclass(frozen=True)
class Row:
    """One model: ms for one thing and for eight (a detector: for the picture), and for one text of a vocabulary, which
    is needed once; the process's peak memory so far."""

    model: str
    one_ms: float
    eight_ms: float
    text_ms: float | None
    peak_rss_mb: float


def bench(models: Sequence[str], threads: int, out: Path | None, console: Console | None = None) -> list[Row]:
    """Measure these models, or random towers; prints a table. ValueError or OSError, with one sentence."""
    console = console or Console()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        made = [bundles.load(name) for name in models] or _random(Path(folder), console)
        for bundle in made:
            console.print(f"measuring {bundle.name}", style="dim")
            rows.append(_measured(bundle, threads))
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("model", "one thing, ms", f"{THINGS} things, ms", "one text, ms", "peak memory, MB"):
        table.add_column(heading, justify="left" if heading == "model" else "right")
    for row in rows:
        text = "" if row.text_ms is None else f"{row.text_ms:.1f}"
        table.add_row(row.model, f"{row.one_ms:.1f}", f"{row.eight_ms:.1f}", text, f"{row.peak_rss_mb:.0f}")
    console.print(table)
    if out is not None:
        write_bytes(out, msgspec.json.format(msgspec.json.encode([asdict(row) for row in rows])))
    return rows


def _measured(bundle: Bundle, threads: int) -> Row:
    rng = np.random.default_rng(0)
    picture = rng.integers(0, 255, (*PICTURE_PX, 3), np.uint8)
    crops = [Crop(i, picture[:120, i * 60 : i * 60 + 100], np.ones((120, 100), np.bool_)) for i in range(THINGS)]
    if not isinstance(bundle.manifest, ClipManifest):
        detector = Detector(bundle, threads)
        took_ms = _median_ms(lambda: detector.detect(picture))
        detector.close()
        return Row(bundle.name, took_ms, took_ms, None, _peak_mb())
    clip = Clip(bundle, threads)
    labeler = TextLabeler(clip, vocabulary.parse("\n".join(WORDS)))
    one_ms = _median_ms(lambda: labeler.label(list(crops[:1])))  # lists of their own: the last one's vectors are kept
    eight_ms = _median_ms(lambda: labeler.label(list(crops)))
    text_ms = _median_ms(lambda: clip.embed_texts(WORDS)) / len(WORDS)
    clip.close()
    return Row(bundle.name, one_ms, eight_ms, text_ms, _peak_mb())


def _random(folder: Path, console: Console) -> list[Bundle]:
    """Towers of usual sizes, by the way that an export takes."""
    try:
        from gazeline.engines.labelers import random_towers, tokens
    except ImportError as error:
        raise ValueError("random towers are made with torch: pip install 'gazeline[export,label]'") from error
    characters = list(tokens.bytes_to_unicode().values())
    words = [*characters, *(character + "</w>" for character in characters), tokens.START, tokens.END]
    tokenizer = tokens.clip_tokenizer({word: i for i, word in enumerate(words)}, [])
    made = []
    for name, size in random_towers.SIZES.items():
        console.print(f"making {name} with random weights", style="dim")
        work = folder / name.lower().replace("/", "-")
        work.mkdir()
        random_towers.write_towers(work, size, tokenizer, tokens.END)
        made.append(
            bundles.write(
                work,
                ClipManifest(
                    name=work.name,
                    licence="none: random weights",
                    picture=Picture(size.side, size.side, (127.5, 127.5, 127.5), (127.5, 127.5, 127.5)),
                    tokens=Tokens(size.length),
                    scores=Scores("softmax", 100.0),
                    files={},
                ),
            )
        )
    return made


def _median_ms(work: Callable[[], object]) -> float:
    work()  # warm
    return median_ms(work, RUNS)


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e3 if sys.platform != "darwin" else 1e6)
