"""Draws overlays and masks onto pictures, in the style of the browser HUD, for PNG files and videos.

One accent for what is looked at (bright line over a dark halo, soft glow inside, one card), thin pale lines for the
rest. What is said by colour is also said by weight and shape, and the colours of several masks are those of Okabe and
Ito ("Color Universal Design", 2008), which stay apart for every kind of colour vision.
"""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from gazeline.runtime.messages import Overlay, OverlayObject

Image = NDArray[np.uint8]  # (H, W, 3) RGB
Rings = list[NDArray[np.int32]]  # each (N, 2): 1/16 px

ICE = (127, 228, 255)  # the gazed object, by eye
AMBER = (255, 184, 84)  # the same, by mouse or by head
PALE = (226, 236, 242)  # everything else
INK = (7, 10, 14)
OKABE_ITO = ((86, 180, 233), (230, 159, 0), (0, 158, 115), (240, 228, 66), (204, 121, 167), (213, 94, 0), (0, 114, 178))

_SHIFT = 4  # cv2 takes vertices in 1/16 px: outlines stay sub-pixel
_FINE = 2  # lines are drawn this much larger and averaged down: widths of fractions of a pixel, no wobble
_FONT = cv2.FONT_HERSHEY_SIMPLEX


def draw_overlay(image: Image, overlay: Overlay, *, card: bool = True) -> Image:
    """A copy of ``image`` (RGB uint8 HWC) with the overlay on it.

    The overlay's pixels must be those of ``image``; an overlay of a picture of another size is scaled to it.
    """
    out = _rgb(image).copy()
    height, width = out.shape[:2]
    scale = np.array([width / overlay.width, height / overlay.height])
    accent = ICE if overlay.gaze_source == "eye" else AMBER
    unit = _unit(out)
    for thing in sorted(overlay.objects, key=lambda each: each.gazed):  # the gazed one last: on top
        rings = [_vertices(np.asarray(ring), scale) for ring in thing.outline if len(ring) >= 3]
        if not rings:
            continue
        if thing.gazed:
            _glow(out, rings, accent, reach_px=14 * unit)
            _line(out, rings, INK, 4.5 * unit, alpha=0.5)
            _line(out, rings, accent, 2 * unit)
        else:
            _line(out, rings, INK, 3 * unit, alpha=0.3)
            _line(out, rings, PALE, unit, alpha=0.55)
    if overlay.gaze_px is not None and overlay.gaze_state != "lost":
        _gaze_dot(out, np.asarray(overlay.gaze_px), scale, overlay.gaze_state, accent)
    if card:
        for thing in overlay.objects:
            if thing.gazed:
                _card(out, thing, scale, accent)
    return out


def draw_masks(
    image: Image,
    masks: Sequence[NDArray[np.bool_]],
    *,
    labels: Sequence[str] = (),
    points: Sequence[tuple[float, float, int]] = (),
    boxes: Sequence[Sequence[float]] = (),
) -> Image:
    """A copy of ``image`` (RGB uint8 HWC) with each mask (H, W) filled translucently and outlined in its own colour.

    ``labels`` (one per mask) are written inside; ``points`` are prompts (x, y, label): a filled dot for 1, a crossed
    one for 0; ``boxes`` are prompts (x0, y0, x1, y1). Pixels of the image. ValueError when a mask has another size.
    """
    out = _rgb(image).copy()
    unit = _unit(out)
    for index, mask in enumerate(masks):
        if mask.shape != out.shape[:2]:
            raise ValueError(
                f"mask {index} is {mask.shape[1]}x{mask.shape[0]} but the picture is {out.shape[1]}x{out.shape[0]}"
            )
        colour = OKABE_ITO[index % len(OKABE_ITO)]
        rings = _outlines(mask)
        if not rings:
            continue
        _fill(out, rings, colour, alpha=0.28)
        _line(out, rings, INK, 4 * unit, alpha=0.5)
        _line(out, rings, colour, 2 * unit)
    for x0, y0, x1, y1 in boxes:
        corners = [_vertices(np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]]), np.ones(2))]
        _line(out, corners, INK, 3 * unit, alpha=0.5)
        _line(out, corners, PALE, unit)
    for x, y, label in points:
        _prompt_dot(out, (x, y), positive=bool(label))
    for mask, text in zip(masks, labels, strict=False):
        if text and mask.any():
            _label(out, mask, text, points)
    return out


def draw_things(
    image: Image,
    masks: Sequence[NDArray[np.bool_]],
    wholes: Sequence[int | None],
    surfaces: Sequence[bool],
) -> Image:
    """A copy of ``image`` (RGB uint8 HWC) with all that is in it outlined, as `gazeline.engines.everything` finds it.

    Each whole thing has a colour, a thin line, and its index inside; its parts have a finer line of the same colour,
    and surfaces a pale, faint one. ``wholes``: for each mask (H, W), the index of what it is a part of.
    """
    out = _rgb(image).copy()
    unit = _unit(out)
    drawn = [i for i, mask in enumerate(masks) if mask.any()]
    rings = {i: _outlines(masks[i]) for i in drawn}
    colours: dict[int, tuple[int, int, int]] = {}
    for i in drawn:  # wholes come before their parts
        whole = wholes[i]
        colours[i] = colours[whole] if whole in colours else OKABE_ITO[len(colours) % len(OKABE_ITO)]
    for i in sorted(drawn, key=lambda i: (not surfaces[i], wholes[i] is None)):  # what matters most is on top
        if surfaces[i]:
            _line(out, rings[i], PALE, 0.5 * unit, alpha=0.45)
        elif wholes[i] is not None:
            _line(out, rings[i], colours[i], 0.5 * unit, alpha=0.8)
        else:
            _fill(out, rings[i], colours[i], alpha=0.14)
            _line(out, rings[i], INK, 2.5 * unit, alpha=0.4)
            _line(out, rings[i], colours[i], unit)
    for i in drawn:
        if wholes[i] is None and not surfaces[i]:
            _label(out, masks[i], str(i), ())
    return out


def _outlines(mask: NDArray[np.bool_]) -> Rings:
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    return [_vertices(contour.reshape(-1, 2), np.ones(2)) for contour in contours]


def _rgb(image: Image) -> Image:
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise ValueError(f"a picture to draw on is uint8 of shape (height, width, 3), not {image.dtype} {image.shape}")
    return image


def _unit(image: Image) -> float:
    """Line widths and text grow with the picture: 1 at 480 px."""
    return max(1.0, float(min(image.shape[:2])) / 480)


def _vertices(ring_px: NDArray[Any], scale: NDArray[np.float64]) -> NDArray[np.int32]:
    """(N, 2) px to (N, 2) in 1/16 px; pixel (0, 0) is a centre for both, so only the scale moves it by a half."""
    scaled = (np.clip(ring_px, -30000, 30000) + 0.5) * scale - 0.5
    return np.asarray(np.rint(scaled * (1 << _SHIFT)), dtype=np.int32)


def _region(image: Image, rings: Rings, margin_px: float) -> tuple[slice, slice]:
    """The part of the image that the rings touch: blending stays local."""
    every = np.concatenate(rings) / (1 << _SHIFT)
    height, width = image.shape[:2]
    low = np.floor(every.min(axis=0) - margin_px).astype(int)
    high = np.ceil(every.max(axis=0) + margin_px).astype(int) + 1
    x0, x1 = np.clip([low[0], high[0]], 0, width)
    y0, y1 = np.clip([low[1], high[1]], 0, height)
    return slice(y0, y1), slice(x0, x1)


def _line(image: Image, rings: Rings, colour: tuple[int, int, int], width_px: float, *, alpha: float = 1.0) -> None:
    where = _region(image, rings, width_px + 2)
    part = image[where]
    if part.size == 0:
        return
    height, width = part.shape[:2]
    fine = np.zeros((height * _FINE, width * _FINE), np.uint8)
    # Pixel centres: x in the picture is (x + 0.5) * fine - 0.5 in the larger one.
    half = (1 << _SHIFT) // 2
    vertices = [(ring + half) * _FINE - half for ring in _moved(rings, where)]
    cv2.polylines(fine, vertices, True, (255,), max(1, round(width_px * _FINE)), cv2.LINE_AA, _SHIFT)
    cover = cv2.resize(fine, (width, height), interpolation=cv2.INTER_AREA)
    _blend(part, colour, cover.astype(np.float32) * np.float32(alpha / 255))


def _moved(rings: Rings, where: tuple[slice, slice]) -> Rings:
    return [ring - np.array([where[1].start, where[0].start], np.int32) * (1 << _SHIFT) for ring in rings]


def _cover(rings: Rings, where: tuple[slice, slice]) -> Image:
    """Coverage 0..255 of the rings' inside (holes by the even-odd rule) in the region."""
    cover = np.zeros((where[0].stop - where[0].start, where[1].stop - where[1].start), np.uint8)
    cv2.fillPoly(cover, _moved(rings, where), (255,), cv2.LINE_AA, _SHIFT)
    return cover


def _blend(part: Image, colour: tuple[int, int, int], alpha: NDArray[np.float32]) -> None:
    mixed = part + alpha[..., None] * (np.array(colour, np.float32) - part)
    part[:] = np.rint(mixed).astype(np.uint8)


def _fill(image: Image, rings: Rings, colour: tuple[int, int, int], *, alpha: float) -> None:
    where = _region(image, rings, 1)
    if image[where].size:
        _blend(image[where], colour, _cover(rings, where).astype(np.float32) * np.float32(alpha / 255))


def _glow(image: Image, rings: Rings, colour: tuple[int, int, int], *, reach_px: float) -> None:
    """A veil over the object that is brightest along its edge."""
    where = _region(image, rings, 2)
    if image[where].size == 0:
        return
    cover = _cover(rings, where)
    framed = cv2.copyMakeBorder(cover, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=(0,))
    depth = cv2.distanceTransform(framed, cv2.DIST_L2, 3)[1:-1, 1:-1]  # px inside the outline
    alpha = (0.07 + 0.33 * np.exp(-depth / np.float32(reach_px / 2))) * (cover > 0)
    _blend(image[where], colour, alpha.astype(np.float32))


def _gaze_dot(
    image: Image, at_px: NDArray[np.float64], scale: NDArray[np.float64], state: str, accent: tuple[int, int, int]
) -> None:
    """A ring with a pupil; wider and empty in a saccade, a closed lid in a blink."""
    unit = _unit(image)
    centre = _vertices(at_px[None], scale)
    if state == "blink":
        lid = np.array([[-11.0, 0.0], [11.0, 0.0]]) * unit
    else:
        angles = np.linspace(0.0, 2 * np.pi, 48, endpoint=False)
        lid = np.stack([np.cos(angles), np.sin(angles)], axis=-1) * (11.0 if state == "saccade" else 7.5) * unit
    ring = [centre + np.asarray(np.rint(lid * (1 << _SHIFT)), dtype=np.int32)]
    _line(image, ring, INK, 3.5 * unit, alpha=0.5)
    _line(image, ring, accent, 1.5 * unit)
    if state in ("fixation", "user"):
        _line(image, [centre], accent, 3 * unit)


def _prompt_dot(image: Image, at_px: tuple[float, float], *, positive: bool) -> None:
    unit = _unit(image)
    x, y = (round(float(value) * (1 << _SHIFT)) for value in at_px)
    radius = round(5 * unit * (1 << _SHIFT))
    cv2.circle(image, (x, y), radius + round(1.5 * unit * 16), INK, -1, cv2.LINE_AA, _SHIFT)
    cv2.circle(image, (x, y), radius, PALE if positive else AMBER, -1, cv2.LINE_AA, _SHIFT)
    if not positive:
        arm, width = radius // 2, max(1, round(1.5 * unit))
        cv2.line(image, (x - arm, y - arm), (x + arm, y + arm), INK, width, cv2.LINE_AA, _SHIFT)
        cv2.line(image, (x - arm, y + arm), (x + arm, y - arm), INK, width, cv2.LINE_AA, _SHIFT)


def _card(image: Image, thing: OverlayObject, scale: NDArray[np.float64], accent: tuple[int, int, int]) -> None:
    """Name, id, score and distance beside the object: where there is room, else where it covers least of it."""
    unit = _unit(image)
    title = thing.name or f"object {thing.id}"
    parts = [f"#{thing.id}", f"{round(100 * thing.score)} %"]
    if thing.depth_m is not None:
        parts.append(f"{thing.depth_m:.2f} m" if thing.depth_m < 10 else f"{thing.depth_m:.0f} m")
    detail = "   ".join(parts)
    large, small, pad = 0.5 * unit, 0.38 * unit, round(8 * unit)
    (title_w, title_h), _ = cv2.getTextSize(title, _FONT, large, 1)
    (detail_w, detail_h), _ = cv2.getTextSize(detail, _FONT, small, 1)
    wide = max(title_w, detail_w) + 2 * pad
    high = title_h + detail_h + round(2.6 * pad)
    height, width = image.shape[:2]
    x0, y0, x1, y1 = np.asarray(thing.box) * np.tile(scale, 2)
    gap, top = round(14 * unit), (y0 + y1 - high) / 2
    middle = (x0 + x1 - wide) / 2
    places = ((x1 + gap, top), (x0 - gap - wide, top), (middle, y0 - gap - high), (middle, y1 + gap))
    fitted = [(min(max(x, 4), width - wide - 4), min(max(y, 4), height - high - 4)) for x, y in places]

    def covered(place: tuple[float, float]) -> float:
        x, y = place
        return float(max(0.0, min(x + wide, x1) - max(x, x0)) * max(0.0, min(y + high, y1) - max(y, y0)))

    x, y = (round(float(value)) for value in min(fitted, key=covered))
    left, upper = max(0, x), max(0, y)
    part = image[upper : upper + high, left : left + wide]
    if part.size == 0:
        return
    _blend(part, INK, np.full(part.shape[:2], 0.72, np.float32))
    cv2.rectangle(image, (left, upper), (left + max(1, round(2 * unit)) - 1, upper + high - 1), accent, -1)
    weight = max(1, round(unit))
    at = (left + pad, upper + pad + title_h)
    cv2.putText(image, title, at, _FONT, large, (255, 255, 255), weight, cv2.LINE_AA)
    at = (left + pad, upper + high - pad)
    cv2.putText(image, detail, at, _FONT, small, PALE, weight, cv2.LINE_AA)


def _label(image: Image, mask: NDArray[np.bool_], text: str, points: Sequence[tuple[float, float, int]]) -> None:
    """The text at the mask's innermost point, which lies inside also when the mask is a ring; beside prompt dots."""
    depth = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 3)
    y, x = np.unravel_index(int(depth.argmax()), depth.shape)
    unit = _unit(image)
    (wide, high), _ = cv2.getTextSize(text, _FONT, 0.42 * unit, 1)
    left, base = int(np.clip(x - wide // 2, 2, max(2, image.shape[1] - wide - 2))), int(y + high // 2)
    reach = 8 * unit
    for at_x, at_y, _positive in points:
        if left - reach < at_x < left + wide + reach and base - high - reach < at_y < base + reach:
            base = round(at_y + reach + 1.5 * high)
    for colour, weight in ((INK, max(3, round(3 * unit))), ((255, 255, 255), max(1, round(unit)))):
        cv2.putText(image, text, (left, base), _FONT, 0.42 * unit, colour, weight, cv2.LINE_AA)
