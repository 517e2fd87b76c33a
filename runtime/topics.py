"""Every topic on the bus, in one table: who sends it, what it carries, how much of it may wait."""

from dataclasses import dataclass

from gazeline.runtime import messages


@dataclass(frozen=True)
class Topic:
    """One topic: its message type and how many messages may wait for a slow reader (the high-water mark)."""

    name: str
    message: type[messages.Message]
    waiting: int


FRAME_WORLD = "frame.world"
FRAME_DEPTH = "frame.depth"
GAZE_BINOCULAR = "gaze.3d.01."  # Pupil's spelling: the trailing dot is part of the name
GAZE_RIGHT = "gaze.3d.0."
GAZE_LEFT = "gaze.3d.1."
POSE_HEAD = "pose.head"
RIG_DEVICE = "rig.device"
PROMPT_USER = "prompt.user"
CALIBRATE_TARGET = "calibrate.target"
CALIBRATE_BOARD = "calibrate.board"
OVERLAY_OBJECTS = "overlay.objects"
STATS_RUNTIME = "stats.runtime"
TRUTH_FRAME = "truth.frame"
TRUTH_SCORE = "truth.score"

TOPICS: dict[str, Topic] = {
    topic.name: topic
    for topic in (
        Topic(FRAME_WORLD, messages.Frame, 2),
        Topic(FRAME_DEPTH, messages.Frame, 2),
        Topic(GAZE_BINOCULAR, messages.Gaze, 1000),
        Topic(GAZE_RIGHT, messages.Gaze, 1000),
        Topic(GAZE_LEFT, messages.Gaze, 1000),
        Topic(POSE_HEAD, messages.HeadPose, 1000),
        Topic(RIG_DEVICE, messages.RigDevice, 2),
        Topic(PROMPT_USER, messages.UserPrompt, 100),
        Topic(CALIBRATE_TARGET, messages.CalibrationTarget, 2),
        Topic(CALIBRATE_BOARD, messages.BoardSearch, 2),
        Topic(OVERLAY_OBJECTS, messages.Overlay, 2),
        Topic(STATS_RUNTIME, messages.Stats, 2),
        Topic(TRUTH_FRAME, messages.TruthFrame, 2),
        Topic(TRUTH_SCORE, messages.TruthScore, 100),
    )
}
