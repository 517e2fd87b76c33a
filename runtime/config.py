"""The runtime's settings: defaults that work, and a TOML file for those who want others.

    [gaze]
    confidence_min = 0.7

    [model]
    name = "gazeline-s"

Unknown keys and values out of bounds are refused with one sentence that names the file and the key.
"""

import tomllib
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints

import msgspec
from msgspec import Meta, Struct

DEFAULT_FILE = "gazeline.toml"

Ms = Annotated[float, Meta(ge=0.0, le=60_000.0)]
Port = Annotated[int, Meta(ge=0, le=65535)]


class GazeSettings(Struct, frozen=True, kw_only=True):
    """Whose eyes they are, when a gaze sample counts, and what of the eye's movement is a fixation."""

    user: str = ""  # whose gaze profile is used (gazeline calibrate gaze --user NAME)
    confidence_min: Annotated[float, Meta(ge=0.0, le=1.0)] = 0.6  # samples below are not used
    dispersion_deg: Annotated[float, Meta(gt=0.0, le=30.0)] = 1.5  # a fixation stays within this (I-DT)
    fixation_ms: Ms = 80.0  # ... for at least this long
    # Faster is a saccade (I-VT). 30 is usual for laboratory trackers; at 120 Hz and 0.2 deg of noise two samples of an
    # eye at rest already differ by 30 deg/s, so a headset needs more.
    velocity_deg_s: Annotated[float, Meta(gt=0.0, le=2000.0)] = 100.0
    blink_ms: Ms = 400.0  # low confidence for up to this long is a blink; longer, the gaze is lost
    mouse_hold_ms: Ms = 500.0  # for this long after its last sample the mouse goes before the eye


class ModelSettings(Struct, frozen=True, kw_only=True):
    """What segments."""

    name: str = "gazeline-s"  # a bundle's name or folder
    backend: str = "auto"
    threads: Annotated[int, Meta(ge=0, le=256)] = 0  # 0: as many as suit the machine
    window: Literal["auto", "foveal", "full"] = "auto"  # what of the frame the encoder sees; auto: as the bundle says


class OutlineSettings(Struct, frozen=True, kw_only=True):
    """From masks to what is drawn."""

    tolerance_px: Annotated[float, Meta(ge=0.0, le=100.0)] = 0.5  # no vertex left out lies farther from the outline
    min_area_px: Annotated[float, Meta(ge=0.0)] = 24.0  # smaller islands and holes are left away
    max_objects: Annotated[int, Meta(ge=1, le=100)] = 24
    # Which size of thing is outlined: the one that the way of looking tells, or always the model's best mask
    level: Literal["auto", "object"] = "object"
    default_depth_m: Annotated[float, Meta(gt=0.0, le=1000.0)] = 1.3  # where nothing says how far the object is


class LabelSettings(Struct, frozen=True, kw_only=True):
    """Giving names to things."""

    every_ms: Ms = 250.0  # a thing that is known is looked at again this often; a new one at once
    models: tuple[str, ...] = ()  # text models and detectors that name things, besides the model that outlines them
    vocabulary: str = ""  # the file of names that text models choose from, and of synonyms; empty: the package's
    least: Annotated[float, Meta(gt=0.0, le=1.0)] = 0.5  # names that those models are less sure of are not said


class SurveySettings(Struct, frozen=True, kw_only=True):
    """Looking for all that is in view, whether it is looked at or not, in a thread of the lowest priority."""

    rate_hz: Annotated[float, Meta(ge=0.0, le=10.0)] = 0.0  # how often; 0: only when it is asked for


class SyncSettings(Struct, frozen=True, kw_only=True):
    """Putting together what was measured at different instants."""

    # For so long the head's motion is carried on beyond its last known pose; after that the pose is unknown. At 100
    # deg/s the error of constant velocity stays well under a degree up to here.
    extrapolate_ms: Annotated[float, Meta(ge=0.0, le=500.0)] = 50.0
    # Who can be asked for the time of senders without capture_ns: a Pupil Remote (tcp://host:50020), or the time echo
    # of Pupil Labs' Neon (echo://host:port); empty: their clock is estimated from when their messages arrive.
    clock: str = ""
    clock_limit_ms: Annotated[float, Meta(gt=0.0, le=10_000.0)] = 20.0  # a clock known less well than this is warned of


class BusSettings(Struct, frozen=True, kw_only=True):
    """Where the messages go."""

    address: str = "gazeline"  # a name, ipc:///folder/name, or tcp://host:port
    insecure_plain_tcp: bool = False  # tcp without encryption: whoever reaches the port reads the wearer's gaze
    pupil_remote_port: Port = 0  # where Pupil clients find a tcp bus (theirs is 50020); 0: nowhere


class Settings(Struct, frozen=True, kw_only=True):
    """Everything that can be set. Each section has defaults, so ``Settings()`` is complete."""

    gaze: GazeSettings = GazeSettings()
    model: ModelSettings = ModelSettings()
    outline: OutlineSettings = OutlineSettings()
    label: LabelSettings = LabelSettings()
    survey: SurveySettings = SurveySettings()
    sync: SyncSettings = SyncSettings()
    bus: BusSettings = BusSettings()
    stats_hz: Annotated[float, Meta(gt=0.0, le=50.0)] = 2.0


def labelled_by(settings: Settings, models: Sequence[str]) -> Settings:
    """With these models to name things, if there are any, instead of those that the settings say."""
    if not models:
        return settings
    return msgspec.structs.replace(settings, label=msgspec.structs.replace(settings.label, models=tuple(models)))


def surveyed_at(settings: Settings, rate_hz: float | None) -> Settings:
    """With surveys at this rate, unless it is None, instead of what the settings say."""
    if rate_hz is None:
        return settings
    return msgspec.structs.replace(settings, survey=msgspec.structs.replace(settings.survey, rate_hz=rate_hz))


def load(path: Path | None = None) -> Settings:
    """Settings from a TOML file; without ``path`` from ``gazeline.toml`` in the working folder, or the defaults.

    Raises FileNotFoundError or ValueError with one sentence.
    """
    if path is None:
        path = Path(DEFAULT_FILE)
        if not path.exists():
            return Settings()
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise FileNotFoundError(f"{path}: there is no such settings file") from None
    except IsADirectoryError:
        raise ValueError(f"{path} is a folder; a settings file is needed") from None
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not UTF-8 text, so no settings file") from None
    return loads(text, str(path))


def loads(text: str, where: str = DEFAULT_FILE) -> Settings:
    """Settings from TOML text; ``where`` names it in errors."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{where} is not valid TOML: {error}") from None
    _refuse_unknown(table, Settings, "", where)
    try:
        return msgspec.convert(table, Settings)
    except msgspec.ValidationError as error:
        what, _, key = str(error).partition(" - at `$.")
        raise ValueError(f"{where}: {key.rstrip('`')}: {what[0].lower() + what[1:]}") from None


def _refuse_unknown(table: dict[str, Any], struct: type[Struct], prefix: str, where: str) -> None:
    types = get_type_hints(struct)
    for key, value in table.items():
        if key not in types:
            near = get_close_matches(key, struct.__struct_fields__, 1, cutoff=0.5)
            known = f"did you mean {prefix}{near[0]}?" if near else f"known are {', '.join(struct.__struct_fields__)}"
            raise ValueError(f"{where}: there is no setting {prefix}{key}; {known}")
        if isinstance(value, dict) and isinstance(types[key], type) and issubclass(types[key], Struct):
            _refuse_unknown(value, types[key], f"{prefix}{key}.", where)
