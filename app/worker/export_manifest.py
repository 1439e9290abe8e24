"""Everything that an export says of itself, written once its images are there: ``describe`` is the door.

The manifest holds the hash of every other file. There is no time in any of it: the same export has the same bytes
whenever it is made, and when it left stands in the project's log.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from app.domain.audit import AuditRecord
from app.store.audits import file_sha256
from app.store.exports import MANIFEST
from app.store.folders import write_json
from app.versions import versions
from app.worker.export_cards import write_cards
from app.worker.export_croissant import CROISSANT, croissant
from app.worker.export_indexes import write_indexes
from app.worker.export_pages import PROGRAM
from app.worker.export_story import Story, Tally
from app.worker.export_write import Expected

SUMS = "SHA256SUMS"
SCHEMA = 2
RUN_FACTS = (
    "id",
    "family",
    "reason",
    "budget_s",
    "steps",
    "seed",
    "device",
    "devices",
    "created",
    "versions",
    "classes",
)


def describe(root: Path, story: Story, files: Iterable[Expected]) -> dict[str, str]:
    """Write all that is not an image: tables, lists, DICOMDIR, cards, Croissant, checksums and the manifest.

    Args:
        root: folder of the export with its images and nothing else.
        story: what is told of them.
        files: the images.

    Returns:
        Path to SHA-256 of every file but the manifest.

    Raises:
        OSError: a file cannot be read or written.
    """
    images = list(files)
    write_indexes(root, images, story.folders)
    write_cards(root, story, images)
    hashes = hashed(root, {file.path: file.sha256 for file in images if file.sha256})
    write_json(root / CROISSANT, croissant(story, images, hashes))
    hashes[CROISSANT] = file_sha256(root / CROISSANT)
    hashes = dict(sorted(hashes.items()))
    (root / SUMS).write_text(sums(hashes), encoding="utf-8", newline="\n")
    hashes[SUMS] = file_sha256(root / SUMS)
    write_json(root / MANIFEST, manifest(root, story, Tally.of(images), hashes))
    return hashes


def hashed(root: Path, known: Mapping[str, str]) -> dict[str, str]:
    """Path to SHA-256 of every file below ``root``; those in ``known`` are not read again."""
    names = sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
    return {name: known.get(name) or file_sha256(root / name) for name in names}


def sums(hashes: Mapping[str, str]) -> str:
    """Hashes as ``sha256sum -c`` reads them, in binary mode (GNU coreutils manual, "cksum output modes")."""
    return "".join(f"{digest} *{name}\n" for name, digest in hashes.items())


def manifest(root: Path, story: Story, tally: Tally, hashes: Mapping[str, str]) -> dict[str, Any]:
    """Hashes and sizes, provenance, verdicts, what was left out, licence and intended use."""
    splits: dict[str, dict[str, dict[str, int]]] = {}
    for (kind, split, label), count in sorted(tally.pictures.items()):
        splits.setdefault(kind, {}).setdefault(split, {})[label] = count
    return {
        "schema": SCHEMA,
        "program": PROGRAM,
        "versions": versions(),
        "content": {
            "synthetic": story.per_class,
            "real": story.real_per_class,
            "splits": splits,
            "formats": list(story.formats),
            "class_folders": story.folders,
            "left_out": [asdict(one) for one in story.left_out],
        },
        "provenance": _provenance(story),
        "audit": _audit(story.audit),
        "deidentification": _deidentification(story),
        "licence": story.licence,
        "intended_use": story.intended_use,
        "files": [
            {"path": name, "bytes": (root / name).stat().st_size, "sha256": digest} for name, digest in hashes.items()
        ],
    }


def _provenance(story: Story) -> dict[str, Any]:
    learnt: dict[str, Any] = {"recipe": story.recipe, "training_sources": story.kinds, "patients": story.patients}
    if story.samples is None or story.run is None:
        return learnt
    samples, run = story.samples, story.run
    return {
        **learnt,
        "run": {key: value for key, value in run.to_json().items() if key in RUN_FACTS},
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
    told = story.deidentification
    if told is None:
        return {"profile": "", "attributes_removed": story.removed, "pixels_checked": False}
    return {**asdict(told), "attributes_removed": story.removed, "pixels_checked": told.pixels_checked}
