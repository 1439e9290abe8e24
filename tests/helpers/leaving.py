"""A small export of phantoms, as the export worker would put it together: pages of both kinds, and their story."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from app.domain.audit import AuditRecord, Level, Verdict
from app.domain.export import ExportRequest, Format
from app.domain.run import RunRecord
from app.domain.sample_set import Sample, SampleSetRecord
from app.domain.selection import folder_names
from app.imaging.picture import Identity, Origin, Page, Picture
from app.worker.export_layout import Places
from app.worker.export_pages import PROGRAM, VERSION, Leaving
from app.worker.export_story import Story
from app.worker.export_write import Expected, write_pages

RECIPE = {"plane": "native", "window": {"mode": "lung", "center": 0.0, "width": 0.0}, "size": 32, "spacing_mm": None}
WEIGHTS = "5e" * 32


def phantom(seed: int, side: int = 32) -> np.ndarray:
    """A noisy disc in HU, float32 ``(side, side)``."""
    rows, columns = np.mgrid[:side, :side] / side - 0.5
    body = np.where((rows / 0.4) ** 2 + (columns / 0.3) ** 2 < 1, 40.0, -1000.0)
    return (body + np.random.default_rng(seed).normal(0, 12, body.shape)).astype(np.float32)


def leaving(number: int, label: str, split: str = "", *, patient: int = 0, side: int = 32) -> Leaving:
    """A page; a synthetic one where it has no split."""
    synthetic = not split
    who = f"SYNTHETIC-{number:04d}" if synthetic else f"PATIENT-{patient:03d}"
    root = 1_000_000 if synthetic else 2_000_000
    uids = (f"2.25.{root + patient or number}", f"2.25.{root * 2 + number}", f"2.25.{root * 3 + number}")
    picture = Picture(phantom(number + root, side), (-1000.0, 400.0), label, "CT", "HU", 16, (1.5, 1.5))
    origin = Origin(True, PROGRAM, VERSION, "run-1", "samples-1", WEIGHTS, number) if synthetic else None
    return Leaving(
        Page(picture, Identity(number, who, *uids, uids[1]), origin or Origin(False, PROGRAM, VERSION)), split
    )


def real_pages(labels: tuple[str, ...], splits: dict[str, int]) -> Iterator[Leaving]:
    """Two images of every class for each patient; ``splits`` says how many patients a split has."""
    number = patient = 0
    for split, patients in splits.items():
        for _ in range(patients):
            patient += 1
            for label in labels:
                for _ in range(2):
                    number += 1
                    yield leaving(number, label, split, patient=patient)


def synthetic_pages(labels: tuple[str, ...], each: int) -> Iterator[Leaving]:
    """``each`` pictures of every class."""
    for number, label in enumerate((label for label in labels for _ in range(each)), start=1):
        yield leaving(number, label)


SPLITS = {"train": 2, "val": 1, "test": 1}


def make_export(
    root: Path,
    labels: tuple[str, ...] = ("clear", "nodule"),
    *,
    formats: tuple[Format, ...] = tuple(Format),
    synthetic: int = 3,
    splits: dict[str, int] | None = None,
    **asked: str,
) -> tuple[list[Expected], Story]:
    """Images of both kinds in ``root``, and the story for ``describe``."""
    root.mkdir(parents=True, exist_ok=True)
    folders = folder_names(labels)
    places = Places(folders)
    parts = SPLITS if splits is None else splits
    real, real_counts = write_pages(root, real_pages(labels, parts), formats, places, lambda: None)
    made, counts = write_pages(root, synthetic_pages(labels, synthetic), formats, places, lambda: None)
    request = ExportRequest(str(root), "samples-1" if synthetic else None, "trial", formats, **asked)
    story = Story(
        request=request,
        per_class=counts,
        real_per_class=real_counts,
        folders=folders,
        left_out=(),
        kinds={"dicom": sum(real_counts.values())},
        recipe=RECIPE,
        patients=parts.get("train", 0),
        **(_made(counts) if synthetic else {}),
    )
    return [*real, *made], story


def _made(counts: dict[str, int]) -> dict[str, object]:
    samples = SampleSetRecord(
        id="samples-1",
        run="run-1",
        checkpoint="last",
        checkpoint_sha256=WEIGHTS,
        steps=20,
        guidance=None,
        seed=7,
        created="2026-11-01T10:00:00.000+00:00",
        screened_out=1,
        window=(-1000.0, 400.0),
        pixel_spacing_mm=(1.5, 1.5),
        samples=tuple(Sample(n, label, n) for n, label in enumerate(Counter(counts).elements())),
        versions={"torch": "2"},
    )
    verdicts = (
        Verdict("fidelity", Level.CAUTION, "Somewhat alike: 3.0 times the floor.", {"distance": 3.0, "floor": 1.0}),
        Verdict("copies", Level.PASS, "No suspected copies.", {"suspected": 0, "threshold": None}),
    )
    audit = AuditRecord(
        "audit-1", "samples-1", "ab" * 32, "2026-11-01T11:00:00+00:00", verdicts, (), ((0, 1, 1.0),), "held-out", {}
    )
    run = RunRecord(
        id="run-1",
        cohort="trial",
        prepared="cache/1",
        family="diffusion",
        reason="Enough images for it.",
        budget_s=600.0,
        steps=None,
        seed=3,
        device="cpu",
        created="2026-11-01T09:00:00+00:00",
        versions={"torch": "2"},
        recipe=RECIPE,
        classes=tuple(counts),
    )
    return {"samples": samples, "audit": audit, "run": run}
