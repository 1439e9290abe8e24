"""What scripts and people read while a job runs."""

from __future__ import annotations

import io
import json

import pytest

from app.cli.ending import Ending
from app.cli.render import Output
from app.cli.wording import clock
from app.domain.errors import Refused
from app.jobs.messages import Finished, Message, Metric, Notice, Phase, Progress
from app.jobs.outcome import Outcome

WORK: tuple[Message, ...] = (
    Phase("training"),
    Metric(1, {"loss": 0.5}),
    *(Progress(step, 100, remaining_s=100 - step) for step in range(0, 101, 2)),
    Finished("done", {"run": "r"}),
)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class ClosedPipe(io.StringIO):
    def write(self, text: str) -> int:
        raise BrokenPipeError


def written(*messages: Message, ending: Ending, as_json: bool, err: io.StringIO | None = None) -> tuple[str, str]:
    out, err = io.StringIO(), err or io.StringIO()
    output = Output(as_json=as_json, out=out, err=err)
    for message in messages:
        output.message(message)
    output.finish(ending)
    return out.getvalue(), err.getvalue()


def test_scripts_read_every_message_and_one_finished_line() -> None:
    out, err = written(*WORK, ending=Ending.done("text", run="r"), as_json=True)
    events = [json.loads(line) for line in out.splitlines()]
    assert [event["event"] for event in events] == ["phase", "metric", *["progress"] * 51, "finished"]
    assert events[-1] == {"event": "finished", "outcome": "done", "run": "r"}
    assert err == ""


def test_people_read_a_line_for_each_tenth_and_the_result_alone_on_standard_output() -> None:
    out, err = written(*WORK, ending=Ending.done("It is done."), as_json=False)
    assert out == "It is done.\n"
    lines = err.splitlines()
    assert lines[0] == "training"
    assert len(lines) == 1 + 11
    assert lines[6] == "  50 of 100, loss 0.5, 50 s left"


def test_a_terminal_gets_one_line_that_changes() -> None:
    _out, err = written(*WORK, ending=Ending.done("It is done."), as_json=False, err=Terminal())
    assert err.count("\r") == 51
    assert err.count("\n") == 2


def test_a_notice_reads_as_its_sentence() -> None:
    notice = Notice("path-missing", {"path": "/images/a"})
    _out, err = written(notice, ending=Ending.done(""), as_json=False)
    assert err.startswith("/images/a does not exist.")


def test_a_refusal_names_code_and_sentence() -> None:
    ending = Ending.of_error(Refused("path-missing", path="/images/a"))
    out, _err = written(ending=ending, as_json=True)
    last = json.loads(out)
    assert (last["outcome"], last["code"]) == ("refused", "path-missing")
    assert "/images/a" in last["message"]


def test_a_reader_that_went_away_is_noticed_and_harms_nothing() -> None:
    output = Output(as_json=True, out=ClosedPipe(), err=io.StringIO())
    output.message(Phase("training"))
    output.finish(Ending.done(""))
    assert output.reader_gone


@pytest.mark.parametrize(
    ("outcome", "name", "status"),
    [
        (Outcome("done", {"run": "r"}), "done", 0),
        (Outcome("stopped", {"run": "r"}, "stopped", checkpoint="c"), "stopped", 130),
        (Outcome("refused", code="no-pixels"), "refused", 3),
        (Outcome("failed", code="no-pixels"), "failed", 4),
        (Outcome("crashed", code="worker-crashed", facts={"signal": "SIGKILL"}), "failed", 4),
        (Outcome("lost", code="worker-lost"), "failed", 4),
    ],
)
def test_every_outcome_of_a_job_has_a_last_word_and_an_exit_status(outcome: Outcome, name: str, status: int) -> None:
    ending = Ending.of_outcome(outcome, "done")
    assert (ending.outcome, ending.status) == (name, status)
    assert ending.text
    assert (ending.fields.get("code") is None) == (name == "done")


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (59.6, "1 min"), (125, "2 min 5 s"), (3600, "1 h 0 min"), (11400, "3 h 10 min")]
)
def test_durations_are_read_as_people_say_them(seconds: float, text: str) -> None:
    assert clock(seconds) == text
