"""The files of a project that show a patient: pictures go, records of what was done stay without the patient.

Every step may be repeated: what is gone is passed over. Files outside the project, and a person's own files inside
it, are never touched. It must not know the database.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from app.domain.audit import AuditRecord
from app.domain.cohort import Cohort, Item
from app.services.history import COHORT
from app.services.traces import Subject, audits_of, program_made, run_cohorts
from app.store import cohorts as cohort_store
from app.store.audits import REPORT_FILE
from app.store.folders import write_bytes, write_json
from app.store.project import Project

PREPARED = "prepared"
THUMBNAILS = "thumbnails"
PAIRS = "pairs"
REMOVED = '<p class="soft">Removed when a patient was deleted.</p>'

_PICTURE = re.compile(r'<img class="pixels"[^>]*>')
"""Pictures in the page of an audit; its plots, which show no patient, have no class."""
_TEXTS = ("events.jsonl", "worker.log", "SPEC.json")


def from_audits(project: Project, who: Subject) -> int:
    """Take the pictures of a patient out of every audit; its figures stay. Must come before ``from_runs``.

    Returns:
        How many audits showed them.
    """
    count = 0
    for folder, cohort in run_cohorts(project):
        if any(who.is_shown(item) for item in cohort.items if item.split == "train"):
            records = audits_of(project, folder.name)
            count += len(records)
            for record in records:
                _from_audit(project.audits / record.id, record, cohort, who)
    return count


def from_runs(project: Project, who: Subject) -> int:
    """Put a stand-in for the patient into the record of what each run learnt from: how much it was stays known.

    Returns:
        How many runs held images of them.
    """
    count = 0
    words = (*who.paths, who.patient, *sorted(who.series))
    for folder, cohort in run_cohorts(project):
        if any(map(who.is_shown, cohort.items)):
            for name in _TEXTS:
                _blank(folder / name, words, who.stand_in)
            items = tuple(_stand_in(item, who) for item in cohort.items)
            write_json(folder / COHORT, cohort_store.to_json(replace(cohort, items=items)))
            count += 1
    return count


def from_cache(project: Project, who: Subject, living: Collection[str]) -> None:
    """Throw away prepared pictures and thumbnails that show the patient, and all other remains of jobs.

    What belongs to no series of the library goes as well: it may be a picture of theirs under an earlier key.

    Args:
        project: where.
        who: the patient.
        living: keys of the series of everybody else.
    """
    for path in sorted(project.cache.iterdir()):
        if path.name == PREPARED:
            _drop(_prepared_with_others(path, living))
        elif path.name == THUMBNAILS:
            _drop(one for one in path.iterdir() if one.stem not in living or one.stem in who.series)
        else:
            _drop([path])


def from_sources(project: Project, who: Subject, others: Collection[str]) -> int:
    """Delete the patient's files that the program itself wrote into the project.

    Out of an archive come more files than the library holds (reports, repeated files, what was set aside). Nobody
    knows whom these show, so they go with the patient; the archive still has them.

    Args:
        project: where.
        who: the patient.
        others: files of everybody else.

    Returns:
        How many files of theirs there were.
    """
    made = program_made(project)
    theirs = [path for path in map(Path, who.paths) if any(path.is_relative_to(folder) for folder in made)]
    _drop(theirs)
    kept = set(others)
    for archive in archives_of(project, who):
        _drop(path for path in _files_under(archive) if str(path) not in kept)
    for folder in made:
        _drop_empty(folder)
    return len(theirs)


def archives_of(project: Project, who: Subject) -> list[Path]:
    """Folders of unpacked archives that files of the patient came in."""
    unpacked = program_made(project)[0]
    inside = [Path(path).relative_to(unpacked) for path in who.paths if Path(path).is_relative_to(unpacked)]
    return sorted({unpacked / path.parts[0] for path in inside})


def _from_audit(folder: Path, record: AuditRecord, cohort: Cohort, who: Subject) -> None:
    for number, index, _ in record.nearest:
        if 0 <= index < len(cohort.items) and who.is_shown(cohort.items[index]):
            (folder / PAIRS / f"{number}.png").unlink(missing_ok=True)
    page = folder / REPORT_FILE
    if page.exists():
        write_bytes(page, _PICTURE.sub(REMOVED, page.read_text(encoding="utf-8")).encode())


def _stand_in(item: Item, who: Subject) -> Item:
    if not who.is_shown(item):
        return item
    return replace(item, series=who.stand_in, patient=who.stand_in, source="", attributes={})


def _blank(path: Path, words: Collection[str], stand_in: str) -> None:
    """Put ``stand_in`` for every word in a text file, as it stands and as JSON writes it."""
    if not path.exists():
        return
    before = path.read_bytes()
    after = before
    for word in words:
        for form in {word, json.dumps(word)[1:-1], json.dumps(word, ensure_ascii=False)[1:-1]}:
            after = after.replace(form.encode(), stand_in.encode())
    if after != before:
        write_bytes(path, after)


def _prepared_with_others(folder: Path, living: Collection[str]) -> Iterator[Path]:
    """Prepared pictures of a series that does not live on."""
    for one in folder.iterdir():
        try:
            sources = json.loads((one / "prepared.json").read_bytes())["sources"]
        except (OSError, ValueError, KeyError):
            yield one  # half written, or of another version: it can be made again
            continue
        if any(source.rpartition("/")[0] not in living for source in sources):
            yield one


def _files_under(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if not path.is_dir())


def _drop(paths: Iterable[Path]) -> None:
    """Delete files and folders.

    Raises:
        OSError: one cannot be deleted.
    """
    for path in list(paths):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _drop_empty(folder: Path) -> None:
    """Delete folders that hold nothing, the deepest first."""
    if not folder.is_dir():
        return
    for path in sorted((one for one in folder.rglob("*") if one.is_dir()), reverse=True):
        if not any(path.iterdir()):
            path.rmdir()
    if not any(folder.iterdir()):
        folder.rmdir()
