"""Numbers and names as a reader wants them."""
from __future__ import annotations

import numpy as np

from .figures import power_of_ten


def count(number: int, thing: str = "point") -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def share(part: int, whole: int) -> str:
    """Cut, not rounded: 99.99% is not all."""
    return f"{np.floor(1000.0 * part / max(1, whole)) / 10:g}%"


def rough(value: float) -> str:
    return power_of_ten(float(f"{value:.1e}")) if np.isfinite(value) else "–"


def round_number(value: float) -> str:
    return power_of_ten(float(f"{float(value):.6g}"))


def duration(seconds: float) -> str:
    if seconds < 1e-3:
        return f"{seconds * 1e6:.3g} µs"
    if seconds < 1:
        return f"{seconds * 1e3:.3g} ms"
    if seconds < 120:
        return f"{seconds:.3g} s"
    if seconds < 7200:
        return f"{seconds / 60:.3g} min"
    return f"{seconds / 3600:.3g} h"


def sentence(text: str) -> str:
    """With a capital, unless it begins with a symbol."""
    first = text.split(" ", 1)[0]
    return text[0].upper() + text[1:] if len(first) > 2 and first.isalpha() else text


def in_words(name: str) -> str:
    return name.replace("_", " ")
