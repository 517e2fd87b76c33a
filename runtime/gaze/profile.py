"""A wearer's gaze calibration on disk: one small JSON file for each user and device, readable by its owner alone.

It is personal data (it tells one person's eyes from another's); `delete` leaves nothing of it.
"""

import contextlib
import os
import re
import tempfile
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import numpy as np
from msgspec import Meta, Struct
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gazeline.calib.gaze_mapping import GazeMapping

MAX_BYTES = 1 << 16
NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
Rad = Annotated[float, Meta(ge=0.0, le=3.2)]


class GazeProfile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``device``: the rig's id that it was made with. ``made``: ISO 8601, UTC. The mapping as `GazeMapping` has it;
    accuracy with and without it, and precision, at targets that took no part in the fit, in radians."""

    version: Literal[1] = 1
    user: str
    device: str
    made: str
    model: str
    rotation_wxyz: tuple[float, float, float, float]
    terms: list[tuple[Annotated[int, Meta(ge=0, le=4)], Annotated[int, Meta(ge=0, le=4)]]] = []
    coefficients: list[tuple[float, float]] = []
    field_rad: tuple[Rad, Rad] = (0.0, 0.0)
    accuracy_rad: Rad
    uncorrected_rad: Rad
    precision_rad: Rad

    def __post_init__(self) -> None:
        if len(self.terms) != len(self.coefficients):
            raise ValueError(f"{len(self.terms)} terms have {len(self.coefficients)} coefficients")
        if abs(float(np.linalg.norm(self.rotation_wxyz)) - 1.0) > 1e-3:
            raise ValueError("rotation_wxyz must be a unit quaternion (w, x, y, z)")

    @property
    def mapping(self) -> GazeMapping:
        """The mapping to compute with."""
        return GazeMapping(
            np.array(self.rotation_wxyz),
            tuple(self.terms),
            np.array(self.coefficients, np.float64).reshape(-1, 2),
            self.field_rad,
        )


def folder() -> Path:
    """Where profiles lie: ``$XDG_DATA_HOME/gazeline/gaze``, or the same under ~/.local/share."""
    data = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(data).expanduser() / "gazeline" / "gaze"


def path_of(user: str) -> Path:
    """A user's file. ValueError for a name that is none."""
    if not NAME.fullmatch(user) or user.startswith("."):
        raise ValueError(f"{user!r} is no name for a profile; use up to 64 letters, digits, _, - and .")
    return folder() / f"{user}.json"


def users() -> list[str]:
    """Everybody who has a profile."""
    return sorted(path.stem for path in folder().glob("*.json"))


def load(user: str) -> GazeProfile:
    """A user's profile. FileNotFoundError or ValueError with one sentence."""
    path = path_of(user)
    if not path.is_file():
        known = f"known are {', '.join(users())}" if users() else "there is none yet"
        raise FileNotFoundError(
            f"there is no gaze profile of {user!r} ({known}); make it with: gazeline calibrate gaze --user {user}"
        )
    if path.stat().st_size > MAX_BYTES:
        raise ValueError(f"{path} is too large for a gaze profile")
    try:
        return msgspec.json.decode(path.read_bytes(), type=GazeProfile)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is no gaze profile ({error}); calibrate again") from None


def save(profile: GazeProfile) -> Path:
    """Write it, replacing the user's earlier one, whole or not at all. OSError with one sentence."""
    path = path_of(profile.user)
    name = None
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".profile-")  # mode 0600
        with os.fdopen(handle, "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(profile), indent=2) + b"\n")
        os.replace(name, path)
    except OSError as error:
        if name is not None:
            with contextlib.suppress(OSError):
                os.unlink(name)
        raise OSError(f"the gaze profile {path} cannot be written: {error.strerror}") from error
    return path


def print_list(console: Console | None = None) -> None:
    """User, device, date and accuracy of every profile, as a table."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("user", "device", "made", "model", "accuracy", "without"):
        table.add_column(heading, overflow="fold")
    for user in users():
        try:
            found = load(user)
        except (ValueError, OSError) as error:
            table.add_row(escape(user), "[red]broken", "", "", "", escape(str(error)))
            continue
        angles = [f"{np.degrees(value):.2f} deg" for value in (found.accuracy_rad, found.uncorrected_rad)]
        table.add_row(escape(user), escape(found.device), escape(found.made), found.model, *angles)
    console = console or Console()
    console.print(table if users() else "no gaze profile yet; make one with: gazeline calibrate gaze --user NAME")


def delete(user: str) -> None:
    """Remove a user's profile. FileNotFoundError with one sentence."""
    path = path_of(user)
    if not path.is_file():
        raise FileNotFoundError(f"there is no gaze profile of {user!r} to delete")
    path.unlink()
