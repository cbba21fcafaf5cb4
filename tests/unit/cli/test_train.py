"""`referee train`: from a sheet of past cases to a model that decides, or every fault of the sheet at once."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from referee.scoring import ModelStore
from tests.unit.cli.conftest import Command

COLUMNS = ("number", "opened", "amount", "country", "member", "segment", "late")
Row = dict[str, Any]


def past_payments(count: int = 400, seed: int = 1) -> list[Row]:
    """Payments whose lateness depends on amount, country and membership; `segment` follows the country."""
    chance = Random(seed)
    rows = []
    for number in range(1, count + 1):
        amount, country = chance.randrange(100, 9001), chance.choice(["AT", "CH", "DE"])
        member = chance.random() < 0.5
        odds = amount / 1500 - 3 + (country == "CH") - member
        rows.append(
            {
                "number": number,
                "opened": f"2024-{(number - 1) * 12 // count + 1:02d}-{number % 28 + 1:02d}",
                "amount": amount,
                "country": country,
                "member": str(member).lower(),
                "segment": "abroad" if country == "CH" and chance.random() < 0.9 else "home",
                "late": "yes" if chance.random() < 1 / (1 + 2.718281828**-odds) else "no",
            }
        )
    return rows


def write(rows: list[Row], path: Path = Path("past.csv")) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


TRAIN = (
    "train",
    "past.csv",
    "--target",
    "late",
    "--name",
    "lateness",
    "--drop",
    "number",
    "--drop",
    "opened",
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder where the payments were learnt from by a process of its own."""
    folder = tmp_path_factory.mktemp("made")
    write(past_payments(), folder / "past.csv")
    command = [*TRAIN, "--protected", "segment", "--positive", "no", "--at-most", "0.3", "--at-most", "0.001"]
    costs = ["--cost-wrong", "5", "--cost-review", "2", "--report", "report.html"]
    said = subprocess.run(
        [sys.executable, "-c", "from referee.cli import main; main()", *command, *costs],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
    )
    assert said.returncode == 0, said.stderr
    (folder / "said.txt").write_text(said.stdout, encoding="utf-8")
    return folder


def test_the_model_folder_scores_cases_and_its_card_tells_everything(made: Path) -> None:
    model = ModelStore(made / "models").load("lateness", "1.0.0")
    card = model.card
    assert model.features == ("amount", "country", "member")
    assert model.labels == ("yes", "no")
    assert model.score({"amount": 8900, "country": "CH", "member": False}).value["label"] == "yes"
    assert (card.training.rows, card.held_out.rows) == (160, 240)
    assert card.left_out == {"number": "dropped", "opened": "dropped", "segment": "protected"}
    assert card.held_out.confusion["yes"]["yes"] > card.held_out.confusion["yes"]["no"]
    assert sum(sum(told.values()) for told in card.held_out.confusion.values()) == 240 - card.held_out.refused
    assert {each.method for each in card.corrections} == {"none", "sigmoid", "isotonic"}
    assert next(iter(card.influence)) == "amount"
    assert {group.value for group in card.parity} == {"abroad", "home"}


def test_features_that_tell_a_protected_attribute_are_named_with_their_auc(made: Path) -> None:
    proxy = ModelStore(made / "models").load("lateness").card.proxies[0]
    assert proxy.attribute == "segment"
    assert proxy.auc > 0.85
    assert set(proxy.alone) == {"country"}
    assert "can be told from the features with AUC" in (made / "said.txt").read_text(encoding="utf-8")


def test_a_promise_that_no_threshold_keeps_is_told_with_what_is_missing(made: Path) -> None:
    kept, strict, by_cost = ModelStore(made / "models").load("lateness").card.operating_points
    assert kept.threshold is not None
    assert strict.threshold is None
    assert by_cost.cost is not None
    assert by_cost.cost.mean <= by_cost.cost.bound
    assert "points above the promise" in (made / "said.txt").read_text(encoding="utf-8")


def test_the_report_is_one_file_with_its_drawings_that_loads_nothing(made: Path) -> None:
    text = (made / "report.html").read_text(encoding="utf-8")
    assert text.count("<svg") >= 5
    for words in ("What it may decide alone", "By cost", "Reliability", "Protected attributes", "Candidates"):
        assert words in text
    assert "http" not in text
    assert "<script" not in text


def test_the_same_seed_gives_the_same_bytes_and_another_one_another_division(
    made: Path, referee: Command
) -> None:
    write(past_payments())
    arguments = (*TRAIN, "--protected", "segment", "--positive", "no", "--at-most", "0.3", "--json")
    said = referee(*arguments)
    assert said.code == 0
    assert said.json["card"]["held_out"]["rows"] == 240
    for file in ("model.joblib", "compiled.json"):
        assert Path("models/lateness", file).read_bytes() == (made / "models/lateness" / file).read_bytes()
    other = referee(*arguments, "--seed", "7", "--out", "other/lateness").json["card"]
    assert other["training"]["sha256"] != said.json["card"]["training"]["sha256"]


def test_with_time_the_latest_cases_judge(referee: Command) -> None:
    write(past_payments())
    said = referee("train", "past.csv", "--target", "late", "--name", "lateness", "--drop", "number",
                   "--time", "opened", "--json")  # fmt: skip
    card = said.json["card"]
    assert card["training"]["split_rule"] == "by `opened`: the latest 60% are held out"
    # Cases of one day stay on the earlier side.
    assert 160 <= card["training"]["rows"] < 175


def faults(said: Any) -> list[str]:
    assert (said.code, said.out) == (2, "")
    assert not Path("models").exists()
    return [line.strip() for line in said.err.removeprefix("referee: ").splitlines()]


def test_every_fault_of_the_sheet_is_told_at_once_by_row_and_column(referee: Command) -> None:
    rows = past_payments(120)
    rows[3]["late"] = ""
    rows[7]["amount"] = "12,50"
    for row in rows:
        row |= {"currency": "EUR", "note": f"text {row['number']}", "empty": ""}
    write(rows)
    said = faults(referee("train", "past.csv", "--target", "late", "--name", "lateness"))
    assert said == [
        "nothing can be learnt from these cases:",
        "line 5: `late` is blank; leave out cases whose outcome isn't known yet",
        "`number` identifies cases: a whole number that grows from row to row",
        "`opened` holds dates; a date says nothing of cases to come: give a number of days instead",
        "line 9: `amount` holds numbers written as text, such as `12,50`; write them with digits and a decimal point "
        "alone, as 1250.5, or as numbers in Excel",
        "`currency` is the same in all cases",
        "`note` identifies cases: 120 different texts in 120 cases",
        "`empty` is blank in all cases",
        "to go on without these columns add: --drop number --drop opened --drop currency --drop note --drop empty",
    ]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda row: {"late": "yes"}, "`late` is `yes` in all cases; there is nothing to tell apart"),
        (lambda row: {"late": row["amount"]}, "different values; a target has a few labels, at most 20"),
        (
            lambda row: {"late": "perhaps" if row["number"] < 6 else row["late"]},
            "label `perhaps` of `late` has 5 cases; 20 are needed",
        ),
        (
            lambda row: {"late": "Yes" if row["late"] == "yes" and row["number"] % 2 else row["late"]},
            "the labels `Yes` and `yes` of `late` differ in case only; write them alike",
        ),
    ],
)
def test_a_target_that_cannot_be_learnt_is_told(
    referee: Command, change: Callable[[Row], Row], words: str
) -> None:
    write([row | change(row) for row in past_payments(300)])
    assert any(words in fault for fault in faults(referee(*TRAIN)))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "the file is empty"),
        ("amount,late\n", "there is a header row but no case below it"),
        ("amount;late\n1;yes\n", "separated by semicolons"),
        (
            "amount,outcome\n1,yes\n2,no\n",
            "there is no column `late` for --target; there are amount, outcome",
        ),
    ],
)
def test_a_file_that_holds_no_past_cases_is_refused_in_a_sentence(
    referee: Command, text: str, words: str
) -> None:
    Path("past.csv").write_text(text, encoding="utf-8")
    said = faults(referee("train", "past.csv", "--target", "late", "--name", "lateness"))
    assert len(said) == 1
    assert words in said[0]


def test_leaks_are_named_with_their_evidence_and_nothing_is_trained(referee: Command) -> None:
    rows = past_payments(400)
    chance = Random(3)
    for row in rows:
        late = row["late"] == "yes"
        row["reminder sent"] = 1 if late and chance.random() < 0.95 else ""
        row["days over"] = chance.randrange(1, 60) if late else chance.randrange(-20, 1)
        row["paid in time"] = "n" if late else "y"
        row["final decision"] = chance.choice("abc")
        row["collected"] = "agency" if late and chance.random() < 0.5 else "none"
    write(rows)
    said = faults(referee(*TRAIN, "--known-afterwards", "member"))
    assert said[0] == "what looks like a leak stops the training:"
    starts = [
        "`member`: known only afterwards: declared so",
        "`reminder sent`: missing where the outcome makes it so: whether it is blank ranks cases with AUC",
        "`days over`: alone predicts the target: AUC",
        "`paid in time`: the target again: `n` is `yes`, `y` is `no` of `late` in all 400 cases",
        "`final decision`: known only afterwards, by its name: its name holds `decision` and `final`",
        "`collected`: a value that settles the target: where it is `agency`, `late` is `yes` in",
        "leave them out: --drop member --drop 'reminder sent' --drop 'days over' --drop 'paid in time'",
    ]
    assert len(said) == len(starts) + 1
    for line, start in zip(said[1:], starts, strict=True):
        assert line.startswith(start)


def test_a_leak_that_is_allowed_stands_in_the_card_with_its_evidence(referee: Command) -> None:
    rows = past_payments(300)
    for row in rows:
        row["final decision"] = Random(row["number"]).choice("abc")
    write(rows)
    card = referee(*TRAIN, "--allow-leak", "final decision", "--json").json["card"]
    assert [(each["column"], each["status"]) for each in card["findings"]] == [("final decision", "allowed")]
    assert "final decision" in [feature["name"] for feature in card["features"]]


def test_cases_that_are_there_twice_would_be_learnt_by_heart_and_are_refused(referee: Command) -> None:
    rows = past_payments(300)
    write([*rows, *(row | {"number": 300 + row["number"]} for row in rows[:60])])
    said = faults(referee(*TRAIN))
    assert said[1].startswith("duplicate rows: ")
    assert "held-out cases equal a training case in all columns" in said[1]
    assert referee(*TRAIN, "--allow-leak", "duplicate rows").code == 0


def test_labels_that_drift_along_the_file_are_noted(referee: Command) -> None:
    rows = past_payments(400)
    for row in rows[:120]:
        row["late"] = "no"
    write(rows)
    findings = referee(*TRAIN, "--json").json["card"]["findings"]
    drift = next(each for each in findings if each["kind"] == "drift")
    assert drift["status"] == "note"
    assert "give --time" in drift["evidence"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--cost-wrong", "5"), "--cost-wrong and --cost-review belong together"),
        (
            ("--cost-wrong", "5", "--cost-review", "9"),
            "a review must cost something, and a wrong decision more",
        ),
        (("--at-most", "8"), "an operating point needs a share of wrong decisions between 0 and 1"),
        (("--held-out", "1"), "give a share from 0.1 to 0.9"),
        (("--out", "models/other"), "the folder of a model has the name of the model"),
        (("--report", "report.pdf"), "the report is a page; end the name with .html"),
        (("--report", "no/folder/report.html"), "doesn't exist; make it, or name another"),
        (("--positive", "maybe"), "--positive: `late` is never `maybe`; it is one of no, yes"),
        (("--protected", "sex"), "there is no column `sex` for --protected"),
        (("--protected", "late"), "`late` is the target and can't be protected"),
        (("--time", "country"), "`country` tells no time"),
    ],
)
def test_options_that_make_no_sense_are_told_before_any_work(
    referee: Command, options: tuple[str, ...], words: str
) -> None:
    write(past_payments(100))
    assert words in referee(*TRAIN, *options).complaint


def test_an_approved_model_is_never_replaced(referee: Command) -> None:
    write(past_payments(100))
    Path("models/lateness").mkdir(parents=True)
    Path("models/lateness/approval.json").write_text("{}", encoding="utf-8")
    assert "models/lateness holds an approved model, which bots may use" in referee(*TRAIN).complaint.replace(
        "\\", "/"
    )


def test_the_data_dictionary_gives_types_descriptions_and_protection(referee: Command) -> None:
    from referee.workbook import DecisionWorkbook, read_workbook

    workbook: DecisionWorkbook = read_workbook("payments.xlsx")
    rows = [
        {
            "payment": f"P-{row['number']}",
            "country": row["country"].replace("AT", "FR"),
            "amount": row["amount"],
            "late": row["late"],
            "clerk": f"clerk {row['number'] % 3}",
        }
        for row in past_payments(300)
    ]
    declared = [fact.name for fact in workbook.dictionary.facts]
    assert {"payment", "country", "amount"} <= set(declared)
    write(rows)
    card = json.loads(
        referee("train", "past.csv", "--target", "late", "--name", "lateness", "--workbook", "payments.xlsx",
                "--json").out
    )["card"]  # fmt: skip
    assert [feature["name"] for feature in card["features"]] == ["country", "amount"]
    assert card["left_out"]["clerk"] == "not in the data dictionary"
    assert card["left_out"]["payment"] == "identifies the case"
    rows[4]["amount"] = "1,234"
    write(rows)
    said = referee("train", "past.csv", "--target", "late", "--name", "other", "--workbook", "payments.xlsx")
    assert said.code == 2
    assert (
        "line 6: the fact `amount` must be a number, but `1,234` can be read as 1234 or as 1.234" in said.err
    )


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (lambda row: f"{row['amount']:,}.5", "`total` holds numbers written as text, such as `1,"),
        (lambda row: f"{row['amount'] * 1000:,}".replace(",", "."), "such as `"),
        (lambda row: f"{row['amount'] / 1e4:.6f}e300", "such as `0.0"),
    ],
)
def test_numbers_written_as_text_are_named_with_a_mend(
    referee: Command, value: Callable[[Row], str], words: str
) -> None:
    write([row | {"total": value(row)} for row in past_payments(300)])
    said = "\n".join(faults(referee(*TRAIN)))
    assert words in said
    assert "write them with digits and a decimal point alone" in said


def test_numbers_beyond_all_measure_are_told_by_row(referee: Command) -> None:
    rows = past_payments(100)
    rows[4]["amount"] = "1" + "0" * 400
    write(rows)
    assert "line 6: `amount` holds a number of more than 300 digits; mend it" in referee(*TRAIN).complaint
    assert "99999999999999 is not in the range" in referee(*TRAIN, "--seed", "99999999999999").complaint


def test_too_few_of_a_label_in_early_cases_are_told_or_those_parts_are_not_compared(referee: Command) -> None:
    def by_time(first: int) -> Any:
        rows = past_payments(400)
        for row in rows:
            row["late"] = "no" if row["number"] < first else row["late"]
        write(rows)
        return referee("train", "past.csv", "--target", "late", "--name", "lateness", "--drop", "number",
                       "--time", "opened", "--json")  # fmt: skip

    assert "the rarest label has" in faults(by_time(120))[0]
    assert by_time(60).json["card"]["training"]["rows"] >= 160


def declared_payments(count: int) -> list[Row]:
    """Past payments with the facts of `payments.xlsx`."""
    return [
        {
            "payment": f"P-{row['number']}",
            "opened": row["opened"],
            "country": row["country"].replace("AT", "FR"),
            "amount": row["amount"],
            "late": row["late"],
        }
        for row in past_payments(count)
    ]


@pytest.mark.parametrize("kind", ["date", "date and time"])
@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_time_may_be_a_fact_of_the_data_dictionary_or_a_date_of_excel(
    referee: Command, kind: str, suffix: str
) -> None:
    from datetime import datetime

    from openpyxl import Workbook

    from referee.workbook import FactDefinition
    from tests.unit.engine.limits import write_limits

    rows = declared_payments(300)
    if kind == "date and time":
        rows = [row | {"opened": f"{row['opened']}T{at % 24:02d}:30:00"} for at, row in enumerate(rows)]
    if suffix == "csv":
        write(rows)
    else:
        book = Workbook()
        assert book.active is not None
        book.active.append(list(rows[0]))
        for row in rows:
            book.active.append([*(row | {"opened": datetime.fromisoformat(row["opened"])}).values()])
        book.save("past.xlsx")
    write_limits(Path("dated.xlsx"), more_facts=(FactDefinition("opened", kind),))
    for more in (("--drop", "payment"), ("--workbook", "dated.xlsx")):
        said = referee("train", f"past.{suffix}", "--target", "late", "--name", "lateness", "--time", "opened",
                       "--json", *more)  # fmt: skip
        assert said.code == 0, said.err
        assert said.json["card"]["training"]["split_rule"].startswith("by `opened`")
        assert said.json["card"]["training"]["rows"] < 135


def test_the_card_tells_meanings_units_and_sources_and_labels_may_be_written_as_numbers(
    referee: Command,
) -> None:
    write([row | {"late": int(row["late"] == "yes")} for row in past_payments(300)])
    options = ("--positive", "1.0", "--meaning", "1=paid late", "--unit", "amount=EUR")
    card = referee(*TRAIN, *options, "--at-most", "0.3", "--json").json["card"]
    assert card["labels"] == {"0": "", "1": "paid late"}
    assert card["features"][0]["unit"] == "EUR"
    assert card["operating_points"][0]["label"] == "1"
    said = referee(*TRAIN, "--meaning", "7=never", "--unit", "weight=kg")
    assert "--meaning: `late` is never `7`" in said.err
    assert "there is no column `weight` for --unit" in said.err
    assert "--unit: give a name, `=`" in referee(*TRAIN, "--unit", "amount").complaint
    write(declared_payments(300))
    dictionary = ("--workbook", "payments.xlsx", "--out", "other/lateness")
    card = referee("train", "past.csv", "--target", "late", "--name", "lateness", *dictionary, "--json").json[
        "card"
    ]
    assert {feature["source"] for feature in card["features"]} == {
        feature["name"] for feature in card["features"]
    }


def test_a_model_may_be_kept_as_skops_and_scores_the_same(made: Path, referee: Command) -> None:
    pytest.importorskip("skops", reason="skops isn't installed")
    write(past_payments())
    assert referee(*TRAIN, "--protected", "segment", "--positive", "no", "--format", "skops").code == 0
    assert {path.name for path in Path("models/lateness").iterdir()} >= {"model.skops", "card.json"}
    facts = {"amount": 8900, "country": "CH", "member": False}
    expected = ModelStore(made / "models").load("lateness").score(facts)
    assert ModelStore("models").load("lateness").score(facts) == expected
