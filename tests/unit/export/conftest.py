from __future__ import annotations

import pytest

from app.worker.export_manifest import describe
from tests.helpers.leaving import make_export

LABELS = ("clear", "T1/T2", "test")


@pytest.fixture(scope="session")
def described(tmp_path_factory):
    """An export of both kinds in all formats with everything that describes it; for reading only."""
    root = tmp_path_factory.mktemp("described") / "out"
    files, story = make_export(root, LABELS)
    hashes = describe(root, story, files)
    return root, files, story, hashes
