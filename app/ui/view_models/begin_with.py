"""What a training can begin with, and what a run began with, as plain words.

The widgets draw these and decide nothing. They must not know Qt or processes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from app.domain import families
from app.domain.run import RunRecord
from app.ui import phrases
from app.ui.view_models import plain

if TYPE_CHECKING:
    from app.services.history import RunInfo
    from app.services.priors import Prior

NO_EXPORT = "so copies of them cannot be looked for: images that the new model draws cannot be exported."


@dataclass(frozen=True, slots=True)
class Beginning:
    """Weights to begin with, or none.

    Attributes:
        path: what ``Training.start`` takes as ``from_checkpoint``; None: nothing.
        title, detail: what a list says of it.
        family: registry name; "" where only the worker can tell.
        size: side of its pictures in pixels; 0 where only the worker can tell.
        classes: names of what it can draw, where that is known.
        traceable: whether all that it may remember was learnt in this project.
    """

    path: Path | None
    title: str
    detail: str = ""
    family: str = ""
    size: int = 0
    classes: tuple[str, ...] = ()
    traceable: bool = True


NOTHING = Beginning(None, "Nothing (learn from scratch)")


def run_title(record: RunRecord) -> str:
    """ "Diffusion on chest, 21 Nov 13:15"."""
    kind = "Training" if record.family == families.AUTO else families.choice(record.family).title
    return f"{kind} on {record.cohort}, {plain.moment(record.created)}"


def earlier(priors: Iterable[Prior], runs: Mapping[str, RunInfo]) -> list[Beginning]:
    """Earlier runs in words, in their order."""
    return [_of_run(prior, runs[prior.run]) for prior in priors if prior.run in runs]


def _of_run(prior: Prior, run: RunInfo) -> Beginning:
    learnt = f"learnt for {phrases.duration(run.seconds)} · " if run.seconds >= 1 else ""
    return Beginning(
        path=prior.path,
        title=run_title(run.record),
        detail=f"{learnt}{_pixels(prior.size)} · {_listed(prior.classes)}",
        family=prior.family,
        size=prior.size,
        classes=prior.classes,
        traceable=prior.traceable,
    )


def from_disk(path: Path, known: Sequence[Beginning]) -> Beginning:
    """What the person chose on disk: one of ``known`` where it is the folder of that run, else something of its own."""
    place = path.resolve()
    for one in known:
        if one.path is None or not place.is_relative_to(one.path.parent.resolve()):
            continue
        return one if place.is_dir() else Beginning(path, path.name, str(path), traceable=one.traceable)
    return Beginning(path, path.name, str(path), traceable=False)


def meaning(begin: Beginning, classes: Sequence[str], family: str) -> str:
    """What it means to begin a training on ``classes`` as ``family`` with ``begin``; "" for nothing."""
    if begin.path is None:
        return ""
    if not begin.classes:
        said = ["Starts from what this model has learnt. Classes that it does not know are added."]
    else:
        kept, new, lost = _compared(begin.classes, classes)
        said = [f"Starts from what it has learnt: {_listed(kept)}." if kept else "Starts from what it has learnt."]
        said += [f"New here: {_listed(new)}."] if new else []
        said += [f"Left behind: {_listed(lost)}."] if lost else []
    if family == families.AUTO:
        kind = f": {families.choice(begin.family).title}" if begin.family else ""
        said.append(f"The new model will be of the same kind{kind}.")
    return " ".join(said)


def caution(begin: Beginning) -> str:
    """What follows for an export; "" where nothing does."""
    if begin.path is None or begin.traceable:
        return ""
    whose = (
        "It began itself with weights from elsewhere" if begin.classes else "Whose images it learnt is not known here"
    )
    return f"{whose}, {NO_EXPORT}"


def taken_back(begin: Beginning, family: str, size: int) -> str:
    """Why ``begin`` was taken back for a training of ``family`` on pictures of ``size``."""
    if family not in (families.AUTO, begin.family):
        why = f"is of another kind ({families.choice(begin.family).title})"
    elif begin.size != size:
        why = f"draws {_pixels(begin.size)}, and this cohort has {_pixels(size)}"
    else:
        why = "can no longer be begun with"
    return f"“{begin.title}” {why}, so the training begins with nothing."


def began_with(record: RunRecord, runs: Mapping[str, RunInfo]) -> str:
    """What the run of ``record`` began with, as its record holds it; "" where it began anew."""
    start = record.start
    if not start:
        return ""
    parts = [f"Began with: {_source(start.get('run', ''), start.get('name', ''), runs)}"]
    if start.get("kind") == "bundle":
        parts.append("its classes are learnt anew")
    else:
        parts += [f"{text}: {_listed(start[key])}" for key, text in _TOLD if start.get(key)]
    return " · ".join(parts)


_TOLD = (("new", "new"), ("lost", "left behind"))


def _source(run: str, name: str, runs: Mapping[str, RunInfo]) -> str:
    if run in runs:
        return run_title(runs[run].record)
    return "a training that is no longer here" if run else name or "weights from elsewhere"


def _compared(before: Sequence[str], after: Sequence[str]) -> tuple[list[str], list[str], list[str]]:
    """Names that both have, that only ``after`` has, that only ``before`` has."""
    kept = [name for name in after if name in before]
    return kept, [name for name in after if name not in before], [name for name in before if name not in after]


def _listed(names: Sequence[str], most: int = 6) -> str:
    rest = len(names) - most
    return f"{', '.join(names[:most])} and {rest} more" if rest > 0 else ", ".join(names)


def _pixels(size: int) -> str:
    return f"{size} × {size} pixels"
