"""Argument types and options that several verbs share."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable

OVERNIGHT_S = 8 * 3600.0

_DURATION = re.compile(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m(?:in)?)?(?:(\d+(?:\.\d+)?)s)?")


def duration(text: str) -> float:
    """Seconds of "90s", "10m", "2h", "1h30m" or "overnight" (eight hours).

    Raises:
        argparse.ArgumentTypeError: anything else, or no time at all.
    """
    if text == "overnight":
        return OVERNIGHT_S
    found = _DURATION.fullmatch(text.strip().lower().replace(" ", ""))
    hours, minutes, seconds = (float(part or 0) for part in found.groups()) if found else (0.0, 0.0, 0.0)
    total = 3600 * hours + 60 * minutes + seconds
    if total <= 0:
        raise argparse.ArgumentTypeError(f"“{text}” is not a time; write 90s, 10m, 2h or overnight")
    return total


def at_least(smallest: int) -> Callable[[str], int]:
    """An argument type: a whole number that is not below ``smallest``."""

    def whole_number(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = smallest - 1
        if value < smallest:
            raise argparse.ArgumentTypeError(f"“{text}” is not a whole number of {smallest} or more")
        return value

    return whole_number


def picture_size(text: str) -> int:
    """An argument type: a picture size that the models can be built for.

    Raises:
        argparse.ArgumentTypeError: not a multiple of 16 from 16 to 512.
    """
    if not text.isdecimal() or int(text) % 16 or not 16 <= int(text) <= 512:
        raise argparse.ArgumentTypeError(f"“{text}” is not a picture size; write a multiple of 16, such as 32")
    return int(text)


def positive(text: str) -> float:
    """An argument type: a number above zero."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"“{text}” is not a number above 0")
    return value


def listed(*allowed: str) -> Callable[[str], tuple[str, ...]]:
    """An argument type: names of ``allowed`` with commas between them, each once, in the order given."""

    def names(text: str) -> tuple[str, ...]:
        asked = tuple(dict.fromkeys(part.strip().lower() for part in text.split(",") if part.strip()))
        wrong = [name for name in asked if name not in allowed]
        if wrong or not asked:
            raise argparse.ArgumentTypeError(f"“{text}” is not a list of {', '.join(allowed)}")
        return asked

    return names


def device(text: str) -> str:
    """An argument type: "auto", "cpu", "mps", "cuda" or "cuda:1"."""
    if not re.fullmatch(r"auto|cpu|mps|cuda(:\d+)?", text):
        raise argparse.ArgumentTypeError(f"“{text}” is not a device; write auto, cpu, cuda, cuda:1 or mps")
    return text


def add_project(parser: argparse.ArgumentParser, *, help_text: str = "the project's folder") -> None:
    """The PROJECT argument."""
    parser.add_argument("project", metavar="PROJECT", help=help_text)


def add_seed(parser: argparse.ArgumentParser, what: str) -> None:
    """The --seed option."""
    parser.add_argument(
        "--seed", type=at_least(0), default=0, metavar="N", help=f"the same number gives the same {what} (default 0)"
    )
