"""Sizes, times and counts by name as the working rooms write them, beside the wordings of ``app.ui.phrases``.

One place, so that two rooms never write the same thing in two ways. It must not know any widget or service.
"""

from __future__ import annotations

from datetime import datetime


def size(octets: int) -> str:
    """A file size in steps of 1000, as file managers of all three systems write it: "640 kB", "1.2 GB"."""
    value = float(octets)
    for unit in ("bytes", "kB", "MB", "GB"):
        if value < 1000 or unit == "GB":
            return f"{value:.0f} {unit}" if value >= 10 or unit == "bytes" else f"{value:.1f} {unit}"
        value /= 1000
    raise AssertionError("unreachable: the last unit always returns")


def moment(iso: str) -> str:
    """An ISO time (UTC) as local date and time: "21 Nov 13:15"; the text itself where it is no time."""
    try:
        local = datetime.fromisoformat(iso).astimezone()
    except ValueError:
        return iso
    return f"{local.day} {local:%b %H:%M}"


def listed(counts: dict[str, int], *, most: int = 6) -> str:
    """Names with their counts in one line: "cyst 40, nodule 12"; beyond ``most`` names the rest is summed up."""
    names = list(counts)
    shown = ", ".join(f"{name} {counts[name]:,}" for name in names[:most])
    rest = len(names) - most
    return f"{shown} and {rest} more" if rest > 0 else shown
