"""Colours of values and of categories, without a plotting package."""

from __future__ import annotations

#: Viridis at nine points from 0 to 1 (van der Walt & Smith 2015), of equal steps in lightness.
VIRIDIS = (
    "#440154", "#472d7b", "#3b528b", "#2c728e", "#21918c", "#28ae80", "#5ec962", "#addc30", "#fde725",
)  # fmt: skip

#: Colours that people with any colour vision tell apart (Okabe & Ito 2008), without black.
CATEGORIES = ("#e69f00", "#56b4e9", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7")


def at(share: float) -> str:
    """The colour of a share in [0, 1], linear between the points of `VIRIDIS`."""
    place = share * (len(VIRIDIS) - 1)
    left = min(int(place), len(VIRIDIS) - 2)
    low, high = _rgb(VIRIDIS[left]), _rgb(VIRIDIS[left + 1])
    mixed = (round(a + (b - a) * (place - left)) for a, b in zip(low, high, strict=True))
    return "#" + "".join(f"{part:02x}" for part in mixed)


def text_on(fill: str) -> str:
    """Black or white, whichever is the easier to read on a colour (WCAG 2 relative luminance)."""
    linear = [(c / 3294.6 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4) for c in _rgb(fill)]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#000000" if luminance > 0.179 else "#ffffff"


def _rgb(colour: str) -> tuple[int, ...]:
    return tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))
