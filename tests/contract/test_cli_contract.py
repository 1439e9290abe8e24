"""The command line that scripts call (design, section 7): verbs, exit statuses, the last JSON line."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.cli.main import main
from app.cli.verbs import VERBS
from app.domain import families

ROOT = Path(__file__).resolve().parents[2]


def last_json(text: str) -> dict[str, object]:
    lines = [json.loads(line) for line in text.splitlines()]
    assert [line["event"] for line in lines].count("finished") == 1
    assert lines[-1]["event"] == "finished"
    return dict(lines[-1])


def test_the_verbs_are_those_of_the_design() -> None:
    assert list(VERBS) == [
        "demo", "doctor", "new", "import", "studies", "cohort", "train", "generate", "audit", "export",
    ]  # fmt: skip


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself_with_an_example(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([verb, "--help"]) == 0
    text = capsys.readouterr().out
    assert f"understudy {verb}" in text
    assert "example" in text
    assert "--json" in text


def test_help_and_version_answer_without_a_project(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    assert all(f"\n  {verb} " in text for verb in VERBS)
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("understudy ")


@pytest.mark.parametrize(
    "words",
    [
        ["tarin"],
        ["train"],
        ["train", "P", "--cohort", "c", "--budget", "soon"],
        ["train", "P", "--cohort", "c", "--budget", "5m", "--steps", "3"],
        ["train", "P", "--cohort", "c", "--device", "toaster"],
        ["generate", "P", "--run", "r"],
        ["generate", "P", "--run", "r", "--class", "glioma"],
        ["generate", "P", "--run", "r", "--per-class", "0"],
        ["export", "P", "--out", "o"],
        ["export", "P", "--samples", "s", "--out", "o", "--format", "gif"],
        ["cohort", "P", "c", "--window", "nonsense"],
        [],
    ],
)
def test_bad_usage_is_exit_2_and_one_finished_line(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*words, "--json"]) == 2
    last = last_json(capsys.readouterr().out)
    assert last["outcome"] == "refused"
    assert last["message"]


@pytest.mark.parametrize(
    "words",
    [
        ["import", "{missing}", "x"],
        ["studies", "{missing}"],
        ["cohort", "{missing}", "c"],
        ["train", "{missing}", "--cohort", "c"],
        ["generate", "{missing}", "--run", "r", "--balance"],
        ["audit", "{missing}", "--samples", "s"],
        ["export", "{missing}", "--samples", "s", "--out", "o"],
    ],
)
def test_a_missing_project_is_refused_in_one_sentence(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = str(tmp_path / "nowhere")
    assert main([word.format(missing=missing) for word in words] + ["--json"]) == 3
    last = last_json(capsys.readouterr().out)
    assert last["code"] == "project-missing"
    assert missing in str(last["message"])
    assert list(tmp_path.iterdir()) == []


def test_people_read_a_sentence_and_no_traceback(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["studies", str(tmp_path / "nowhere")]) == 3
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("There is no project at ")
    assert len(said.err.splitlines()) == 1


def test_without_a_display_the_window_says_so() -> None:
    hidden = {"DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"}
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    command = [sys.executable, "-m", "app"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "understudy demo" in done.stderr


def test_the_families_offered_are_the_ones_that_can_be_built() -> None:
    tree = ast.parse((ROOT / "models/registry.py").read_text(encoding="utf-8"))
    tables = [
        {ast.literal_eval(key) for key in node.keys if isinstance(key, ast.Constant)}
        for node in ast.walk(tree)
        if isinstance(node, ast.Dict) and node.keys
    ]
    assert set(families.NAMES) - {families.AUTO} in tables
