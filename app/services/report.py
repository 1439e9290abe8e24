"""Pages and cards from templates: one place that fills them, escaping whatever the data holds.

Templates lie in ``resources/report``. It must not know where their figures come from.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from app.paths import program_root


def render(template: str, facts: Mapping[str, Any]) -> str:
    """Fill a template of ``resources/report``.

    Args:
        template: file name; values are escaped in ``.html``.
        facts: what it names; a missing one is an error.

    Raises:
        jinja2.UndefinedError: a fact that the template names is missing.
    """
    return _environment().get_template(template).render(facts)


def data_uri(png: bytes) -> str:
    """A PNG inside a page, so that the page is one file."""
    return f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}"


def style() -> str:
    """The style sheet of all pages, to stand inside them."""
    return (program_root() / "resources" / "report" / "report.css").read_text(encoding="utf-8")


def markdown(text: str) -> str:
    """A text as itself in Markdown: on one line, with every sign that would mean something escaped."""
    return re.sub(r"([\\`*_\[\]<>|#~])", r"\\\1", " ".join(text.split()))


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(program_root() / "resources" / "report"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["md"] = markdown
    return environment
