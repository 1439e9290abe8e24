"""Scores de-identified files against an answer key, by the ten kinds of action of the MIDI-B challenge.

The score is correct actions over required actions. Removing what had to stay counts as much as leaving what had to
go, so neither an engine that copies nor one that deletes scores well. It reads files; it knows no engine.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError

from app.deid.planting.dates import Shifts, with_time
from app.deid.planting.key import Action, AnswerKey, Entry
from app.deid.planting.people import SHORTEST_WORD
from app.deid.planting.values import UNREADABLE, around, element_of, name_of, read, text_of
from app.deid.scoring import pixels

WORDS = frozenset({"LO", "SH", "LT", "ST", "UT", "UC", "PN", "UN"})
"""Representations in which a text is looked for inside the value; others are compared as a whole."""

AGE_BAND, OLDEST = 5, 90
"""Years that an age may be away from the true one, and the age that stands for all above 89."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Of one kind of action: how many were required, how many were done."""

    correct: int = 0
    required: int = 0

    @property
    def share(self) -> float:
        """Correct over required, from 0 to 1; 1 where nothing was required."""
        return self.correct / self.required if self.required else 1.0


@dataclass(frozen=True, slots=True)
class Score:
    """How well a set of files was de-identified.

    Attributes:
        tallies: by kind of action; kinds that were not asked for are absent.
        misses: what was not done, as (file, where in words, action); no values.
    """

    tallies: dict[Action, Tally] = field(default_factory=dict)
    misses: tuple[tuple[str, str, Action], ...] = ()

    @property
    def total(self) -> Tally:
        """All actions together."""
        return Tally(
            sum(tally.correct for tally in self.tallies.values()),
            sum(tally.required for tally in self.tallies.values()),
        )


@dataclass(frozen=True, slots=True)
class _Seen:
    """One required action beside what became of it: ``after`` is ``None`` where the element is gone, else its text."""

    entry: Entry
    after: str | None
    representation: str


def score(key: AnswerKey, cleaned: Mapping[str, Path], sources: Mapping[str, Path]) -> Score:
    """Judge what was written.

    Args:
        key: the answer key.
        cleaned: by name of the planted file, what was written for it. Where nothing was, nothing counts as done:
            who writes nothing has de-identified nothing.
        sources: by name, the planted file itself, to compare pixels with.
    """
    datasets = {name: dataset for name, path in cleaned.items() if (dataset := _readable(path)) is not None}
    outside = {name: around(cleaned[name]) for name in datasets}
    seen = [_look(entry, datasets.get(entry.file), outside.get(entry.file, {})) for entry in key.entries]
    agreed = _Agreed(seen)
    results = [(one.entry, one.entry.file in datasets and _correct(one, agreed, datasets, sources)) for one in seen]
    required = Counter(entry.action for entry, _ in results)
    correct = Counter(entry.action for entry, good in results if good)
    return Score(
        {action: Tally(correct[action], required[action]) for action in Action if required[action]},
        tuple((entry.file, name_of(entry.where), entry.action) for entry, good in results if not good),
    )


def _readable(path: Path) -> Dataset | None:
    try:
        return read(path)
    except (OSError, InvalidDicomError, *UNREADABLE):
        return None


def _look(entry: Entry, dataset: Dataset | None, outside: Mapping[str, str]) -> _Seen:
    if dataset is None or entry.where == "pixels":
        return _Seen(entry, None, "")
    if entry.where in outside:
        return _Seen(entry, outside[entry.where], "UT")
    element = element_of(dataset, entry.where)
    if element is None:
        return _Seen(entry, None, "")
    dated = entry.action is Action.DATE_SHIFTED and element.VR == "DA"
    return _Seen(entry, with_time(dataset, entry.where) if dated else text_of(element), element.VR)


class _Agreed:
    """What the files of one person, and all files together, agree on: shifts, identifiers, UIDs."""

    def __init__(self, seen: Iterable[_Seen]) -> None:
        names: dict[str, Counter[str]] = defaultdict(Counter)
        uids: dict[str, Counter[str]] = defaultdict(Counter)
        for one in seen:
            match one.entry.action:
                case Action.PATID_CONSISTENT if one.after:
                    names[one.entry.person][one.after] += 1
                case Action.UID_CONSISTENT if one.after:
                    uids[one.entry.what[0]][one.after] += 1
        dates = [one for one in seen if one.entry.action is Action.DATE_SHIFTED]
        self.shifts = Shifts((one.entry.person, one.entry.what[0], one.after) for one in dates)
        self.name = _most(names)
        self.uid = _most(uids)


def _most(found: Mapping[str, Counter[str]]) -> dict[str, str]:
    """The commonest answer for each question, without answers that two questions share."""
    chosen = {question: answers.most_common(1)[0][0] for question, answers in found.items()}
    shared = {answer for answer, times in Counter(chosen.values()).items() if times > 1}
    return {question: answer for question, answer in chosen.items() if answer not in shared}


def _correct(one: _Seen, agreed: _Agreed, datasets: Mapping[str, Dataset], sources: Mapping[str, Path]) -> bool:
    if one.entry.where == "pixels":
        judge = pixels.hidden if one.entry.action is Action.PIXELS_HIDDEN else pixels.retained
        return judge(read(sources[one.entry.file]), datasets[one.entry.file], one.entry.what)
    return _JUDGES[one.entry.action](one, agreed)


def _shifted(one: _Seen, agreed: _Agreed) -> bool:
    return agreed.shifts.agrees(one.entry.person, one.entry.what[0], one.after)


def _patient(one: _Seen, agreed: _Agreed) -> bool:
    return bool(one.after) and one.after not in one.entry.what and agreed.name.get(one.entry.person) == one.after


def _removed(one: _Seen, _agreed: _Agreed) -> bool:
    after = (one.after or "").casefold()
    return not any(
        text.casefold() in after if len(text) >= SHORTEST_WORD else text.casefold() == after for text in one.entry.what
    )


def _retained(one: _Seen, _agreed: _Agreed) -> bool:
    if one.after is None:
        return False
    if one.representation in WORDS:
        return all(text in one.after for text in one.entry.what)
    if one.representation == "AS":
        return _same_age(one.entry.what[0], one.after)
    return _numbers(one.after) == _numbers(one.entry.what[0])


def _same_age(before: str, after: str) -> bool:
    """Whether two ages in years are of one band; nobody is older than 89 (45 CFR 164.514(b)(2))."""
    if not (before[:3].isdigit() and after[:3].isdigit() and before[3:] == after[3:] == "Y"):
        return before == after
    return abs(min(int(before[:3]), OLDEST) - min(int(after[:3]), OLDEST)) <= AGE_BAND and int(after[:3]) <= OLDEST


def _numbers(text: str) -> list[str | float]:
    """The parts of a value, numbers by what they are worth: "1.0" is "1"."""
    return [_worth(part.strip()) for part in text.split("\\")]


def _worth(part: str) -> str | float:
    try:
        return float(part)
    except ValueError:
        return part


def _uid_changed(one: _Seen, _agreed: _Agreed) -> bool:
    return bool(one.after) and one.after not in one.entry.what


def _uid_consistent(one: _Seen, agreed: _Agreed) -> bool:
    return bool(one.after) and agreed.uid.get(one.entry.what[0]) == one.after


_JUDGES: dict[Action, Callable[[_Seen, _Agreed], bool]] = {
    Action.DATE_SHIFTED: _shifted,
    Action.PATID_CONSISTENT: _patient,
    Action.TAG_RETAINED: lambda one, _: one.after is not None,
    Action.TEXT_NOTNULL: lambda one, _: bool(one.after),
    Action.TEXT_REMOVED: _removed,
    Action.TEXT_RETAINED: _retained,
    Action.UID_CHANGED: _uid_changed,
    Action.UID_CONSISTENT: _uid_consistent,
}
