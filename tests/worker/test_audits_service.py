"""An audit speaks for the pictures that it saw, and for no others."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np

from app.compose import Services
from app.domain.audit import AuditRecord
from app.store.folders import write_json
from tests.helpers.in_process import do


def test_an_audit_counts_while_the_pictures_are_the_same(trained: Services) -> None:
    run = trained.training.runs()[0].record.id
    samples = do(trained.generation.start(run, per_class=1).spec)["samples"]
    images = trained.project.samples / samples / "images.npy"
    digest = hashlib.sha256(images.read_bytes()).hexdigest()
    old = AuditRecord("audit-1", samples, digest, "2026-01-01", (), (), (), "held-out", {})
    for record in (old, replace(old, id="audit-2", created="2026-01-02"), replace(old, id="audit-3", samples="other")):
        (trained.project.audits / record.id).mkdir()
        write_json(trained.project.audits / record.id / "audit.json", record.to_json())
    latest = trained.audits.latest(samples)
    assert latest is not None
    assert latest.id == "audit-2"
    assert trained.audits.report_path("audit-2") == trained.project.audits / "audit-2" / "report.html"
    trained.generation.throw_out(samples, [0])
    assert trained.audits.latest(samples) == latest
    changed = np.load(images)
    np.save(images, changed * 0.5)
    assert trained.audits.latest(samples) is None
