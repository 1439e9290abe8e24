"""``understudy doctor --deid``: what it answers, and that an engine which leaves something makes it fail."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from app.cli.main import main
from app.deid.planting.key import Action
from app.deid.scoring import run as scoring_run
from app.domain.deid import Profile


@pytest.fixture
def headers_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading letters takes seconds a picture; ``test_scoring`` has a picture read."""
    monkeypatch.setattr(scoring_run, "text_finder", lambda: None)


def answer(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    status = main(["doctor", *words, "--json"])
    (line,) = capsys.readouterr().out.splitlines()
    document: dict[str, Any] = json.loads(line)
    assert document["event"] == "finished"
    return status, document


@pytest.mark.parametrize("profile", list(Profile))
def test_the_self_test_passes_and_says_what_it_did(headers_only, capsys, profile):
    status, last = answer(capsys, "--deid", "--profile", profile.value)
    assert (status, last["outcome"], last["passed"]) == (0, "done", True), last["misses"]
    assert last["profile"] == profile
    assert last["hits"]["left"] == 0
    assert last["hits"]["planted"] > 1000
    assert last["score"] >= 0.999
    assert set(last["not_checked"]) == {Action.PIXELS_HIDDEN, Action.PIXELS_RETAINED}
    assert {"text_removed", "text_retained", "tag_retained", "uid_changed", "uid_consistent"} <= set(last["actions"])
    assert all(count["correct"] <= count["required"] for count in last["actions"].values())


def test_maximum_is_what_is_tested_unless_told_otherwise(headers_only, capsys):
    assert answer(capsys, "--deid")[1]["profile"] == "maximum"


def test_people_read_a_table(headers_only, capsys):
    assert main(["doctor", "--deid"]) == 0
    text = capsys.readouterr().out
    assert "text_removed" in text
    assert "not checked" in text
    assert "Planted identities left: 0 of" in text
    assert text.rstrip().endswith("Verdict: passed")


class Copying:
    """An engine that hands out what it got."""

    def __init__(self, secret: bytes, protection: object) -> None:
        pass

    def clean(self, dataset: Any, *, patient: str, check: object) -> Any:
        return dataset

    def write(self, cleaned: Any, path: Path) -> None:
        shutil.copy(cleaned.filename, path)


def test_an_engine_that_leaves_identities_fails_the_self_test(headers_only, capsys, monkeypatch):
    monkeypatch.setattr(scoring_run, "Deidentifier", Copying)
    status, last = answer(capsys, "--deid")
    assert (status, last["outcome"], last["code"], last["passed"]) == (4, "failed", "deid-self-test", False)
    assert "unknown" not in last["message"]
    assert last["hits"]["left"] > 1000
    assert {"file", "where", "action"} == set(last["misses"][0])
    assert main(["doctor", "--deid"]) == 4
    told = capsys.readouterr().err
    assert "Verdict: FAILED" in told
    line = next(line for line in told.splitlines() if line.startswith("  text_removed: PatientName in "))
    assert all(kind in line for kind in ("CT00", "MR01", "US04", "MG07"))


def test_a_profile_without_the_self_test_is_bad_usage(capsys):
    status, last = answer(capsys, "--profile", "maximum")
    assert (status, last["code"]) == (2, "bad-usage")
    assert answer(capsys, "--deid", "--profile", "none")[0] == 2
