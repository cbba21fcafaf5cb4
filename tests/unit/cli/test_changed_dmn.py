"""`referee diff` of DMN files: what changed, and the cases that their decision tables decide differently."""

from __future__ import annotations

import random
from decimal import Decimal
from itertools import product
from pathlib import Path

import pytest

from referee import feel
from referee.checks import Budget
from referee.cli.changed_dmn import dmn_meaning, read_dmn
from referee.dmn import write_definitions
from referee.tables import HitPolicy
from referee.workbook import (
    FactDefinition,
    Settings,
    TableDraft,
    WorkbookDraft,
    definitions_of,
    read_workbook,
    write_workbook,
)
from tests.unit.cli.conftest import Command
from tests.unit.cli.test_diff import HIGHER
from tests.unit.engine.limits import write_limits

LITERAL = """<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="fees" namespace="n">
<inputData id="amount" name="amount"><variable name="amount" typeRef="number"/></inputData>
<decision id="size" name="size"><variable name="size"/>
<informationRequirement id="r1"><requiredInput href="#amount"/></informationRequirement>
<decisionTable id="t" hitPolicy="UNIQUE"><input id="i"><inputExpression id="ie" typeRef="number"><text>amount</text>
</inputExpression></input><output id="o" typeRef="string"/>
<rule id="a"><inputEntry id="a1"><text>&lt;= {limit}</text></inputEntry><outputEntry id="a2"><text>"small"</text>
</outputEntry></rule>
<rule id="b"><inputEntry id="b1"><text>&gt; {limit}</text></inputEntry><outputEntry id="b2"><text>"large"</text>
</outputEntry></rule></decisionTable></decision>
<decision id="fee" name="fee"><variable name="fee"/>
<informationRequirement id="r2"><requiredDecision href="#size"/></informationRequirement>
<literalExpression id="l"><text>if size = "small" then 1 else 2</text></literalExpression></decision>
</definitions>"""


def exported(referee: Command, desk: Path) -> None:
    write_limits(desk / "higher.xlsx", HIGHER)
    for name in ("payments", "higher"):
        assert referee("export", f"{name}.xlsx", "--to", f"{name}.dmn").code == 0


def test_two_files_are_compared_by_the_values_of_their_tables(referee: Command, desk: Path) -> None:
    exported(referee, desk)
    said = referee("diff", "payments.dmn", "higher.dmn")
    assert said.code == 1
    assert "changed  routing: rule 1: amount: <= 5000 is now <= 6000" in said.out
    assert (
        'routing, country: "DE", "FR", amount: (5000..6000]\n    gives  route "human" → "auto"; ' in said.out
    )
    assert 'case  country = "DE", amount = 5001, ' in said.out


def test_a_workbook_is_compared_with_the_file_it_was_exported_to(referee: Command, desk: Path) -> None:
    exported(referee, desk)
    same = referee("diff", "payments.xlsx", "payments.dmn")
    assert (same.code, same.out.splitlines()[-1]) == (
        0,
        "what it means: proved, every case is decided as before",
    )
    (region,) = [
        each
        for each in referee("diff", "payments.dmn", "higher.xlsx", "--json").json["regions"]
        if each["goes_elsewhere"]
    ]
    assert region["where"] == {"country": '"DE", "FR"', "amount": "(5000..6000]"}
    assert (region["decision"], region["old"]["value"]["queue"]) == ("routing", "managers")
    assert region["new"]["value"]["action"] == "pay"


def test_the_page_shows_values_before_and_now(referee: Command, desk: Path) -> None:
    exported(referee, desk)
    assert referee("diff", "payments.dmn", "higher.dmn", "--html", "d.html").code == 1
    html = (desk / "d.html").read_text("utf-8")
    assert "<span>amount</span> <code>(5000..6000]</code>" in html
    assert html.index('<th scope="row">before</th>') < html.index('<th scope="row">now</th>')


def test_what_follows_from_a_table_in_other_logic_is_not_proved(referee: Command, desk: Path) -> None:
    for name, limit in (("old", "10"), ("new", "20"), ("same", "10")):
        (desk / f"{name}.dmn").write_text(LITERAL.replace("{limit}", limit), encoding="utf-8")
    found = referee("diff", "old.dmn", "new.dmn", "--json").json
    (region,) = found["regions"]
    assert (region["decision"], region["where"]) == ("size", {"amount": "(10..20]"})
    assert (region["old"]["value"], region["new"]["value"]) == ("large", "small")
    assert [each for each in found["unproved"] if each.startswith("`fee` is no decision table")]
    assert referee("diff", "old.dmn", "same.dmn").code == 0


def test_files_without_tables_that_are_alike_are_proved(referee: Command, desk: Path) -> None:
    start, end = LITERAL.index('<decision id="size"'), LITERAL.index('<decision id="fee"')
    needed = '<requiredDecision href="#size"/>', '<requiredInput href="#amount"/>'
    text = LITERAL[:start] + LITERAL[end:].replace(*needed)
    for name, told in (("old", "amount = 1"), ("same", "amount = 1"), ("new", "amount = 2")):
        (desk / f"{name}.dmn").write_text(text.replace('size = "small"', told), encoding="utf-8")
    assert referee("diff", "old.dmn", "same.dmn").code == 0
    said = referee("diff", "old.dmn", "new.dmn")
    assert "changed  decisions: `fee`: its logic is another" in said.out
    assert "`fee` is no decision table, and it or something it needs changed" in said.out


def test_files_without_a_table_in_common_prove_nothing(referee: Command, desk: Path) -> None:
    exported(referee, desk)
    (desk / "fees.dmn").write_text(LITERAL.replace("{limit}", "10"), encoding="utf-8")
    said = referee("diff", "payments.dmn", "fees.dmn")
    assert said.code == 1 and "no decision table has the same name in both" in said.out


def test_real_cases_need_workbooks(referee: Command, desk: Path) -> None:
    exported(referee, desk)
    said = referee("diff", "payments.dmn", "higher.dmn", "--cases", "cases.csv")
    assert "--cases and --audit need two workbooks" in said.complaint
    assert "there is no such file" in referee("diff", "payments.dmn", "gone.dmn").complaint


def test_a_file_that_git_added_is_all_change(referee: Command, desk: Path) -> None:
    exported(referee, desk)
    assert (
        "added    routing: the table is new, with 3 rules" in referee("diff", "/dev/null", "payments.dmn").out
    )
    assert "removed  routing: the table is gone" in referee("diff", "payments.dmn", "/dev/null").out


@pytest.mark.parametrize("seed", range(30))
def test_regions_are_the_cases_with_other_values(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    facts = (
        FactDefinition("country", "string", required=True),
        FactDefinition("amount", "number", required=False),
    )
    columns = ("country", "amount", "size")
    versions = []
    for name in ("old", "new"):
        rules = tuple(
            (
                chance.choice(("-", '"DE"', 'not("DE")')),
                chance.choice(("-", "<= 50", "> 50", "[20..60)", "null")),
                chance.choice(("-", '"small"', '"large"')),
                chance.choice(("auto", "human")),
                chance.choice(("pay", "wait")),
                chance.choice(("clerks", "managers")),
                "because",
            )
            for _ in range(chance.randint(1, 4))
        )
        given = ["small", "large", chance.choice(("small", "large"))]
        chance.shuffle(given)
        sizes = tuple(zip(("< 30", ">= 30", "null"), given, strict=True))
        tables = (
            TableDraft("size", HitPolicy.UNIQUE, ("amount",), ("size",), sizes),
            TableDraft("routing", HitPolicy.FIRST, columns, ("route", "action", "queue", "reason"), rules),
        )
        settings = Settings("payments", "1", "", "", "country", "routing", "clerks")
        write_workbook(tmp_path / f"{name}.xlsx", WorkbookDraft(settings, facts, tables))
        read = read_workbook(tmp_path / f"{name}.xlsx")
        write_definitions(definitions_of(read), tmp_path / f"{name}.dmn", "1.5")
        versions.append(read_dmn(tmp_path / f"{name}.dmn"))
    told = dmn_meaning(versions[0], versions[1], Budget())
    assert told.unproved == ()
    amounts = (None, *map(Decimal, (10, 20, 25, 30, 50, 55, 60, 70)))
    for country, amount in product(("DE", "FR"), amounts):
        case = {"country": country, "amount": amount}
        found = [version.model.evaluate("routing", case) for version in versions]
        before, after = (
            "doubt" if any(each.is_doubt for each in one.diagnostics) else one.value for one in found
        )
        held = [
            each
            for each in told.elsewhere
            if each.decision == "routing"
            and all(feel.unary_tests(cell, case[name]).value for name, cell in each.where.items())
        ]
        assert (before != after) == bool(held), (case, before, after)
