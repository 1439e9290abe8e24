"""A drop of 20,000 DICOM files on the real window: how soon the first study is shown, and the longest stall.

    python -m tests.benchmarks.intake_window [FILES] [FOLDER]     one round, for looking into it

The window runs in a process of its own, off screen where there is no display, with the real import behind it. A timer
of its event loop is the probe: what it comes late is a stall. The same probe in an event loop that has nothing to do
runs beside it and says how much of that is the machine's.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.benchmarks import scanner
from tests.benchmarks.figures import Figure

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

FILES = 20_000
FIRST_S = 2.0
STALL_MS = 50.0
MOST_ROUNDS = 3
"""A round takes a minute or two; each of them holds thousands of ticks."""
TICK_MS = 5
LONGEST_S = 1200


def measure(repeats: int) -> list[Figure]:
    """Seconds to the first study (median), and the longest stall of all rounds."""
    with tempfile.TemporaryDirectory() as place:
        scanner.write(Path(place) / "files", FILES)
        rounds = [_round(FILES, Path(place) / "files") for _ in range(min(repeats, MOST_ROUNDS))]
    first = statistics.median(one["first_s"] for one in rounds)
    worst = max(rounds, key=lambda one: float(one["stall_ms"]))
    note = (
        f"{worst['late']} of {worst['ticks']:,} ticks more than {STALL_MS:.0f} ms late; most that the window computed "
        f"between two: {worst['busy_ms']:.0f} ms; an idle event loop beside it: {worst['idle_ms']:.0f} ms; "
        f"the whole import: {worst['whole_s']:.0f} s"
    )
    dropped = f"drop of {FILES:,} files"
    return [
        Figure(f"{dropped} to the first study", first, "wanted at most", FIRST_S, FIRST_S / first, 1, "s"),
        Figure(
            f"{dropped}, longest stall of the window",
            worst["stall_ms"],
            "wanted at most",
            STALL_MS,
            STALL_MS / worst["stall_ms"],
            1,
            "ms",
            note,
        ),
    ]


def _round(files: int, folder: Path) -> dict[str, Any]:
    """One drop on a fresh window, in a fresh process."""
    environment = dict(os.environ)
    if "DISPLAY" not in environment and "WAYLAND_DISPLAY" not in environment:
        environment.setdefault("QT_QPA_PLATFORM", "offscreen")
    command = [sys.executable, "-m", "tests.benchmarks.intake_window", str(files), str(folder)]
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        command, cwd=root, env=environment, capture_output=True, text=True, check=True, timeout=LONGEST_S
    )
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


@dataclass
class Probe:
    """How late the ticks of an event loop's timer came, and how long its thread computed before each (milliseconds)."""

    late: list[float] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)
    _last: tuple[float, float] = (0.0, 0.0)

    def begin(self) -> None:
        """Count from now."""
        self.late.clear()
        self.busy.clear()
        self._last = time.perf_counter(), time.thread_time()

    def tick(self) -> None:
        """The timer rang."""
        now = time.perf_counter(), time.thread_time()
        self.late.append(max(0.0, 1000 * (now[0] - self._last[0]) - TICK_MS))
        self.busy.append(1000 * (now[1] - self._last[1]))
        self._last = now


def _probing(probe: Probe) -> Any:
    from PySide6.QtCore import Qt, QTimer

    timer = QTimer(interval=TICK_MS, timerType=Qt.TimerType.PreciseTimer)
    timer.timeout.connect(probe.tick)
    timer.start()
    return timer


def idle() -> None:
    """An event loop with nothing to do, until its input ends; prints its longest stall."""
    import threading

    from PySide6.QtCore import QCoreApplication, QMetaObject, Qt

    app, probe = QCoreApplication([]), Probe()
    timer = _probing(probe)
    probe.begin()

    def wait() -> None:
        sys.stdin.read()
        QMetaObject.invokeMethod(app, "quit", Qt.ConnectionType.QueuedConnection)

    threading.Thread(target=wait, daemon=True).start()
    app.exec()
    timer.stop()
    print(max(probe.late, default=0.0))


def drop(application: QApplication, folder: Path) -> dict[str, Any]:
    """Open the window on a new project, drop ``folder``, and watch until everything is in."""
    from app.ui import theme
    from app.ui.collecting import Collector
    from app.ui.context import PageContext
    from app.ui.main_window import MainWindow
    from app.ui.preferences import Preferences
    from app.ui.warming import warm_up

    collector = Collector(application)
    collector.start()
    theme.apply(application, theme.DARK)
    with tempfile.TemporaryDirectory() as place:
        window = MainWindow(PageContext(), Preferences(Path(place) / "window.ini"))
        window.resize(1280, 800)
        window.show()
        window.context.bridge.run_in_background(warm_up, lambda _done: collector.settle())
        window.context.bridge.run_in_background(warm_up, lambda _done: window.projects.create(Path(place) / "p"))
        _until(lambda: window.room == "library")
        _until(lambda: False, 1.0)
        result = _watched(window, folder)
        window.context.bridge.close()
        if window.context.services is not None:
            window.context.services.close()
        window.deleteLater()
        _until(lambda: False, 0.2)
    return result


def _watched(window: Any, folder: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.benchmarks.intake_window", "idle"]
    beside = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    probe, page = Probe(), window.stack.currentWidget()
    timer = _probing(probe)
    _until(lambda: False, 1.0)
    probe.begin()
    began = time.perf_counter()
    _let_go(window, folder)
    _until(lambda: bool(page.list.entries))
    first = time.perf_counter() - began
    _until(lambda: not window.context.bridge.jobs() and window.message.isVisible())
    whole = time.perf_counter() - began
    _until(lambda: False, 2.0)
    timer.stop()
    idle_ms, _ = beside.communicate("")
    return {
        "first_s": first,
        "whole_s": whole,
        "stall_ms": max(probe.late),
        "late": sum(one > STALL_MS for one in probe.late),
        "ticks": len(probe.late),
        "busy_ms": max(probe.busy),
        "idle_ms": float(idle_ms),
        "total": page.selection.text.text(),
        "worst_ms": [round(one) for one in sorted(probe.late)[-10:]],
    }


def _let_go(window: Any, folder: Path) -> None:
    """What the desktop sends when files are dropped."""
    from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
    from PySide6.QtGui import QDragEnterEvent, QDropEvent
    from PySide6.QtWidgets import QApplication

    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(folder))])
    how = (Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(window, QDragEnterEvent(QPoint(300, 300), *how))
    QApplication.sendEvent(window, QDropEvent(QPointF(300, 300), *how))


def _until(there: Callable[[], bool], longest_s: float = LONGEST_S) -> None:
    """Run the event loop until ``there``; asked 50 times a second, so that asking costs nothing."""
    from PySide6.QtCore import QEventLoop, QTimer

    loop, ends = QEventLoop(), time.monotonic() + longest_s

    def ask() -> None:
        if there() or time.monotonic() > ends:
            loop.quit()

    timer = QTimer(interval=20)
    timer.timeout.connect(ask)
    timer.start()
    loop.exec()
    timer.stop()


if __name__ == "__main__":
    if sys.argv[1:2] == ["idle"]:
        idle()
    elif len(sys.argv) == 3:
        from PySide6.QtWidgets import QApplication

        qt = QApplication([])
        print(json.dumps(drop(qt, Path(sys.argv[2]))))
    else:
        with tempfile.TemporaryDirectory() as folder:
            number = int(sys.argv[1]) if len(sys.argv) > 1 else FILES
            scanner.write(Path(folder) / "files", number)
            print(json.dumps(_round(number, Path(folder) / "files"), indent=2))
