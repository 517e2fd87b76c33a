"""What the bus adds: latency from `Publisher.send` to the reader's hands, at the loads of a headset.

    python tools/bench_bus.py [--bus NAME|tcp://host:port] [--insecure-plain-tcp] [--seconds N]

The publisher is a process of its own; the hub and the reader share one, as in ``gazeline run``. A reader that is held
up (``slow``) shows what newest-wins is worth: the age of what it gets, not of what was sent first.
"""

import argparse
import multiprocessing
import sys
import time
from dataclasses import dataclass

import cv2
import numpy as np

from gazeline.runtime import topics
from gazeline.runtime.bus import BusAddress, Hub, Publisher, Subscriber
from gazeline.runtime.messages import Frame, Gaze
from gazeline.runtime.stats import resident_mb


@dataclass(frozen=True)
class Load:
    """Rates of both streams (0: none; None: as fast as it goes), the picture, and how long the reader is held up."""

    name: str
    frame_hz: float | None
    gaze_hz: float
    image_format: str = "jpeg"
    hold_ms: float = 0.0


LOADS = (
    Load("30 Hz jpeg + 120 Hz gaze", 30, 120),
    Load("30 Hz jpeg + 1000 Hz gaze", 30, 1000),
    Load("30 Hz rgb + 1000 Hz gaze", 30, 1000, "rgb"),
    Load("same, reader held 200 ms", 30, 1000, "rgb", 200.0),
    Load("jpeg as fast as it goes", None, 0),
)


def picture(image_format: str) -> bytes:
    """640x480 with the detail of a real picture: about 60 kB of JPEG."""
    rng = np.random.default_rng(0)
    noise = cv2.GaussianBlur(rng.integers(0, 255, (480, 640, 3), dtype=np.uint8), (0, 0), 2.2)
    image = cv2.normalize(noise, np.empty_like(noise), 0, 255, cv2.NORM_MINMAX)
    return image.tobytes() if image_format == "rgb" else cv2.imencode(".jpg", image)[1].tobytes()


def publish(address: BusAddress, load: Load, seconds: float) -> None:
    """The headset's side."""
    data = picture(load.image_format)
    with Publisher(address) as publisher:
        time.sleep(0.5)
        start = time.monotonic()
        frames = gazes = 0
        while (now := time.monotonic() - start) < seconds:
            if load.gaze_hz and gazes <= now * load.gaze_hz:
                gaze = Gaze(topic=topics.GAZE_BINOCULAR, confidence=1.0, d_head=(0.0, 0.0, -1.0))
                gaze.capture_ns = time.monotonic_ns()
                publisher.send(gaze)
                gazes += 1
            elif load.frame_hz is None or frames <= now * load.frame_hz:
                frame = Frame(topic=topics.FRAME_WORLD, width=640, height=480, index=frames, format="jpeg")
                frame.format, frame.capture_ns = ("rgb" if load.image_format == "rgb" else "jpeg"), time.monotonic_ns()
                publisher.send(frame, data)
                frames += 1
            else:
                time.sleep(0.0002)


def measure(address: BusAddress, load: Load, seconds: float) -> str:
    """One load, one line."""
    ages: dict[str, list[float]] = {topics.FRAME_WORLD: [], topics.GAZE_BINOCULAR: []}
    with Hub(address), Subscriber(address, ages) as subscriber:
        sender = multiprocessing.get_context("spawn").Process(target=publish, args=(address, load, seconds))
        sender.start()
        cpu_s, since_s = time.process_time(), time.monotonic()
        while sender.is_alive():
            for received in subscriber.poll(50):
                message = received.message
                ages[message.topic].append((time.monotonic_ns() - (message.capture_ns or 0)) / 1e6)
            time.sleep(load.hold_ms / 1000)
        cpu = (time.process_time() - cpu_s) / (time.monotonic() - since_s)
        sender.join()
        came = subscriber.received[topics.FRAME_WORLD] / seconds
        words = [f"{load.name:28}", f"{came:7.1f} frames/s in"]
        for topic, name in ((topics.FRAME_WORLD, "frame"), (topics.GAZE_BINOCULAR, "gaze")):
            if ages[topic]:
                p50, p99 = np.percentile(ages[topic][len(ages[topic]) // 10 :], [50, 99])
                words.append(f"{name} p50 {p50:.2f} p99 {p99:.2f} ms")
        words.append(f"cpu {100 * cpu:.0f} % of a core, peak {resident_mb()[1]:.0f} MB, {dict(subscriber.dropped)}")
        return "  ".join(words)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--bus", default="bench")
    parser.add_argument("--insecure-plain-tcp", action="store_true")
    parser.add_argument("--seconds", type=float, default=5.0)
    options = parser.parse_args()
    address = BusAddress.parse(options.bus, insecure_plain_tcp=options.insecure_plain_tcp)
    sys.stdout.write(f"{address}: age of what the reader gets, 640x480, {len(picture('jpeg')) / 1e3:.0f} kB of JPEG\n")
    for load in LOADS:
        sys.stdout.write(measure(address, load, options.seconds) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
