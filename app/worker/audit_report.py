"""The report page of an audit: one file that opens in any browser, prints, and hides nothing.

It arranges what the audit found; it measures and judges nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from app.domain.audit import AuditRecord
from app.services import report
from app.store.audits import REPORT_FILE
from app.worker import audit_pictures
from app.worker.audit_subject import Subject
from app.worker.channel import Channel
from models.evaluate.measures import Measures

PAIRS = "pairs"
SHOWN = 12
"""Pictures per class on a sheet, and nearest pairs on the page."""

TITLES = {"fidelity": "Do they look real?", "classes": "Do they show their class?", "copies": "Are they new?"}
LEVELS = {"pass": "Good", "caution": "Caution", "fail": "Not good enough", "unknown": "Cannot tell"}


@dataclass(frozen=True, slots=True)
class Pair:
    """A generated picture and its nearest training image on the page."""

    number: int
    label: str
    distance: float
    suspect: bool
    picture: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """One class on the page: generated pictures beside real training images, as data URIs; "" where there are none."""

    name: str
    generated: str
    real: str


def write(folder: Path, subject: Subject, record: AuditRecord, figures: Measures, channel: Channel) -> None:
    """Write ``pairs/<number>.png``, the plots and ``report.html`` into ``folder``.

    Raises:
        Stopped: from the channel.
        OSError: the folder cannot be written to.
    """
    pairs = _pairs(folder / PAIRS, subject, record, channel)
    facts = {
        "record": record,
        "samples": subject.samples,
        "run": subject.run,
        "recipe": subject.cohort.recipe,
        "counts": subject.cohort.counts(),
        "patients": subject.cohort.patients() if subject.cohort.patients_known else None,
        "notices": subject.cohort.notices,
        "kept": len(subject.kept),
        "verdicts": record.verdicts,
        "titles": TITLES,
        "levels": LEVELS,
        "plots": _plots(folder, figures),
        "sheets": _sheets(subject),
        "pairs": sorted(pairs, key=lambda pair: (not pair.suspect, pair.distance))[:SHOWN],
        "style": report.style(),
    }
    (folder / REPORT_FILE).write_text(report.render("audit.html", facts), encoding="utf-8", newline="\n")


def _pairs(folder: Path, subject: Subject, record: AuditRecord, channel: Channel) -> list[Pair]:
    folder.mkdir()
    suspected = set(record.suspected_copies)
    found: list[Pair] = []
    for position, (number, index, distance) in enumerate(record.nearest):
        channel.check()
        channel.progress(position, len(record.nearest))
        if index < 0:
            continue
        picture = audit_pictures.side_by_side(subject.images[position], subject.data.images([index])[0])
        (folder / f"{number}.png").write_bytes(picture)
        label = subject.kept[position].label
        found.append(Pair(number, label, distance, number in suspected, report.data_uri(picture)))
    return found


def _sheets(subject: Subject) -> list[Sheet]:
    """Up to ``SHOWN`` pictures a class, spread evenly over what there is: never hand-picked."""
    train = subject.data.subset("train")
    sheets: list[Sheet] = []
    for index, name in enumerate(subject.data.classes):
        ours = subject.images[_spread(np.flatnonzero(subject.labels == index))]
        real = subject.data.images(_spread(train[subject.data.labels[train] == index]))
        sheets.append(Sheet(name, _sheet(ours), _sheet(real)))
    return sheets


def _sheet(images: Any) -> str:
    return report.data_uri(audit_pictures.sheet(list(images))) if len(images) else ""


def _spread(positions: Any) -> Any:
    if len(positions) <= SHOWN:
        return positions
    return positions[np.linspace(0, len(positions) - 1, SHOWN).round().astype(int)]


def _plots(folder: Path, figures: Measures) -> dict[str, str]:
    plots: dict[str, str] = {}
    if figures.agreement:
        plots["classes"] = _plot(folder / "classes.png", audit_pictures.class_bars(figures.accuracy, figures.agreement))
    if figures.copies is not None:
        found = figures.copies
        picture = audit_pictures.distance_plot(found.distance, found.threshold, found.reference)
        plots["copies"] = _plot(folder / "copies.png", picture)
    return plots


def _plot(path: Path, picture: bytes) -> str:
    path.write_bytes(picture)
    return report.data_uri(picture)
