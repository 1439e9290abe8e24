"""The self-test of de-identification: plants, lets the engine work as an export does, and scores what it wrote.

It joins the two sides and belongs to neither: planting and scoring know no engine, the engine knows no test.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.deid.header import Deidentifier
from app.deid.planting.demands import answer_key
from app.deid.planting.key import Action, AnswerKey
from app.deid.planting.plant import Planted, plant_all
from app.deid.planting.standard import standard
from app.deid.planting.values import read
from app.deid.pseudonyms import Pseudonyms
from app.deid.scoring import hits as scoring_hits
from app.deid.scoring.score import Score, score
from app.deid.scoring.text import hide_text, text_finder
from app.domain.deid import PixelCheck, Protection

if TYPE_CHECKING:
    from app.deid.burned_in.finder import TextFinder

PIXEL_ACTIONS = (Action.PIXELS_HIDDEN, Action.PIXELS_RETAINED)
SECRET = b"the self-test has no patients to protect"
"""Always the same, so that the self-test gives the same answer twice."""

WANTED = 0.999
"""Share of required actions that has to be correct."""


@dataclass(frozen=True, slots=True)
class SelfTest:
    """What the self-test found.

    Attributes:
        profile: of the engine.
        files: how many were planted.
        hits_planted: how often an identity stood in the planted files.
        hits_left: the same in what was written, all bytes of whole files.
        score: by kind of action.
        unchecked: kinds of action that this run could not ask for, and why.
    """

    profile: str
    files: int
    hits_planted: int
    hits_left: int
    score: Score
    unchecked: dict[Action, str]

    @property
    def passed(self) -> bool:
        """Whether nothing identifying was left and enough of the rest was done right."""
        return self.hits_left == 0 and self.score.total.share >= WANTED

    def to_json(self) -> dict[str, Any]:
        """The result for scripts; places of what went wrong, no values."""
        tallies = self.score.tallies
        return {
            "profile": self.profile,
            "files": self.files,
            "hits": {"planted": self.hits_planted, "left": self.hits_left},
            "actions": {
                action.value: {"correct": tally.correct, "required": tally.required}
                for action, tally in tallies.items()
            },
            "score": self.score.total.share,
            "not_checked": {action.value: why for action, why in self.unchecked.items()},
            "misses": [{"file": file, "where": where, "action": action} for file, where, action in self.score.misses],
            "passed": self.passed,
        }


def self_test(protection: Protection, folder: Path) -> SelfTest:
    """Plant, de-identify and score.

    Args:
        protection: what the engine is asked to do.
        folder: an empty folder for planted and cleaned files.

    Raises:
        Failed: the engine could not clean or write a file.
    """
    finder = text_finder()
    planted = plant_all(folder / "planted")
    key = answer_key(planted, standard(protection), pixels=finder is not None)
    cleaned = clean_all(planted, protection, folder / "cleaned", finder)
    sources = {one.path.name: one.path for one in planted}
    return SelfTest(
        profile=protection.profile.value,
        files=len(planted),
        hits_planted=hits(key, sources),
        hits_left=hits(key, cleaned),
        score=score(key, cleaned, sources),
        unchecked={} if finder else dict.fromkeys(PIXEL_ACTIONS, "text in pixels cannot be found here"),
    )


def clean_all(
    planted: Sequence[Planted], protection: Protection, folder: Path, finder: TextFinder | None
) -> dict[str, Path]:
    """De-identify planted files as an export does: pixels first, then the header, under a name of its own.

    Returns:
        By name of the planted file, what was written for it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    engine = Deidentifier(SECRET, protection)
    datasets = {one.path.name: read(one.path) for one in planted}
    patients = Pseudonyms(SECRET).patients(str(dataset.PatientID) for dataset in datasets.values())
    written: dict[str, Path] = {}
    for number, (name, dataset) in enumerate(datasets.items()):
        check = PixelCheck() if finder is None else hide_text(dataset, finder)
        cleaned = engine.clean(dataset, patient=patients[str(dataset.PatientID)], check=check)
        written[name] = folder / f"{number:04d}.dcm"
        engine.write(cleaned, written[name])
    return written


def hits(key: AnswerKey, files: Mapping[str, Path]) -> int:
    """How often identities of the key are found in files, all bytes of each; names given by a person included."""
    return sum(sum(scoring_hits.count(path, key.identities[name]).values()) for name, path in files.items())
