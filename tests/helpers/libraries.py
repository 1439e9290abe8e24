"""Studies put straight into a library, without files and without an import."""

from __future__ import annotations

from collections.abc import Iterable

from app.domain.study import Study
from app.store.library import Library


def put(library: Library, studies: Iterable[Study]) -> None:
    """Make the library hold these studies, beside those that it has."""
    library.replace_studies((study, ()) for study in studies)
