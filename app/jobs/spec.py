"""What a worker is asked to do: a JSON file, because a command line is visible to every user of the machine."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from app.domain.errors import BadUsage
from app.store.folders import read_json, write_json

Resource = Literal["gpu", "cpu", "disk"]
"""What jobs contend for. "gpu" is the device that models run on, also where that is the processor."""

FILE_NAME = "SPEC.json"


@dataclass(frozen=True, slots=True)
class JobSpec:
    """One job.

    Attributes:
        kind: a key of the worker's table.
        project: absolute path of the project folder, "" where the job needs none.
        folder: absolute path of the job's own folder, for spec, events, log and lock.
        params: JSON values, their meaning is the kind's matter.
        resource: what it contends for; jobs of one resource run one after another.
    """

    kind: str
    project: str
    folder: str
    params: dict[str, Any] = field(default_factory=dict)
    resource: Resource = "cpu"

    @property
    def path(self) -> Path:
        """Where the spec lies."""
        return Path(self.folder) / FILE_NAME

    def write(self) -> Path:
        """Write the spec into its folder (made where missing)."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_json(self.path, asdict(self))
        return self.path

    @classmethod
    def read(cls, path: Path) -> JobSpec:
        """Read a spec.

        Raises:
            BadUsage: ``bad-spec``: missing, or not a spec.
        """
        try:
            return cls(**read_json(path))
        except (OSError, TypeError) as error:
            raise BadUsage("bad-spec", path=str(path), detail=str(error)) from error
