"""The window's last net: a defect that nobody caught is written to the log and told calmly; the window lives on.

One of the program's four edges where every exception is taken.
"""

from __future__ import annotations

import logging
import sys
import threading
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QObject, Signal

from app.domain import wording

_log = logging.getLogger("app.window")


def log_path() -> Path:
    """Where the window writes its log."""
    from platformdirs import user_log_path

    return user_log_path("understudy", appauthor=False) / "window.log"


class Trouble(QObject):
    """Takes uncaught exceptions of all threads.

    Signals:
        happened(str): the sentence for the person; arrives on the GUI thread.
    """

    happened = Signal(str)

    def __init__(self, log: Path) -> None:
        super().__init__()
        self._path = log

    def install(self) -> None:
        """Begin to take them, and to write the log."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(self._path, maxBytes=1_000_000, backupCount=2, encoding="utf-8", delay=True)
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
        logging.getLogger("app").addHandler(handler)
        sys.excepthook = self.take
        threading.excepthook = lambda caught: self.take(caught.exc_type, caught.exc_value, caught.exc_traceback)

    def take(self, kind: type[BaseException], error: BaseException | None, trace: TracebackType | None = None) -> None:
        """Log ``error`` with its trace and say that something went wrong."""
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error or kind(), trace)
            return
        _log.error("uncaught %s", kind.__name__, exc_info=(kind, error or kind(), trace))
        self.happened.emit(wording.sentence("internal", {"detail": kind.__name__, "log": str(self._path)}))
