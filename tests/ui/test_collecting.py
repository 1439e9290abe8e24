"""Garbage is collected on the GUI thread, whatever thread made it."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from app.ui import collecting
from app.ui.collecting import Collector


class Knot:
    """A dead circle that remembers where it was freed."""

    def __init__(self, freed: list[threading.Thread]) -> None:
        self.itself = self
        self.freed = freed

    def __del__(self) -> None:
        self.freed.append(threading.current_thread())


@pytest.fixture
def collector(qapp, monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    monkeypatch.setattr(collecting, "EVERY_MS", 10)
    made = Collector()
    made.start()
    yield made
    made.stop()


def test_circles_made_on_another_thread_are_freed_on_this_one(collector: Collector, qtbot: QtBot) -> None:
    freed: list[threading.Thread] = []
    maker = threading.Thread(target=lambda: [Knot(freed) for _ in range(30_000)])
    maker.start()
    maker.join()
    assert not freed, "nothing was collected on the thread that allocated"
    qtbot.waitUntil(lambda: len(freed) == 30_000)
    assert set(freed) == {threading.current_thread()}


def test_python_collects_again_once_it_stopped(collector: Collector) -> None:
    collector.stop()
    assert gc.isenabled()
