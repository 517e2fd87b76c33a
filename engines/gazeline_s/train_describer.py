"""Trains what names and recognises things: ``python -m gazeline.engines.gazeline_s.train_describer``. Extra ``train``.

The bundle's encoder stays as it is, so this is to be run again whenever that has changed. Views come from
``gazeline sim views``. Looks at them are taken once for an encoder and kept in the working folder; then training takes
minutes on one core. ``describer.onnx`` and the kinds' names go into the bundle, and what was measured is printed.

Two looks at one thing in two views are to be alike, and unlike all others (supervised contrastive loss, Khosla et al.
2020); besides, each is to be told its kind (cross-entropy), or that it is none.
"""

import hashlib
import math
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np
import torch
import torch.nn.functional as F
import typer
from torch import Tensor

from gazeline.engines import bundle as bundles
from gazeline.engines.gazeline_s.describer import Head
from gazeline.engines.gazeline_s.describer_export import export_describer
from gazeline.engines.gazeline_s.describer_scores import Described, likeness_of, measure, temperature_of
from gazeline.engines.gazeline_s.looks import HELD_OUT, NOTHING, Looks, classes_of, read_looks, take_looks, write_looks

LEAST_THINGS = 4  # a kind of which fewer things were seen is not named
SHARPNESS = 0.1  # temperature of the contrastive loss
GROUP, THINGS = 12, 192  # looks of a batch come from so many things of a kind or place, and so many at a time
LOOKS_A_THING = 4


def main(
    views: Annotated[list[Path], typer.Option(help="Folder of views; may be given several times.")],
    unseen: Annotated[
        Path, typer.Option(help="Folder of views of places that nothing was trained on: for the figures.")
    ],
    work: Annotated[Path, typer.Option(help="Folder for the looks, which are kept, and the report.")],
    bundle: Annotated[Path, typer.Option(help="The bundle to describe for.")] = Path(__file__).parent / "bundle",
    windows: Annotated[int, typer.Option(min=10, help="Windows to look through, 3 to 6 looks each.")] = 12_000,
    unseen_windows: Annotated[int, typer.Option(min=10, help="The same for the unseen views.")] = 960,
    steps: Annotated[int, typer.Option(min=1, help="Steps of training.")] = 2500,
    seed: Annotated[int, typer.Option(min=0, help="Another seed, another outcome.")] = 0,
) -> None:
    """Trains the describer of a bundle, and writes it into the bundle."""
    try:
        encoder = bundles.read(bundle).manifest.files[bundles.ENCODER].sha256
        work.mkdir(parents=True, exist_ok=True)
        seen = _taken(work, encoder, bundle, views, windows, plain=False, held_out=False)
        kept = _taken(work, encoder, bundle, views, max(10, windows // HELD_OUT), plain=True, held_out=True)
        fresh = _taken(work, encoder, bundle, [unseen], unseen_windows, plain=True)
    except (OSError, ValueError) as error:
        raise SystemExit(f"error: {error}") from error
    kinds = named_kinds(seen)
    head = train(seen, kinds, steps, seed)
    temperature = temperature_of(head, kept, kinds)
    likeness = likeness_of(Described.of(head, kept).vectors, kept)
    report = measure(head, fresh, kinds, temperature, likeness)
    (work / "report.json").write_bytes(msgspec.json.format(msgspec.json.encode(report)))
    written = export_describer(head, temperature, bundle, kinds, likeness, report.threshold)
    print(report.text())
    print(f"{written.folder}: {written.bytes / 1e6:.1f} MB, {len(kinds)} kinds")


def named_kinds(looks: Looks) -> list[str]:
    """The kinds of which enough things were seen, by name."""
    things: dict[str, set[tuple[int, int]]] = {}
    for kind, place, thing in zip(looks.kinds.tolist(), looks.places.tolist(), looks.things.tolist(), strict=True):
        things.setdefault(kind, set()).add((place, thing))
    return sorted(kind for kind, seen in things.items() if kind != NOTHING and len(seen) >= LEAST_THINGS)


def train(looks: Looks, kinds: list[str], steps: int, seed: int) -> Head:
    """A head for these looks, ready to infer."""
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    rng = np.random.default_rng(seed)
    statistics = torch.from_numpy(looks.statistics.astype(np.float32))
    classes = torch.from_numpy(classes_of(looks, kinds))
    batches = _Batches(looks, rng)
    head = Head(statistics.shape[1], len(kinds))
    optimiser = torch.optim.AdamW(head.parameters(), 2e-3, weight_decay=0.05)
    rarity = _rarity(classes, len(kinds) + 1)
    for step in range(steps):
        swing = 0.5 + 0.5 * math.cos(math.pi * step / steps)
        for group in optimiser.param_groups:
            group["lr"] = 2e-3 * min(1.0, (step + 1) / 50) * (0.01 + 0.99 * swing)
        picked, same = batches.draw(step)
        vectors, logits = head(statistics[picked])
        named = F.cross_entropy(logits, classes[picked], rarity, label_smoothing=0.02, ignore_index=-1)
        total = named + contrast(vectors, same)
        optimiser.zero_grad()
        torch.autograd.backward(total)
        optimiser.step()
        if (step + 1) % 250 == 0:
            print(
                f"step {step + 1} of {steps}: kinds {named.item():.3f}, likeness {(total - named).item():.3f}",
                flush=True,
            )
    return head.eval()


def contrast(vectors: Tensor, same: Tensor) -> Tensor:
    """Vectors (N, D) of unit length, same (N,): equal numbers are one thing. Khosla et al. 2020, the outer sum."""
    alike = vectors @ vectors.T / SHARPNESS
    others = ~torch.eye(len(vectors), dtype=torch.bool)
    log_share = alike - torch.logsumexp(alike.masked_fill(~others, -1e9), 1, keepdim=True)
    right = (same[:, None] == same[None, :]) & others
    count = right.sum(1)
    return (-(log_share * right).sum(1) / count.clamp(min=1))[count > 0].mean()


def _rarity(classes: Tensor, count: int) -> Tensor:
    """Weights that give rare kinds more than their share, and common ones less."""
    seen = torch.bincount(classes[classes >= 0], minlength=count).float()
    weight = (seen + 20.0).rsqrt()
    return weight * (seen.sum() / (weight * seen).sum())


class _Batches:
    """Looks to compare: several of each thing, and things that are hard to tell apart, of one kind or in one place."""

    def __init__(self, looks: Looks, rng: np.random.Generator) -> None:
        self.rng = rng
        things: dict[tuple[int, int], list[int]] = {}
        for index, key in enumerate(zip(looks.places.tolist(), looks.things.tolist(), strict=True)):
            things.setdefault(key, []).append(index)
        self.nothing = np.flatnonzero(looks.things == 0)
        self.looks = [np.array(rows) for (_, thing), rows in things.items() if thing and len(rows) > 1]
        kinds = looks.kinds[[rows[0] for rows in self.looks]]
        places = looks.places[[rows[0] for rows in self.looks]]
        self.groups = [[np.flatnonzero(of == value) for value in np.unique(of)] for of in (kinds, places)]

    def draw(self, step: int) -> tuple[Tensor, Tensor]:
        """Indices of looks (N,) and which thing each is of (N,)."""
        groups = self.groups[step % 2]
        things: list[int] = []
        for pick in self.rng.permutation(len(groups)):
            things += self.rng.permutation(groups[pick])[:GROUP].tolist()
            if len(things) >= THINGS:
                break
        picked, same = [], []
        for thing in things:
            rows = self.looks[thing]
            chosen = self.rng.permutation(rows)[:LOOKS_A_THING]
            picked.append(chosen)
            same.append(np.full(len(chosen), thing))
        if len(self.nothing):
            walls = self.rng.choice(self.nothing, min(len(self.nothing), 24), replace=False)
            picked.append(walls)
            same.append(-1 - np.arange(len(walls)))  # each is only itself
        return torch.from_numpy(np.concatenate(picked)), torch.from_numpy(np.concatenate(same))


def _taken(
    work: Path,
    encoder: str,
    bundle: Path,
    folders: list[Path],
    windows: int,
    *,
    plain: bool,
    held_out: bool | None = None,
) -> Looks:
    """From the working folder, where this encoder has looked at this before."""
    what = "\n".join(map(str, (encoder, windows, plain, held_out, *(folder.resolve() for folder in folders))))
    path = work / f"looks-{hashlib.sha256(what.encode()).hexdigest()[:16]}.npz"
    if not path.exists():
        looks = take_looks(bundle, folders, windows, seed=int(plain), plain=plain, held_out=held_out)
        write_looks(path, looks)
    return read_looks(path)


if __name__ == "__main__":
    typer.run(main)
