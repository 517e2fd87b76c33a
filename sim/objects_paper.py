"""Books, notebooks and paper, lying."""

from functools import cache

import numpy as np

from gazeline.sim.design import Design, Look, Maker, Piece, block, metal, plastic, textured
from gazeline.sim.labels import cover, paper
from gazeline.sim.meshes import box, join, rot, sweep
from gazeline.sim.polygons import circle
from gazeline.sim.textures import Rng, stripes, vivid


@cache
def _pages() -> Look:
    """The edges of a block of pages: the same for every book."""
    lines = stripes(np.random.default_rng(0), [(0.94, 0.92, 0.86), (0.86, 0.83, 0.76)], 32, vertical=False)
    return textured(lines, roughness=0.9)


def binding(rng: Rng) -> Look:
    """A book's cover."""
    return textured(cover(rng), roughness=0.55)


def book_of(art: Look, w: float, t: float, h: float, rounding: float = 0.001) -> Design:
    """A book lying flat, spine at -x: covers (one texture) around a block of pages."""
    boards = [box((w, 0.003, h), rounding), box((w, 0.003, h), rounding).moved((0, t - 0.003, 0))]
    spine = box((0.004, t, h), 1.5 * rounding).moved((-w / 2, 0, 0))
    pages = box((w - 0.008, t - 0.006, h - 0.008)).moved((-0.003, 0.003, 0))
    return Design(
        "book",
        (Piece("cover", join(*boards, spine), art), Piece("pages", pages, _pages())),
        (block((w, t, h)),),
        0.6,
    )


def book(rng: Rng) -> Design:
    return book_of(binding(rng), rng.uniform(0.13, 0.2), rng.uniform(0.018, 0.045), rng.uniform(0.2, 0.27))


def notebook(rng: Rng) -> Design:
    w, h = rng.uniform(0.14, 0.2), rng.uniform(0.2, 0.27)
    pad = box((w, 0.008, h), 0.001)
    page = box((w - 0.006, 0.0012, h - 0.006)).moved((0, 0.0075, 0))
    coils = [
        sweep((circle(0.0065, 10) @ np.array([[1.0, 0, 0], [0, 1.0, 0]])) + [-w / 2, 0.006, z], 0.0009, 4, closed=True)
        for z in np.linspace(-h / 2 + 0.012, h / 2 - 0.012, 18)
    ]
    return Design(
        "notebook",
        (
            Piece("cover", pad, plastic(vivid(rng), 0.6)),
            Piece("page", page, textured(paper(rng), roughness=0.9)),
            Piece("spiral", join(*coils), metal()),
        ),
        (block((w, 0.009, h)),),
        0.3,
    )


def sticky_notes(rng: Rng) -> Design:
    pads = []
    y = 0.0
    for _ in range(int(rng.integers(1, 4))):
        t = float(rng.uniform(0.006, 0.014))
        pads.append(
            Piece(
                "pad",
                box((0.076, t, 0.076)).moved((0, y, 0), rot("y", rng.uniform(-5, 5))),
                Look(vivid(rng, (0.4, 0.7), (0.85, 0.98)), roughness=0.9),
            )
        )
        y += t
    return Design("sticky notes", tuple(pads), (block((0.076, y, 0.076)),), 0.1)


def paper_stack(rng: Rng) -> Design:
    sheets = [
        box((0.21, 0.0025, 0.297)).moved(
            (rng.normal(0, 0.003), 0.0025 * k, rng.normal(0, 0.003)), rot("y", rng.normal(0, 1.5))
        )
        for k in range(6)
    ]
    return Design(
        "paper stack",
        (Piece("paper", join(*sheets), textured(paper(rng, 15), roughness=0.95)),),
        (block((0.21, 0.015, 0.297)),),
        0.4,
    )


PAPER: dict[str, Maker] = {
    "book": book,
    "notebook": notebook,
    "sticky notes": sticky_notes,
    "paper stack": paper_stack,
}
