"""A wearer's profile in the runtime: stored, used, not used with another headset, and recentred while it runs."""

import stat
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gazeline.calib import so3
from gazeline.runtime import inputs as heard
from gazeline.runtime.bus import BusAddress, Hub, Publisher, Subscriber
from gazeline.runtime.calibration import gaze as calibration
from gazeline.runtime.events import UserPromptArrived
from gazeline.runtime.gaze import profile as gaze_profile
from gazeline.runtime.gaze.correction import Correction
from gazeline.runtime.gaze.profile import GazeProfile
from gazeline.runtime.messages import CalibrationTarget, Gaze, UserPrompt
from gazeline.runtime.topics import CALIBRATE_TARGET, GAZE_BINOCULAR
from gazeline.sim.tracker import Tracker, TrackerSettings
from gazeline.sim.wearer import GazePoints, Wearer
from tests.runtime.pipeline_drive import Drive, World

OFF_DEG = 3.0


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    return tmp_path / "gazeline" / "gaze"


def profile(device: str = "headset", turn_deg: float = OFF_DEG) -> GazeProfile:
    """Of somebody whose tracker points too far to one side by so many degrees."""
    w, x, y, z = so3.exp(np.radians([0.0, -turn_deg, 0.0])).tolist()
    return GazeProfile(
        user="anna", device=device, made="2026-01-01T00:00:00+00:00", model="rotation", rotation_wxyz=(w, x, y, z),
        accuracy_rad=0.005, uncorrected_rad=0.05, precision_rad=0.004,
    )  # fmt: skip


def gazed_yaw_px(drive: Drive) -> float:
    """Where gaze falls in the newest overlay, px to the right."""
    overlays = [overlay for _, overlay in drive.overlays() if overlay.gaze_px is not None]
    assert overlays[-1].gaze_px is not None
    return overlays[-1].gaze_px[0]


def driven(correction: Correction, off_deg: float = OFF_DEG) -> Drive:
    """Somebody looks at the thing straight ahead, with a tracker that is off to the side."""
    drive = Drive(World(gaze=lambda t: -off_deg))
    drive.state = replace(drive.state, inputs=replace(drive.state.inputs, correction=correction))
    return drive.run(600)


def test_a_profile_moves_gaze_to_where_it_belongs() -> None:
    without, with_ = driven(Correction()), driven(Correction.of(profile()))
    assert abs(gazed_yaw_px(without) - 319.5) > 20.0, "without it, gaze is off"
    assert gazed_yaw_px(with_) == pytest.approx(319.5, abs=1.0)


def test_a_profile_of_another_headset_is_not_used() -> None:
    correction = Correction.of(profile("another"))
    assert gazed_yaw_px(driven(correction)) == pytest.approx(gazed_yaw_px(driven(Correction())), abs=0.1)
    assert not correction.fits({"headset": None})
    assert correction.fits({"another": None})


def test_the_mouse_needs_no_correction() -> None:
    drive = driven(Correction.of(profile()))
    sample = drive.gaze(5.0, "mouse")
    before = drive.state.inputs
    after, _ = heard.with_gaze(before, sample, drive.state.settings, drive.ns())
    assert after.gaze.newest is not None
    assert after.gaze.newest.d_head == pytest.approx(np.array(sample.d_head))


def test_looking_at_the_middle_of_a_thing_recentres_gaze() -> None:
    drive = driven(Correction())
    off_px = abs(gazed_yaw_px(drive) - 319.5)
    drive.feed(UserPromptArrived(UserPrompt(topic="prompt.user", capture_ns=drive.ns(), kind="recentre")))
    drive.run(1200)
    assert off_px > 20.0
    assert gazed_yaw_px(drive) == pytest.approx(319.5, abs=2.0)


def test_recentring_begins_from_none_where_the_profile_is_another_headsets() -> None:
    drive = driven(Correction.of(profile("another", turn_deg=7.0)))
    off_px = abs(gazed_yaw_px(drive) - 319.5)
    drive.feed(UserPromptArrived(UserPrompt(topic="prompt.user", capture_ns=drive.ns(), kind="recentre")))
    drive.run(1200)
    assert off_px > 20.0
    assert gazed_yaw_px(drive) == pytest.approx(319.5, abs=2.0)
    assert drive.state.inputs.correction.user == ""  # so that the statistics do not say that a profile is used


def test_looking_at_a_named_point_recentres_gaze() -> None:
    drive = driven(Correction())
    frame_ns = drive.overlays()[-1][1].capture_ns
    drive.feed(
        UserPromptArrived(
            UserPrompt(topic="prompt.user", capture_ns=frame_ns, kind="recentre", points=[(329.5, 239.5, 1)])
        )
    )
    drive.run(1200)
    assert gazed_yaw_px(drive) == pytest.approx(329.5, abs=2.0)


def test_recentring_without_gaze_is_counted() -> None:
    drive = Drive(World(gaze=lambda t: None)).run(200)
    drive.feed(UserPromptArrived(UserPrompt(topic="prompt.user", capture_ns=drive.ns(), kind="recentre")))
    assert drive.state.dropped["recentre_without_gaze"] == 1


def test_a_profile_is_kept_whole_and_private_and_can_be_deleted(data: Path) -> None:
    path = gaze_profile.save(profile())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert gaze_profile.load("anna") == profile()
    assert gaze_profile.users() == ["anna"]
    gaze_profile.delete("anna")
    assert list(data.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{}", "is no gaze profile"),
        (b"\xff\x00", "is no gaze profile"),
        (b'{"version": 2}', "is no gaze profile"),
    ],
)
def test_a_broken_profile_is_one_sentence(data: Path, content: bytes, said: str) -> None:
    data.mkdir(parents=True)
    (data / "eva.json").write_bytes(content)
    with pytest.raises(ValueError, match=said):
        gaze_profile.load("eva")


def test_a_profile_that_is_not_there_says_how_to_make_it() -> None:
    with pytest.raises(FileNotFoundError, match="gazeline calibrate gaze --user eva"):
        gaze_profile.load("eva")
    with pytest.raises(ValueError, match="no name for a profile"):
        gaze_profile.load("../eva")


class Worn(threading.Thread):
    """Somebody with an eye tracker, on a bus: looks at the targets that are shown, as the simulator's wearer does."""

    def __init__(self, bus: BusAddress, settings: TrackerSettings) -> None:
        super().__init__()
        things = [GazePoints(1, np.array([[0.3, -0.2, -1.0]]), np.ones(1), moving=False)]
        self.wearer = Wearer(1, things, viewpoint_m=(0, 0, 0), facing_deg=(0.0, 0.0))
        self.tracker = Tracker(settings, 1)
        self.bus, self.over = bus, threading.Event()

    def run(self) -> None:
        begun_ns, index, target = time.monotonic_ns(), 0, None
        with Publisher(self.bus) as publisher, Subscriber(self.bus, [CALIBRATE_TARGET]) as subscriber:
            while not self.over.is_set():
                now_ns = time.monotonic_ns()
                for received in subscriber.poll(4):
                    if isinstance(received.message, CalibrationTarget) and received.message.d_head != target:
                        target = received.message.d_head
                        self.wearer.look_at(now_ns - begun_ns, None if target is None else np.array(target))
                seen = self.tracker.sample(index, self.wearer.at(now_ns - begun_ns))
                x, y, z = seen.d_head.tolist()
                publisher.send(
                    Gaze(topic=GAZE_BINOCULAR, capture_ns=now_ns, confidence=seen.confidence, d_head=(x, y, z))
                )
                index += 1


def test_a_calibration_over_the_bus_stores_a_profile_that_is_right(tmp_path: Path) -> None:
    bus = BusAddress.parse(f"ipc://{tmp_path}/bus")
    report, picture = tmp_path / "anna.json", tmp_path / "anna.png"
    with Hub(bus):
        worn = Worn(bus, TrackerSettings(bias_deg=2.5))
        worn.start()
        try:
            passed = calibration.run(calibration.Options("anna", bus, points=5, report=report, map=picture))
        finally:
            worn.over.set()
            worn.join()
    assert passed
    stored = gaze_profile.load("anna")
    assert np.degrees(stored.uncorrected_rad) > 2.0
    assert np.degrees(stored.accuracy_rad) <= 0.5
    assert report.stat().st_size > 500
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_without_gaze_it_says_so_and_stores_nothing(
    tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calibration, "SILENCE_S", 0.5)
    bus = BusAddress.parse(f"ipc://{tmp_path}/bus")
    with Hub(bus), pytest.raises(OSError, match="is the tracker on"):
        calibration.run(calibration.Options("anna", bus))
    assert not data.exists()
