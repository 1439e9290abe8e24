"""The runs that stand behind a run: whose weights it began with, and theirs.

What those learnt, it may remember. Reads records only.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from app.domain.run import RunRecord
from app.services.history import COHORT, RECORD
from app.store import cohorts
from app.store.folders import read_json


def ancestors(folder: Path) -> list[Path]:
    """Folders of the runs behind the run in ``folder``, nearest first; those that are still there."""
    found: list[Path] = []
    while (behind := _behind(folder)) is not None and behind not in found:
        if not _is_there(behind):
            break
        found.append(behind)
        folder = behind
    return found


def has_unknown_start(folder: Path) -> bool:
    """Whether the run in ``folder``, or one behind it, began with weights from elsewhere or with a run that is gone.

    Then nobody here can say whose images it may remember.
    """
    runs = [run for run in (folder, *ancestors(folder)) if _is_there(run)]
    return any(_record(run).start and not _is_there(_behind(run)) for run in runs)


def learnt_from_deleted(folder: Path) -> int:
    """How many patients, deleted since, the run in ``folder`` or one behind it learnt from."""
    return len(set(_deleted([folder, *ancestors(folder)])))


def _deleted(folders: list[Path]) -> Iterator[str]:
    for folder in folders:
        path = folder / COHORT
        if path.exists():
            yield from (item.patient for item in cohorts.from_json(read_json(path)).items if item.deleted)


def _behind(folder: Path) -> Path | None:
    if not _is_there(folder):
        return None
    name = str(_record(folder).start.get("run", ""))
    return folder.parent / name if name and Path(name).name == name else None


def _is_there(folder: Path | None) -> bool:
    return folder is not None and (folder / RECORD).exists()


def _record(folder: Path) -> RunRecord:
    return RunRecord.from_json(read_json(folder / RECORD))
