"""Grounds for the audit and export tests: built once, copied for every test that may change them."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from app.store.project import Project
from app.worker.audit import audit
from app.worker.channel import RecordingChannel
from tests.helpers.projects import Ground, make_ground


@pytest.fixture(scope="session")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    """A project whose sample set (two planted copies among sixteen) has been audited; for reading only."""
    ground = make_ground(tmp_path_factory.mktemp("audited"), copies=2)
    project = Project.open(ground.root)
    try:
        audit(project, ground.samples, RecordingChannel(), audit_id="audit-1")
    finally:
        project.close()
    return ground


@pytest.fixture
def ground(audited: Ground, tmp_path: Path) -> Ground:
    """A copy of the audited project that a test may change."""
    root = tmp_path / "ground" / "project"
    shutil.copytree(audited.root, root, ignore=shutil.ignore_patterns("exports.jsonl", "checked-pixels", "faces"))
    return replace(audited, root=root)


@pytest.fixture
def ground_project(ground: Ground):
    """The copy, opened."""
    opened = Project.open(ground.root)
    yield opened
    opened.close()
