"""The ten actions of MIDI-B on planted files: ours under both profiles, and the peers' held against the same two keys.

Prints the counts of each kind of action; the figures are the totals, and the planted identities that are left.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from app.deid.planting.demands import answer_key
from app.deid.planting.key import Action, AnswerKey
from app.deid.planting.plant import Planted, plant_all
from app.deid.planting.standard import standard
from app.deid.scoring import run as scoring_run
from app.deid.scoring.score import Score, score
from app.deid.scoring.text import text_finder
from app.domain.deid import Profile, Protection
from tests.benchmarks.deid_peers import Clean, peers
from tests.benchmarks.figures import Figure

WANTED = 0.999
OURS = "Understudy"

Results = dict[str, tuple[Score, int]]
"""By tool: its score, and how often an identity was left."""


def measure(_repeats: int) -> list[Figure]:
    """Score all tools under both profiles."""
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as place:
        planted = plant_all(Path(place) / "planted")
        theirs = {name: _cleaned(clean, planted, Path(place) / name) for name, clean in peers().items()}
        finder = text_finder()
        for profile in Profile:
            protection = Protection.of(profile)
            ours = scoring_run.clean_all(planted, protection, Path(place) / profile.value, finder)
            key = answer_key(planted, standard(protection), pixels=finder is not None)
            results = {name: _judged(key, planted, files) for name, files in {OURS: ours, **theirs}.items()}
            print(f"\nMIDI-B actions, key of profile {profile.value}, correct of required\n{_by_action(results)}\n")
            figures += _figures(profile, results)
    return figures


def _cleaned(clean: Clean, planted: list[Planted], folder: Path) -> dict[str, Path]:
    """What a peer wrote; a file that it cannot take is absent."""
    folder.mkdir()
    written: dict[str, Path] = {}
    for number, one in enumerate(planted):
        target = folder / f"{number:04d}.dcm"
        try:
            clean(one.path, target)
        except (ArithmeticError, AttributeError, LookupError, NotImplementedError, TypeError, ValueError) as error:
            print(f"{folder.name} cannot take {one.path.suffix} {number}: {type(error).__name__}")
            continue
        written[one.path.name] = target
    return written


def _judged(key: AnswerKey, planted: list[Planted], files: Mapping[str, Path]) -> tuple[Score, int]:
    return score(key, files, {one.path.name: one.path for one in planted}), scoring_run.hits(key, files)


def _by_action(results: Results) -> str:
    rows = [("action", *results)]
    for action in Action:
        tallies = [result.tallies[action] for result, _ in results.values() if action in result.tallies]
        if tallies:
            rows.append((action.value, *(f"{tally.correct} of {tally.required}" for tally in tallies)))
    rows.append(("all", *(f"{result.total.share:.2%}" for result, _ in results.values())))
    rows.append(("identities left", *(str(left) for _, left in results.values())))
    return "\n".join("".join(cell.ljust(20) for cell in row).rstrip() for row in rows)


def _figures(profile: Profile, results: Results) -> list[Figure]:
    ours, left = results[OURS]
    share, wanted = 100 * ours.total.share, 100 * WANTED
    score_name, left_name = f"MIDI-B score, {profile.value}", f"planted identities left, {profile.value}"
    figures = [
        Figure(score_name, share, "limit", wanted, share / wanted, 1.0, unit="%"),
        Figure(left_name, left, "limit", 0, float(not left), 1.0, unit="hits"),
    ]
    for name, (theirs, theirs_left) in results.items():
        if name != OURS:
            figures.append(Figure(score_name, share, name, 100 * theirs.total.share, None, None, unit="%"))
            figures.append(Figure(left_name, left, name, theirs_left, None, None, unit="hits"))
    return figures
