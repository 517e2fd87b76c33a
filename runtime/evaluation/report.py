"""What an evaluation found: means with limits, differences, calibration, times; for programs (JSON)."""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from gazeline.runtime.evaluation.confidence import Estimate, estimate
from gazeline.runtime.evaluation.measure import MODEL, Results

Bools = NDArray[np.bool_]

CHOSEN, BEST, BOUNDARY_F, EXPECTED = range(4)  # columns of the answers
EVERY = "all"
BINS = 5


class Settings(Struct, frozen=True):
    """How it was measured."""

    min_area_px: float
    limit: int | None
    seed: int
    gaze_error_deg: float
    gaze_draws: int
    fov_deg: float | None
    depth: bool
    mask_input: bool


class Quality(Struct, frozen=True):
    """IoU of the chosen mask and of the best candidate, and boundary F of the chosen mask."""

    chosen: Estimate
    best: Estimate
    boundary_f: Estimate


class Bin(Struct, frozen=True):
    """The answers whose expected IoU lies between two values: how many, their mean expected and real IoU."""

    low: float
    high: float
    count: int
    expected: float
    real: float


class Calibration(Struct, frozen=True):
    """What the model expected of its chosen masks against what they were.

    ``error``: the expected calibration error (Guo et al., 2017, over five bins); ``rank``: Spearman's correlation;
    ``gap``: how much better the best candidate is than the chosen one; ``best_chosen``: how often they are as good.
    """

    expected: float
    real: float
    error: float
    rank: float
    gap: float
    best_chosen: float
    bins: list[Bin]


class Time(Struct, frozen=True):
    """Percentiles of one network's runs."""

    p50_ms: float
    p95_ms: float
    runs: int


class Row(Struct, frozen=True):
    """One object: its answers by method and by what was asked, [chosen, best, boundary F, expected]."""

    name: str
    area_px: float
    answers: dict[str, dict[str, list[float]]]


class Report(Struct, frozen=True):
    """The ``--out`` file. Methods are "model", "against", "disc" and "grabcut"; differences are the model's IoU minus
    that method's, object by object. Sizes are "all" and those of `sizes`."""

    set: str
    model: str
    against: str | None
    objects: int
    pictures: int
    groups: int
    settings: Settings
    quality: dict[str, dict[str, Quality]]
    by_size: dict[str, dict[str, dict[str, Estimate]]]
    differences: dict[str, dict[str, dict[str, Estimate]]]
    calibration: dict[str, Calibration]
    times: dict[str, dict[str, Time]]
    things: list[Row]


def make_report(results: Results, name: str, model: str, against: str | None, settings: Settings) -> Report:
    """Everything that is said about the results."""
    groups = np.array([thing.group for thing in results.things])
    buckets = {size: members for size, members in sizes(results).items() if members.any()}
    ours = results.answers[MODEL]
    return Report(
        set=name,
        model=model,
        against=against,
        objects=len(groups),
        pictures=len({thing.picture for thing in results.things}),
        groups=len(set(groups.tolist())),
        settings=settings,
        quality={
            method: {
                asked: Quality(*(estimate(table[:, column], groups) for column in (CHOSEN, BEST, BOUNDARY_F)))
                for asked, table in answers.items()
            }
            for method, answers in results.answers.items()
        },
        by_size={
            size: {
                method: {asked: estimate(table[members, CHOSEN], groups[members]) for asked, table in answers.items()}
                for method, answers in results.answers.items()
            }
            for size, members in buckets.items()
        },
        differences={
            method: {
                asked: {
                    size: estimate((ours[asked] - table)[members, CHOSEN], groups[members])
                    for size, members in buckets.items()
                }
                for asked, table in answers.items()
            }
            for method, answers in results.answers.items()
            if method != MODEL
        },
        calibration={asked: calibration(table) for asked, table in ours.items()},
        times={
            method: {"encode": _time(times.encode_ms), "decode": _time(times.decode_ms)}
            for method, times in results.times.items()
        },
        things=[_row(results, index) for index in range(len(groups))],
    )


def sizes(results: Results) -> dict[str, Bools]:
    """Which objects (N,) are of which size: COCO's (by pixels, 32 and 96 squared), and by share of the picture."""
    area = np.array([thing.area_px for thing in results.things], np.float64)
    share = area / results.picture_px
    return {
        EVERY: area >= 0,
        "small": area < 32**2,
        "medium": (area >= 32**2) & (area < 96**2),
        "large": area >= 96**2,
        "< 1 % of the picture": share < 0.01,
        "1 to 5 %": (share >= 0.01) & (share < 0.05),
        "5 to 20 %": (share >= 0.05) & (share < 0.2),
        "> 20 %": share >= 0.2,
    }


def calibration(table: NDArray[np.float64]) -> Calibration:
    """How well the expected IoU of the answers (N, 4) fits the real one."""
    expected, real = table[:, EXPECTED], table[:, CHOSEN]
    index = np.minimum((expected * BINS).astype(int), BINS - 1)
    bins = [
        Bin(k / BINS, (k + 1) / BINS, int(inside.sum()), float(expected[inside].mean()), float(real[inside].mean()))
        for k in range(BINS)
        if (inside := index == k).any()
    ]
    gap = table[:, BEST] - real
    return Calibration(
        expected=float(expected.mean()),
        real=float(real.mean()),
        error=sum(b.count * abs(b.expected - b.real) for b in bins) / len(table),
        rank=_rank_correlation(expected, real),
        gap=float(gap.mean()),
        best_chosen=float((gap < 1e-9).mean()),
        bins=bins,
    )


def _rank_correlation(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Spearman's; 0 where one of them does not vary."""
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return 0.0
    ranks = [np.searchsorted(np.sort(x), x, "left") + np.searchsorted(np.sort(x), x, "right") for x in (a, b)]
    return float(np.corrcoef(np.stack(ranks).astype(float))[0, 1])


def _time(runs_ms: Sequence[float]) -> Time:
    p50, p95 = np.percentile(runs_ms, [50, 95])
    return Time(round(float(p50), 3), round(float(p95), 3), len(runs_ms))


def _row(results: Results, index: int) -> Row:
    thing = results.things[index]
    answers = {
        method: {asked: [round(x, 5) for x in table[index].tolist()] for asked, table in answers.items()}
        for method, answers in results.answers.items()
    }
    return Row(thing.name, thing.area_px, answers)
