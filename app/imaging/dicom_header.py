"""What a DICOM header is asked for, however it was parsed."""

from __future__ import annotations

from typing import Any, Protocol


class Attributes(Protocol):
    """A parsed header; pydicom's ``Dataset`` is one."""

    def get(self, key: str, default: Any = None, /) -> Any:
        """Value of the attribute with this keyword, typed as pydicom does; ``default`` where the header lacks it."""
