"""The self-test of de-identification for whoever asks: ``understudy doctor --deid``.

It works in a temporary folder on invented patients; no project and no real image is touched.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from app.domain.deid import Profile, Protection

if TYPE_CHECKING:
    from app.deid.scoring.run import SelfTest


def self_test(profile: Profile) -> SelfTest:
    """Plant identities, de-identify with the profile, and score what was written.

    Raises:
        Failed: a planted file could not be de-identified or written.
    """
    from app.deid.scoring.run import self_test as run

    with tempfile.TemporaryDirectory(prefix="understudy-deid-") as folder:
        return run(Protection.of(profile), Path(folder))


def table(result: SelfTest) -> str:
    """The result for a person: one line for each kind of action, the hits left, the verdict."""
    rows = [("action", "correct", "required", "share")]
    for action, tally in result.score.tallies.items():
        rows.append((action.value, str(tally.correct), str(tally.required), _percent(tally.share)))
    rows += [(action.value, "-", "-", f"not checked: {why}") for action, why in result.unchecked.items()]
    total = result.score.total
    rows.append(("all", str(total.correct), str(total.required), _percent(total.share)))
    lines = [f"{name:<17}{correct:>8}{required:>10}  {share}" for name, correct, required, share in rows]
    places = [f"  {what} in {', '.join(kinds)}" for what, kinds in _places(result).items()]
    return "\n".join(
        [
            f"Self-test of de-identification, profile {result.profile}, {result.files} planted files",
            *lines,
            *(["Not done as required:", *places] if places else []),
            f"Planted identities left: {result.hits_left} of {result.hits_planted} (bytes of whole files)",
            f"Verdict: {'passed' if result.passed else 'FAILED'}",
        ]
    )


def _places(result: SelfTest) -> dict[str, list[str]]:
    """What was missed, with the kinds of objects (the end of the planted files' names) that it was missed in."""
    places: dict[str, list[str]] = {}
    for file, where, action in sorted(result.score.misses):
        places.setdefault(f"{action.value}: {where}", []).append(Path(file).stem.rpartition("_")[2])
    return places


def _percent(share: float) -> str:
    """A share that is not whole never reads as 100 %."""
    return f"{min(share, 0.9999) if share < 1 else 1:.2%}"
