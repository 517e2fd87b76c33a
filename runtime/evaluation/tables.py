"""An evaluation's report for people."""

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from gazeline.runtime.evaluation.confidence import Estimate
from gazeline.runtime.evaluation.measure import AGAINST, DISC, GRABCUT, MODEL
from gazeline.runtime.evaluation.report import Calibration, Quality, Report

FEW_GROUPS = 10
NAME_WIDTH = 28


def tables(report: Report) -> RenderableType:
    """All that a person wants to know of a report."""
    first = next(iter(report.quality[MODEL]))
    parts: list[RenderableType] = [
        Text.assemble(
            (report.model, "bold"),
            f" on {report.set}: {report.objects} objects in {report.pictures} pictures; mean IoU, 95 % limits",
        ),
        _quality(report),
        Text(),
        Text(f"by size ({_asked(report, first)})", "bold"),
        _sizes(report, first),
    ]
    if first in report.calibration:
        parts += [Text(), *_calibration(report.calibration[first], _asked(report, first))]
    parts += [Text(), *(Text(line, "dim") for line in _notes(report))]
    return Group(*parts)


def _quality(report: Report) -> Table:
    table = _table("asked", "by", "chosen", "best candidate", "boundary F", "ours is better by")
    for asked in report.quality[MODEL]:
        label = _asked(report, asked)
        for method, answers in report.quality.items():
            if asked in answers:
                table.add_row(label, *_quality_cells(report, method, asked, answers[asked]))
                label = ""
    return table


def _quality_cells(report: Report, method: str, asked: str, quality: Quality) -> list[Text]:
    candidates = method in (MODEL, AGAINST)
    return [
        Text(_name(report, method), "bold" if method == MODEL else ""),
        _limits(quality.chosen),
        _limits(quality.best) if candidates else Text(),
        _limits(quality.boundary_f),
        _difference(report.differences[method][asked]["all"]) if method != MODEL else Text(),
    ]


def _sizes(report: Report, asked: str) -> Table:
    methods = [method for method, answers in report.quality.items() if asked in answers]
    rivals = [method for method in methods if method in (GRABCUT, AGAINST)]
    names = [_name(report, method) for method in methods]
    table = _table("size", "objects", *names, *(f"better than {_name(report, method)} by" for method in rivals))
    for size, found in report.by_size.items():
        table.add_row(
            size,
            Text(str(found[MODEL][asked].count)),
            *(Text(f"{found[method][asked].mean:.3f}") for method in methods),
            *(_difference(report.differences[method][asked][size]) for method in rivals),
        )
    return table


def _calibration(found: Calibration, asked: str) -> list[RenderableType]:
    table = _table("expected IoU", "objects", "expected", "real")
    for each in found.bins:
        cells = (str(each.count), f"{each.expected:.3f}", f"{each.real:.3f}")
        table.add_row(f"{each.low:.1f} to {each.high:.1f}", *cells)
    words = (
        f"expected {found.expected:.3f}, real {found.real:.3f}; calibration error {found.error:.3f}, rank correlation "
        f"{found.rank:.2f}; the best candidate is {found.gap:.3f} better than the chosen one, which is the best "
        f"{found.best_chosen:.0%} of the time"
    )
    return [Text(f"calibration ({asked})", "bold"), table, Text(words)]


def _notes(report: Report) -> list[str]:
    settings = report.settings
    angle = "the set's own angle of view, else 75" if settings.fov_deg is None else f"{settings.fov_deg:g}"
    lines = [
        f"{_name(report, method)}: encode {times['encode'].p50_ms:.1f} ms (95 % within {times['encode'].p95_ms:.1f}), "
        f"decode {times['decode'].p50_ms:.1f} ms (95 % within {times['decode'].p95_ms:.1f})"
        for method, times in report.times.items()
    ]
    if any("gaze" in answers for answers in report.quality.values()):
        lines.append(
            f"gaze: {settings.gaze_draws} draws of a normal error of {settings.gaze_error_deg:g} deg per axis; the "
            f"picture's longer side spans {angle} deg"
        )
    if settings.mask_input and any("clicks" in asked for asked in report.quality[MODEL]):
        lines.append("corrective clicks came with the mask so far")
    if 1 < report.groups < FEW_GROUPS:
        lines.append(f"only {report.groups} videos or scenes: the limits are rough")
    elif report.groups == 1:
        lines.append("all of one video or scene: the limits hold for that one alone")
    return lines


def _asked(report: Report, asked: str) -> str:
    return f"gaze, {report.settings.gaze_error_deg:g} deg off" if asked == "gaze" else asked


def _name(report: Report, method: str) -> str:
    """What a person calls a method; models by the end of what was typed, which may be a long path."""
    names = {DISC: "a disc", GRABCUT: "GrabCut", MODEL: report.model, AGAINST: report.against or ""}
    name = names[method]
    return name if len(name) <= NAME_WIDTH else f"…{name[1 - NAME_WIDTH :]}"


def _limits(found: Estimate) -> Text:
    limits = f" {found.low:.3f} to {found.high:.3f}" if found.count > 1 else ""
    return Text.assemble(f"{found.mean:.3f}", (limits, "dim"))


def _difference(found: Estimate) -> Text:
    style = "green" if found.low > 0 else "red" if found.high < 0 else "yellow"
    limits = f" {found.low:+.3f} to {found.high:+.3f}" if found.count > 1 else ""
    return Text.assemble((f"{found.mean:+.3f}", style), (limits, "dim"))


def _table(first: str, *others: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column(escape(first), no_wrap=True)
    for name in others:
        table.add_column(escape(name), justify="right", no_wrap=True)
    return table
