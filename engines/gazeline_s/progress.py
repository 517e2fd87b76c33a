"""What a training run shows of itself: ``index.html`` with its curves and some of its samples."""

import csv
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from gazeline.engines.gazeline_s.appearance import MEAN, STD
from gazeline.engines.gazeline_s.losses import OBJECT

WIDTH, HEIGHT = 720, 240
COLOURS = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#8c564b", "#e377c2")
PAGE = """<!doctype html><meta charset="utf-8"><title>gazeline-s training</title>
<style>body{{font:14px sans-serif;margin:2em}}svg{{border:1px solid #ccc}}img{{max-width:100%}}</style>
<h1>Training of gazeline-s</h1>{curves}
<h2>Samples</h2><p>Wanted in red, found in green, the first point in yellow.</p><img src="samples.png">
"""


def report(path: Path, row: dict[str, float]) -> None:
    """Prints a row and adds it to a CSV file."""
    print("  ".join(f"{k} {v:.3f}" if isinstance(v, float) else f"{k} {v}" for k, v in row.items()), flush=True)
    new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, list(row))
        if new:
            writer.writeheader()
        writer.writerow(row)


def write_page(folder: Path) -> None:
    """``index.html`` of all CSV files in ``folder``, with ``samples.png``."""
    curves = [f"<h2>{path.stem}</h2>{_plot(path)}" for path in sorted(folder.glob("*.csv"))]
    (folder / "index.html").write_text(PAGE.format(curves="".join(curves)), encoding="utf-8")


def _plot(path: Path) -> str:
    """The columns of a CSV file over its first one, as SVG; the loss at its own scale, shares from 0 to 1."""
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    steps, *names = rows[0]
    x = np.array([float(row[steps]) for row in rows])
    lines = []
    for colour, name in zip(COLOURS * len(names), names, strict=False):
        y = np.array([float(row[name]) for row in rows])
        top = max(1.0, float(np.percentile(y, 95)))
        points = np.stack([x / x.max() * WIDTH, HEIGHT * (1 - np.clip(y / top, 0, 1))], 1)
        drawn = " ".join(f"{a:.1f},{b:.1f}" for a, b in points)
        text = f"{name} {y[-1]:.3f}" + (f" (of {top:.2f})" if top > 1 else "")
        lines.append(f'<polyline points="{drawn}" fill="none" stroke="{colour}"/>')
        lines.append(f'<text x="{WIDTH + 8}" y="{16 * len(lines) // 2 + 8}" fill="{colour}">{text}</text>')
    return f'<p>to {steps} {x[-1]:.0f}</p><svg width="{WIDTH + 220}" height="{HEIGHT}">{"".join(lines)}</svg>'


def write_samples(path: Path, sample: dict[str, Tensor], masks: Tensor, most: int = 8) -> None:
    """The first prompt of the first windows of a batch: picture, wanted and found object."""
    prompts = sample["coords"].shape[1]
    tiles = []
    for k in range(min(most, len(sample["image"]))):
        picture = np.moveaxis(sample["image"][k].float().cpu().numpy(), 0, -1) * STD + MEAN
        tile = np.ascontiguousarray(np.clip(picture, 0, 255).astype(np.uint8)[..., ::-1])
        tile = np.asarray(cv2.resize(tile, None, fx=2, fy=2), np.uint8)
        found = masks[k * prompts, OBJECT].detach().float().cpu().numpy() > 0
        wanted = sample["target"][k, 0, OBJECT].cpu().numpy() > 0.5
        _outline(tile, wanted, (40, 60, 230))
        _outline(tile, found, (90, 230, 40))
        x, y = (2 * sample["coords"][k, 0, 0]).int().tolist()
        cv2.circle(tile, (x, y), 3, (0, 230, 255), -1)
        tiles.append(tile)
    cv2.imwrite(str(path), np.hstack(tiles))


def _outline(tile: NDArray[np.uint8], mask: NDArray[np.bool_], colour: tuple[int, int, int]) -> None:
    size = (tile.shape[1], tile.shape[0])
    large = cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
    rings, _ = cv2.findContours(large, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(tile, rings, -1, colour, 1)
