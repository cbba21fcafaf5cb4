"""What people read is true: links lead somewhere, commands exist, samples run, the keyword page is up to date."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from referee.cli.main import cli

REPOSITORY = Path(__file__).resolve().parents[2]
PAGES = sorted(
    [
        REPOSITORY / "README.md",
        REPOSITORY / "CHANGELOG.md",
        *REPOSITORY.glob("docs/**/*.md"),
        *REPOSITORY.glob("bots/*/README.md"),
    ]
)
PLACEHOLDERS = {"…", "..."}


def named(page: Path) -> str:
    return page.relative_to(REPOSITORY).as_posix()


def outside_code(text: str) -> str:
    return re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, by GitHub's rule."""
    headings = re.findall(r"^#+ +(.+?)\s*$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


def command_lines() -> Iterator[tuple[str, list[str]]]:
    """Each `referee` command line quoted in code, with its page; comments and mere mentions left out."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for code in re.findall(r"```[^\n]*\n(.*?)```|`([^`\n]+)`", text, flags=re.DOTALL):
            for line in "".join(code).splitlines():
                if not re.match(r"\s*referee( |$)", line) or re.match(r"referee[ \w]*: ", line.strip()):
                    continue
                words = shlex.split(line, comments=True)[1:]
                if words and not PLACEHOLDERS & set(words):
                    yield named(page), words


def samples(page: Path) -> dict[str, str]:
    """The code blocks of a page that are whole files, by the path that stands in a comment over them."""
    found = re.findall(
        r"<!-- file: (.+?) -->\n```[^\n]*\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL
    )
    return dict(found)


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", outside_code(page.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        assert linked.exists(), f"{named(page)} links to {target}"
        if anchor:
            assert anchor in anchors(linked), f"{named(page)} links to {target}"


@pytest.mark.parametrize(
    ("page", "words"), [pytest.param(*line, id=" ".join(line[1])) for line in command_lines()]
)
def test_every_quoted_command_line_parses(page: str, words: list[str]) -> None:
    """Down to the last command, options and arguments included; nothing is carried out."""
    command: click.Command = cli
    context = click.Context(cli, info_name="referee", **cli.context_settings)
    rest = list(words)
    if rest == ["--help"]:
        return
    while isinstance(command, click.Group):
        found = command.commands.get(rest[0])
        assert found is not None, f"{page}: there is no command {rest[0]}"
        name, *rest = rest
        command = found
        context = click.Context(found, info_name=name, parent=context, **found.context_settings)
        if isinstance(found, click.Group) and (not rest or "|" in rest):
            for alternative in set(rest) - {"|"}:
                assert alternative in found.commands, f"{page}: there is no command {alternative}"
            return
    if rest and rest != ["--help"]:
        try:
            command.parse_args(context, rest)
        except click.UsageError as error:
            pytest.fail(f"{page}: referee {' '.join(words)}: {error.format_message()}")


def test_commands_are_quoted_at_all() -> None:
    quoted = {words[0] for _, words in command_lines()}
    assert {"decide", "check", "worklist", "audit"} <= quoted


def test_the_keyword_page_is_up_to_date() -> None:
    """Keywords, their arguments and their documentation; when it was made and by what version doesn't matter."""
    generator = documentation_tool("generate_keywords")
    now = json.loads(generator.documentation().to_json(include_private=False, theme=None))
    page = (REPOSITORY / "docs" / "keywords.html").read_text(encoding="utf-8")
    start = page.index("libdoc = {") + len("libdoc = ")
    then, _ = json.JSONDecoder().raw_decode(page[start:].replace(r"\x3c", "<"))
    assert what_it_says(then) == what_it_says(now), "run: python docs/generate_keywords.py"


def documentation_tool(name: str) -> Any:
    """A module of the folder docs, which is no package."""
    specification = importlib.util.spec_from_file_location(name, REPOSITORY / "docs" / f"{name}.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module  # its dataclasses look there for the names of their types
    specification.loader.exec_module(module)
    return module


def what_it_says(page: dict[str, Any]) -> dict[str, Any]:
    def one(keyword: dict[str, Any]) -> dict[str, Any]:
        return {part: keyword[part] for part in ("name", "args", "doc", "tags")}

    return {
        "doc": page["doc"],
        "inits": [one(init) for init in page["inits"]],
        "keywords": [one(keyword) for keyword in page["keywords"]],
    }


@pytest.fixture
def workplace(tmp_path: Path) -> Path:
    """A folder with the rules, models and playbooks of the repository, and room to work in."""
    for folder in ("decision_tables", "models", "resources/playbooks"):
        shutil.copytree(REPOSITORY / folder, tmp_path / folder)
    return tmp_path


def test_the_samples_of_the_bot_guide_run_as_written(workplace: Path) -> None:
    for path, content in samples(REPOSITORY / "docs" / "bot-guide.md").items():
        (workplace / path).parent.mkdir(parents=True, exist_ok=True)
        (workplace / path).write_text(content, encoding="utf-8")
    done = robot(workplace, "bots/my_loans/tasks.robot", "bots/my_loans/one_case.robot")
    assert done.returncode == 0, done.stdout
    for line in told("docs/bot-guide.md", "loan_applications: 3 cases")[1:]:
        assert line in done.stdout
    assert sorted(path.name for path in (workplace / "output").glob("A-*.txt")) == [
        "A-1001.txt",
        "A-1003.txt",
    ]


def test_the_path_of_the_bot_guide_can_be_walked_as_written(tmp_path: Path) -> None:
    """A new bot, a changed rule that takes effect, a failed step, results in the list, a queue, a schedule; without
    what needs an application.
    """
    walk = documentation_tool("guide_walk").Walk(tmp_path)
    walk.through(REPOSITORY / "docs" / "bot-guide.md")
    commands = [command for command, _ in walk.printed]
    assert commands.count("referee run pay_suppliers") == 5
    assert "PAY-1006" in what_was_decided(tmp_path / "bots/pay_suppliers/input/cases.xlsx", "auto")
    assert (tmp_path / "output" / "pay_suppliers" / "payments" / "PAY-1006.txt").exists()
    assert (tmp_path / "output" / "night_payments" / "payments" / "PAY-1001.txt").exists()


def what_was_decided(cases: Path, route: str) -> list[object]:
    """The ids of the cases beside which the bot wrote this route."""
    from openpyxl import load_workbook

    heads, *rows = load_workbook(cases).active.iter_rows(values_only=True)
    place = heads.index("Route")
    return [row[0] for row in rows if row[place] == route]


def test_every_drawing_of_the_bot_guide_is_shown_there() -> None:
    """A picture is taken where the guide shows it, so one that isn't shown would never be drawn again."""
    guide = (REPOSITORY / "docs" / "bot-guide.md").read_text(encoding="utf-8")
    drawings = re.findall(
        r'^    "(\w+)": \("',
        (REPOSITORY / "docs" / "draw_bots.py").read_text(encoding="utf-8"),
        flags=re.MULTILINE,
    )
    assert drawings
    assert [name for name in drawings if f"](pictures/{name}.png)" not in guide] == []


def told(page: str, beginning: str) -> list[str]:
    """The lines of the code block that begins so: what a page says a program prints."""
    text = (REPOSITORY / page).read_text(encoding="utf-8")
    block = text[text.index("```\n" + beginning) + 4 :]
    return block[: block.index("```")].splitlines()


def test_the_readme_shows_the_bot_as_it_is() -> None:
    bot = (REPOSITORY / "bots" / "invoice_approval" / "tasks.robot").read_text(encoding="utf-8")
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    shown = readme[readme.index("```robotframework\n") + len("```robotframework\n") :]
    without_documentation = re.sub(
        r"^(Documentation|\.\.\.|    \[Documentation\]).*\n(\n(?=Library))?", "", bot, flags=re.MULTILINE
    )
    assert shown[: shown.index("```")] == without_documentation


def test_the_playbook_page_shows_the_playbook_as_it_is() -> None:
    playbook = (REPOSITORY / "resources" / "playbooks" / "price_mismatch.yaml").read_text(encoding="utf-8")
    page = (REPOSITORY / "docs" / "playbooks.md").read_text(encoding="utf-8")
    assert re.sub(r"^#.*\n", "", playbook) in page


def robot(folder: Path, *suites: str) -> subprocess.CompletedProcess[str]:
    options = ["--rpa", "--outputdir", "output", "--pythonpath", str(REPOSITORY / "library")]
    return subprocess.run(
        [sys.executable, "-m", "robot", *options, *suites],
        cwd=folder,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
    )
