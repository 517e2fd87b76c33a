"""``gazeline models add``: progress and result on the terminal."""

import time

from rich.console import Console
from rich.markup import escape

from gazeline.engines import add as engine
from gazeline.engines.add import Request
from gazeline.engines.labelers.bundle import ClipManifest
from gazeline.engines.labelers.clip import Clip
from gazeline.runtime.naming import vocabulary
from gazeline.runtime.naming.text_labeler import TextLabeler, cache_folder


def add(request: Request, console: Console | None = None) -> None:
    """Add the model, and say each step and how to use the result."""
    console = console or Console(highlight=False)
    start = time.monotonic_ns()

    def say(text: str) -> None:
        console.print(f"[dim]{(time.monotonic_ns() - start) / 1e9:5.0f} s[/]  {escape(text)}")

    labeler = engine.add_labeler(request, say)
    bundle = labeler or engine.add(request, say)
    console.print(f"Added {escape(bundle.name)}, {bundle.bytes / 1e6:.1f} MB, in {escape(str(bundle.folder))}")
    console.print(f"Licence of the weights: {escape(bundle.manifest.licence)}", style="dim")
    if labeler is not None:
        if isinstance(labeler.manifest, ClipManifest):
            say("putting the vocabulary into vectors, once")
            clip = Clip(labeler)
            _ = TextLabeler(clip, vocabulary.shipped(), cache_folder()).vectors
            clip.close()
        console.print(f"Try it: gazeline demo --label {escape(labeler.name)}", style="dim")
        return
    if request.size or request.foveal:
        console.print(
            f"What that costs: gazeline models compare {escape(bundle.name)} ANOTHER_MODEL PICTURES", style="yellow"
        )
    console.print(f"Try it: gazeline segment PICTURE --point X,Y --model {escape(bundle.name)}", style="dim")
