"""Make the short recording of the simulator that the package carries, for machines that cannot draw.

    python tools/make_demo_recording.py

Its pictures are those of the simulated camera without noise, which is most of what a JPEG would have to keep.
"""

from pathlib import Path
from typing import Annotated

import typer

from gazeline.runtime.log import LogWriter
from gazeline.runtime.messages import TruthFrame
from gazeline.sim.headset import Headset, HeadsetSettings
from gazeline.sim.lockstep import EPOCH_NS
from gazeline.sim.rig import simulated_rig
from gazeline.sim.scene import SceneKind, build_scene
from gazeline.sim.sensors import CameraSettings

FILE = Path(__file__).resolve().parents[1] / "sim" / "data" / "demo.gzl"
MOST_BYTES = 1_500_000


def main(
    out: Annotated[Path, typer.Option(help="Where to.")] = FILE,
    scene: Annotated[SceneKind, typer.Option(help="kitchen, desk or room.")] = "kitchen",
    seed: Annotated[int, typer.Option(min=0)] = 1,
    seconds: Annotated[float, typer.Option(min=1.0)] = 6.0,
    rate: Annotated[float, typer.Option(min=1.0, help="Pictures per second.")] = 10.0,
    quality: Annotated[int, typer.Option(min=1, max=100, help="Of the JPEGs.")] = 48,
) -> None:
    """Write what the simulated headset sends, as it is on the bus, without the truth."""
    camera = CameraSettings(read_noise=0.0, shot_noise=0.0, jpeg_quality=quality)
    headset = Headset(
        build_scene(scene, seed), simulated_rig(), seed, HeadsetSettings(frame_hz=rate, camera=camera), EPOCH_NS
    )
    out.parent.mkdir(parents=True, exist_ok=True)
    with LogWriter(out) as log:
        for delivery in headset.deliveries(seconds):
            if not isinstance(delivery.message, TruthFrame):
                log.write(delivery.message, *delivery.raw, receive_ns=EPOCH_NS + delivery.deliver_ns)
    size = out.stat().st_size
    typer.echo(f"{out}: {size / 1e6:.2f} MB")
    if size > MOST_BYTES:
        raise SystemExit(
            f"error: {out} is larger than the {MOST_BYTES} bytes that a package may carry; lower --quality"
        )


if __name__ == "__main__":
    typer.run(main)
