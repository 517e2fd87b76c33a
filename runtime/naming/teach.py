"""The commands ``gazeline teach …``: to tell a running runtime what a thing is, and what becomes of what was taught."""

import time
from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gazeline.engines import bundle as bundles
from gazeline.runtime.bus import BusAddress, Publisher, Subscriber
from gazeline.runtime.messages import Overlay, OverlayObject, Stats, UserPrompt
from gazeline.runtime.naming import gallery as galleries
from gazeline.runtime.naming.gallery import Gallery, Look
from gazeline.runtime.topics import OVERLAY_OBJECTS, PROMPT_USER, STATS_RUNTIME

FIND_S, ANSWER_S = 10.0, 5.0
WHY = {
    "nothing_there": "it is not in view, or the model cannot tell what it looks like",
    "ValueError": "it cannot be kept; gazeline teach list says what is wrong",
    "OSError": "it cannot be kept; is the disk full, or the folder not yours?",
}


def tell(address: BusAddress, name: str, object_id: int | None, *, is_it: bool) -> str:
    """Tell a running runtime that a thing is a ``name``, or that it is none; returns what has come of it, in words.

    The thing is ``object_id``, or the one gazed at. ValueError or OSError with one sentence: why it came to nothing.
    """
    kind = "teach" if is_it else "unteach"
    name = galleries.checked(name)
    with Subscriber(address, (OVERLAY_OBJECTS, STATS_RUNTIME)) as ears, Publisher(address) as publisher:
        thing = _thing(ears, object_id)
        before = _dropped(ears, kind)
        now_ns = time.monotonic_ns()
        publisher.send(
            UserPrompt(topic=PROMPT_USER, capture_ns=now_ns, kind=kind, object_id=thing.id, text=name)  # type: ignore[arg-type]
        )
        give_up_s = time.monotonic() + ANSWER_S
        while time.monotonic() < give_up_s:
            for received in ears.poll(100):
                match received.message:
                    case Overlay(objects=objects) if any(_is_as_told(o, thing.id, name, is_it) for o in objects):
                        return f"object {thing.id} is {'a' if is_it else 'no'} {name}"
                    case Stats(dropped=dropped):
                        for reason, count in dropped.items():
                            if reason.startswith(f"{kind}_") and count > before[reason]:
                                why = WHY.get(reason.removeprefix(f"{kind}_"), reason)
                                raise ValueError(f"object {thing.id} was not taken for {name}: {why}")
    return f"told the runtime that object {thing.id} is {'a' if is_it else 'no'} {name}; it is out of view by now"


def _thing(ears: Subscriber, object_id: int | None) -> OverlayObject:
    give_up_s = time.monotonic() + FIND_S
    heard = False
    while time.monotonic() < give_up_s:
        for received in ears.poll(100):
            heard = True
            if isinstance(received.message, Overlay):
                for thing in received.message.objects:
                    if thing.id == object_id or (object_id is None and thing.gazed):
                        return thing
    if not heard:
        raise ValueError("no runtime answers on this bus; start one with: gazeline run")
    if object_id is not None:
        raise ValueError(f"object {object_id} is not in view")
    raise ValueError("nothing is being looked at; look at the thing, or name it with --object")


def _dropped(ears: Subscriber, kind: str) -> Counter[str]:
    """What the runtime has counted so far of prompts of a kind that came to nothing."""
    give_up_s = time.monotonic() + ANSWER_S
    while time.monotonic() < give_up_s:
        for received in ears.poll(100):
            if isinstance(received.message, Stats):
                return Counter({k: v for k, v in received.message.dropped.items() if k.startswith(f"{kind}_")})
    return Counter()


def _is_as_told(thing: OverlayObject, track_id: int, name: str, is_it: bool) -> bool:
    return thing.id == track_id and (thing.name == name) == is_it


def looks() -> list[Look]:
    """What was taught so far. ValueError or OSError with one sentence for a file that cannot be used."""
    path = galleries.default_path()
    return galleries.read(path) if path.exists() else []


def print_list(console: Console | None = None) -> None:
    """The taught names, how often each thing was looked at, by the weights of which model."""
    console = console or Console()
    taught = looks()
    if not taught:
        console.print('nothing has been taught yet; look at a thing and say: gazeline teach "my mug"')
        return
    models = _models()
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("name", "looks", "not it", "model"):
        table.add_column(heading, overflow="fold", justify="right" if heading in ("looks", "not it") else "left")
    for name, model in sorted({(look.name, look.model) for look in taught}):
        those = [look for look in taught if (look.name, look.model) == (name, model)]
        yes = sum(look.is_it for look in those)
        says = model.partition("@")[0] + ("" if model in models else " (other weights: not used)")
        table.add_row(escape(name), str(yes), str(len(those) - yes), escape(says))
    console.print(table)
    console.print(f"{galleries.default_path()}: personal data; delete it with: gazeline teach delete", soft_wrap=True)


def _models() -> set[str]:
    """How the models of this machine mark their descriptions."""
    marks = set()
    for folder in bundles.list_bundles().values():
        try:
            marks.add(bundles.read(folder).describes_as)
        except (ValueError, OSError):  # gazeline models check says so
            continue
    return marks


def forget(name: str) -> int:
    """Forget all looks at what is called ``name``; how many they were. ValueError if there are none."""
    taught = Gallery(tuple(looks()))
    kept = taught.without(name).looks
    galleries.write(galleries.default_path(), kept)
    return len(taught.looks) - len(kept)


def export(path: Path) -> int:
    """Copy the gallery to a file; how many looks it holds."""
    taught = looks()
    galleries.write(path, taught)
    return len(taught)


def import_(path: Path) -> int:
    """Add the looks of an exported gallery; how many were new."""
    taught = Gallery(tuple(looks()))
    together = taught.with_all(galleries.read(path)).looks
    galleries.write(galleries.default_path(), together)
    return len(together) - len(taught.looks)


def delete() -> bool:
    """Delete the gallery, readable or not; whether there was one."""
    path = galleries.default_path()
    there = path.exists()
    path.unlink(missing_ok=True)
    return there
