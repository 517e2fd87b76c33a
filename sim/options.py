"""Options that name several numbers at once: ``lost=0.05,late=0.02``."""

from collections.abc import Sequence


def named_numbers(text: str, known: Sequence[str], what: str) -> dict[str, float]:
    """The numbers by their names; ``what`` one of them is called, for errors. ValueError with one sentence."""
    found = {}
    for item in filter(None, (part.strip() for part in text.split(","))):
        name, _, value = (part.strip() for part in item.partition("="))
        if name not in known:
            raise ValueError(f"there is no {what} {name!r}; known are {', '.join(known)}")
        try:
            found[name] = float(value)
        except ValueError:
            raise ValueError(f"the {what} {item!r} has no number; write for example {known[0]}=0.05") from None
    return found
