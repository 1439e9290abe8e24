"""Starts the window. Nothing slow is imported before its first picture is on the screen."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from app.ui import theme
from app.ui.collecting import Collector
from app.ui.context import PageContext
from app.ui.icons import icon
from app.ui.main_window import MainWindow
from app.ui.preferences import Preferences
from app.ui.projects import is_project
from app.ui.trouble import Trouble, log_path
from app.ui.warming import warm_up


def run(argv: Sequence[str]) -> int:
    """Open the window, and the project named in ``argv`` if there is one; returns when it was closed."""
    app = QApplication([sys.argv[0], *argv])
    app.setApplicationName("understudy")
    app.setApplicationDisplayName("Understudy")
    app.setDesktopFileName("understudy")
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    preferences = Preferences()
    named = {"light": theme.LIGHT, "dark": theme.DARK}
    theme.apply(app, named.get(preferences.theme, theme.system_choice()))
    app.setWindowIcon(icon("augment", theme.tokens().accent, size=64))
    collector = Collector(app)
    collector.start()
    context = PageContext()
    window = MainWindow(context, preferences)
    trouble = Trouble(log_path())
    trouble.happened.connect(lambda text: window.message.show_text(text, "bad"))
    trouble.install()
    window.show()
    QTimer.singleShot(0, lambda: context.bridge.run_in_background(warm_up, lambda _done: collector.settle()))
    for path in map(Path, argv):
        if is_project(path):
            window.open_project(path)
            break
    return app.exec()
