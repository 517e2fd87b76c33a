"""Is a headset that slips noticed? Seeded sessions with the real model, with a slip halfway and without one.

    python tools/bench_slippage.py [--sessions 5] [--slip-deg 3] [--seconds 40] [--survey-hz 0.5] [--out FILE.json]

Each is a session in simulated time (`gazeline.sim.lockstep`), in a scene of its own, with surveys of all that is in
view at a low rate, as ``gazeline run --survey`` makes them. A slip is noticed if that is said within ten seconds, in
the right direction (to 2 degrees); whatever is said before it, or in a session without one, is a false alarm. Takes a
few minutes for each pair of sessions.
"""

import argparse
import json
import math
import sys
from pathlib import Path
from typing import Any

from gazeline.runtime.config import Settings, surveyed_at
from gazeline.runtime.files import write_bytes
from gazeline.runtime.messages import GazeDrift
from gazeline.sim.headset import Headset, HeadsetSettings
from gazeline.sim.lockstep import EPOCH_NS, run
from gazeline.sim.rig import simulated_rig
from gazeline.sim.scene import KINDS, build_scene
from gazeline.sim.tracker import TrackerSettings

WITHIN_S = 10.0
RIGHT_DEG = 2.0
FIRST_SEED = 900


def session(kind: str, seed: int, slip_deg: float, seconds: float, survey_hz: float) -> list[dict[str, Any]]:
    """What was said of a drift, look by look; the headset slips upwards halfway, if at all."""
    tracker = TrackerSettings(slip_deg=slip_deg, slip_s=seconds / 2.0)
    headset = Headset(
        build_scene(kind, seed),  # type: ignore[arg-type]  # one of KINDS
        simulated_rig(),
        seed,
        HeadsetSettings(frame_hz=10.0, tracker=tracker),
    )
    found: list[dict[str, Any]] = []

    def drifted(drift: GazeDrift, now_ns: int) -> None:
        found.append(
            {
                "t_s": round((now_ns - EPOCH_NS) * 1e-9, 3),
                "right_deg": round(math.degrees(drift.right_rad), 2),
                "up_deg": round(math.degrees(drift.up_rad), 2),
                "gain": round(drift.gain, 3),
                "noticed": drift.noticed,
            }
        )

    try:
        run(headset, seconds, settings=surveyed_at(Settings(), survey_hz), drifted=drifted)
    finally:
        headset.close()
    return found


def judged(said: list[dict[str, Any]], slip_deg: float, slip_s: float) -> dict[str, Any]:
    """When the slip was noticed (s after it; None: not in time), and whether there was a false alarm."""
    alarms = [each for each in said if each["noticed"]]
    false = [each for each in alarms if slip_deg == 0.0 or each["t_s"] < slip_s]
    right = [
        each["t_s"] - slip_s
        for each in alarms
        if slip_deg and each["t_s"] >= slip_s
        and (each["right_deg"] ** 2 + (each["up_deg"] + slip_deg) ** 2) ** 0.5 <= RIGHT_DEG
    ]  # fmt: skip
    return {
        "noticed_after_s": min(right) if right and min(right) <= WITHIN_S else None,
        "false_alarm": bool(false),
        "largest_gain": max((each["gain"] for each in said), default=0.0),
        "looks": len(said),
    }


def main(arguments: list[str]) -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sessions", type=int, default=5)
    parser.add_argument("--slip-deg", type=float, default=3.0)
    parser.add_argument("--seconds", type=float, default=40.0)
    parser.add_argument("--survey-hz", type=float, default=0.5)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args(arguments)
    rows = []
    for i in range(options.sessions):
        kind, seed = KINDS[i % len(KINDS)], FIRST_SEED + i
        for slip_deg in (options.slip_deg, 0.0):
            said = session(kind, seed, slip_deg, options.seconds, options.survey_hz)
            row = {"scene": kind, "seed": seed, "slip_deg": slip_deg, **judged(said, slip_deg, options.seconds / 2.0)}
            rows.append(row)
            print(json.dumps(row), flush=True)
    slipped = [row for row in rows if row["slip_deg"]]
    noticed = sum(row["noticed_after_s"] is not None for row in slipped)
    print(f"noticed within {WITHIN_S:g} s: {noticed} of {len(slipped)}")
    print(f"sessions with a false alarm: {sum(row['false_alarm'] for row in rows)} of {len(rows)}")
    if options.out is not None:
        write_bytes(options.out, json.dumps(rows, indent=1).encode())


if __name__ == "__main__":
    main(sys.argv[1:])
