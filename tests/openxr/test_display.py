"""What the wearer sees: read from the screen of a real OpenXR compositor."""

import time
from functools import partial
from itertools import combinations
from math import radians

import cv2
import numpy as np
import pytest

from gazeline.calib.cameras import Pinhole
from gazeline.calib.rig import Rig, RigCamera, Transform, dumps
from gazeline.calib.se3 import SE3
from gazeline.calib.so3 import angle_rad
from gazeline.runtime.bus import BusAddress, Subscriber
from gazeline.runtime.hud.drawing import Drawing, Panel
from gazeline.runtime.hud.offscreen import Offscreen
from gazeline.runtime.hud.place import placed
from gazeline.runtime.hud.scene import Hud
from gazeline.runtime.hud.style import ICE, style_for
from gazeline.runtime.hud.views import Eye, Views
from gazeline.runtime.messages import CalibrationTarget, Frame, Gaze, HeadPose, OverlayObject, RigDevice, UserPrompt
from gazeline.runtime.sync import se3_of
from gazeline.runtime.topics import CALIBRATE_TARGET, FRAME_WORLD, GAZE_BINOCULAR, POSE_HEAD, PROMPT_USER, RIG_DEVICE
from tests.openxr.monado import TANGENTS, Head, HudProcess, Image, Monado, standing, wait_for
from tests.openxr.seeing import apart_deg, enclosed, fits, iou, middle, projected, until, until_dark
from tests.openxr.sending import Sending, Sent
from tests.runtime.hud_things import CAMERA_AT, disc, overlay, thing

LIKE = 0.97  # correlation of a label with its picture; with another word in it, less
STRAIGHT_ON = standing()
CAPTURE = STRAIGHT_ON @ CAMERA_AT


@pytest.fixture(autouse=True)
def nothing_shown(monado: Monado, hud: HudProcess) -> None:
    monado.turn(Head(STRAIGHT_ON))
    until_dark(monado)


def seen(objects: list[OverlayObject], T_world_camera: SE3 = CAPTURE) -> list[Sent]:
    return [(overlay(objects, T_world_camera, time.monotonic_ns()), None)]


def test_an_outline_lies_on_its_object_in_both_eyes(monado: Monado, bus: BusAddress) -> None:
    ring = disc((0.1, 1.5, -1.2), 0.2)
    with Sending(bus, lambda: seen([thing(1, ring, CAPTURE, gazed=True)])):
        shots = until(monado, lambda *both: min(fits(ring, monado.head.views(), both)) >= 0.95)
    left, right = fits(ring, monado.head.views(), shots)
    print(f"IoU of the outlined region with the true one: {left:.3f} left, {right:.3f} right")
    assert min(left, right) >= 0.95


def test_an_outline_stays_on_its_object_when_the_head_turns_after_capture(monado: Monado, bus: BusAddress) -> None:
    ring = disc((0.1, 1.5, -1.2), 0.2)
    after = Head(standing(10.0, (0.06, 1.58, 0.03)))

    def errors_deg(shots: tuple[Image, Image]) -> list[float]:
        return [
            apart_deg(enclosed(shot), projected(ring, eye, shot))
            for eye, shot in zip(after.views().eyes, shots, strict=True)
        ]

    looked_at = thing(2, ring, CAPTURE, gazed=True)
    monado.turn(after)
    with Sending(bus, lambda: seen([looked_at])):
        shots = until(monado, lambda *both: max(errors_deg(both)) <= 0.3)
    print(f"error after a turn of 10 degrees: {errors_deg(shots)[0]:.3f} and {errors_deg(shots)[1]:.3f} degrees")
    assert max(errors_deg(shots)) <= 0.3
    until_dark(monado)
    # The same outline, said to be true for the head as it is now, is what a display without reprojection shows.
    with Sending(bus, lambda: seen([looked_at], after.T_world_head @ CAMERA_AT)):
        shots = until(monado, lambda *both: all(enclosed(shot).any() for shot in both))
    assert min(errors_deg(shots)) > 5.0


@pytest.mark.parametrize("distance_m", [0.5, 5.0])
def test_near_and_far_things_have_their_own_disparity(monado: Monado, bus: BusAddress, distance_m: float) -> None:
    ring = disc((0.02, 1.6, -distance_m), 0.15 * distance_m)

    def disparities_px(shots: tuple[Image, Image]) -> tuple[float, float]:
        """Measured and true, from left to right."""
        found = [middle(enclosed(shot)) for shot in shots]
        true = [middle(projected(ring, eye, shot)) for eye, shot in zip(monado.head.views().eyes, shots, strict=True)]
        values = [
            float("nan") if left is None or right is None else float(left[0] - right[0])
            for left, right in (found, true)
        ]
        return values[0], values[1]

    def right(*shots: Image) -> bool:
        found, true = disparities_px((shots[0], shots[1]))
        return abs(found - true) < 1.0

    with Sending(bus, lambda: seen([thing(round(10 * distance_m), ring, CAPTURE, gazed=True)])):
        found, true = disparities_px(until(monado, right))
    print(f"disparity at {distance_m} m: {found:.2f} px, true {true:.2f} px")
    assert found == pytest.approx(true, abs=1.0)
    assert true == pytest.approx(0.063 / distance_m * 960 / (2 * TANGENTS[0]), rel=0.02)


# ------------------------------------------------------------------------------------------------------------ labels
def table(gazed: str) -> list[OverlayObject]:
    """Things side by side, nearer to each other than their names are long."""
    names = ["mug", "kettle", "newspaper", "sugar bowl", "teaspoon", "tray"]
    return [
        thing(
            60 + i,
            disc((-0.35 + 0.14 * i, 1.45 + 0.12 * (i % 2), -1.0 - 0.05 * i), 0.06),
            CAPTURE,
            gazed=name == gazed,
            name=name,
        )
        for i, name in enumerate(names)
    ]


class Expected:
    """The same HUD in this process: what it shows, and what that looks like."""

    def __init__(self, views: Views) -> None:
        self._views, self._hud, self._now_ns = views, Hud(style_for("opaque"), views.pixel_rad), 0

    def after(self, objects: list[OverlayObject]) -> Drawing:
        for _ in range(40):
            self._now_ns += 20_000_000
            self._hud.show(placed(overlay(objects, CAPTURE), CAPTURE, default_depth_m=1.0), ICE, self._now_ns)
            drawing = self._hud.frame(self._views, self._now_ns)
        return drawing

    def looks(self, drawing: Drawing) -> list[Image]:
        with Offscreen(960, 1080, eyes=2) as screen:
            screen.draw(self._views, drawing)
            both = screen.layer()[..., :3]
            return [both[:, :960].copy(), both[:, 960:].copy()]


def part(panel: Panel, eye: Eye, image: Image, margin: int = 0) -> Image:
    """Where a label is in an eye's picture."""
    height, width = image.shape[:2]
    ends = np.stack((panel.middle_m - panel.right_m + panel.up_m, panel.middle_m + panel.right_m - panel.up_m))
    (x0, y0), (x1, y1) = np.rint(eye.project(ends) * (width, height)).astype(int).tolist()
    return image[y0 - margin : y1 + margin, x0 - margin : x1 + margin]


def likeness(panel: Panel, eye: Eye, shown: Image, expected: Image) -> float:
    """How much a label looks as expected, wherever within two pixels: correlation, 1 at most."""
    grey = [cv2.cvtColor(part(panel, eye, *each), cv2.COLOR_RGB2GRAY) for each in ((shown, 2), (expected, 0))]
    return float(cv2.matchTemplate(grey[0], grey[1], cv2.TM_CCOEFF_NORMED).max())


def likenesses(drawing: Drawing, views: Views, shots: tuple[Image, Image], looks: list[Image]) -> dict[str, float]:
    return {
        panel.label.text[0]: min(
            likeness(panel, eye, shot, look) for eye, shot, look in zip(views.eyes, shots, looks, strict=True)
        )
        for panel in drawing.panels
    }


def are_like(drawing: Drawing, views: Views, looks: list[Image], left: Image, right: Image) -> bool:
    return min(likenesses(drawing, views, (left, right), looks).values()) > LIKE


def are_apart(drawing: Drawing, eye: Eye) -> bool:
    """Whether no two labels overlap."""
    ends = [np.stack((p.middle_m - p.right_m - p.up_m, p.middle_m + p.right_m + p.up_m)) for p in drawing.panels]
    places = [eye.project(each) for each in ends]
    overlaps = [
        (np.maximum(one.min(0), other.min(0)) < np.minimum(one.max(0), other.max(0))).all()
        for one, other in combinations(places, 2)
    ]
    return not any(overlaps)


def test_labels_are_legible_and_apart_and_the_card_goes_with_the_gaze(monado: Monado, bus: BusAddress) -> None:
    views = monado.head.views()
    expected = Expected(views)
    cards, gazed = [], "newspaper"
    with Sending(bus, lambda: seen(table(gazed))):
        for gazed in ("newspaper", "kettle"):
            drawing = expected.after(table(gazed))
            looks = expected.looks(drawing)
            shots = until(monado, partial(are_like, drawing, views, looks))
            found = likenesses(drawing, views, shots, looks)
            print("labels, against what they should look like:", {k: round(v, 3) for k, v in found.items()})
            assert gazed in found
            assert len(found) >= 5
            assert min(found.values()) > LIKE
            assert are_apart(drawing, views.eyes[0])
            (card,) = [panel for panel in drawing.panels if len(panel.label.text) > 1]
            assert card.label.text[0] == gazed
            cards.append((card, looks[0]))
        # The card of what was looked at before fades, and another text would not have been taken for this one.
        (before, look), (card, _) = cards
        shots = until(monado, lambda *both: likeness(before, views.eyes[0], both[0], look) < 0.8)
    assert likeness(before, views.eyes[0], shots[0], look) < 0.8
    (other,) = [panel for panel in expected.after(renamed(gazed)).panels if len(panel.label.text) > 1]
    assert other.label.text[0] == gazed[::-1]
    assert likeness(card, views.eyes[0], shots[0], expected.looks(expected.after(renamed(gazed)))[0]) < LIKE


def renamed(gazed: str) -> list[OverlayObject]:
    objects = table(gazed)
    for each in objects:
        each.name = (each.name or "")[::-1]
    return objects


# ----------------------------------------------------------------------------------------- picture, pose, gaze, select
CAMERA = Pinhole.from_horizontal_fov(640, 480, radians(75.0))
RIG = Rig("bench", {"world": RigCamera(CAMERA, Transform.of(CAMERA_AT))})


def test_the_cameras_picture_hangs_behind_and_outlines_lie_on_it(monado: Monado, bus: BusAddress) -> None:
    ring = disc((-0.15, 1.55, -1.1), 0.2)
    px, _ = CAMERA.project(CAPTURE.inverse().apply(ring))
    pixels = np.full((480, 640, 3), 60, np.uint8)
    cv2.fillPoly(pixels, [np.rint(px * 16).astype(np.int32)], (30, 60, 200), cv2.LINE_AA, 4)  # BGR: red
    jpeg = cv2.imencode(".jpg", pixels)[1].tobytes()
    index = iter(range(1_000_000))

    def sent() -> list[Sent]:
        now_ns = time.monotonic_ns()
        frame = Frame(
            topic=FRAME_WORLD,
            capture_ns=now_ns,
            width=640,
            height=480,
            index=next(index),
            format="jpeg",
            T_head_camera_id=RIG.id,
        )
        rig = RigDevice(topic=RIG_DEVICE, capture_ns=now_ns, rig_id=RIG.id, rig_json=dumps(RIG))
        outlined = overlay([thing(3, ring, CAPTURE, gazed=True, depth=False)], CAPTURE, now_ns)
        return [(rig, None), (frame, jpeg), (outlined, None)]

    def fit(shot: Image) -> float:
        r, g, b = (shot[..., i].astype(int) for i in range(3))
        reddish = cv2.morphologyEx(
            ((r > 110) & (r > b + 30) & (r > g + 30)).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((9, 9))
        )
        return iou(enclosed(shot), reddish > 0)

    with Sending(bus, sent):
        shots = until(monado, lambda *both: min(fit(shot) for shot in both) > 0.9)
    print(f"IoU of the outline with the object in the picture: {fit(shots[0]):.3f}, {fit(shots[1]):.3f}")
    assert min(fit(shot) for shot in shots) > 0.9
    assert all(40 < np.median(shot[400:680, 300:660]) < 90 for shot in shots)  # the picture's grey around it


def test_the_head_and_its_direction_are_sent(monado: Monado, hud: HudProcess, bus: BusAddress) -> None:
    there = standing(-20.0, (0.3, 1.7, -0.2))
    heard: dict[str, HeadPose | Gaze] = {}
    with Subscriber(bus, [POSE_HEAD, GAZE_BINOCULAR]) as subscriber:
        monado.turn(Head(there))

        def arrived() -> bool:
            for received in subscriber.poll(100):
                message = received.message
                if isinstance(message, (HeadPose, Gaze)):
                    heard[message.topic] = message
                    assert message.capture_ns is not None
                    assert abs(received.receive_ns - message.capture_ns) < 2_000_000_000  # one clock
            pose = heard.get(POSE_HEAD)
            if not isinstance(pose, HeadPose) or GAZE_BINOCULAR not in heard:
                return False
            return bool(np.allclose(se3_of(pose.T_world_head).xyz_m, there.xyz_m, atol=1e-4))

        assert wait_for(arrived)
    pose, gaze = heard[POSE_HEAD], heard[GAZE_BINOCULAR]
    assert isinstance(pose, HeadPose)
    assert isinstance(gaze, Gaze)
    forward = np.array((0.0, 0.0, -1.0))
    assert angle_rad(se3_of(pose.T_world_head).rotate(forward), there.rotate(forward)) < 1e-3
    assert (gaze.source, gaze.d_head) == ("head", (0.0, 0.0, -1.0))
    assert 0.6 <= gaze.confidence < 1.0  # used, but not as eyes are


def test_the_trigger_selects_what_is_looked_at(monado: Monado, bus: BusAddress) -> None:
    ring = disc((0.0, 1.6, -1.0), 0.1)
    heard: list[UserPrompt] = []
    with (
        Subscriber(bus, [PROMPT_USER]) as subscriber,
        Sending(bus, lambda: seen([thing(4, ring, CAPTURE, gazed=True)])),
    ):
        until(monado, lambda *both: all(enclosed(shot).any() for shot in both))

        def pulled() -> bool:
            monado.pull(True)
            heard.extend(r.message for r in subscriber.poll(1500) if isinstance(r.message, UserPrompt))
            monado.pull(False)
            heard.extend(r.message for r in subscriber.poll(1000) if isinstance(r.message, UserPrompt))
            return bool(heard)

        assert wait_for(pulled)
    assert heard[0].kind == "point"
    assert heard[0].points == [(320.0, 240.0, 1)]


def test_the_trigger_confirms_the_cross_of_a_display_calibration(monado: Monado, bus: BusAddress) -> None:
    tangents = (0.2, -0.1)
    heard: list[UserPrompt] = []

    def cross() -> list[Sent]:
        return [(CalibrationTarget(topic=CALIBRATE_TARGET, capture_ns=time.monotonic_ns(), view=tangents), None)]

    def confirmed() -> bool:
        for pulled in (True, False):
            monado.pull(pulled)
            heard.extend(r.message for r in subscriber.poll(1200) if isinstance(r.message, UserPrompt))
        return bool(heard)

    def at(*shots: Image) -> bool:
        """The left eye sees it at its place, of the compositor's own view."""
        rows, columns = np.nonzero(shots[0].max(axis=-1) > 100)
        if not len(rows):
            return False
        eye = monado.head.views().eyes[0]
        left, right, up, down = eye.tangents_lrud
        expected = np.array(((tangents[0] + left) / (left + right), (up - tangents[1]) / (up + down)))
        found = np.array(((columns.min() + columns.max()) / 2.0, (rows.min() + rows.max()) / 2.0))
        return bool(np.abs(found - expected * shots[0].shape[1::-1]).max() < 4.0)

    with Subscriber(bus, [PROMPT_USER]) as subscriber, Sending(bus, cross):
        until(monado, at)
        assert wait_for(confirmed)
    assert heard[0].kind == "confirm"
