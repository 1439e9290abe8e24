"""The program's one door: window, command line and worker are the same executable.

It must stay light: nothing heavier than argparse is imported before it is known what was asked for, so that
``--help`` and the window come up at once and a bundled program can start itself again as a worker.
"""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Sequence

NETWORK_LIBRARIES = ("requests", "urllib3")
"""What others bring along and try to import. pydicom does, to fetch test files, and on import it opens a socket."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the window (no arguments), a worker (``worker SPEC.json``), a decoding process (``decoder``) or a verb.

    Returns the exit status.
    """
    multiprocessing.freeze_support()
    for name in NETWORK_LIBRARIES:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # None: importing it fails as if it were missing
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] == ["worker"]:
        from app.worker.main import main as worker

        return worker(arguments[1:])
    if arguments == ["decoder"]:
        from app.worker.decoder import main as decoder

        return decoder()
    if arguments:
        from app.cli.main import main as command_line

        return command_line(arguments)
    from app.cli.display import missing_display

    if reason := missing_display():
        print(reason, file=sys.stderr)
        return 2
    from app.ui.application import run

    return run(arguments)


if __name__ == "__main__":
    raise SystemExit(main())
