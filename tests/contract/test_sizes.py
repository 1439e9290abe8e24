"""Files and functions stay small enough to be held in the head (design, section 11).

What is over a limit stands in ``EXCEPTIONS`` by name; an entry that is no longer needed fails too, so the list
can only shrink.
"""

from __future__ import annotations

import ast
import statistics
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILE_LINES = 450
FUNCTION_LINES = 60
FUNCTION_LINES_MEDIAN = 12
POSITIONAL = 5
NESTING = 3

EXCEPTIONS: frozenset[str] = frozenset()
"""Named as the tests name them: ``path`` for a file, ``path:function`` for a function."""

BLOCKS = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.Match)
Function = ast.FunctionDef | ast.AsyncFunctionDef


def sources() -> list[Path]:
    return sorted(path for top in ("app", "models") for path in (ROOT / top).rglob("*.py"))


def functions(path: Path) -> Iterator[tuple[str, Function]]:
    relative = path.relative_to(ROOT).as_posix()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, Function):
            yield f"{relative}:{node.name}", node


def length(function: Function) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def positional(function: Function) -> int:
    names = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)]
    return len([name for name in names if name not in {"self", "cls"}])


def depth(node: ast.AST) -> int:
    """Deepest nesting of blocks below a node; an ``elif`` is as deep as its ``if``."""
    deepest = 0
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (*BLOCKS, ast.match_case, ast.ExceptHandler)):
            chained = isinstance(node, ast.If) and node.orelse == [child]
            own = isinstance(child, BLOCKS) and not chained
            deepest = max(deepest, depth(child) + own)
        elif not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            deepest = max(deepest, depth(child))
    return deepest


def over(limit: int, measure: dict[str, int]) -> dict[str, int]:
    return {name: value for name, value in measure.items() if value > limit}


@pytest.fixture(scope="module")
def every_function() -> dict[str, Function]:
    return {name: node for path in sources() for name, node in functions(path)}


def violations(every: dict[str, Function]) -> dict[str, str]:
    lines = {path.relative_to(ROOT).as_posix(): len(path.read_text("utf-8").splitlines()) for path in sources()}
    found = {name: f"{value} lines" for name, value in over(FILE_LINES, lines).items()}
    for what, limit, measure in (
        ("lines", FUNCTION_LINES, length),
        ("positional arguments", POSITIONAL, positional),
        ("blocks deep", NESTING, depth),
    ):
        measured = {name: measure(node) for name, node in every.items()}
        found |= {name: f"{value} {what}" for name, value in over(limit, measured).items()}
    return found


def test_no_file_and_no_function_is_over_its_limit(every_function: dict[str, Function]) -> None:
    found = violations(every_function)
    assert {name: why for name, why in found.items() if name not in EXCEPTIONS} == {}


def test_the_list_of_exceptions_only_shrinks(every_function: dict[str, Function]) -> None:
    assert set(violations(every_function)) >= EXCEPTIONS, "remove the names that are within the limits by now"


def test_most_functions_are_short(every_function: dict[str, Function]) -> None:
    assert statistics.median(length(node) for node in every_function.values()) <= FUNCTION_LINES_MEDIAN


def test_the_measures_see_what_they_should() -> None:
    deep = ast.parse(
        "def f(a, b, c):\n for x in a:\n  if x:\n   with b:\n    try:\n     c()\n    finally:\n     pass\n"
    )
    chain = ast.parse("def f(a):\n if a:\n  pass\n elif not a:\n  pass\n else:\n  pass\n")
    first = deep.body[0]
    assert isinstance(first, ast.FunctionDef)
    assert (depth(first), positional(first), length(first)) == (4, 3, 8)
    assert depth(chain.body[0]) == 1
