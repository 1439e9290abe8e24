"""The command line's edge: every way that a verb can end becomes one last line and one exit status."""

from __future__ import annotations

import sys
import tempfile
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime
from io import TextIOWrapper
from pathlib import Path

from app.cli.ending import Ending
from app.cli.parser import parse
from app.cli.render import Output
from app.domain.errors import Failed, Stopped, UnderstudyError


def main(argv: Sequence[str]) -> int:
    """Carry out one verb; return the exit status of design section 7."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    output = Output(as_json="--json" in argv)
    try:
        ending = _carry_out(argv, output)
    except SystemExit as answered:
        return int(answered.code or 0)
    output.finish(ending)
    return ending.status


def _carry_out(argv: Sequence[str], output: Output) -> Ending:
    try:
        module, options = parse(argv)
        return module.run(options, output)
    except UnderstudyError as error:
        return Ending.of_error(error)
    except KeyboardInterrupt:
        return Ending.of_error(Stopped("stopped"))
    except Exception as error:  # noqa: BLE001 - the edge: a defect still ends in one sentence and a log
        detail = f"{type(error).__name__}: {error}"
        return Ending.of_error(Failed("internal", detail=detail, log=str(_log(error))))


def _log(error: Exception) -> Path:
    """Write the traceback where the person can find it, and say where."""
    name = f"understudy-error-{datetime.now(UTC):%Y%m%d-%H%M%S}.log"
    path = Path(tempfile.gettempdir()) / name
    path.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
    return path
