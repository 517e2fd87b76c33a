"""Path-trace random views of random household scenes to disk, as training data with exact masks.

Each view becomes NNNNNN.jpg and NNNNNN.npz: ``object_ids`` and ``part_ids`` (uint16 (H, W), 0 = walls and floor; part
ids are unique in the scene), ``depth_mm`` (uint16 (H, W) along the ray, 0 = unknown), ``groups`` (uint16, group id by
object id, 0 = none) and ``names`` (JSON: names of objects and parts by id). A view that is on disk is not rendered
again, so a run that was stopped continues where it was. The pictures are clean: noise, blur and the like are put on
while training (``gazeline.engines.gazeline_s.camera_effects``).

    python -m tools.pathtrace --out DIR --data ../shared/data --count 2000
    python -m tools.pathtrace --out DIR --data ../shared/data --count 200000 --spp 16 --variant cuda_ad_rgb

Without --data it uses generated things and surfaces alone. docs/training-data.md says what is in the pictures.
"""

import argparse
import sys
import time
from pathlib import Path

import cv2

from tools.pathtrace.views import VIEWS_PER_SCENE
from tools.pathtrace.write import Job, render_scene


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.pathtrace", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for the pictures, made if missing")
    parser.add_argument("--data", type=Path, help="folder with textures_ambientcg_cc0, hdri_cc0 and assets3d")
    parser.add_argument("--count", type=int, default=1000, help="number of views")
    parser.add_argument(
        "--seed0", type=int, default=0, help=f"seed of the first scene; one gives {VIEWS_PER_SCENE} views"
    )
    parser.add_argument("--size", type=int, default=384, help="edge of the square pictures, pixels")
    parser.add_argument("--spp", type=int, default=4, help="light paths a pixel, before the noise is filtered")
    parser.add_argument("--variant", default="llvm_ad_rgb", help="Mitsuba's variant; cuda_ad_rgb on a GPU")
    parser.add_argument("--threads", type=int, default=1, help="threads of the CPU variant")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    start = time.monotonic_ns()
    try:
        if args.data is not None and not args.data.is_dir():
            raise OSError(f"there is no folder {args.data}; leave --data out to use generated things alone")
        args.out.mkdir(parents=True, exist_ok=True)
        job = Job(args.out, args.data, args.size, args.spp, args.variant, args.threads)
        for number, first in enumerate(range(0, args.count, VIEWS_PER_SCENE)):
            done = min(first + VIEWS_PER_SCENE, args.count)
            render_scene(job, args.seed0 + number, range(first, done))
            print(f"{done} of {args.count} views, {(time.monotonic_ns() - start) / 1e9:.0f} s", flush=True)
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
