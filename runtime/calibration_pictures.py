"""Pictures to calibrate 8-bit networks with: from a recording, a folder of images, or the simulator."""

import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gazeline.runtime.bus import BusAddress, Publisher, Subscriber
from gazeline.runtime.hub import Hub
from gazeline.runtime.images import image_of
from gazeline.runtime.messages import Frame, Stats
from gazeline.runtime.processes import Family, Program
from gazeline.runtime.sources.opening import MOUSE, open_source
from gazeline.runtime.topics import FRAME_WORLD, STATS_RUNTIME
from gazeline.runtime.wire import Received, WireError

SIMULATOR = "sim"
SCENES = ("kitchen", "desk", "room")
WAIT_S = 120.0

Image = NDArray[np.uint8]  # (H, W, 3) RGB


def pictures(source: str, count: int = 48) -> list[Image]:
    """``count`` pictures, spread over ``source``; ValueError or OSError: what is wrong with it, or it has none."""
    found = list(_simulated(count)) if source == SIMULATOR else _recorded(Path(source), count)
    if not found:
        raise ValueError(f"{source} holds no picture to calibrate with")
    return found


def _recorded(path: Path, count: int) -> list[Image]:
    """Every n-th picture, where n grows as the recording turns out to be longer."""
    kept: list[Image] = []
    step, index = 1, 0
    for sample in open_source(path, MOUSE):
        if not isinstance(sample.message, Frame):
            continue
        if index % step == 0:
            try:
                kept.append(image_of(Received(sample.message, sample.raw, 0)))
            except WireError as error:
                raise ValueError(f"{path}: {error}") from error
            if len(kept) == 2 * count:
                kept, step = kept[::2], 2 * step
        index += 1
    return [kept[i] for i in np.linspace(0, len(kept) - 1, min(count, len(kept))).astype(int)] if kept else []


def _simulated(count: int) -> Iterator[Image]:
    """The simulator's pictures, as many of each of its scenes, on a bus of its own."""
    for seed, scene in enumerate(SCENES):
        wanted = count * (seed + 1) // len(SCENES) - count * seed // len(SCENES)
        if not wanted:
            continue
        with tempfile.TemporaryDirectory(prefix="gazeline-") as folder:
            yield from _scene(scene, seed, wanted, BusAddress.parse(f"ipc://{folder}/bus"))


def _scene(scene: str, seed: int, count: int, address: BusAddress) -> Iterator[Image]:
    argv = (sys.executable, "-m", "gazeline.sim", "--bus", address.text, "--scene", scene, "--seed", str(seed))
    end_ns = time.monotonic_ns() + int(WAIT_S * 1e9)
    with (
        Hub(address),
        Publisher(address) as publisher,
        Subscriber(address, (FRAME_WORLD,), waiting=8) as frames,
        Family() as family,
    ):
        family.start(Program("the simulator", (*argv, "--rate", "4")))
        while count:
            publisher.send(_ready())
            for received in frames.poll(timeout_ms=100)[:count]:
                count -= 1
                yield image_of(received)
            if ended := family.ended():
                raise OSError(f"the simulator cannot give pictures: {ended[0].reason}")
            if time.monotonic_ns() > end_ns:
                raise OSError(f"the simulator gave no picture within {WAIT_S:.0f} seconds")


def _ready() -> Stats:
    """What the simulator waits for: a runtime that says it is ready."""
    return Stats(
        topic=STATS_RUNTIME,
        capture_ns=time.monotonic_ns(),
        ready=True,
        model="",
        uptime_s=0.0,
        frames={},
        gaze={},
        dropped={},
        stages={},
        rates_hz={},
        rss_mb=0.0,
        rss_peak_mb=0.0,
    )
