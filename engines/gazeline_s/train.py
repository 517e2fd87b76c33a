"""Trains gazeline-s: ``python -m gazeline.engines.gazeline_s.train --config FILE --out RUN``. Needs extra ``train``.

The configuration (`Config`, TOML; those of the shipped weights are in ``configs``) names folders of scenes, each with
its share; see `generate`, `photos` and ``gazeline sim views`` for what writes them. The checkpoint in RUN holds all
that is needed to go on after an interruption, and ``index.html`` beside it shows the curves and some pictures.
"""

import copy
import math
from pathlib import Path
from typing import Annotated, Any

import msgspec
import torch
import typer
from torch.utils.data import DataLoader, Subset

from gazeline.engines.gazeline_s.export import load_weights
from gazeline.engines.gazeline_s.losses import loss
from gazeline.engines.gazeline_s.muon import Muon
from gazeline.engines.gazeline_s.network import WINDOW_PX, GazelineS
from gazeline.engines.gazeline_s.progress import report, write_page, write_samples
from gazeline.engines.gazeline_s.samples import Scenes, Source
from gazeline.engines.gazeline_s.validate import validate
from gazeline.engines.labelled_sets import read_set

REPORT_STEPS = 50


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a run is made of; paths are relative to the working directory."""

    sources: list[Source]
    steps: int
    batch: int = 16  # windows a step, each with `samples.PROMPTS` prompts
    window_px: int = WINDOW_PX  # a smaller one shows as much at less cost: for most of a training
    rate: float = 1.5e-3  # peak learning rate, after a warm-up; then a cosine down to last_rate
    last_rate: float = 1e-5
    warm_up: int = 200  # steps
    validation: list[Path] = []  # sets (see `labelled_sets.read_set`) that are never trained on
    validation_objects: int = 120  # of each
    every: int = 500  # steps between validations and checkpoints
    seed: int = 0
    workers: int = 1  # processes that make samples
    threads: int = 1  # of the training itself, on a processor


def read_config(path: Path) -> Config:
    """The configuration in ``path``; ValueError or OSError: what is wrong with it."""
    try:
        return msgspec.toml.decode(path.read_bytes(), type=Config, dec_hook=lambda kind, value: kind(value))
    except msgspec.DecodeError as error:
        raise ValueError(f"{path}: {error}") from error


def main(
    config: Annotated[Path, typer.Option(help="What to train on and how (TOML).")],
    out: Annotated[Path, typer.Option(help="Folder for the checkpoint, the curves and the pictures.")],
    start: Annotated[
        Path | None, typer.Option(help="Begin with these weights: a checkpoint.pt, or the folder of a bundle.")
    ] = None,
) -> None:
    """Trains gazeline-s on scenes and reports on photographs."""
    try:
        train(read_config(config), out, start)
    except (OSError, ValueError) as error:
        raise SystemExit(f"error: {error}") from error


def train(config: Config, out: Path, start: Path | None = None) -> None:
    """One run, or what is left of it; see `main`."""
    torch.manual_seed(config.seed)
    torch.set_num_threads(config.threads)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = GazelineS().to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    if start is not None:
        model.load_state_dict(load_weights(start).state_dict())
    average = copy.deepcopy(model).eval()
    optimisers = _optimisers(model, config.rate)

    out.mkdir(parents=True, exist_ok=True)
    checkpoint = out / "checkpoint.pt"
    first = 0
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=True, map_location=device)
        model.load_state_dict(saved["model"])
        average.load_state_dict(saved["average"])
        for optimiser, state in zip(optimisers, saved["optimisers"], strict=True):
            optimiser.load_state_dict(state)
        first = saved["step"]
        print(f"going on from step {first} of {checkpoint}")

    scenes = Scenes(config.sources, config.window_px, config.steps * config.batch, config.seed)
    left = Subset(scenes, range(first * config.batch, config.steps * config.batch))
    loader = DataLoader(left, config.batch, num_workers=config.workers, prefetch_factor=4 if config.workers else None)
    watched = {folder.name: read_set(folder, most=config.validation_objects) for folder in config.validation}
    sums: dict[str, float] = {}
    for step, sample in enumerate(loader, first + 1):
        for optimiser in optimisers:
            for group in optimiser.param_groups:
                group["lr"] = _rate(config, step)
        curves, masks = _step(model, optimisers, {k: v.to(device) for k, v in sample.items()})
        _follow(average, model, min(0.999, step / (step + 50)))
        for name, value in curves.items():
            sums[name] = sums.get(name, 0.0) + value / REPORT_STEPS
        if step % REPORT_STEPS == 0:
            report(out / "curves.csv", {"step": step, **sums})
            sums = {}
        if step % config.every == 0 or step == config.steps:
            state = {"model": model.state_dict(), "average": average.state_dict(), "step": step}
            partial = checkpoint.with_suffix(".partial")
            torch.save({**state, "optimisers": [o.state_dict() for o in optimisers]}, partial)
            partial.replace(checkpoint)
            for name, things in watched.items():
                report(out / f"{name}.csv", {"step": step, **validate(average, things, config.window_px)})
            write_samples(out / "samples.png", sample, masks)
            write_page(out)


def _optimisers(model: GazelineS, rate: float) -> list[torch.optim.Optimizer]:
    """Muon for the matrices inside, AdamW for the first and last layers, positions, gains and biases."""
    inner, outer, plain = [], [], []
    for name, parameter in model.named_parameters():
        if parameter.ndim <= 1:
            plain.append(parameter)
        elif "stem" in name or "position" in name or "enter" in name or "draw" in name or len(parameter) == 1:
            outer.append(parameter)
        else:
            inner.append(parameter)
    groups = [{"params": outer, "weight_decay": 0.03}, {"params": plain, "weight_decay": 0.0}]
    return [Muon(inner, rate), torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.98))]


def _rate(config: Config, step: int) -> float:
    swing = 0.5 + 0.5 * math.cos(math.pi * step / config.steps)
    return min(1.0, step / config.warm_up) * (config.last_rate + (config.rate - config.last_rate) * swing)


def _step(
    model: GazelineS, optimisers: list[torch.optim.Optimizer], sample: dict[str, Any]
) -> tuple[dict[str, float], torch.Tensor]:
    """One step; what is worth a curve, and the masks."""
    model.train()
    image = sample["image"].contiguous(memory_format=torch.channels_last)
    with torch.autocast(image.device.type, dtype=torch.bfloat16):
        masks, iou = model(image, *(sample[name] for name in ("depth", "coords", "labels", "mask", "has")))
    target = sample["target"].flatten(0, 1)
    weight = sample["weight"].repeat_interleave(sample["coords"].shape[1], 0)
    total, curves = loss(masks.float(), iou.float(), target, weight, sample["levels"].flatten())
    model.zero_grad()
    torch.autograd.backward(total)
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    for optimiser in optimisers:
        optimiser.step()
    return {"loss": float(total.detach()), **{name: float(value) for name, value in curves.items()}}, masks


@torch.no_grad()
def _follow(average: GazelineS, model: GazelineS, keep: float) -> None:
    """Exponential moving average of the weights and of the batch statistics."""
    for slow, fast in zip(average.state_dict().values(), model.state_dict().values(), strict=True):
        if slow.is_floating_point():
            slow.lerp_(fast, 1 - keep)
        else:
            slow.copy_(fast)


if __name__ == "__main__":
    typer.run(main)
