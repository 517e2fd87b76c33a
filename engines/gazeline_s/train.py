"""Trains gazeline-s: ``python -m gazeline.engines.gazeline_s.train --help``. Needs the extra ``train``.

Data are folders of scenes (see `generate`, and ``gazeline sim views``), each with its share. The checkpoint holds all
that is needed to go on after an interruption; ``curves.csv`` beside it holds a line for every report.
"""

import copy
import csv
import math
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from torch.utils.data import DataLoader, Subset

from gazeline.engines.gazeline_s.losses import loss
from gazeline.engines.gazeline_s.network import GazelineS
from gazeline.engines.gazeline_s.samples import Scenes
from gazeline.engines.gazeline_s.validate import validate
from gazeline.engines.labelled_sets import read_set

REPORT_STEPS = 50


def main(
    data: Annotated[list[str], typer.Option(help="FOLDER or FOLDER:SHARE of scenes; may be given several times.")],
    out: Annotated[Path, typer.Option(help="Folder for the checkpoint and the curves.")],
    steps: Annotated[int, typer.Option(help="Steps in all.")] = 5000,
    batch: Annotated[int, typer.Option(help="Windows a step; each has three prompts.")] = 16,
    rate: Annotated[float, typer.Option(help="Peak learning rate (AdamW; warm-up, then cosine).")] = 2e-3,
    start: Annotated[Path | None, typer.Option(help="Weights to begin with (a checkpoint of an earlier run).")] = None,
    validation: Annotated[
        Path | None, typer.Option(help="Labelled set that is never trained on (as for gazeline eval).")
    ] = None,
    every: Annotated[int, typer.Option(help="Validate and save every so many steps.")] = 500,
    seed: Annotated[int, typer.Option(help="Seed of weights and samples.")] = 0,
    workers: Annotated[int, typer.Option(help="Processes that make samples.")] = 1,
    threads: Annotated[int, typer.Option(help="Threads of the training itself (CPU).")] = 1,
) -> None:
    """Trains gazeline-s on scenes and reports on photographs."""
    torch.manual_seed(seed)
    torch.set_num_threads(threads)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = GazelineS().to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    if start is not None:
        model.load_state_dict(torch.load(start, weights_only=True, map_location=device)["average"])
    average = copy.deepcopy(model).eval()
    decayed = [p for p in model.parameters() if p.ndim > 1]
    plain = [p for p in model.parameters() if p.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": 0.03}, {"params": plain, "weight_decay": 0.0}]
    optimiser = torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.98))

    out.mkdir(parents=True, exist_ok=True)
    checkpoint = out / "checkpoint.pt"
    first = 0
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=True, map_location=device)
        model.load_state_dict(saved["model"])
        average.load_state_dict(saved["average"])
        optimiser.load_state_dict(saved["optimiser"])
        first = saved["step"]
        print(f"going on from step {first} of {checkpoint}")

    scenes = Scenes(_shares(data), steps * batch, seed)
    loader = DataLoader(Subset(scenes, range(first * batch, steps * batch)), batch, num_workers=workers)
    watched = read_set(validation, most=300) if validation is not None else []
    sums: dict[str, float] = {}
    for step, sample in enumerate(loader, first + 1):
        for group in optimiser.param_groups:
            group["lr"] = rate * min(1.0, step / 300) * (0.5 + 0.5 * math.cos(math.pi * step / steps)) + 1e-6
        curves = _step(model, optimiser, {k: v.to(device) for k, v in sample.items()})
        _follow(average, model, min(0.999, step / (step + 50)))
        for name, value in curves.items():
            sums[name] = sums.get(name, 0.0) + value / REPORT_STEPS
        if step % REPORT_STEPS == 0:
            _report(out / "curves.csv", {"step": step, **sums})
            sums = {}
        if step % every == 0 or step == steps:
            state = {"model": model.state_dict(), "average": average.state_dict()}
            partial = checkpoint.with_suffix(".partial")
            torch.save({**state, "optimiser": optimiser.state_dict(), "step": step}, partial)
            partial.replace(checkpoint)
            if watched:
                _report(out / "validation.csv", {"step": step, **validate(average, watched)})


def _shares(data: list[str]) -> dict[Path, float]:
    shares = {}
    for entry in data:
        folder, _, share = entry.partition(":")
        if not Path(folder).is_dir():
            raise SystemExit(f"error: --data {entry}: there is no folder {folder}")
        shares[Path(folder)] = float(share or 1)
    return shares


def _step(model: GazelineS, optimiser: torch.optim.Optimizer, sample: dict[str, Any]) -> dict[str, float]:
    model.train()
    image = sample["image"].contiguous(memory_format=torch.channels_last)
    with torch.autocast(image.device.type, dtype=torch.bfloat16):
        masks, iou = model(image, sample["coords"], sample["labels"], sample["mask"], sample["has"])
    target = sample["target"].flatten(0, 1)
    weight = sample["weight"].repeat_interleave(sample["coords"].shape[1], 0)
    total, curves = loss(masks.float(), iou.float(), target, weight)
    optimiser.zero_grad()
    torch.autograd.backward(total)
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimiser.step()
    return {"loss": float(total.detach()), **{name: float(value) for name, value in curves.items()}}


@torch.no_grad()
def _follow(average: GazelineS, model: GazelineS, keep: float) -> None:
    """Exponential moving average of the weights and of the batch statistics."""
    for slow, fast in zip(average.state_dict().values(), model.state_dict().values(), strict=True):
        if slow.is_floating_point():
            slow.lerp_(fast, 1 - keep)
        else:
            slow.copy_(fast)


def _report(path: Path, row: dict[str, float]) -> None:
    print("  ".join(f"{k} {v:.3f}" if isinstance(v, float) else f"{k} {v}" for k, v in row.items()), flush=True)
    new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, list(row))
        if new:
            writer.writeheader()
        writer.writerow(row)


if __name__ == "__main__":
    typer.run(main)
