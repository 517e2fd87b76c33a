"""``gazeline engines``: builds them, with a line for each step, and shows what they are."""

import importlib.util
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table

from gazeline.engines import bundle, engine_build, engine_cache, tensorrt_build
from gazeline.engines.engine_build import LostPrecisionError, Request
from gazeline.engines.engine_cache import Record
from gazeline.engines.gate import Precision, Verdict
from gazeline.engines.tensorrt_build import Target
from gazeline.runtime.calibration_pictures import pictures
from gazeline.runtime.image_files import write_image

CALIBRATED = ("int8", "fp8")


def build(
    model: str, precision: Precision, target: Target, calibration: str | None, *, accept_loss: bool, worst: Path
) -> tuple[Path, Record]:
    """Build, or find, a model's engines; ValueError or OSError: why not. ``worst``: see `LostPrecisionError`."""
    loaded = bundle.load(bundle.find(model))
    trt = tensorrt_build.library()
    if importlib.util.find_spec("onnx") is None:
        raise ValueError("to build engines, the onnx package is needed; install it with: pip install 'gazeline[rtx]'")
    if precision in CALIBRATED and calibration is None:
        raise ValueError(f"{precision} needs pictures to calibrate with: --calibration RECORDING, FOLDER or sim")
    if precision not in CALIBRATED and calibration is not None:
        raise ValueError(f"--calibration is for {' and '.join(CALIBRATED)}; {precision} needs none")
    console = Console(stderr=True)
    columns = (TextColumn("  {task.description}"), BarColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        bar = bars.add_task("", visible=False)

        def on_step(step: str) -> None:
            bars.update(bar, visible=False)
            bars.print(step, highlight=False, soft_wrap=True)

        def on_progress(phase: str, done: int, steps: int) -> None:
            bars.update(bar, description=phase, completed=done, total=steps, visible=True)

        shown = []
        if calibration is not None:
            on_step(f"taking pictures from {calibration}")
            shown = pictures(calibration)
        try:
            place, record = engine_build.make(
                trt, Request(loaded, precision, target, shown, accept_loss, on_step, on_progress)
            )
            if target.capability is None and record.device_verdict is None:
                on_step("comparing with float32 on the device")
                record = engine_build.prove_here(loaded, place, record)
        except LostPrecisionError as error:
            write_image(worst, error.picture)
            raise ValueError(f"{error}. The worst prompt is drawn in {worst}") from None
    return place, record


def place(path: Path) -> Path:
    """A folder of engines by its name alone, or by its path."""
    return path if len(path.parts) > 1 or path.is_dir() else engine_cache.folder() / path


def list_all(places: Sequence[Path]) -> None:
    """A line for each folder of engines; those that are not trusted say why."""
    console = Console()
    if not places:
        console.print(f"There are no engines in {engine_cache.folder()}; to build some: gazeline engines build MODEL")
    for folder in places:
        try:
            record = engine_cache.read(folder)
        except (ValueError, OSError) as error:
            console.print(f"{folder.name}  cannot be used: {error}", highlight=False, soft_wrap=True)
        else:
            size = sum(file.bytes for file in record.engines.values()) / 1e6
            verdict = record.device_verdict or record.networks_verdict
            said = "" if verdict is None else f", mask IoU {verdict.mean_iou:.4f}"
            proven = "proven on the device" if record.device_verdict is not None else "not yet run on the device"
            console.print(f"{folder.name}  {size:.1f} MB{said}, {proven}", highlight=False, soft_wrap=True)


def show(engines: Sequence[tuple[Path, Record]], *, layers: bool = False) -> None:
    """What engines are, side by side."""
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    rows = [_facts(record) for _, record in engines]
    for name in dict.fromkeys(name for facts in rows for name in facts):
        table.add_row(name, *(facts.get(name, "-") for facts in rows))
    console = Console(width=max(100, Console().width))
    console.print(table, highlight=False)
    for folder, _ in engines:
        console.print(str(folder), highlight=False, soft_wrap=True)
    if layers:
        from gazeline.engines import engine_layers

        for folder, record in engines:
            for name in record.engines:
                console.print(f"\n{folder.name}/{name}", highlight=False)
                for layer in engine_layers.layers(folder / name, record):
                    console.print(f"  {layer}", highlight=False, soft_wrap=True)


def _facts(record: Record) -> dict[str, str]:
    identity = record.identity
    facts = {
        "model": identity.model,
        "precision": identity.precision,
        "device": identity.capability,
        "built by": f"{identity.library} in {record.seconds:.1f} s",
    }
    for name, file in record.engines.items():
        facts[name] = f"{file.bytes / 1e6:.2f} MB"
        operators = record.operators.get(name, {})
        facts[f"  {name.split('.')[0]}'s operators"] = ", ".join(f"{count} {kind}" for kind, count in operators.items())
    for name, (smallest, usual, largest) in identity.shapes.items():
        facts[f"  {name}"] = " … ".join("x".join(map(str, shape)) for shape in (smallest, usual, largest))
    facts["networks"] = _verdict(record.networks_verdict, "they are the model's own")
    facts["on the device"] = _verdict(record.device_verdict, "not yet run: compared at first use")
    return facts


def _verdict(verdict: Verdict | None, without: str) -> str:
    if verdict is None:
        return without
    accepted = ", loss accepted" if verdict.loss_accepted else ""
    return f"mask IoU {verdict.mean_iou:.4f} (worst {verdict.worst_iou:.4f}), cosine {verdict.cosine:.5f}{accepted}"
