"""`referee schedule`: what it makes is accepted by the systems' own rules; what others made is told by line."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from referee.project.run_options import ROBOT_OPTIONS, RUN_OPTIONS
from referee.project.schedule import Scheduled
from referee.project.schedule_files import check_files

ROBOT_YAML = """\
tasks:
  pay invoices:
    shell: python pay.py
  payments:
    shell: python pay.py
artifactsDir: output
"""


class Desk:
    def __init__(self, path: Path, repository: Path) -> None:
        self.path = path
        self.environment = {**os.environ, "PYTHONPATH": str(repository / "library")}
        path.mkdir()
        (path / "robot.yaml").write_text(ROBOT_YAML)
        (path / "pay.py").write_text("print('paid')\n")

    def schedule(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "referee.cli.main", "schedule", *words],
            cwd=self.path,
            env=self.environment,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=60,
        )

    def faults(self, name: str, text: str | bytes) -> list[str]:
        found = check_files({name: text if isinstance(text, bytes) else text.encode()})
        return [str(fault) for fault in found.faults]

    def command(self, *options: str) -> str:
        return f"{sys.executable} -m referee.cli.main run payments --project {self.path} {' '.join(options)}"


@pytest.fixture
def desk(tmp_path: Path, repository: Path) -> Desk:
    return Desk(tmp_path / "100% bots", repository)


@pytest.fixture
def plain(tmp_path: Path, repository: Path) -> Desk:
    return Desk(tmp_path / "bots", repository)


OPTION = "neither `referee run` nor Robot Framework has an option `--untill`; did you mean `--until`?"
NIGHTLY = ("pay invoices", "--at", "22:00", "--on", "mon-fri", "--mail-to", "rpa@example.org")


@pytest.mark.parametrize("form", ["cron", "systemd", "windows"])
@pytest.mark.parametrize(
    "times", [("--at", "22:00"), ("--every", "7m", "--between", "21:05-04:00", "--on", "mon,thu")]
)
def test_what_is_made_has_nothing_to_mend_and_starts_when_it_was_asked_for(
    desk: Desk, form: str, times: tuple[str, ...]
) -> None:
    made = desk.schedule(
        "payments", *times, "--form", form, "--mail-to", "a@x.test", "--grace", "1m", "--write", "made"
    )
    assert made.returncode == 0, made.stdout + made.stderr
    paths = [str(path) for path in sorted((desk.path / "made").iterdir())]
    assert len(paths) == {"cron": 1, "systemd": 3, "windows": 1}[form]
    checked = desk.schedule(*(word for path in paths for word in ("--check", path)), "--json")
    assert checked.returncode == 0, checked.stdout
    said = json.loads(checked.stdout)
    expected = desk.schedule(
        "payments", *times, "--form", "cron", "--grace", "1m", "--mail-to", "a@x.test"
    ).stderr
    assert "checked: no faults\n" in expected and "nothing found" not in expected
    (starts,) = {tuple(starts) for starts in said["next"].values()}
    assert f"starts next {', '.join(starts)}" in expected


def test_a_line_for_cron_runs_the_bot(desk: Desk, tmp_path: Path) -> None:
    said = desk.schedule(*NIGHTLY, "--form", "cron")
    assert said.returncode == 0, said.stderr
    lines = said.stdout.splitlines()
    assert "MAILTO=rpa@example.org" in lines
    (line,) = [line for line in lines if line.startswith("0 22 * * 1-5 ")]
    # as cron does: five fields off, \% is a percent sign, the rest is for the shell in the home folder
    command = line.split(maxsplit=5)[5].replace(r"\%", "%")
    assert r"100\%" in line
    done = subprocess.run(["/bin/sh", "-c", command], cwd=tmp_path, env=desk.environment, capture_output=True)
    assert done.returncode == 0, done.stderr
    (run,) = (path for path in (desk.path / "output" / "runs").glob("pay_invoices-*/*/console.txt"))
    assert run.read_text() == "paid\n"


def test_units_ask_first_and_then_leave_nothing(desk: Desk) -> None:
    said = desk.schedule(
        *NIGHTLY, "--form", "systemd", "--time-limit", "8h", "--grace", "5m", "--spread", "3m"
    ).stdout
    for line in (
        "OnCalendar=Mon..Fri *-*-* 22:00:00",
        "Persistent=true",
        "RandomizedDelaySec=180",
        "KillMode=mixed",
        "TimeoutStopSec=360",
        f"RuntimeMaxSec={(8 * 60 + 5 + 1) * 60}",
        "OnFailure=referee-pay_invoices-lost.service",
        "SuccessExitStatus=130",
    ):
        assert line in said.splitlines()
    assert "100%% bots" in said


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze")
def test_systemd_itself_accepts_the_units_and_reads_the_same_times(desk: Desk) -> None:
    assert desk.schedule(*NIGHTLY, "--form", "systemd", "--write", "units").returncode == 0
    units = sorted((desk.path / "units").iterdir())
    verified = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *map(str, units)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "referee-" not in verified.stdout + verified.stderr
    timer = next(path for path in units if path.suffix == ".timer").read_text()
    (calendar,) = [line.partition("=")[2] for line in timer.splitlines() if line.startswith("OnCalendar=")]
    read = subprocess.run(
        ["systemd-analyze", "calendar", calendar], capture_output=True, text=True, timeout=60
    )
    assert "Normalized form: Mon..Fri *-*-* 22:00:00" in read.stdout


def test_a_fault_that_only_systemd_knows_is_told(plain: Desk) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("there is no systemd-analyze")
    unit = f"[Service]\nExecStart={plain.command()}\nKilMode=mixed\n"
    assert any("systemd says" in fault and "KilMode" in fault for fault in plain.faults("a.service", unit))


@pytest.mark.parametrize("times", [("--at", "22:00,23:30"), ("--every", "15m", "--between", "20:00-06:00")])
def test_tasks_for_windows_keep_to_the_schema(desk: Desk, times: tuple[str, ...]) -> None:
    etree = pytest.importorskip("lxml.etree", reason="lxml validates the XML")
    made = desk.schedule(
        "payments", *times, "--form", "windows", "--on", "mon-fri", "--spread", "2m", "--write", "made"
    )
    assert made.returncode == 1 and "nobody is told" in made.stdout
    (path,) = (desk.path / "made").iterdir()
    assert path.read_bytes().startswith((b"\xff\xfe", b"\xfe\xff"))
    schema = etree.XMLSchema(etree.parse(Path(__file__).with_name("task_scheduler.xsd")))
    tree = etree.parse(path)
    schema.assertValid(tree)
    text = etree.tostring(tree, encoding="unicode")
    for setting in ("IgnoreNew</MultipleInstancesPolicy", "<StopOnIdleEnd>false", "<ExecutionTimeLimit>PT"):
        assert setting in text
    assert "<RandomDelay>PT2M</RandomDelay>" in text
    # and the schema isn't one that accepts anything
    trigger = tree.find(".//{*}CalendarTrigger")
    trigger.insert(0, trigger.find("{*}ScheduleByWeek"))
    assert not schema.validate(tree)


def test_nothing_that_exists_is_overwritten_and_nothing_is_installed(plain: Desk) -> None:
    assert plain.schedule(*NIGHTLY, "--form", "cron", "--write", "made").returncode == 0
    again = plain.schedule(*NIGHTLY, "--form", "cron", "--write", "made")
    assert again.returncode == 2
    assert "exists; remove it, or name another folder" in again.stderr


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("invoices", "--at", "22:00"), "there is no bot `invoices`"),
        (("payments",), "say when"),
        (("payments", "--at", "22:00", "--every", "15m"), "--at and --every were both given"),
        (("payments", "--at", "22:00", "--time-limit", "0m"), "--time-limit 0 leaves the bot no time"),
        (("payments", "--at", "22:00", "--until", "2020-01-01 06:00"), "is over already"),
        (("payments", "--at", "22:00", "--webhook", "ftp://x"), "beginning with https:// or http://"),
        (("payments", "--at", "22:00", "--mail-to", "not an address"), "`not an address` is no address"),
        (("payments", "--every", "2m"), "the bot starts every 2m and may take 2m to finish the case in hand"),
        (("payments", "--at", "22:00", "--form", "cron", "--spread", "5m"), "cron starts at the minute"),
        (
            (
                "payments",
                "--at",
                ",".join(f"{h}:{m:02d}" for h in range(10) for m in range(0, 60, 10)),
                "--form",
                "windows",
                "--grace",
                "1m",
            ),
            "Windows knows 48 times of day",
        ),
        (("payments", "--check", "robot.yaml"), "--check looks at files as they are"),
    ],
)
def test_a_schedule_that_cannot_be_is_refused(plain: Desk, words: tuple[str, ...], fault: str) -> None:
    said = plain.schedule(*words)
    assert said.returncode == 2
    assert fault in said.stderr and "Traceback" not in said.stderr


def test_a_schedule_that_may_overlap_or_tells_nobody_has_findings(plain: Desk) -> None:
    said = plain.schedule("payments", "--every", "15m", "--time-limit", "2h", "--form", "cron")
    assert said.returncode == 1
    assert "a run may take 2h2m with its grace, and the next starts after 15m" in said.stderr
    assert "nobody is told when a run fails" in said.stderr


def test_crontabs_of_others_are_told_by_line(plain: Desk) -> None:
    notices = "--mail-to a@x.test --time-limit 1h"
    text = "\n".join(
        [
            "# night",
            "61 22 * * * " + plain.command(notices),
            "0 22 1 * 1 " + plain.command(notices),
            "0 22 * * sun-mon " + plain.command(notices),
            "0 22 * *",
            "@nightly " + plain.command(notices),
            "0 22 * * * referee run payments --project /nowhere --time-limit 1h --webhook https://x.test/100%",
            "0 22 * * * " + plain.command(notices).replace("payments", "paymints"),
            "*/30 * * * * " + plain.command(notices, "--grace 1m"),
            "0 5 * * * echo no bot > /dev/null",
            f"0 22 * * * cd {plain.path} && {sys.executable} run.py payments >> log 2>&1",
            "0 22 * * * " + plain.command(notices) + ' "',
            "0 22 * * * " + plain.command(notices),
        ]
    )
    assert plain.faults("crontab", text) == [
        "crontab, line 2: minute `61`: write numbers from 0 to 59, the smaller one first",
        "crontab, line 3: with a day of the month and a day of the week cron starts it on either; leave one as *",
        "crontab, line 5: five times and a command are needed: minute, hour, day, month, day of the week, command",
        "crontab, line 6: cron knows no `@nightly`; there are @reboot, @hourly, @daily, @midnight, @weekly, @monthly, "
        "@yearly, @annually",
        r"crontab, line 7: cron ends the command at a `%`; write `\%`",
        "crontab, line 7: `referee` isn't found in /usr/bin:/bin, where schedules look; write where it is, from / on",
        "crontab, line 7: there is no robot.yaml in /nowhere; name the folder of your bots",
        "crontab, line 8: robot.yaml has no bot `paymints`; did you mean `payments`?",
        "crontab, line 9: a run may take 1h1m with its grace, and the next starts after 30m: it would find the bot at "
        "work and end with 3; start it more rarely, or shorten --time-limit",
        "crontab, line 11: a run that hangs would hold the bot for good; add --time-limit",
        "crontab, line 11: nobody is told when a run fails; add --mail-to or --webhook to the command",
        "crontab, line 12: the command can't be read (No closing quotation); close what is quoted",
        "crontab, line 13: the last line has no end, and cron leaves it out; add a line break",
    ]


def test_a_crontab_of_the_system_names_a_user_first(plain: Desk) -> None:
    line = f"0 22 * * 1-5 bots {plain.command('--time-limit 1h')}\n"
    assert plain.faults("crontab", f"REFEREE_MAIL_TO=a@x.test\n{line}") == []


def test_a_file_without_a_bot_is_told(plain: Desk) -> None:
    assert plain.faults("crontab", "0 5 * * * echo\n") == ["crontab: none of its commands is a `referee run`"]
    said = plain.schedule("--check", "nowhere.txt")
    assert said.returncode == 2 and "nowhere.txt: this file can't be read" in said.stderr


def test_units_of_others_are_told_by_line(plain: Desk) -> None:
    service = (
        "[Unit]\nDescription=pay\n[Service]\nType=oneshot\nRuntimeMaxSec=3600\nKillMode=process\nTimeoutStopSec=30\n"
        f"WorkingDirectory={plain.path}\n"
        f"ExecStart={sys.executable} -m referee.cli.main run payments --time-limit 2h\n"
    )
    timer = "[Timer]\nOnCalendar=hourly\nPersistant=true\n"
    found = check_files({"pay.service": service.encode(), "pay.timer": timer.encode()})
    faults = [str(fault) for fault in found.faults if fault.code != "systemd"]
    assert faults == [
        "pay.service, line 4: RuntimeMaxSec has no effect with Type=oneshot; write Type=exec",
        "pay.service, line 6: KillMode is process: write KillMode=mixed, so that the bot can finish the case in hand "
        "and nothing it started is left",
        "pay.service, line 7: the bot gets 2m to finish its case; write TimeoutStopSec=180",
        "pay.service, line 9: nobody is told of a run that was killed; add OnFailure= with a service that tells",
        "pay.service, line 9: nobody is told when a run fails; add --mail-to or --webhook to the command",
        "pay.timer: the timer can't be enabled; add a section [Install] with WantedBy=timers.target",
        "pay.timer, line 3: the section [Timer] has no `Persistant`; did you mean `Persistent`?",
    ]
    hourly = timer.replace("hourly", "*-*-* *:00:00")
    found = check_files({"pay.service": service.encode(), "pay.timer": hourly.encode()})
    assert any(fault.code == "overlap" for fault in found.faults)


@pytest.mark.parametrize(
    ("line", "faults"),
    [
        ("0 22 31 2 * {}", ["it never starts: no such month has a day 31"]),
        ("0 22 30,31 2,4 * {}", []),
        ("0 22 31 2 * {} --untill 06:00", ["it never starts: no such month has a day 31", OPTION]),
        ("0 22 * * * {} --until=06:00 --grace 1m --outputdir out --variable A:b --Log-Level INFO", []),
        ("0 22 * * * {} --until dawn", ["'dawn' is no time; write a time of day"]),
        ("0 22 * * * {} --webhook ftp://x", ["--webhook (or REFEREE_WEBHOOK): write the whole address"]),
    ],
)
def test_lines_that_cannot_work_are_told(plain: Desk, line: str, faults: list[str]) -> None:
    (plain.path / "tasks.robot").touch()
    robot = ROBOT_YAML.replace("python pay.py", "python -m robot tasks.robot")
    (plain.path / "robot.yaml").write_text(robot)
    text = line.format(plain.command("--time-limit 1h", "--mail-to a@x.test")) + "\n"
    found = plain.faults("crontab", text)
    assert len(found) == len(faults), found
    for fault, expected in zip(found, faults, strict=True):
        assert fault.startswith(f"crontab, line 1: {expected}")


def test_a_misspelt_option_of_a_bot_of_another_kind_is_told_where_it_looks_like_one_of_run(
    plain: Desk,
) -> None:
    command = plain.command("--time-limit 1h", "--mail-to a@x.test", "--untill 06:00", "--currency EUR")
    assert plain.faults("crontab", f"0 22 * * * {command}\n") == [
        "crontab, line 1: `referee run` has no option `--untill`; did you mean `--until`?"
    ]


def test_the_options_that_are_known_are_those_of_the_commands() -> None:
    from robot.run import RobotFramework

    from referee.cli.run import run

    ours = {name.removeprefix("--") for option in run.params for name in option.opts if name.startswith("--")}
    assert ours | {"help"} == RUN_OPTIONS
    theirs = {name.rstrip("=") for name in RobotFramework()._ap._long_opts}
    assert theirs == ROBOT_OPTIONS


def test_units_that_cannot_work_are_told_by_line(plain: Desk) -> None:
    service = (
        "[Unit]\nOnFailure=telling.service\n[Service]\nType=exec\nKillMode=mixed\nTimeoutStopSec=180\n"
        "RuntimeMaxSec=1h 30min\nRestart=always\nSuccessExitStatus=1 2 3 4 130\nUser=no-such-user\n"
        f"WorkingDirectory=/nowhere\nExecStart={plain.command('--time-limit 2h', '--mail-to a@x.test')}\n"
    )
    timer = "[Timer]\nOnCalendar=*-02-31 22:00:00\n[Install]\nWantedBy=timers.target\n"
    other = "[Service]\nExecStart=/bin/true\n"
    files = {"pay.service": service, "pay.timer": timer, "other.service": other}

    def faults() -> list[str]:
        found = check_files({name: text.encode() for name, text in files.items()})
        return [str(fault) for fault in found.faults if fault.code != "systemd"]

    assert faults() == [
        "other.service, line 2: this is no `referee run`, so no bot is started in time and nobody is told",
        "pay.service, line 2: OnFailure: telling.service is neither among these files nor on this machine; name its "
        "file with --check too",
        "pay.service, line 7: systemd would kill the bot after 1h30m, before its time limit and grace are over; write "
        "RuntimeMaxSec=7380",
        "pay.service, line 8: Restart=always starts the bot again at once, outside its times; take the line out, the "
        "next start of the timer goes on",
        "pay.service, line 9: systemd would take runs that end with 1, 2, 3, 4 for passed; write SuccessExitStatus=130",
        "pay.service, line 10: User: this machine has no user `no-such-user`; systemd would start nothing",
        "pay.service, line 11: WorkingDirectory: there is no folder /nowhere; systemd would start nothing",
        "pay.timer, line 2: OnCalendar=*-02-31 22:00:00: it never starts, as there is no such day to come",
    ]
    files["telling.service"] = files.pop("other.service")
    files["pay.timer"] = timer.replace("02-31", "02-29")
    files["pay.service"] = (
        service.replace("1h 30min", "2h 3min").replace("always", "no").replace("1 2 3 4 ", "")
    )
    assert len(faults()) == 2
    files["pay-telling.service"] = files.pop("telling.service")
    files["pay.service"] = files["pay.service"].replace("telling.service", "%N-telling.service")
    assert len(faults()) == 2


def test_lines_that_start_at_the_same_times_are_shown_once(plain: Desk) -> None:
    said = plain.schedule(
        "payments", "--every", "7m", "--grace", "1m", "--form", "cron", "--mail-to", "a@x.test"
    )
    (shown,) = [line for line in said.stderr.splitlines() if "starts next" in line]
    assert shown.startswith("referee-payments.crontab, lines 5, 6, 7, ")


def test_tasks_of_others_are_told_by_line(plain: Desk) -> None:
    made = plain.schedule("payments", "--at", "22:00", "--form", "windows", "--mail-to", "a@x.test")
    assert made.returncode == 0, made.stderr
    text = made.stdout.replace('encoding="UTF-16"', 'encoding="UTF-8"')
    assert plain.faults("task.xml", text) == []
    changed = (
        text.replace("IgnoreNew", "Parallel")
        .replace("<StopOnIdleEnd>false</StopOnIdleEnd>", "")
        .replace("run payments", "run paymints")
    )
    found = plain.faults("task.xml", changed)
    assert [fault.partition(": ")[2] for fault in found] == [
        "Windows ends the bot when somebody moves the mouse; write <StopOnIdleEnd>false</StopOnIdleEnd>",
        "a second start isn't to disturb the first; write <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>",
        "robot.yaml has no bot `paymints`; did you mean `payments`?",
    ]
    line = next(at for at, line in enumerate(changed.splitlines(), 1) if "Parallel" in line)
    assert found[1].startswith(f"task.xml, line {line}: ")


@pytest.mark.parametrize("content", [b"<Task/>", b"no xml", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'])
def test_what_is_no_task_is_refused(plain: Desk, content: bytes) -> None:
    (plain.path / "task.xml").write_bytes(content)
    said = plain.schedule("--check", "task.xml")
    assert said.returncode == 2
    assert "task.xml: this is no " in said.stderr


@pytest.mark.parametrize(
    ("words", "arguments"),
    [
        (("/opt/bin/referee", "run", "pay"), ("pay",)),
        ((r"C:\bots\.venv\Scripts\referee.exe", "run", "pay"), ("pay",)),
        (("python3", "run.py", "pay"), ("pay",)),
        (("python3", "run.py", "tests"), None),
        (("referee", "check", "run"), None),
    ],
)
def test_a_run_of_a_bot_is_known_by_its_words(
    words: tuple[str, ...], arguments: tuple[str, ...] | None
) -> None:
    assert Scheduled("f", 1, words, None).arguments() == arguments
