"""Bringing images into the library, in a worker: decoders may crash on bad files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from app.domain.errors import Refused
from app.jobs.process import Job, OnMessage, OnOutcome
from app.services.starting import Starter

SAMPLE_PATIENTS = 36


class Intake:
    """Starts imports."""

    def __init__(self, starter: Starter) -> None:
        self._starter = starter

    def start(
        self, paths: Sequence[Path], *, on_message: OnMessage | None = None, on_outcome: OnOutcome | None = None
    ) -> Job:
        """Read files, folders and archives into the library. An entry of an archive stands for its archive.

        Raises:
            Refused: ``path-missing``.
        """
        found = list(dict.fromkeys(_archive_of(path.expanduser().absolute()) for path in paths))
        missing = next((path for path in found if not path.exists()), None)
        if missing is not None:
            raise Refused("path-missing", path=str(missing))
        params = {"paths": [str(path) for path in found]}
        return self._starter.start("import", params, resource="disk", on_message=on_message, on_outcome=on_outcome)

    def start_sample_project(
        self,
        *,
        patients: int = SAMPLE_PATIENTS,
        seed: int = 0,
        on_message: OnMessage | None = None,
        on_outcome: OnOutcome | None = None,
    ) -> Job:
        """Make the invented patients that ship with the program, and read them into the library."""
        params = {"patients": patients, "seed": seed}
        return self._starter.start(
            "sample-project", params, resource="disk", on_message=on_message, on_outcome=on_outcome
        )


def _archive_of(path: Path) -> Path:
    """The archive that ``path`` names an entry of, as the list of what was set aside does; else the path itself."""
    return path if path.exists() else next((above for above in path.parents if above.is_file()), path)
