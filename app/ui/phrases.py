"""Small wordings that many rooms need: counts, times and durations in plain words."""

from __future__ import annotations

from app.domain.wording import count

__all__ = ["count", "duration", "time_left"]


def duration(seconds: float) -> str:
    """A rough duration: "20 seconds", "4 minutes", "2 hours 10 minutes"."""
    if seconds < 90:
        return count(max(1, round(seconds / 5) * 5 if seconds > 10 else round(seconds)), "second")
    minutes = round(seconds / 60)
    if minutes < 60:
        return count(minutes, "minute")
    hours, rest = divmod(round(minutes / 5) * 5, 60)
    return f"{count(hours, 'hour')} {count(rest, 'minute')}" if rest else count(hours, "hour")


def time_left(seconds: float | None) -> str:
    """ "about 4 minutes left", or "" while it is not known."""
    return "" if seconds is None else f"about {duration(seconds)} left"
