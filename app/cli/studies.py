"""``understudy studies``: list what the library holds."""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from app.cli.arguments import add_project
from app.cli.ending import Ending
from app.cli.render import Output
from app.cli.session import opened
from app.cli.wording import count

if TYPE_CHECKING:
    from app.domain.set_aside import ReasonGroup
    from app.domain.study import SeriesLine

EPILOG = """example:
  understudy studies ~/chest

Patients are shown by a number that means nothing outside the project, never by name."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """PROJECT."""
    add_project(parser)


def run(options: argparse.Namespace, _output: Output) -> Ending:
    """List the studies, and what was set aside."""
    from app.domain.set_aside import grouped

    with opened(options.project) as services:
        lines = services.catalogue.lines()
        aside = services.catalogue.quarantined()
    records = _studies(lines)
    quarantined = [{"path": row.path, "code": row.code, "reason": row.reason} for row in aside]
    return Ending.done(_text(records, grouped(aside)), studies=records, quarantined=quarantined)


def _studies(lines: Sequence[SeriesLine]) -> list[dict[str, Any]]:
    members: dict[str, list[SeriesLine]] = defaultdict(list)
    for line in lines:
        members[line.study].append(line)
    return [_study(of_study) for of_study in members.values()]


def _study(lines: Sequence[SeriesLine]) -> dict[str, Any]:
    first = lines[0]
    return {
        "study": first.study,
        "label": first.study_label,
        "date": first.date,
        "patient": first.patient,
        "patient_known": first.patient_known,
        "series": [_series(line) for line in lines],
    }


def _series(line: SeriesLine) -> dict[str, Any]:
    return {
        "series": line.key,
        "description": line.description,
        "modality": line.modality,
        "kind": line.kind.value,
        "images": line.images,
        "unchecked": line.unchecked,
        "rows": line.rows,
        "columns": line.columns,
        "body_part": line.body_part,
        "apart": line.apart,
        "folder": line.folder,
        "warnings": list(line.warnings),
        "tags": list(line.tags),
        "labels": list(line.labels),
    }


def _text(studies: list[dict[str, Any]], aside: Sequence[ReasonGroup]) -> str:
    lines = []
    for study in studies:
        images = sum(series["images"] for series in study["series"])
        lines.append(f"{study['label']}  patient {study['patient'][:8]}  {count(images, 'image')}")
        for series in study["series"]:
            lines.append(_series_text(series))
            lines += [f"        {warning}" for warning in series["warnings"]]
    files = sum(len(group.inputs) for group in aside)
    lines.append(f"{count(len(studies), 'study', 'studies')}, {count(files, 'file')} set aside.")
    lines += [f"    {group.title}: {len(group.inputs):,}" for group in aside]
    return "\n".join(lines)


def _series_text(series: dict[str, Any]) -> str:
    kind = series["modality"] or series["kind"]
    notes = [series["apart"], *(f"#{tag}" for tag in series["tags"])]
    if series["unchecked"]:
        notes.append(f"{series['unchecked']:,} not checked yet")
    note = "".join(f"  {text}" for text in notes if text)
    return f"    {series['series'][:12]}  {kind}  {series['description']}  {count(series['images'], 'image')}{note}"
