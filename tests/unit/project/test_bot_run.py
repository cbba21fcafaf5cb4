"""`referee run` in real processes: exit codes, limits, one run at a time, nothing left behind, notices."""

from __future__ import annotations

import base64
import email
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from email.message import Message
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import openpyxl
import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sends signals")

ROBOT_YAML = """\
tasks:
  payments:
    shell: python -m robot --rpa --outputdir output/payments bots/payments/tasks.robot
  script:
    shell: python -c "import sys; print('script', sys.argv[1:]); sys.exit(5)" last
artifactsDir: output
"""
SUITE = """\
*** Settings ***
Library    OperatingSystem
Library    Process

*** Tasks ***
Pay
    Create File    ${OUTPUT DIR}/summary.json    {"count": 3, "routes": {"auto": 2}, "failed": [{"case": "P-1"}]}
    Create File    ${OUTPUT DIR}/begun
    %s
"""


class Folder:
    def __init__(self, path: Path, repository: Path) -> None:
        self.path = path
        temporary = path / "tmp"  # of its own, so that what other tests had killed isn't cleared up here
        temporary.mkdir()
        self.environment = {
            **os.environ,
            "PYTHONPATH": str(repository / "library"),
            "TMPDIR": str(temporary),
        }
        (path / "bots" / "payments").mkdir(parents=True)
        (path / "robot.yaml").write_text(ROBOT_YAML)
        self.write("No Operation")

    def write(self, step: str) -> None:
        (self.path / "bots" / "payments" / "tasks.robot").write_text(SUITE % step)

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "referee.cli.main", "run", *words],
            cwd=self.path,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *words: str) -> tuple[int, str, str]:
        process = self.start(*words)
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err

    def begun(self, process: subprocess.Popen[str]) -> None:
        """Waits until the bot is at work."""
        self.wait((self.path / "output" / "payments" / "begun").exists, process)

    def wait(self, done: Callable[[], bool], process: subprocess.Popen[str]) -> None:
        until = time.monotonic() + 30
        while not done():
            assert process.poll() is None and time.monotonic() < until, process.communicate()
            time.sleep(0.02)

    def runs(self, bot: str = "payments") -> list[Path]:
        return sorted(path for path in (self.path / "output" / "runs" / bot).iterdir() if path.is_dir())

    def ending(self) -> dict[str, Any]:
        return dict(json.loads((self.runs()[-1] / "run.json").read_text()))


@pytest.fixture
def folder(tmp_path: Path, repository: Path) -> Folder:
    return Folder(tmp_path, repository)


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in "ZX"


@pytest.mark.parametrize(
    ("step", "code"),
    [
        ("No Operation", 0),
        ("Fail    out of order", 1),
        ("Read Cases    none.csv", 1),
        ("Evaluate    os._exit(1)", 1),
    ],
)
def test_the_exit_code_says_how_the_run_ended(folder: Folder, step: str, code: int) -> None:
    folder.write(step)
    found, out, err = folder.run("payments")
    assert found == code, err
    assert "Pay" in out
    assert folder.ending()["exit_code"] == code


def test_unusable_input_ends_with_2(folder: Folder) -> None:
    (folder.path / "bots" / "payments" / "tasks.robot").write_text("no robot\n")
    code, _, err = folder.run("payments")
    assert code == 2
    assert "what the bot was given can't be used" in err
    assert folder.run("invoices")[0] == 2
    (folder.path / "robot.yaml").write_text(ROBOT_YAML.replace("shell", "shel"))
    code, _, err = folder.run("payments")
    assert code == 2
    assert "robot.yaml, line 3: the task `payments` has no field `shel`; did you mean `shell`?" in err


def test_other_commands_of_robot_yaml_run_too_and_options_go_before_the_last_word(folder: Folder) -> None:
    code, out, err = folder.run("script", "--", "--variable", "INPUT:a b")
    assert code == 1
    assert out == "script ['--variable', 'INPUT:a b', 'last']\n"
    assert "the bot ended with 5" in err


def test_each_run_keeps_what_it_printed_and_its_logs(folder: Folder) -> None:
    for _ in range(3):
        assert folder.run("payments", "--keep", "2")[0] == 0
    runs = folder.runs()
    assert len(runs) == 2
    assert {path.name for path in runs[-1].iterdir()} == {
        *("console.txt", "run.json", "log.html", "output.xml", "report.html", "summary.json", "begun")
    }
    assert "Pay" in (runs[-1] / "console.txt").read_text()
    assert folder.ending()["counts"] == {"count": 3, "routes": {"auto": 2}}
    code, _, _ = folder.run("payments", "--nonsense")
    assert (code, {path.name for path in folder.runs()[-1].iterdir()}) == (2, {"console.txt", "run.json"})


def test_the_time_limit_asks_first_and_then_ends_the_bot_with_everything_it_started(folder: Folder) -> None:
    deaf = (
        "import os, signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "left = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(300)'], start_new_session=True)\n"
        "open('left', 'w').write(str(left.pid))\n"
        "time.sleep(300)\n"
    )
    (folder.path / "deaf.py").write_text(deaf)
    text = ROBOT_YAML.replace(
        "python -c \"import sys; print('script', sys.argv[1:]); sys.exit(5)\" last", "python deaf.py"
    )
    (folder.path / "robot.yaml").write_text(text)
    started = time.monotonic()
    code, _, err = folder.run("script", "--time-limit", "1s", "--grace", "1s")
    assert code == 4, err
    assert "asked to stop and had to be killed" in err
    assert time.monotonic() - started < 40
    assert not is_running(int((folder.path / "left").read_text()))


def test_the_end_of_the_night_is_no_failure_if_the_bot_ends_in_time(folder: Folder) -> None:
    (folder.path / "bots" / "payments" / "nap.py").write_text(
        "import time\n"
        "from referee.keywords.stop_request import StopRequest\n"
        "def work_until_asked_to_stop():\n"
        "    with StopRequest() as asked:\n"
        "        open('at_work', 'w')\n"
        "        while not asked():\n"
        "            time.sleep(0.02)\n"
    )
    step = "Import Library    ${CURDIR}/nap.py\n    Work Until Asked To Stop"
    folder.write(step)
    soon = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(time.time() + 12))
    code, _, err = folder.run("payments", "--until", soon)
    assert (code, folder.ending()["happened"]) == (
        0,
        "the bot passed; it was asked to stop when its time was over",
    ), err
    assert folder.run("payments", "--time-limit", "2s")[0] == 4
    (folder.path / "at_work").unlink()
    process = folder.start("payments")
    folder.wait((folder.path / "at_work").exists, process)
    process.terminate()
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert "stopped by request (SIGTERM): the bot finished the case in hand" in err


def test_a_second_start_ends_at_once_with_3_and_says_who_runs(folder: Folder) -> None:
    folder.write("Sleep    60s")
    first = folder.start("payments")
    try:
        folder.begun(first)
        code, out, err = folder.run("payments")
        assert (code, out) == (3, "")
        assert f"the bot `payments` is already running (process {first.pid} on " in err
        assert len(folder.runs()) == 1
        assert folder.run("script")[0] == 1
        folder.write("No Operation")
        assert folder.run("payments", "--outputdir", "output/second worker")[0] == 0
    finally:
        first.terminate()
        first.terminate()
        first.communicate(timeout=60)


@pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc")
def test_nothing_is_left_behind_by_a_bot_that_passed(folder: Folder) -> None:
    folder.write(
        "${program}=    Start Process    setsid    sleep    300\n    Create File    left    ${program.pid}"
    )
    code, _, err = folder.run("payments")
    assert code == 0
    assert "the bot left programs running, which were ended: sleep" in err
    assert not is_running(int((folder.path / "left").read_text()))


def test_a_killed_run_ends_its_bot_frees_the_lock_and_is_told_at_the_next_start(folder: Folder) -> None:
    folder.write("Evaluate    open('bot', 'w').write(str(os.getpid()))    modules=os\n    Sleep    60s")
    process = folder.start("payments")
    folder.wait(lambda: (folder.path / "bot").exists() and (folder.path / "bot").read_text() != "", process)
    process.kill()
    process.communicate()
    bot = int((folder.path / "bot").read_text())
    until = time.monotonic() + 30
    while is_running(bot) and time.monotonic() < until:
        time.sleep(0.05)
    assert not is_running(bot)
    folder.write("No Operation")
    code, _, err = folder.run("payments")
    assert code == 0
    assert f"{folder.runs()[0]}: the run was lost: killed, or cut off with the machine" in err
    assert "was lost" not in folder.run("payments")[2]


class Hook:
    """A webhook on the loopback: what it was told, and the code it answers."""

    def __init__(self, answer: int = 200) -> None:
        self.told: list[dict[str, Any]] = []
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                hook.told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(answer)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}/hooks/secret-token"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def hook() -> Iterator[Hook]:
    hook = Hook()
    yield hook
    hook.server.shutdown()
    hook.server.server_close()


class MailServer:
    """Takes mails as SMTP has it, on the loopback."""

    def __init__(self) -> None:
        self.mails: list[Message] = []
        self.recipients: list[str] = []
        self.logins: list[str] = []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            with connection, connection.makefile("rwb") as stream:

                def say(text: str, stream: Any = stream) -> None:
                    stream.write(text.encode() + b"\r\n")
                    stream.flush()

                say("220 here")
                while line := stream.readline().decode():
                    verb = line[:4].upper()
                    if verb == "EHLO":
                        say("250-here")
                        say("250 AUTH PLAIN")
                        continue
                    if verb == "AUTH":
                        self.logins.append(base64.b64decode(line.split()[-1]).decode())
                        say("235 welcome")
                        continue
                    if verb == "DATA":
                        say("354 go on")
                        content = b""
                        while (part := stream.readline()) != b".\r\n":
                            content += part
                        self.mails.append(email.message_from_bytes(content))
                    elif verb == "RCPT":
                        self.recipients.append(line.strip())
                    elif verb == "QUIT":
                        say("221 bye")
                        break
                    say("250 ok")


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    server = MailServer()
    yield server
    server.socket.close()


def test_a_failed_run_is_told_by_webhook_and_mail_without_facts_or_secrets(
    folder: Folder, hook: Hook, mail_server: MailServer
) -> None:
    folder.environment |= {"REFEREE_SMTP_HOST": "127.0.0.1", "REFEREE_SMTP_PORT": str(mail_server.port)}
    folder.write("Fail    payment of Jane Doe was refused")
    code, _, err = folder.run("payments", "--webhook", hook.address, "--mail-to", "a@x.test,b@x.test")
    assert code == 1
    assert "could not be sent" not in err and "secret-token" not in err
    (told,) = hook.told
    assert (told["bot"], told["exit_code"], told["happened"]) == (
        "payments",
        1,
        "the bot failed; its log says why",
    )
    assert told["counts"] == {"count": 3, "routes": {"auto": 2}}
    assert told["log_folder"] == str(folder.runs()[-1])
    (mail,) = mail_server.mails
    assert "bot payments on " in str(mail["Subject"]).replace("\n", "")
    assert len(mail_server.recipients) == 2
    body = str(mail.get_payload())
    assert "routes     2 auto" in body
    for text in (json.dumps(told), mail.as_string()):
        assert "Jane" not in text and "P-1" not in text


def test_a_passed_run_is_not_told(folder: Folder, hook: Hook) -> None:
    assert folder.run("payments", "--webhook", hook.address)[0] == 0
    assert hook.told == []


def test_starts_that_came_to_nothing_are_told(folder: Folder, hook: Hook) -> None:
    assert folder.run("invoices", "--webhook", hook.address)[0] == 2
    assert hook.told[0]["happened"].startswith("there is no bot `invoices`")
    (folder.path / "output").write_text("in the way of the folder")
    code, _, err = folder.run("payments", "--webhook", hook.address)
    assert (code, hook.told[1]["exit_code"]) == (2, 2), err
    assert "Traceback" not in err


def test_a_notice_that_fails_is_said_and_hides_nothing(folder: Folder) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # never listens, so each connection is refused at once
        port = taken.getsockname()[1]
        folder.environment |= {"REFEREE_SMTP_HOST": "127.0.0.1", "REFEREE_SMTP_PORT": str(port)}
        folder.write("Fail    out of order")
        hook = f"http://127.0.0.1:{port}/secret-token"
        code, _, err = folder.run("payments", "--mail-to", "a@x.test", "--webhook", hook)
    assert code == 1
    assert "the mail could not be sent: " in err
    assert "the webhook (127.0.0.1) was not reached: " in err
    assert "secret-token" not in err and "Traceback" not in err


def test_a_webhook_that_answers_no_is_said_with_its_code(folder: Folder) -> None:
    hook = Hook(answer=403)
    folder.write("Fail    out of order")
    code, _, err = folder.run("payments", "--webhook", hook.address)
    hook.server.shutdown()
    hook.server.server_close()
    assert (code, "the webhook (127.0.0.1) was not reached: it answered 403" in err) == (1, True)


def test_passwords_are_never_sent_in_the_clear_and_wrong_settings_are_named(folder: Folder) -> None:
    folder.write("Fail    out of order")
    folder.environment |= {
        "REFEREE_SMTP_HOST": "mail.example.test",
        "REFEREE_SMTP_USER": "bot",
        "REFEREE_SMTP_PASSWORD": "hush-hush",
        "REFEREE_SMTP_SECURITY": "none",
    }
    _, _, err = folder.run("payments", "--mail-to", "a@x.test")
    assert "user and password are not sent without encryption" in err
    folder.environment["REFEREE_SMTP_SECURITY"] = "ssl"
    assert "REFEREE_SMTP_SECURITY is `ssl`" in folder.run("payments", "--mail-to", "a@x.test")[2]


def test_the_mail_server_gets_the_credential_that_bots_find_too(
    folder: Folder, mail_server: MailServer
) -> None:
    folder.environment |= {
        "REFEREE_SMTP_HOST": "127.0.0.1",
        "REFEREE_SMTP_PORT": str(mail_server.port),
        "REFEREE_SMTP_USER": "mail-bot",
        "REFEREE_SMTP_PASSWORD": "hush-hush",
        "REFEREE_MAIL_TO": "a@x.test",
    }
    folder.write("Fail    out of order")
    code, out, err = folder.run("payments")
    assert (code, mail_server.logins, len(mail_server.mails)) == (1, ["\0mail-bot\0hush-hush"], 1)
    assert "hush" not in out + err
    for path in (folder.path / "output").rglob("*"):
        assert not path.is_file() or b"hush" not in path.read_bytes()


def test_a_lost_run_can_be_told_without_starting_another(folder: Folder, hook: Hook) -> None:
    (folder.path / "output" / "runs" / "payments" / "2026-11-21T22-00-00").mkdir(parents=True)
    code, out, _ = folder.run("payments", "--tell-if-lost", "--webhook", hook.address)
    assert (code, out, len(hook.told)) == (0, "", 1)
    assert hook.told[0]["happened"] == "the run was lost: killed, or cut off with the machine"
    assert folder.run("payments", "--tell-if-lost", "--webhook", hook.address)[0] == 0
    assert len(hook.told) == 1


def test_a_lost_run_stays_untold_until_a_notice_got_through(folder: Folder, hook: Hook) -> None:
    for night in (20, 21):
        (folder.path / "output" / "runs" / "payments" / f"2026-11-{night}T22-00-00").mkdir(parents=True)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # never listens, so each connection is refused at once
        away = str(taken.getsockname()[1])
        folder.environment |= {"REFEREE_SMTP_HOST": "127.0.0.1", "REFEREE_SMTP_PORT": away}
        code, _, err = folder.run("payments", "--mail-to", "a@x.test", "--keep", "1")
    assert code == 0
    assert err.count("the run was lost") == 2 and err.count("the mail could not be sent") == 1
    assert "nobody could be told of that; it is told again at the next start" in err
    assert folder.run("payments", "--webhook", hook.address)[0] == 0
    assert [told["log_folder"][-19:-9] for told in hook.told] == ["2026-11-20", "2026-11-21"]
    assert "was lost" not in folder.run("payments", "--webhook", hook.address)[2]
    assert len(hook.told) == 2


def test_one_way_that_gets_through_is_enough_to_tell_of_a_lost_run(folder: Folder, hook: Hook) -> None:
    (folder.path / "output" / "runs" / "payments" / "2026-11-21T22-00-00").mkdir(parents=True)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        away = str(taken.getsockname()[1])
        folder.environment |= {"REFEREE_SMTP_HOST": "127.0.0.1", "REFEREE_SMTP_PORT": away}
        for _ in range(2):
            assert folder.run("payments", "--mail-to", "a@x.test", "--webhook", hook.address)[0] == 0
    assert len(hook.told) == 1


@pytest.mark.parametrize(
    ("options", "environment", "fault"),
    [
        (("--webhook", "ftp://x/secret"), {}, "--webhook (or REFEREE_WEBHOOK): write the whole address"),
        (("--webhook", "https://"), {}, "--webhook (or REFEREE_WEBHOOK): write the whole address"),
        (("--mail-to", "a@x.test,not an address"), {}, "`not an address` is no address"),
        (
            ("--mail-to", "a@x.test"),
            {"REFEREE_SMTP_PORT": "abc"},
            "REFEREE_SMTP_PORT is `abc`; write a number",
        ),
        (("--mail-to", "a@x.test"), {"REFEREE_SMTP_SECURITY": "foo"}, "REFEREE_SMTP_SECURITY is `foo`"),
    ],
)
def test_a_way_of_telling_that_can_never_work_is_refused_before_the_bot_starts(
    folder: Folder, options: tuple[str, str], environment: dict[str, str], fault: str
) -> None:
    folder.environment |= environment
    code, out, err = folder.run("payments", *options)
    assert (code, out, fault in err) == (2, "", True), err
    assert not (folder.path / "output").exists()
    assert "secret" not in err


def test_the_notice_of_what_cannot_be_used_says_what_it_was(folder: Folder, hook: Hook) -> None:
    (folder.path / "robot.yaml").write_text(ROBOT_YAML.replace("shell", "shel"))
    assert folder.run("payments", "--webhook", hook.address)[0] == 2
    assert "line 3: the task `payments` has no field `shel`" in hook.told[0]["text"]
    (folder.path / "robot.yaml").write_text(ROBOT_YAML)
    assert folder.run("payments", "--webhook", hook.address, "--", "--untill", "06:00")[0] == 2
    assert "can't be used: option --untill not recognized" in hook.told[1]["happened"]


def test_the_notice_tells_the_faults_of_rules_and_nothing_of_cases_that_cannot_be_read(
    folder: Folder, hook: Hook
) -> None:
    made = [sys.executable, "-m", "referee.cli.main", "new", "decision", "rules"]
    subprocess.run(made, cwd=folder.path, env=folder.environment, check=True, capture_output=True)
    rules = folder.path / "decision_tables" / "rules.xlsx"
    workbook = openpyxl.load_workbook(rules)
    workbook["Facts"]["B3"] = "numbr"
    workbook.save(folder.path / "broken.xlsx")
    (folder.path / "cases.csv").write_text("case id,amount,trusted\nJane Doe,1,true\nJane Doe,2,true\n")
    suite = (
        "*** Settings ***\nLibrary    RefereeLibrary    {}\n*** Tasks ***\nPay\n    Read Cases    cases.csv\n"
        "    On Action    pay    No Operation\n    Process Cases\n"
    )
    file = folder.path / "bots" / "payments" / "tasks.robot"
    file.write_text(suite.format("broken.xlsx"))
    code, out, _ = folder.run("payments", "--webhook", hook.address)
    assert code == 2, out
    assert hook.told[0]["happened"].startswith(
        "what the bot was given can't be used: broken.xlsx can't be used"
    )
    assert "sheet Facts, cell B3" in hook.told[0]["text"]
    file.write_text(suite.format(rules))
    code, out, _ = folder.run("payments", "--webhook", hook.address)
    assert code == 2 and "Jane Doe" in out, out
    assert hook.told[1]["happened"] == "what the bot was given can't be used; its log says what"


def test_a_mail_server_that_is_away_is_named_with_its_variables(folder: Folder) -> None:
    folder.write("Fail    out of order")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        folder.environment |= {"REFEREE_SMTP_HOST": "127.0.0.1", "REFEREE_SMTP_PORT": str(port)}
        err = folder.run("payments", "--mail-to", "a@x.test")[2]
    assert (
        f"the mail could not be sent: 127.0.0.1, port {port} (REFEREE_SMTP_HOST, REFEREE_SMTP_PORT): connection refused"
        in err
    )


def test_a_bot_that_is_ended_by_a_signal_at_its_limit_is_told_so(folder: Folder) -> None:
    text = ROBOT_YAML.replace(
        "import sys; print('script', sys.argv[1:]); sys.exit(5)", "import time; time.sleep(60)"
    )
    (folder.path / "robot.yaml").write_text(text)
    code, _, err = folder.run("script", "--time-limit", "1s")
    assert code == 4
    assert "the bot was asked to stop and was ended by SIGTERM" in err


def started_programs(folder: Folder) -> int:
    """Starts a bot that starts a program by itself; kills the run and the bot, and gives the program's number."""
    folder.write(
        "${left}=    Evaluate    subprocess.Popen(['sleep', '321'])    modules=subprocess\n"
        "    Evaluate    open('bot', 'w').write(str(os.getpid()) + ' ' + str($left.pid) + ' ')    modules=os\n"
        "    Sleep    60s"
    )
    return killed_with_its_bot(folder, "payments")


def killed_with_its_bot(folder: Folder, name: str) -> int:
    process = folder.start(name)
    told = folder.path / "bot"
    folder.wait(lambda: told.exists() and told.read_text().endswith(" "), process)
    process.kill()
    bot, left = map(int, told.read_text().split())
    os.kill(bot, signal.SIGKILL)
    process.communicate()
    assert is_running(left)
    return left


@pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc")
def test_what_a_killed_bot_had_started_itself_is_ended_and_named_at_the_next_start(folder: Folder) -> None:
    left = started_programs(folder)
    folder.write("No Operation")
    code, _, err = folder.run("payments")
    assert code == 0
    assert f"a bot that was killed had left something behind: ended sleep (pid {left})" in err
    assert not is_running(left)
    assert "left something behind" not in folder.run("payments")[2]


@pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc")
def test_a_bot_of_another_kind_leaves_nothing_behind_either(folder: Folder) -> None:
    (folder.path / "pay.py").write_text(
        "import os, subprocess, time\n"
        "left = subprocess.Popen(['sleep', '321'])\n"
        "open('bot', 'w').write(f'{os.getpid()} {left.pid} ')\n"
        "time.sleep(60)\n"
    )
    (folder.path / "robot.yaml").write_text(
        ROBOT_YAML.replace("artifactsDir", "  pay:\n    shell: python pay.py\nartifactsDir")
    )
    left = killed_with_its_bot(folder, "pay")
    assert folder.run("payments")[0] == 0
    assert not is_running(left)


@pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc")
def test_a_bot_whose_run_alone_was_killed_is_named_and_left_to_finish(folder: Folder) -> None:
    (folder.path / "pay.py").write_text(
        "import os, time\nopen('bot', 'w').write(f'{os.getpid()} ')\ntime.sleep(60)\n"
    )
    (folder.path / "robot.yaml").write_text(
        ROBOT_YAML.replace("artifactsDir", "  pay:\n    shell: python pay.py\nartifactsDir")
    )
    process = folder.start("pay")
    told = folder.path / "bot"
    folder.wait(lambda: told.exists() and told.read_text().endswith(" "), process)
    process.kill()
    process.communicate()
    bot = int(told.read_text())
    try:
        code, _, err = folder.run("pay")
        assert code == 3
        assert f"the bot `pay` is already running (process {bot} on " in err
        assert folder.run("payments")[0] == 0
        assert is_running(bot)
    finally:
        os.kill(bot, signal.SIGKILL)


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        (("--time-limit", "soon"), "'soon' is no length of time"),
        (("--time-limit", "0s"), "--time-limit 0 leaves the bot no time"),
        (("--until", "2020-01-01 06:00"), "is over already"),
        (("--until", "dawn"), "'dawn' is no time"),
    ],
)
def test_limits_that_cannot_be_meant_are_refused(
    folder: Folder, options: tuple[str, str], fault: str
) -> None:
    code, _, err = folder.run("payments", *options)
    assert code == 2
    assert fault in err
    assert signal.SIGTERM.name not in err
