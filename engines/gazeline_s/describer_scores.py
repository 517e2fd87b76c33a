"""How good a describer is on looks that it was not trained on, and how its scores are to be read."""

from dataclasses import dataclass

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray

from gazeline.engines.bundle import Likeness
from gazeline.engines.gazeline_s.describer import Head
from gazeline.engines.gazeline_s.looks import NOTHING, Looks, classes_of
from gazeline.engines.likeness import margins, mean_look

CLEAR_PX, CLEAR_FIT = 1000, 0.6
GALLERIES = (1, 3, 10, 30, 100)  # things known at a time, to fit how likenesses are read
BINS = 15  # of the calibration error
WANTED = 0.8  # of the names that are said, this share is to be right


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of one set of looks. ``top1`` and ``top5`` are of things whose kind has a name, ``clear_…`` of those of
    which at least CLEAR_PX are to be seen and which were outlined rightly; ``said`` is of all, walls included."""

    looks: int
    kinds: int
    top1: float
    top5: float
    clear_looks: int
    clear_top1: float
    clear_top5: float
    clear_said: float
    clear_said_right: float
    by_kind: dict[str, tuple[float, int]]
    calibration_error: float
    temperature: float
    threshold: float
    said: float
    said_right: float
    walls_named: float
    likeness: Likeness
    same_thing_auc: float
    same_thing_auc_pooled: float

    def text(self) -> str:
        """For people."""
        return "\n".join(
            (
                f"{self.looks} looks at places never seen, {self.kinds} kinds",
                f"top-1 {self.top1:.3f}, top-5 {self.top5:.3f}, expected calibration error "
                f"{self.calibration_error:.3f} (temperature {self.temperature:.2f})",
                f"clear looks ({self.clear_looks}): top-1 {self.clear_top1:.3f}, top-5 {self.clear_top5:.3f}, a name "
                f"is said of {self.clear_said:.1%}, right for {self.clear_said_right:.1%}",
                f"at {self.threshold:.2f} a name is said of {self.said:.1%} of all looks, right for "
                f"{self.said_right:.1%}; of walls and floors {self.walls_named:.1%} are named",
                f"same thing or another of its kind: AUC {self.same_thing_auc:.3f}, untrained "
                f"{self.same_thing_auc_pooled:.3f}",
            )
        )


@dataclass(frozen=True, eq=False)
class Described:
    """Vectors (N, 64) and logits (N, kinds + 1) of looks."""

    vectors: NDArray[np.float32]
    logits: NDArray[np.float32]

    @classmethod
    @torch.no_grad()
    def of(cls, head: Head, looks: Looks) -> "Described":
        """What the head says of each look."""
        vectors, logits = head(torch.from_numpy(looks.statistics.astype(np.float32)))
        return cls(vectors.numpy(), logits.numpy())


def temperature_of(head: Head, looks: Looks, kinds: list[str]) -> float:
    """The temperature at which the scores of the likeliest names are the most honest.

    Guo et al., "On Calibration of Modern Neural Networks" (2017) take the likeliest temperature; but where an outline
    is of another thing, every score is wrong, and a few of those would pull all others down.
    """
    logits, classes = Described.of(head, looks).logits, classes_of(looks, kinds)
    tried = np.geomspace(0.4, 3.0, 60).tolist()
    errors = [calibration_error(*_best(_softmax(logits / t), classes)) for t in tried]
    return float(tried[int(np.argmin(errors))])


def likeness_of(vectors: NDArray[np.float32], looks: Looks) -> Likeness:
    """How cosines are to be read: fitted to galleries of things of these looks, small ones and large ones.

    Half of the looks that are asked about are at things that are in the gallery, in another view, and half are not.
    """
    rng = np.random.default_rng(0)
    things = _things(looks)
    rows: list[tuple[float, float, bool, bool]] = []  # cosine, margin, right, known
    for known in GALLERIES * 6:
        order = rng.permutation(len(things))[: 2 * known]
        inside, outside = (things[i] for i in order[::2]), [things[i] for i in order[1::2]]
        kept, asked = [], []
        for number, thing in enumerate(inside):
            views = rng.permutation(np.unique(looks.views[thing]))
            shown = np.isin(looks.views[thing], views[: rng.integers(1, len(views))])
            kept.append(mean_look(vectors[thing[shown]]))
            asked += [(index, number) for index in thing[~shown].tolist()]
        strangers = [(index, -1) for index in np.concatenate(outside or [np.zeros(0, int)]).tolist()]
        for index, number in asked + [strangers[i] for i in rng.permutation(len(strangers))[: len(asked)]]:
            best = np.stack(kept).astype(np.float64) @ vectors[index]
            first = int(best.argmax())
            rows.append((float(best[first]), float(margins(best)[first]), first == number, number >= 0))
    told = np.array(rows, float).reshape(-1, 4)
    if not told[:, 2].any():
        return Likeness()
    slope, margin, offset = _logistic(told[:, :2], told[:, 2])
    slope, margin = float(np.clip(slope, 0.1, 100.0)), float(np.clip(margin, 0.0, 100.0))
    middle = round(float(np.clip(-offset / slope, -1.0, 2.0)), 4)
    return Likeness(middle=middle, slope=round(slope, 3), margin=round(margin, 3))


def _things(looks: Looks) -> list[NDArray[np.intp]]:
    """The looks at each thing that was seen in several views."""
    rows: dict[tuple[int, int], list[int]] = {}
    for index in np.flatnonzero(looks.things > 0).tolist():
        rows.setdefault((int(looks.places[index]), int(looks.things[index])), []).append(index)
    return [np.array(r) for r in rows.values() if len(np.unique(looks.views[r])) > 1]


def _logistic(values: NDArray[np.float64], wanted: NDArray[np.float64]) -> list[float]:
    """Slopes of the values (N, k) and offset of the logistic curve through 0s and 1s (N,), by Newton's method."""
    x = np.concatenate([values.T, np.ones((1, len(values)))])  # (k + 1, N)
    curve, towards = np.zeros(len(x)), 0.1 * np.eye(len(x))
    for _ in range(50):
        chance = 1 / (1 + np.exp(-np.clip(curve @ x, -40.0, 40.0)))
        gradient = x @ (chance - wanted) + towards @ curve
        step = np.linalg.solve((x * (chance * (1 - chance))) @ x.T + towards, gradient)
        curve -= step / max(1.0, float(np.abs(step).max()) / 5.0)
    return [float(value) for value in curve]


def measure(head: Head, looks: Looks, kinds: list[str], temperature: float, likeness: Likeness) -> Report:
    """The figures, and the score from which on a name is right often enough to be said."""
    described, classes = Described.of(head, looks), classes_of(looks, kinds)
    chance = _softmax(described.logits / temperature)
    score, right = _best(chance, classes)
    named = (classes >= 0) & (classes < len(kinds))
    clear = named & (looks.areas >= CLEAR_PX) & (looks.fits >= CLEAR_FIT)
    ranked = np.argsort(-chance[:, :-1], axis=1)[:, :5]
    by_kind = {
        k: (float(right[classes == i].mean()), int((classes == i).sum()))
        for i, k in enumerate(kinds)
        if (classes == i).any()
    }
    in_five = (ranked == classes[:, None]).any(1)
    threshold = _threshold(score, right)
    said = score >= threshold
    walls = looks.kinds == NOTHING
    pairs = _pairs(looks, np.random.default_rng(0))
    return Report(
        looks=len(looks),
        kinds=len(kinds),
        top1=_share(right[named]),
        top5=_share(in_five[named]),
        clear_looks=int(clear.sum()),
        clear_top1=_share(right[clear]),
        clear_top5=_share(in_five[clear]),
        clear_said=_share(said[clear]),
        clear_said_right=_share(right[clear & said]),
        by_kind=by_kind,
        calibration_error=calibration_error(score, right),
        temperature=temperature,
        threshold=threshold,
        said=float(said.mean()),
        said_right=_share(right[said]),
        walls_named=_share(said[walls]),
        likeness=likeness,
        same_thing_auc=_auc(described.vectors, *pairs),
        same_thing_auc_pooled=_auc(looks.pooled.astype(np.float32), *pairs),
    )


def _best(chance: NDArray[np.float32], classes: NDArray[np.int64]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """The score of the likeliest name of each look, and whether it is right; "none" is no name."""
    best = chance[:, :-1].argmax(1)
    return chance[np.arange(len(best)), best], best == classes


def _share(which: NDArray[np.bool_]) -> float:
    return float(which.mean()) if len(which) else 0.0


def calibration_error(score: NDArray[np.float32], right: NDArray[np.bool_]) -> float:
    """Expected calibration error: how far scores are from the share that is right, over BINS of equal width."""
    which = np.minimum((score * BINS).astype(int), BINS - 1)
    gaps = [abs(score[which == k].mean() - right[which == k].mean()) * (which == k).mean() for k in np.unique(which)]
    return float(sum(gaps))


def _threshold(score: NDArray[np.float32], right: NDArray[np.bool_]) -> float:
    """The lowest score such that of what is said from there on, the wanted share is right; 0.3 to 0.95."""
    tried = np.arange(0.3, 0.951, 0.01)
    for least in tried.tolist():
        said = score >= least
        if said.any() and right[said].mean() >= WANTED:
            return round(least, 2)
    return 0.95


_Pair = tuple[NDArray[np.intp], NDArray[np.intp]]


def _pairs(looks: Looks, rng: np.random.Generator, most: int = 20_000) -> tuple[_Pair, _Pair]:
    """Indices of pairs of looks from different views: of one thing; and of two, every other pair of one kind."""
    real = np.flatnonzero(looks.things > 0)
    key = looks.places * 100_000 + looks.things
    same, other = _partners(real, key, looks, rng, most), _partners(real, looks.kinds, looks, rng, most // 2)
    apart = key[other[0]] != key[other[1]]
    a, b = rng.choice(real, most // 2), rng.choice(real, most // 2)
    far = key[a] != key[b]
    return same, (np.concatenate([other[0][apart], a[far]]), np.concatenate([other[1][apart], b[far]]))


def _partners(
    real: NDArray[np.intp], key: NDArray[np.generic], looks: Looks, rng: np.random.Generator, most: int
) -> _Pair:
    """Pairs of looks with the same key, from different views."""
    _, which = np.unique(key[real], return_inverse=True)
    order = real[np.argsort(which, kind="stable")]
    ends = np.cumsum(np.bincount(which))
    first = np.concatenate([[0], ends[:-1]])
    picked = rng.integers(len(real), size=most)
    group = which[picked]
    partner = order[first[group] + (rng.random(most) * (ends - first)[group]).astype(int)]
    a = real[picked]
    different = looks.views[a] != looks.views[partner]
    return a[different], partner[different]


def _auc(vectors: NDArray[np.float32], same: _Pair, other: _Pair) -> float:
    """The chance that two looks at one thing are more alike than two at different ones."""
    alike, unlike = ((vectors[a] * vectors[b]).sum(1) for a, b in (same, other))
    return float(np.searchsorted(np.sort(unlike), alike).mean() / len(unlike)) if len(alike) and len(unlike) else 0.5


def _softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    chance = np.exp(logits - logits.max(1, keepdims=True))
    return np.asarray(chance / chance.sum(1, keepdims=True), np.float32)
