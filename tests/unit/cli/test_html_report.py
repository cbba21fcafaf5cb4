"""Reports as HTML: complete in one file, safe whatever they show, written in one step."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import jinja2
import pytest

from referee.cli import html_report
from referee.cli.html_report import rendered, write_report
from referee.domain import InputError

TEMPLATE = """{% extends "report.html" %}{% import "parts.html" as parts %}{% block content %}
{{ parts.route("auto") }}{{ parts.mark("passed", "good") }}{{ parts.figures([(3, "tests", "good")]) }}
{{ parts.grid(["cell"], [[value]]) }}{% endblock %}"""


@pytest.fixture
def template(monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a template of a report that shows one value."""
    environment = html_report._environment()
    shipped = environment.loader
    assert shipped is not None
    environment.loader = jinja2.ChoiceLoader([jinja2.DictLoader({"one.html": TEMPLATE}), shipped])
    monkeypatch.setattr(html_report, "_environment", lambda: environment)
    return "one.html"


def test_what_a_value_holds_is_shown_and_never_run(template: str) -> None:
    text = rendered("<b>title</b>", template, {"value": "<script>alert(1)</script>"})
    assert "<script>" not in text and "<b>" not in text
    assert (
        "&lt;script&gt;alert(1)&lt;/script&gt;" in text and "<title>&lt;b&gt;title&lt;/b&gt;</title>" in text
    )


def test_a_report_loads_nothing(template: str) -> None:
    text = rendered("title", template, {"value": "x"})
    assert not re.search(r"""(src|href)\s*=\s*["'](?!#)|url\(|@import|<script|<link""", text)


def test_a_value_that_nobody_gave_is_an_error_and_no_blank(template: str) -> None:
    with pytest.raises(jinja2.UndefinedError):
        rendered("title", template, {})


def test_a_report_replaces_the_file_and_leaves_no_other(template: str, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text("old")
    write_report(path, "Grüße", template, value="x")
    assert "<h1>Grüße</h1>" in path.read_text("utf-8")
    assert list(tmp_path.iterdir()) == [path]


def test_a_report_that_cannot_be_written_says_so(template: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none.report\.html can't be written .*; close the file or choose"):
        write_report(tmp_path / "none" / "report.html", "title", template, value="x")


def test_the_templates_are_packed(repository: Path, tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    done = subprocess.run(build, cwd=repository, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        packed = {Path(name).name for name in wheel.namelist() if name.startswith("referee/cli/templates/")}
    folder = repository / "library" / "referee" / "cli" / "templates"
    assert packed == {path.name for path in folder.iterdir()}
