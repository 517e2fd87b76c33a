"""What the wearer has taught: looks at things with their names, on disk and ready to be searched.

A look is a description's vector; no picture is kept. It compares only with looks of the same model, so each says which
one it is of; those of others are kept, in case that model comes back, but not used. It is personal data: one file,
readable by its owner alone, that can be exported, brought to another machine, and deleted without a trace.
"""

import contextlib
import os
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import numpy as np
from msgspec import Meta, Struct
from numpy.typing import NDArray

from gazeline.engines.bundle import Likeness
from gazeline.engines.likeness import chances, mean_look
from gazeline.runtime.files import read_bytes
from gazeline.runtime.naming.label import Crop, Named

Floats = NDArray[np.float32]
Name = Annotated[str, Meta(min_length=1, max_length=100)]

MAX_BYTES = 256 << 20
MOST_LOOKS = 20_000  # altogether
MOST_OF_A_NAME = 50  # of a name the oldest look goes when another one comes
AGAINST = 30.0  # slope from "as like what it is not" (0.5) to "more like what it is"
SAME_LOOK = 0.995  # cosine from which on a look tells nothing new


class Look(Struct, frozen=True, forbid_unknown_fields=True):
    """One look: ``vector`` is of unit length, float16, little-endian. ``is_it``: it is, or it is not a ``name``."""

    name: Name
    model: Annotated[str, Meta(min_length=1, max_length=200)]
    vector: Annotated[bytes, Meta(min_length=2, max_length=1 << 14)]
    is_it: bool = True


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    kind: Literal["gazeline gallery"]
    version: Literal[1]
    looks: Annotated[list[Look], Meta(max_length=10 * MOST_LOOKS)]


@dataclass(frozen=True, eq=False)
class Gallery:
    """All looks; and of those of ``model`` the mean look of each name, (N, D), and the looks (M, D) that are not it."""

    looks: tuple[Look, ...] = ()
    model: str = ""
    likeness: Likeness = field(default_factory=Likeness)
    names: tuple[str, ...] = ()
    means: Floats | None = None
    others: Floats | None = None
    of_name: NDArray[np.intp] | None = None  # (M,) which name each of ``others`` is not

    @classmethod
    def of(cls, looks: Sequence[Look], model: str, likeness: Likeness) -> "Gallery":
        """Ready to be searched for descriptions by ``model``. Looks of another length than most are left out."""
        mine = [look for look in looks if look.model == model]
        length = Counter(len(look.vector) for look in mine).most_common(1)
        mine = [look for look in mine if len(look.vector) == length[0][0]]
        names = tuple(sorted({look.name for look in mine if look.is_it}))
        if not names:
            return cls(tuple(looks), model, likeness)
        vectors = np.nan_to_num(np.stack([np.frombuffer(look.vector, "<f2") for look in mine]).astype(np.float32))
        rows: dict[str, list[int]] = {name: [] for name in names}
        for index, look in enumerate(mine):
            if look.is_it:
                rows[look.name].append(index)
        against = [index for index, look in enumerate(mine) if not look.is_it and look.name in rows]
        number = {name: index for index, name in enumerate(names)}
        return cls(
            tuple(looks),
            model,
            likeness,
            names,
            np.stack([mean_look(vectors[each]) for each in rows.values()]),
            vectors[against],
            np.array([number[mine[index].name] for index in against], np.intp),
        )

    def search(self, vector: Floats) -> list[tuple[str, float]]:
        """The taught names that a description may be, with the probability of each, the likeliest first.

        A name is not given to what is more like a look that is not it than like the looks that are.
        """
        if self.means is None or self.others is None or self.of_name is None or vector.shape != self.means.shape[1:]:
            return []
        best = np.nan_to_num(self.means @ vector, nan=-1.0).astype(np.float64)
        worst = np.full(len(best), -1.0)
        np.maximum.at(worst, self.of_name, np.nan_to_num(self.others @ vector, nan=-1.0))
        chance = np.minimum(chances(best, self.likeness), 1.0 / (1.0 + np.exp(-AGAINST * (best - worst))))
        return [(self.names[i], float(chance[i])) for i in np.argsort(-chance)[:5]]

    def label(self, crops: Sequence[Crop]) -> list[Named]:
        """As a `Labeler`."""
        return [self._named(crop) for crop in crops]

    def _named(self, crop: Crop) -> Named:
        found = self.search(crop.description.vector) if crop.description is not None else []
        if not found:
            return Named(None, 1.0, "taught")
        (name, score), *others = found
        return Named(name, score, "taught", tuple(others))

    def taught(self, name: str, vector: Floats, *, is_it: bool = True) -> "Gallery":
        """With one look more. ValueError if it is full, or if the name is none."""
        look = Look(checked(name), self.model, vector.astype("<f2").tobytes(), is_it)
        mine = [i for i, old in enumerate(self.looks) if (old.name, old.model, old.is_it) == (name, self.model, is_it)]
        kept = list(self.looks)
        for i in mine:
            if len(self.looks[i].vector) == len(look.vector) and _cosine(self.looks[i].vector, vector) > SAME_LOOK:
                return self
        if len(mine) >= MOST_OF_A_NAME:
            del kept[mine[0]]
        if len(kept) >= MOST_LOOKS:
            raise ValueError(f"the gallery is full: {MOST_LOOKS} looks; forget a name with: gazeline teach forget NAME")
        return Gallery.of([*kept, look], self.model, self.likeness)

    def without(self, name: str) -> "Gallery":
        """Without a name's looks, those of all models. ValueError if there are none."""
        kept = [look for look in self.looks if look.name != name]
        if len(kept) == len(self.looks):
            names = sorted({look.name for look in self.looks})
            known = f"known are {', '.join(names)}" if names else "nothing has been taught yet"
            raise ValueError(f"nothing called {name!r} was taught; {known}")
        return Gallery.of(kept, self.model, self.likeness)

    def with_all(self, looks: Sequence[Look]) -> "Gallery":
        """With those of another gallery that are not in it yet."""
        new = [look for look in dict.fromkeys(looks) if look not in set(self.looks)]
        if len(self.looks) + len(new) > MOST_LOOKS:
            raise ValueError(f"together they would be more than {MOST_LOOKS} looks")
        return Gallery.of([*self.looks, *new], self.model, self.likeness)

    @property
    def elsewhere(self) -> int:
        """How many looks are of other models, and so not used."""
        return sum(1 for look in self.looks if look.model != self.model)


def checked(name: str) -> str:
    """A name as it is kept. ValueError where it is empty, too long or not to be printed."""
    name = " ".join(name.split())
    if not 1 <= len(name) <= 100 or not name.isprintable():
        raise ValueError(f"{name[:120]!r} is no name for a thing; use up to 100 characters")
    return name


def default_path() -> Path:
    """Where the gallery lies: ``$XDG_DATA_HOME/gazeline/gallery.msgpack``, or the same under ~/.local/share."""
    data = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(data).expanduser() / "gazeline" / "gallery.msgpack"


def read(path: Path) -> list[Look]:
    """The looks in a gallery's file. FileNotFoundError or ValueError with one sentence."""
    data = read_bytes(path, "a gallery of taught things", MAX_BYTES)
    try:
        return msgspec.msgpack.decode(data, type=_File).looks
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(
            f"{path} is no gallery of taught things, or a broken one ({error}); it is left as it is: move it away to "
            "begin a new one"
        ) from None


def write(path: Path, looks: Sequence[Look]) -> None:
    """Write a gallery's file, replacing an earlier one, whole or not at all. OSError with one sentence."""
    name = None
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".gallery-")  # mode 0600
        with os.fdopen(handle, "wb") as file:
            file.write(msgspec.msgpack.encode(_File("gazeline gallery", 1, list(looks))))
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except OSError as error:
        if name is not None:
            with contextlib.suppress(OSError):
                os.unlink(name)
        raise OSError(f"the gallery {path} cannot be written: {error.strerror}") from error


class Shelf:
    """A gallery and its file: what is taught is on disk at once, and what others change there is taken over.

    ``path`` None: it is kept in memory alone. For one thread at a time.
    """

    def __init__(self, path: Path | None, model: str, likeness: Likeness) -> None:
        """Raises ValueError or OSError with one sentence if there is a file that cannot be used."""
        self._path = path
        self._gallery = Gallery(model=model, likeness=likeness)
        self._stamp: tuple[int, int] | None = None
        self._take_over()

    @property
    def gallery(self) -> Gallery:
        """As it is now; what was read before stays where the file has become unreadable."""
        with contextlib.suppress(OSError, ValueError):
            self._take_over()
        return self._gallery

    def teach(self, name: str, vector: Floats, *, is_it: bool) -> None:
        """Keep one look more. ValueError or OSError with one sentence; then nothing has changed."""
        self._take_over()
        changed = self._gallery.taught(name, vector, is_it=is_it)
        if self._path is not None and changed is not self._gallery:
            write(self._path, changed.looks)
            self._stamp = _stamp(self._path)
        self._gallery = changed

    def _take_over(self) -> None:
        if self._path is None or (stamp := _stamp(self._path)) == self._stamp:
            return
        looks = read(self._path) if stamp is not None else []
        self._gallery = Gallery.of(looks, self._gallery.model, self._gallery.likeness)
        self._stamp = stamp


def _stamp(path: Path) -> tuple[int, int] | None:
    """Changes when the file does; None: there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino


def _cosine(kept: bytes, vector: Floats) -> float:
    return float(np.frombuffer(kept, "<f2").astype(np.float32) @ vector)
