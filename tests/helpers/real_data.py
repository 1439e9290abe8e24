"""Where the real images lie; a test that asks for them is skipped with the reason where they are absent."""

from __future__ import annotations

from pathlib import Path

import pytest

REAL_DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"


def real_data(part: str) -> Path:
    """Folder or file ``part`` of the real images."""
    path = REAL_DATA / part
    if not path.exists():
        pytest.skip(f"real images are not here: {path}")
    return path
