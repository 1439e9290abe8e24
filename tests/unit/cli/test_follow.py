"""Ctrl-C, twice, and a reader that went away: what they do to the work that is waited for."""

from __future__ import annotations

import io
import os
import signal
import threading

import pytest

from app.cli.follow import follow_call
from app.cli.render import Output
from app.domain.errors import Stopped


class Work:
    """Work that ends only when it is told to: at the first word, or at the second."""

    def __init__(self, *, obedient: bool) -> None:
        self.begun, self.asked, self.killed = threading.Event(), threading.Event(), threading.Event()
        self._obedient = obedient

    def run(self) -> str:
        self.begun.set()
        (self.asked if self._obedient else self.killed).wait(20)
        raise Stopped("stopped")

    def stop(self) -> None:
        self.asked.set()

    def kill(self) -> None:
        self.killed.set()


def interrupt_when(event: threading.Event) -> threading.Thread:
    def press() -> None:
        event.wait(20)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=press)
    thread.start()
    return thread


def quiet() -> Output:
    return Output(as_json=True, out=io.StringIO(), err=io.StringIO())


def test_the_first_ctrl_c_asks() -> None:
    work = Work(obedient=True)
    thread = interrupt_when(work.begun)
    with pytest.raises(Stopped):
        follow_call(work.run, work, quiet())
    thread.join()
    assert (work.asked.is_set(), work.killed.is_set()) == (True, False)


def test_the_second_ctrl_c_ends() -> None:
    work = Work(obedient=False)
    threads = [interrupt_when(work.begun), interrupt_when(work.asked)]
    with pytest.raises(Stopped):
        follow_call(work.run, work, quiet())
    for thread in threads:
        thread.join()
    assert work.killed.is_set()


def test_a_reader_that_went_away_asks_too() -> None:
    work = Work(obedient=True)
    output = quiet()
    output.reader_gone = True
    with pytest.raises(Stopped):
        follow_call(work.run, work, output)
    assert not work.killed.is_set()


def test_ctrl_c_means_what_it_meant_before_afterwards() -> None:
    before = signal.getsignal(signal.SIGINT)
    work = Work(obedient=True)
    assert follow_call(lambda: "result", work, quiet()) == "result"
    assert signal.getsignal(signal.SIGINT) is before
