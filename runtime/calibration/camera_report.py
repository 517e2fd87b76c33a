"""What came of a camera calibration, for people (one HTML file, PNG pictures) and for programs (JSON)."""

import base64
import html
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from gazeline.calib.board import Board
from gazeline.calib.camera_calibration import Calibration, LeftOut
from gazeline.calib.coverage import advice
from gazeline.calib.pose import rms
from gazeline.runtime.calibration.gather import Gathered
from gazeline.runtime.calibration.page import page
from gazeline.runtime.calibration.plots import Image, coverage_picture, residual_picture, straight_picture

_WIDEST_PX = 1880  # of pictures within the page, for screens of two pixels to one; the PNG files are whole
GOOD_PX, FAIR_PX = 0.5, 1.0  # at a picture of 1280 pixels; in proportion at others


@dataclass(frozen=True, eq=False)
class CameraReport:
    """A calibration with all that is to be told about it."""

    source: str
    board: Board
    gathered: Gathered
    calibration: Calibration

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """Pictures that were not used, in the order of their names."""
        both = (*self.gathered.left_out, *self.calibration.left_out)
        return tuple(sorted(both, key=lambda each: each.name))

    @property
    def advice(self) -> list[str]:
        """Which views to add."""
        return advice(self.calibration.solution.views, self.gathered.width, self.gathered.height)

    @property
    def verdict(self) -> str:
        """One sentence."""
        held_out = self.calibration.trial.held_out_px
        scale = self.gathered.width / 1280
        if not self.calibration.solution.settled:
            return "The solver did not come to rest: do not use this calibration; take more, and more different, views."
        if math.isnan(held_out):
            return "There were too few views to tell how good it is: take at least ten."
        word = "good" if held_out <= GOOD_PX * scale else "usable" if held_out <= FAIR_PX * scale else "poor"
        also = " It would be better with more views; see below." if self.advice else ""
        return f"This calibration is {word}: it predicts views it has not seen to {held_out:.2f} px.{also}"

    def as_json(self) -> dict[str, Any]:
        """All figures."""
        solution = self.calibration.solution
        values = solution.lens.values(solution.camera).tolist()
        return {
            "source": self.source,
            "board": str(self.board),
            "width": self.gathered.width,
            "height": self.gathered.height,
            "lens": solution.lens.name,
            "rms_px": solution.rms_px,
            "held_out_px": _number(self.calibration.trial.held_out_px),
            "settled": solution.settled,
            "verdict": self.verdict,
            "parameters": {
                name: {"value": value, "std": solution.std[name]}
                for name, value in zip(solution.lens.names, values, strict=True)
            },
            "lenses": [
                {
                    "lens": t.lens,
                    "rms_px": t.rms_px,
                    "held_out_px": _number(t.held_out_px),
                    "corners_beyond_reach": t.beyond,
                }
                for t in self.calibration.trials
            ],
            "views": [
                {"name": view.name, "corners": len(view.px), "rms_px": rms(r), "edge_px": _number(view.rise_px)}
                for view, r in zip(solution.views, solution.residuals_px, strict=True)
            ],
            "left_out": [{"name": each.name, "reason": each.reason} for each in self.left_out],
            "advice": self.advice,
        }

    def pictures(self) -> dict[str, Image]:
        """The PNG files by name."""
        gathered, solution = self.gathered, self.calibration.solution
        return {
            "coverage.png": coverage_picture(gathered.sample, solution.views),
            "residuals.png": residual_picture(solution, gathered.width, gathered.height),
            "undistorted.png": straight_picture(gathered.sample, solution.camera),
        }

    def as_html(self, pictures: Mapping[str, Image]) -> str:
        """One page that needs no other file."""
        solution = self.calibration.solution
        tiles = (
            ("error", f"{solution.rms_px:.2f} px", "rms over the views used"),
            ("on views not seen", _px(self.calibration.trial.held_out_px), "rms, 5-fold cross-validation"),
            ("views used", f"{len(solution.views)} of {self.gathered.pictures}", str(self.board)),
            (
                "lens",
                solution.lens.name,
                f"{self.gathered.width} x {self.gathered.height} px, {self._view_deg():.0f}° wide",
            ),
        )
        sections = [
            _tiles(tiles),
            _advice(self.advice),
            _section("The camera", "How sure each number is: one standard deviation.", self._parameters()),
            _section("Which lens", "The lens that predicts views it was not fitted to best was taken.", self._trials()),
            _figure(
                pictures["coverage.png"],
                "Where the corners were",
                "White dots: every corner of every view. Empty regions are guessed, not measured.",
            ),
            _figure(
                pictures["residuals.png"],
                "What remains",
                "Left: the mean error in each part of the picture, enlarged; arrows that follow a pattern mean a wrong"
                " lens. Right: every error; a round cloud is noise.",
            ),
            _figure(
                pictures["undistorted.png"],
                "Straight lines",
                "Left as the camera gives it, right with the lens taken out: straight things are straight there.",
            ),
            _section("The views", "Error of each view, px.", self._views()),
            _section("Left out", "", self._left_out()) if self.left_out else "",
        ]
        return page("Camera calibration", self.source, self.verdict, "".join(sections))

    def _view_deg(self) -> float:
        camera = self.calibration.solution.camera
        middle = (camera.height - 1) / 2
        ends, _ = camera.unproject(np.array([[0.0, middle], [camera.width - 1.0, middle]]))
        return math.degrees(sum(math.atan2(abs(float(d[0])), float(d[2])) for d in ends))

    def _parameters(self) -> str:
        solution = self.calibration.solution
        values = solution.lens.values(solution.camera).tolist()
        rows = [
            f"<tr><th>{name}</th><td>{value:.2f} px</td><td>± {solution.std[name]:.2f}</td></tr>"
            if i < solution.lens.linear
            else f"<tr><th>{name}</th><td>{value:.5f}</td><td>± {solution.std[name]:.5f}</td></tr>"
            for i, (name, value) in enumerate(zip(solution.lens.names, values, strict=True))
        ]
        return f"<table>{''.join(rows)}</table>"

    def _trials(self) -> str:
        rows = []
        for t in self.calibration.trials:
            chosen = ' class="chosen"' if t.lens == self.calibration.solution.lens.name else ""
            beyond = f"{t.beyond} corners beyond its reach" if t.beyond else ""
            rows.append(
                f"<tr{chosen}><th>{t.lens}</th><td>{_px(t.rms_px)}</td><td>{_px(t.held_out_px)}</td><td>{beyond}</td></tr>"
            )
        head = "<tr><td></td><td>views used</td><td>views not seen</td><td></td></tr>"
        return f"<table>{head}{''.join(rows)}</table>"

    def _views(self) -> str:
        solution = self.calibration.solution
        errors = [rms(r) for r in solution.residuals_px]
        top = max(errors)
        rows = [
            f'<tr><th>{html.escape(view.name)}</th><td class="bar"><i style="width:{100 * error / top:.1f}%"></i></td>'
            f"<td>{error:.2f}</td><td>{len(view.px)} corners</td></tr>"
            for view, error in zip(solution.views, errors, strict=True)
        ]
        return f'<table class="views">{"".join(rows)}</table>'

    def _left_out(self) -> str:
        rows = [
            f"<tr><th>{html.escape(each.name)}</th><td>{html.escape(each.reason)}</td></tr>" for each in self.left_out
        ]
        return f'<table class="left-out">{"".join(rows)}</table>'


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _px(value: float) -> str:
    return f"{value:.2f} px" if math.isfinite(value) else "unknown"


def _tiles(tiles: tuple[tuple[str, str, str], ...]) -> str:
    each = (f"<div><dt>{a}</dt><dd>{html.escape(b)}</dd><p>{html.escape(c)}</p></div>" for a, b, c in tiles)
    return f'<dl class="tiles">{"".join(each)}</dl>'


def _advice(said: list[str]) -> str:
    if not said:
        return ""
    items = "".join(f"<li>{html.escape(each)}</li>" for each in said)
    return f'<section class="advice"><h2>To make it better</h2><ul>{items}</ul></section>'


def _section(title: str, text: str, content: str) -> str:
    return f"<section><h2>{title}</h2><p>{text}</p>{content}</section>"


def _figure(picture: Image, title: str, text: str) -> str:
    scale = min(1.0, _WIDEST_PX / picture.shape[1])
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1.0 else picture
    _, jpeg = cv2.imencode(".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), (cv2.IMWRITE_JPEG_QUALITY, 90))
    data = base64.b64encode(jpeg.tobytes()).decode()
    figure = f'<figure><img alt="{title}" src="data:image/jpeg;base64,{data}"></figure>'
    return f"<section><h2>{title}</h2>{figure}<p>{text}</p></section>"
