"""What an export says of itself: manifest, data card and read-me.

The manifest holds the hash of every other file. Nothing here names a source, a folder of this machine or a person;
the last check of the export searches these files too.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from app.domain.audit import AuditRecord
from app.domain.export import ExportRequest
from app.domain.run import RunRecord
from app.domain.sample_set import SampleSetRecord
from app.domain.selection import LeftOut
from app.services import report
from app.store.audits import file_sha256
from app.store.folders import now, write_json
from app.versions import versions
from app.worker.export_pages import PROGRAM

MANIFEST = "manifest.json"
SCHEMA = 1

INTENDED_USE = "Research: training and testing of image analysis models. Not for diagnosis or treatment."
LICENCE = "Not stated. To be set by whoever owns the data and shares the export."

CARDS = {"datacard.md": "datacard.md", "datacard.html": "datacard.html", "README.txt": "readme.md"}
"""File of the export to its template."""


@dataclass(frozen=True, slots=True)
class Story:
    """Everything that the cards tell.

    Attributes:
        request: what was asked.
        per_class, real_per_class: images per class, as written.
        folders: class name to folder name.
        left_out: synthetic pictures that stayed.
        kinds: how many training images came from which kind of source.
        recipe: how slices became pictures.
        patients: patients in the training split; ``None`` where they are not known.
        samples, audit, run: where synthetic pictures come from; ``None`` without any.
        removed: header attributes of real sources that were left behind.
    """

    request: ExportRequest
    per_class: dict[str, int]
    real_per_class: dict[str, int]
    folders: dict[str, str]
    left_out: tuple[LeftOut, ...]
    kinds: dict[str, int]
    recipe: dict[str, Any]
    patients: int | None
    samples: SampleSetRecord | None = None
    audit: AuditRecord | None = None
    run: RunRecord | None = None
    removed: int = 0


def write_cards(root: Path, story: Story) -> None:
    """Write data card and read-me; they hold no time, so equal exports have equal cards."""
    facts = {
        "story": story,
        "program": PROGRAM,
        "verdicts": story.audit.verdicts if story.audit else (),
        "formats": [str(one) for one in story.request.formats],
        "intended_use": INTENDED_USE,
        "licence": LICENCE,
        "classes": sorted({*story.per_class, *story.real_per_class}),
        "style": report.style(),
    }
    for name, template in CARDS.items():
        (root / name).write_text(report.render(template, facts), encoding="utf-8", newline="\n")


def hashed(root: Path) -> dict[str, str]:
    """Path to SHA-256 of every file below ``root`` except the manifest."""
    files = sorted(path for path in root.rglob("*") if path.is_file() and path.name != MANIFEST)
    return {path.relative_to(root).as_posix(): file_sha256(path) for path in files}


def write_manifest(root: Path, story: Story, hashes: dict[str, str]) -> Path:
    """Write ``manifest.json``: hashes and sizes, provenance, verdicts, what was left out, licence and intended use."""
    path = root / MANIFEST
    document = {
        "schema": SCHEMA,
        "created": now(),
        "program": PROGRAM,
        "versions": versions(),
        "content": {
            "synthetic": story.per_class,
            "real": story.real_per_class,
            "real_split": "train" if story.real_per_class else None,
            "formats": [str(one) for one in story.request.formats],
            "class_folders": story.folders,
            "left_out": [asdict(one) for one in story.left_out],
        },
        "provenance": _provenance(story),
        "audit": _audit(story.audit),
        "deidentification": _deidentification(story),
        "licence": LICENCE,
        "intended_use": INTENDED_USE,
        "files": [
            {"path": name, "bytes": (root / name).stat().st_size, "sha256": digest} for name, digest in hashes.items()
        ],
    }
    write_json(path, document)
    return path


def _provenance(story: Story) -> dict[str, Any]:
    learnt: dict[str, Any] = {"recipe": story.recipe, "training_sources": story.kinds, "patients": story.patients}
    if story.samples is None or story.run is None:
        return learnt
    samples, run = story.samples, story.run
    return {
        **learnt,
        "run": {
            key: value
            for key, value in run.to_json().items()
            if key
            in ("id", "family", "reason", "budget_s", "steps", "seed", "device", "created", "versions", "classes")
        },
        "samples": {
            "id": samples.id,
            "seed": samples.seed,
            "sampler_steps": samples.steps,
            "guidance": samples.guidance,
            "screened_out": samples.screened_out,
            "window": samples.window,
            "pixel_spacing_mm": samples.pixel_spacing_mm,
            "versions": samples.versions,
        },
        "checkpoint_sha256": samples.checkpoint_sha256,
    }


def _audit(audit: AuditRecord | None) -> dict[str, Any] | None:
    if audit is None:
        return None
    return {
        "id": audit.id,
        "created": audit.created,
        "compared_with": audit.reference,
        "verdicts": [asdict(verdict) for verdict in audit.verdicts],
        "versions": audit.versions,
    }


def _deidentification(story: Story) -> dict[str, Any] | None:
    if not story.real_per_class:
        return None
    return {
        "profile": "allow-list: every attribute that is not listed was removed; identifiers replaced, dates removed",
        "attributes_removed": story.removed,
        "pixels": "cropped and resampled as learnt; NOT checked for burned-in text or recognisable faces",
        "patient_identity_removed": "NO",
    }
