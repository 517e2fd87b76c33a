"""The classifier of eye movements: exact synthetic cases, and real recordings where they are present."""

import ast
import csv
from collections.abc import Callable, Iterable, Sequence
from math import radians
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from gazeline.calib import so3
from gazeline.calib.se3 import SE3
from gazeline.runtime.centroid import GazeSample
from gazeline.runtime.config import GazeSettings
from gazeline.runtime.gaze.classify import GazeState, expired, update

MS = 1_000_000
Array = NDArray[np.float64]


def direction(yaw_deg: float, pitch_deg: float = 0.0) -> Array:
    """Unit, yaw to the right and pitch up of straight ahead (x right, y up, -z forward)."""
    yaw, pitch = radians(yaw_deg), radians(pitch_deg)
    return np.array([np.sin(yaw) * np.cos(pitch), np.sin(pitch), -np.cos(yaw) * np.cos(pitch)])


def samples(
    yaw_deg: Iterable[float], hz: float = 120.0, start_ms: float = 0.0, noise_deg: float = 0.0
) -> list[GazeSample]:
    noise = np.random.default_rng(1).normal(0.0, noise_deg, (10_000, 2))
    return [
        GazeSample(round((start_ms + i * 1000.0 / hz) * MS), direction(yaw + noise[i, 0], noise[i, 1]))
        for i, yaw in enumerate(yaw_deg)
    ]


def fed(items: Iterable[GazeSample], state: GazeState | None = None) -> tuple[GazeState, list[GazeState]]:
    state = state or GazeState()
    states = []
    for sample in items:
        state = update(state, sample)
        states.append(state)
    return state, states


def degrees_from(state: GazeState, d: Array) -> float:
    assert state.centroid is not None
    return float(np.rad2deg(so3.angle_rad(state.centroid.d, d)))


def with_head(items: Sequence[GazeSample], yaw_of_t: Callable[[float], float], known: bool = True) -> list[GazeSample]:
    """The same directions, now in the world, as a head that turns by ``yaw_of_t`` (deg of s) sees them."""
    turned = []
    for sample in items:
        yaw = yaw_of_t(sample.t_ns * 1e-9)
        T = SE3(so3.exp((0.0, -radians(yaw), 0.0)), np.zeros(3))
        turned.append(GazeSample(sample.t_ns, T.inverse().rotate(sample.d_head), T_world_head=T if known else None))
    return turned


TWO_LOOKS = [0.0] * 36 + [2.5, 5.0, 7.5] + [10.0] * 36  # 300 ms, a saccade of 10 deg in 33 ms, 300 ms


def test_two_looks_and_the_saccade_between() -> None:
    state, states = fed(samples(TWO_LOOKS, noise_deg=0.2))
    kinds = [s.kind for s in states]
    assert kinds[0] == "saccade"  # nothing is known yet
    assert kinds.index("fixation") == 10  # the first sample 80 ms after the first one
    assert "saccade" in kinds[36:42]
    assert kinds[-1] == "fixation"
    assert state.fixations == 2
    assert states[30].start_ns == 0
    assert abs(state.start_ns - 39 * 1000 / 120 * MS) <= 17 * MS
    assert degrees_from(states[35], direction(0.0)) < 0.15
    assert degrees_from(state, direction(10.0)) < 0.15
    assert not [k for k in kinds[51:] if k != "fixation"]


def test_the_reducer_changes_nothing_that_it_was_given() -> None:
    before = GazeState()
    update(before, samples([0.0])[0])
    assert before.kind == "lost"
    assert before.window == ()


@pytest.mark.parametrize("hz", [30.0, 60.0, 120.0, 250.0])
def test_every_usual_rate(hz: float) -> None:
    n = int(0.5 * hz)
    state, states = fed(samples([0.0] * n + [15.0] * n, hz=hz, noise_deg=0.1))
    assert state.fixations == 2
    recognised = next(s for i, s in enumerate(states) if i >= n and s.kind == "fixation" and s.fixations == 2)
    assert (recognised.newest_ns - n / hz * 1e9) / MS < 80 + 12 + 2.5 * 1000 / hz  # 12: half of the median


def test_ten_samples_a_second_are_fixations_each_until_they_agree() -> None:
    state, states = fed(samples([0.0] * 5 + [20.0] * 5 + [30.0, 40.0, 40.0], hz=10.0))
    assert [s.kind for s in states] == ["saccade"] + ["fixation"] * 12
    assert [s.fixations for s in states] == [0] + [1] * 4 + [2] * 5 + [3, 4, 4]
    assert degrees_from(states[9], direction(20.0)) < 0.01
    assert degrees_from(state, direction(40.0)) < 0.01


def test_a_gap_in_a_dense_stream_does_not_end_a_fixation_nor_hide_a_saccade() -> None:
    before, after = samples([0.0] * 40), samples([0.0] * 40, start_ms=500.0)
    state, _ = fed([*before, *after])
    assert (state.kind, state.fixations, state.start_ns) == ("fixation", 1, 0)
    elsewhere, states = fed([*before, *samples([15.0] * 40, start_ms=500.0)])
    assert (elsewhere.kind, elsewhere.fixations) == ("fixation", 2)
    assert states[40].fixations == 2
    moving, _ = fed([*before, *samples([5.0 + 3.0 * i for i in range(6)], start_ms=500.0)])  # 360 deg/s
    assert moving.kind == "saccade"


def test_the_head_turns_and_the_eyes_stay_on_the_thing() -> None:
    steady = samples([5.0] * 120, noise_deg=0.2)

    def turn(t_s: float) -> float:
        return 100.0 * t_s  # deg

    state, states = fed(with_head(steady, turn))
    assert (state.kind, state.fixations) == ("fixation", 1)
    assert state.centroid is not None
    assert state.centroid.in_world
    assert degrees_from(state, direction(5.0)) < 0.15
    _, blind = fed(with_head(steady, turn, known=False))  # the same eyes, with nobody to say that the head turns
    assert not [s for s in blind if s.kind == "fixation"]
    assert len(states) == len(blind)


def test_losing_the_head_pose_does_not_end_a_fixation() -> None:
    steady = samples([5.0] * 90)
    known = with_head(steady, lambda t_s: 0.0)
    state, states = fed([*known[:30], *steady[30:60], *known[60:]])
    assert state.fixations == 1
    assert [s.centroid.in_world for s in states if s.centroid][-1]
    assert all(s.kind == "fixation" for s in states[10:])
    assert states[50].centroid is not None
    assert not states[50].centroid.in_world


def test_gaze_that_follows_a_moving_thing_stays_a_fixation_and_its_centroid_moves_along() -> None:
    speed = 20.0  # deg/s
    path = [speed * i / 120 for i in range(240)]
    state, states = fed(samples(path, noise_deg=0.2))
    assert state.fixations == 1
    assert all(s.kind == "fixation" for s in states[20:])
    for i in range(60, 240, 10):
        centroid = states[i].centroid
        assert centroid is not None
        now = float(np.rad2deg(so3.angle_rad(centroid.at(states[i].newest_ns), direction(path[i]))))
        then = float(np.rad2deg(so3.angle_rad(centroid.at(states[i].newest_ns - 60 * MS), direction(path[i] - 1.2))))
        assert now < 0.8
        assert then < 0.5


def test_what_is_faster_than_pursuit_is_no_fixation() -> None:
    _, states = fed(samples([60.0 * i / 120 for i in range(120)], noise_deg=0.1))
    assert "fixation" not in {s.kind for s in states}


def test_one_outlier_is_no_saccade() -> None:
    path = [0.0] * 60
    path[40] = 12.0
    state, states = fed(samples(path))
    assert (state.fixations, state.start_ns) == (1, 0)
    assert degrees_from(state, direction(0.0)) < 1e-6
    assert {s.kind for s in states[12:]} == {"fixation"}


def low(items: Sequence[GazeSample], confidence: float = 0.3) -> list[GazeSample]:
    return [GazeSample(s.t_ns, direction(40.0), confidence=confidence) for s in items]


def test_blinks_and_losses_by_the_length_of_the_run_of_bad_samples() -> None:
    path = samples([0.0] * 200)
    _, short = fed([*path[:30], *low(path[30:33]), *path[33:60]])
    assert {s.kind for s in short[15:]} == {"fixation"}  # 17 ms: the tracker's, not the eyelid's
    state, blink = fed([*path[:30], *low(path[30:54]), *path[54:90]])
    kinds = [s.kind for s in blink]
    assert kinds[33] == "fixation"
    assert kinds[35:54] == ["blink"] * 19
    assert blink[40].start_ns == path[30].t_ns
    assert kinds[54:63] == ["saccade"] * 9  # open again, not settled yet
    assert kinds[70] == "fixation"
    assert state.fixations == 2
    assert degrees_from(state, direction(0.0)) < 1e-6  # where the bad samples pointed plays no part
    lost, _ = fed([*path[:30], *low(path[30:90])])
    assert lost.kind == "lost"


def test_a_threshold_of_confidence_is_a_setting() -> None:
    sure = [GazeSample(s.t_ns, s.d_head, confidence=0.5) for s in samples([0.0] * 40)]
    assert fed(sure)[0].kind == "lost"
    state = GazeState()
    for sample in sure:
        state = update(state, sample, GazeSettings(confidence_min=0.4))
    assert state.kind == "fixation"


def test_silence_is_lost_after_half_a_second() -> None:
    state, _ = fed(samples([0.0] * 40))
    assert expired(state, state.newest_ns + 400 * MS).kind == "fixation"
    gone = expired(state, state.newest_ns + 501 * MS)
    assert (gone.kind, gone.start_ns) == ("lost", state.newest_ns)
    back, _ = fed(samples([0.0] * 40, start_ms=2000.0), gone)
    assert (back.kind, back.start_ns) == ("fixation", 2000 * MS)


def test_late_and_repeated_samples_change_nothing() -> None:
    state, _ = fed(samples([0.0] * 40))
    assert update(state, GazeSample(state.newest_ns, direction(30.0))) is state
    assert update(state, GazeSample(5, direction(30.0))) is state


def test_mouse_dwells_at_once_and_leads_for_half_a_second() -> None:
    eyes, _ = fed(samples([0.0] * 40))
    t0 = eyes.newest_ns
    mouse = update(eyes, GazeSample(t0 + MS, direction(20.0), source="mouse"))
    assert (mouse.kind, mouse.source, mouse.start_ns) == ("fixation", "mouse", t0 + MS)
    assert degrees_from(mouse, direction(20.0)) < 1e-6
    moved = update(mouse, GazeSample(t0 + 30 * MS, direction(20.5), source="mouse"))
    assert (moved.start_ns, moved.fixations) == (mouse.start_ns, mouse.fixations)
    assert degrees_from(moved, direction(20.5)) < 1e-6  # exactly where it is: no centroid
    jumped = update(moved, GazeSample(t0 + 60 * MS, direction(35.0), source="mouse"))
    assert (jumped.start_ns, jumped.fixations) == (t0 + 60 * MS, mouse.fixations + 1)
    assert update(jumped, GazeSample(t0 + 300 * MS, direction(0.0))) is jumped
    after = update(jumped, GazeSample(t0 + 560 * MS, direction(0.0)))
    assert (after.kind, after.source) == ("saccade", "eye")
    settled, _ = fed(samples([0.0] * 40, start_ms=t0 / MS + 570), after)
    assert (settled.kind, settled.source) == ("fixation", "eye")


def test_depth_of_a_fixation_is_the_median_of_its_samples() -> None:
    depths = [None, 0.8, 0.9, 5.0, 0.85, None, 0.8, 0.9, 0.82, 0.88, 0.86, 0.84]
    items = [GazeSample(s.t_ns, s.d_head, depth_m=depth) for s, depth in zip(samples([0.0] * 12), depths, strict=True)]
    assert fed(items)[0].depth_m == pytest.approx(0.86, abs=0.03)


def test_noise_of_a_usual_headset_does_not_break_fixations() -> None:
    for noise_deg in (0.1, 0.2, 0.3, 0.4):
        state, states = fed(samples([0.0] * 1200, noise_deg=noise_deg))
        share = np.mean([s.kind == "fixation" for s in states])
        assert share > 0.9, noise_deg
        assert state.fixations <= 3, noise_deg


def read(folder: Path, name: str, dtype: str) -> NDArray[np.void]:
    fields = ast.literal_eval((folder / f"{dtype}.dtype").read_text())  # a list of (name, type)
    return np.fromfile(folder / name, np.dtype(fields))


def labels_of(states: Sequence[GazeState], t_ns: NDArray[np.int64]) -> NDArray[np.str_]:
    """The kind at each sample, with each change put where it began rather than where it was recognised."""
    labels = np.full(len(t_ns), "lost", dtype="<U8")
    for state in states:
        labels[t_ns >= state.start_ns] = state.kind
    return labels


def test_neon_recording_agrees_with_its_makers_detector(shared_data: Path) -> None:
    """9 s of a Pupil Labs Neon at 200 Hz with the vendor's own fixations and saccades, head turns from its IMU."""
    folder = shared_data / "gaze_neon_demo"
    if not folder.is_dir():
        pytest.skip(f"no {folder}")
    gaze = read(folder, "gaze_200hz.raw", "gaze")
    t_ns = np.fromfile(folder / "gaze_200hz.time", "<i8")
    events = read(folder, "fixations ps1.raw", "fixations")
    blinks = read(folder, "blinks ps1.raw", "blinks")
    imu = read(folder, "imu ps1.raw", "imu")
    focal_px = 890.0  # about that of the scene camera, 1600 x 1200
    tilt = radians(-102.0)  # the IMU's axes against the scene camera's, from the vendor's documentation
    R_imu_camera = so3.to_matrix(so3.exp((tilt, 0.0, 0.0)))
    R_camera_head = np.diag([1.0, -1.0, -1.0])
    nearest = np.clip(np.searchsorted(imu["timestamp_ns"], t_ns), 0, len(imu) - 1)
    states = []
    state = GazeState()
    for i, t in enumerate(t_ns.tolist()):
        d = np.array([(gaze["x"][i] - 800.0) / focal_px, -(gaze["y"][i] - 600.0) / focal_px, -1.0])
        q = so3.normalised([imu[f"quaternion_{c}"][nearest[i]] for c in "wxyz"])
        T = SE3(so3.from_matrix(so3.to_matrix(q) @ R_imu_camera @ R_camera_head), np.zeros(3))
        shut = ((blinks["start_timestamp_ns"] <= t) & (t <= blinks["end_timestamp_ns"])).any()
        state = update(state, GazeSample(t, d / np.linalg.norm(d), confidence=0.0 if shut else 1.0, T_world_head=T))
        states.append(state)
    ours = labels_of(states, t_ns)
    theirs = np.full(len(t_ns), "none", dtype="<U8")
    fixations = events[events["event_type"] == 1]
    for event in events:
        inside = (t_ns >= event["start_timestamp_ns"]) & (t_ns < event["end_timestamp_ns"])
        theirs[inside] = "fixation" if event["event_type"] == 1 else "saccade"
    both = (theirs != "none") & np.isin(ours, ["fixation", "saccade"])
    agreement = float(np.mean(ours[both] == theirs[both]))
    found = [
        float(np.mean(ours[(t_ns >= e["start_timestamp_ns"]) & (t_ns < e["end_timestamp_ns"])] == "fixation"))
        for e in fixations
    ]
    print(f"neon: {agreement:.1%} of samples agree; {state.fixations} fixations against {len(fixations)}")
    assert agreement > 0.85
    assert np.mean(np.array(found) > 0.5) > 0.9
    assert 0.8 < state.fixations / len(fixations) < 1.4


def test_cateyes_recording_gives_plausible_rates(shared_data: Path) -> None:
    """Blocks of tasks at 119 Hz without labels: pursuit must not shatter, saccade tasks must show saccades."""
    path = shared_data / "gaze_cateyes" / "data" / "test_data_full.csv"
    if not path.is_file():
        pytest.skip(f"no {path}")
    blocks: dict[str, list[GazeSample]] = {}
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            if row["Event_Name"] in ("sine", "flash", "antisaccade", "dice"):
                d = direction(np.rad2deg(float(row["Phi"])), np.rad2deg(float(row["Theta"])))
                sample = GazeSample(round(float(row["Timestamp"]) * 1e9), d)
                blocks.setdefault(row["Event_Name"], []).append(sample)
    for name, items in blocks.items():
        state, states = fed(items)
        seconds = len(items) / 119
        share = float(np.mean([s.kind == "fixation" for s in states]))
        rate = state.fixations / seconds
        print(f"cateyes {name}: {share:.0%} of the time in fixation, {rate:.2f} fixations/s")
        assert share > 0.7, name
        assert rate < (1.0 if name in ("sine", "flash") else 3.0), name
        assert rate > (0.7 if name in ("antisaccade", "dice") else 0.0), name
