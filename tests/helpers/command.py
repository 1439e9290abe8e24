"""The command line as a script calls it: a process, its exit status, its JSON lines."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Answer:
    """What a verb answered with ``--json``."""

    status: int
    events: list[dict[str, Any]]
    errors: str

    @property
    def last(self) -> dict[str, Any]:
        """The finished line, which is the last one and the only one of its kind."""
        assert [event["event"] for event in self.events].count("finished") == 1, self
        assert self.events[-1]["event"] == "finished", self
        return self.events[-1]

    def done(self) -> dict[str, Any]:
        """The finished line of a verb that must have been done."""
        assert (self.status, self.last["outcome"]) == (0, "done"), f"{self.last}\n{self.errors}"
        return self.last

    def refused(self, code: str, *named: str) -> str:
        """The one sentence of a verb that must not have been done; it names all of ``named``."""
        assert self.status in {2, 3, 4}, self
        assert self.last["code"] == code, self.last
        sentence = str(self.last["message"])
        assert all(name in sentence for name in named), sentence
        assert "\n" not in sentence
        assert "Traceback" not in self.errors
        return sentence


def understudy(*words: str | Path, env: Mapping[str, str] | None = None, timeout_s: float = 240) -> Answer:
    """Run a verb with ``--json`` in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "app", *map(str, words), "--json"],
        cwd=ROOT,
        env=environment(env),
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    return Answer(done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr)


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a child: one thread, so that tests beside one another do not fight for the cores."""
    return {**os.environ, "OMP_NUM_THREADS": "1", **(extra or {})}
