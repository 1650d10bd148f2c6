"""Colours that can be read: contrast by WCAG 2.2, and what follows from an organization's accent.

An accent is a colour for the light theme and one for the dark; where only the first is given, the
second is the first made lighter until it can be read. All figures are of sRGB, "#rrggbb".
"""

import re
from collections.abc import Mapping

from idp.directory.errors import Invalid

LEAST = 4.5  # WCAG 2.2, 1.4.3: contrast of text
# The grounds on which the accent stands; static/css/tokens.css names the same ones.
LIGHT_GROUNDS = ("#ffffff", "#f6f6f3", "#f1f1ed")
DARK_GROUNDS = ("#1b1e21", "#131517", "#16191b", "#22262a")
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_WHITE, _BLACK = "#ffffff", "#000000"
_ON_DARK = "#08262a"  # text on an accent in the dark theme
_STEPS = 50

Palette = Mapping[str, tuple[str, str]]  # a name of tokens.css -> (light, dark)


def contrast(one: str, other: str) -> float:
    """From 1, the same, to 21, black on white (WCAG 2.2, contrast ratio)."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(part / 255) for part in _parts(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4


def _parts(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def mix(one: str, other: str, share: float) -> str:
    """`share` of the one, the rest of the other."""
    pairs = zip(_parts(one), _parts(other), strict=True)
    return "#" + "".join(f"{round(a * share + b * (1 - share)):02x}" for a, b in pairs)


def least_contrast(colour: str, grounds: tuple[str, ...]) -> float:
    """The contrast with the ground on which a colour is read worst."""
    return min(contrast(colour, ground) for ground in grounds)


def check_accent(light: str, dark: str) -> tuple[str, str]:
    """The accent for both themes; raises Invalid with the ratio that was measured.

    Without a colour for the dark theme it is made from the other.
    """
    _check(light, LIGHT_GROUNDS, "accent", "light")
    dark = dark or _lighter(light)
    _check(dark, DARK_GROUNDS, "accent_dark", "dark")
    return light.lower(), dark.lower()


def _check(colour: str, grounds: tuple[str, ...], attribute: str, theme: str) -> None:
    if not _COLOUR.fullmatch(colour):
        raise Invalid("colour_malformed", "A colour is # and six digits.", attribute=attribute)
    found = least_contrast(colour, grounds)
    if found < LEAST:
        raise Invalid(
            "colour_unreadable",
            f"In the {theme} theme its contrast is {found:.2f}:1; text needs {LEAST}:1.",
            attribute=attribute,
        )


def _lighter(colour: str) -> str:
    """A colour with as much white as it takes to be read on dark grounds."""
    tried = (mix(_WHITE, colour, step / _STEPS) for step in range(_STEPS + 1))
    return next(one for one in tried if least_contrast(one, DARK_GROUNDS) >= LEAST)


def palette(light: str, dark: str) -> Palette:
    """What stands for the accent in tokens.css: each pair that is text and ground can be read."""
    tints = _tint(light, LIGHT_GROUNDS[0]), _tint(dark, DARK_GROUNDS[0])
    return {
        "--accent": (light, dark),
        "--accent-strong": (mix(light, _BLACK, 0.8), mix(dark, _WHITE, 0.7)),
        "--accent-tint": tints,
        "--on-accent": (_WHITE, _ON_DARK),
    }


def _tint(colour: str, ground: str) -> str:
    """The ground with as much of the colour as leaves the colour readable on it."""
    tried = (mix(colour, ground, share / 100) for share in range(14, -1, -1))
    return next(one for one in tried if contrast(colour, one) >= LEAST)
