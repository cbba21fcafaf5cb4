"""Programs started for a bot end with the bot, also when it is killed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
from robot.api.types import Secret

from resources.legacy.bound_processes import HERE, StartFailed, start, stop_bound_processes
from resources.legacy.portal_program import reach_accounts_payable_portal

IMPORTED_FROM = [str(HERE.parents[1]), str(HERE.parents[1] / "library")]
PATIENCE = 15.0


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """The browser makes a socket in its profile, and the path of a socket has room for 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="r") as folder:
        yield Path(folder)


def wait_until(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def answers(url: str) -> bool:
    address = urlsplit(url)
    try:
        with socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=1):
            return True
    except OSError:
        return False


def test_a_portal_of_our_own_needs_no_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AP_PORTAL_USER", raising=False)
    monkeypatch.delenv("AP_PORTAL_PASSWORD", raising=False)
    try:
        reached = reach_accounts_payable_portal("", str(tmp_path / "postings.sqlite"))
        assert answers(reached["url"])
        assert isinstance(reached["password"], Secret)
        assert len(reached["password"].value) >= 20
        assert reached["password"].value not in repr(reached)
    finally:
        stop_bound_processes()
    assert not answers(reached["url"])


def test_a_portal_elsewhere_needs_credentials_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AP_PORTAL_PASSWORD", raising=False)
    with pytest.raises(StartFailed, match="AP_PORTAL_PASSWORD"):
        reach_accounts_payable_portal("http://127.0.0.1:9/", "")


def test_a_portal_that_cannot_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "folder").write_text("in the way")
    with pytest.raises(StartFailed, match="the portal did not start"):
        reach_accounts_payable_portal("", str(tmp_path / "folder" / "postings.sqlite"))
    stop_bound_processes()


def test_the_programs_of_one_application_are_stopped_without_the_others() -> None:
    program = [sys.executable, "-c", "import os; print('up', flush=True); os.read(0, 1)"]
    try:
        desktop = start(program, application="desktop")
        host = start(program, application="host")
        assert desktop.wait_for("up") and host.wait_for("up")
        stop_bound_processes("desktop")
        assert (desktop.is_running, host.is_running) == (False, True)
    finally:
        stop_bound_processes()
    assert not host.is_running


def test_a_program_that_hangs_at_its_start_is_told_with_its_words() -> None:
    program = [sys.executable, "-c", "import os; print('warming up', flush=True); os.read(0, 1)"]
    try:
        with pytest.raises(StartFailed, match="the host did not start within 1 seconds: warming up"):
            start(program, application="host").wait_for("ready", patience=1)
    finally:
        stop_bound_processes()


def test_stopping_twice_is_harmless() -> None:
    stop_bound_processes()
    stop_bound_processes()


@pytest.mark.faults
@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is not a Windows signal")
def test_the_portal_ends_when_its_bot_is_killed(tmp_path: Path) -> None:
    script = (
        "import sys, time\n"
        f"sys.path[:0] = {IMPORTED_FROM}\n"
        "from resources.legacy.portal_program import reach_accounts_payable_portal\n"
        f"portal = reach_accounts_payable_portal('', {str(tmp_path / 'p.sqlite')!r})\n"
        "print(portal['url'], flush=True)\n"
        "time.sleep(600)\n"
    )
    bot = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    with bot:
        assert bot.stdout is not None
        url = bot.stdout.readline().strip()
        assert answers(url)
        os.kill(bot.pid, signal.SIGKILL)
    assert wait_until(lambda: not answers(url))


@pytest.mark.faults
def test_a_supervised_program_ends_with_its_input_and_its_folder_is_removed(tmp_path: Path) -> None:
    profile = tmp_path / "profile"
    profile.mkdir()
    (profile / "lock").write_text("x")
    program = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)"]
    supervisor = subprocess.Popen(
        [sys.executable, str(HERE / "supervise.py"), "--remove", str(profile), *program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with supervisor:
        assert supervisor.stdin is not None and supervisor.stdout is not None
        assert supervisor.stdout.readline().strip() == "up"
        supervisor.stdin.close()
        supervisor.wait(timeout=PATIENCE)
        # The pipe's other end was the program's: it is closed once the program is gone.
        assert supervisor.stdout.read() == ""
    assert not profile.exists()


@pytest.mark.faults
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a program that its parent is gone")
def test_a_supervised_program_ends_when_its_supervisor_is_killed() -> None:
    said = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
    program = start([sys.executable, "-c", said], application="a test", supervised=True)
    pid = int(program.wait_for(r"^\d+$")[0])
    os.kill(program.pid, signal.SIGKILL)
    assert wait_until(lambda: not Path(f"/proc/{pid}").exists())
    stop_bound_processes("a test")


@pytest.mark.faults
@pytest.mark.browser
@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is not a Windows signal")
def test_the_browser_and_its_profile_go_when_the_bot_is_killed() -> None:
    script = (
        "import sys, time\n"
        f"sys.path[:0] = {IMPORTED_FROM}\n"
        "from resources.legacy.browser_driver import start_browser_driver\n"
        "from selenium.webdriver import Remote\n"
        "driver = start_browser_driver('http://127.0.0.1/')\n"
        "browser = Remote(driver['url'], options=driver['options'])\n"
        "browser.get('data:text/html,<title>up</title>')\n"
        "profile = next(a for a in driver['options'].arguments if a.startswith('--user-data-dir='))\n"
        "print(browser.title, driver['url'], profile.partition('=')[2], flush=True)\n"
        "time.sleep(600)\n"
    )
    bot = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    with bot:
        assert bot.stdout is not None
        title, url, profile = bot.stdout.readline().split()
        assert title == "up" and answers(url) and Path(profile).is_dir()
        os.kill(bot.pid, signal.SIGKILL)
    assert wait_until(lambda: not answers(url))
    # The profile can only be removed for good once no browser process writes into it any more.
    assert wait_until(lambda: not Path(profile).exists())


@pytest.mark.faults
@pytest.mark.browser
@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is not a Windows signal")
def test_nothing_of_a_browser_is_left_at_the_next_start_when_a_bot_and_its_supervisors_are_killed(
    short_folder: Path,
) -> None:
    environment = {**os.environ, "TMPDIR": str(short_folder), "PYTHONPATH": os.pathsep.join(IMPORTED_FROM)}
    script = (
        "import time\n"
        "from resources.legacy.browser_driver import start_browser_driver\n"
        "from selenium.webdriver import Remote\n"
        "driver = start_browser_driver('http://127.0.0.1/')\n"
        "browser = Remote(driver['url'], options=driver['options'])\n"
        "print('up', flush=True)\n"
        "time.sleep(600)\n"
    )
    bot = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, env=environment)
    with bot:
        assert bot.stdout is not None and bot.stdout.readline().strip() == "up"
        started = psutil.Process(bot.pid).children(recursive=True)
        supervisors = [one for one in started if "supervise.py" in " ".join(one.cmdline())]
        for process in [*supervisors, bot]:
            process.kill()
    assert supervisors
    assert len(started) > 3 and any(short_folder.glob("referee-*-browser-*"))
    begin = [sys.executable, "-c", "from referee.killed_runs import begin_run; begin_run()"]
    subprocess.run(begin, env=environment, check=True, timeout=60)
    _, alive = psutil.wait_procs(started, timeout=PATIENCE)
    assert not [one for one in alive if one.status() != psutil.STATUS_ZOMBIE]
    assert not list(short_folder.glob("referee-*"))
