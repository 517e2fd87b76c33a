"""One thing that ``gazeline doctor`` found out."""

import os
from typing import Literal

from msgspec import Struct


class Finding(Struct, frozen=True, omit_defaults=True):
    """``said``: what was found; ``fix``: the command that helps, if there is one.

    "missing" is a thing that some use of Gazeline wants, "broken" one that is there and does not work, "note" is for
    information. ``needed``: without it nothing runs.
    """

    group: str
    name: str
    state: Literal["ok", "missing", "broken", "note"]
    said: str
    fix: str = ""
    needed: bool = False

    @property
    def hurts(self) -> bool:
        """Whether nothing runs because of this."""
        return self.needed and self.state in ("missing", "broken")


def apt(*packages: str) -> str:
    """The command that installs Debian packages, as this user has to type it."""
    root = hasattr(os, "getuid") and os.getuid() == 0
    return ("" if root else "sudo ") + "apt-get install -y " + " ".join(packages)


def pip(extra: str) -> str:
    """The command that installs an extra of the package."""
    return f"pip install 'gazeline[{extra}]'" if extra else "pip install gazeline"
