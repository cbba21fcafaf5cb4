"""Robot Framework library: programs a bot needs beside it, which end with the bot however the bot ends."""

from __future__ import annotations

import os
import platform
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from robot.api.deco import keyword, library
from robot.api.types import Secret

HERE = Path(__file__).resolve().parent
DRIVER_READY = re.compile(r"started successfully on port (\d+)")
if sys.platform == "win32":
    NEW_GROUP = subprocess.CREATE_NEW_PROCESS_GROUP
else:
    NEW_GROUP = 0
BROWSER_ARGUMENTS = (
    # The browser ends when its driver does: they talk through a pipe instead of a port.
    "--remote-debugging-pipe",
    "--disable-background-networking",
    "--disable-breakpad",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-default-browser-check",
    "--no-first-run",
    "--window-size=1280,900",
)


class StartFailed(Exception):
    """A program did not start; the message has its own words."""

    ROBOT_SUPPRESS_NAME = True


@library(scope="GLOBAL")
class bound_processes:  # noqa: N801 (Robot Framework imports the class that is named like its file)
    """Starts the accounts-payable portal and the browser driver as processes bound to this run."""

    def __init__(self) -> None:
        self._running: list[subprocess.Popen[str]] = []

    @keyword
    def reach_accounts_payable_portal(self, url: str, database: str, delay: float = 0.3) -> dict[str, Any]:
        """Return ``url``, ``user`` and ``password`` (a ``Secret``) of the portal.

        With an empty ``url`` the portal program is started on ``database`` and ends with this run. User and
        password are taken from the environment variables ``AP_PORTAL_USER`` and ``AP_PORTAL_PASSWORD``; only
        for a portal that is started here they may be missing, then they are made up for this run.
        """
        user = os.environ.get("AP_PORTAL_USER", "")
        password = os.environ.get("AP_PORTAL_PASSWORD", "")
        if url:
            if not (user and password):
                raise StartFailed(
                    f"the portal at {url} needs a user and a password: "
                    "set the environment variables AP_PORTAL_USER and AP_PORTAL_PASSWORD"
                )
            return {"url": url, "user": user, "password": Secret(password)}
        user, password = user or "apbot", password or secrets.token_urlsafe(18)
        process = self._start(
            [
                sys.executable,
                "-m",
                "ap_portal",
                "--database",
                str(Path(database).absolute()),
                "--delay",
                str(delay),
            ],
            environment={"AP_PORTAL_USER": user, "AP_PORTAL_PASSWORD": password},
        )
        return {"url": self._first_line(process, "the portal"), "user": user, "password": Secret(password)}

    @keyword
    def start_browser_driver(self, url: str, headless: bool = True) -> dict[str, Any]:
        """Return ``url`` of a running browser driver and ``options`` for a browser that reaches that host.

        The browser has a fresh profile and resolves no other host's name. Driver, browser and profile are
        gone when the run ends. Chromium or Chrome and chromedriver are looked for in the PATH and then where
        Selenium finds them; nothing is downloaded.
        """
        from selenium.webdriver import ChromeOptions

        browser, driver = find_browser()
        profile = tempfile.mkdtemp(prefix="referee-browser-")
        options = ChromeOptions()
        options.binary_location = browser
        for argument in (*BROWSER_ARGUMENTS, f"--user-data-dir={profile}"):
            options.add_argument(argument)
        options.add_argument(f"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE {urlsplit(url).hostname}")
        options.add_experimental_option(
            "prefs", {"credentials_enable_service": False, "profile.password_manager_enabled": False}
        )
        if headless:
            options.add_argument("--headless=new")
        if platform.system() == "Linux" and os.geteuid() == 0:
            # Chromium's sandbox refuses to run as root, as in most containers.
            options.add_argument("--no-sandbox")
        process = self._start(
            [sys.executable, str(HERE / "supervise.py"), "--remove", profile, driver, "--port=0"]
        )
        words = ""
        for line in _output(process):
            words += line
            if ready := DRIVER_READY.search(line):
                # Whatever the driver still says must be read, or it stops when the pipe is full.
                threading.Thread(target=_output(process).read, daemon=True).start()
                return {"url": f"http://127.0.0.1:{ready[1]}", "options": options}
        raise StartFailed(f"the browser driver {driver} did not start: {words.strip() or 'it said nothing'}")

    @keyword
    def stop_bound_processes(self) -> None:
        """End what this library started, the last first. Ends nothing else and may be called again."""
        while self._running:
            process = self._running.pop()
            if process.stdin is not None:
                process.stdin.close()
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _start(self, command: list[str], environment: dict[str, str] | None = None) -> subprocess.Popen[str]:
        """The program's standard input is a pipe that only we hold: it closes when we end, even by a kill."""
        process = subprocess.Popen(
            command,
            cwd=HERE,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            # A group of its own, so that Ctrl-C or a kill of the bot's group leaves the ending to the pipe.
            start_new_session=not NEW_GROUP,
            creationflags=NEW_GROUP,
        )
        self._running.append(process)
        return process

    def _first_line(self, process: subprocess.Popen[str], name: str) -> str:
        line = _output(process).readline().strip()
        if not line.startswith("http://"):
            words = f"{line}\n{_output(process).read()}".strip()
            raise StartFailed(f"{name} did not start: {words or 'it said nothing'}")
        threading.Thread(target=_output(process).read, daemon=True).start()
        return line


def find_browser() -> tuple[str, str]:
    """Browser and driver. ``RPA_SELENIUM_BINARY_LOCATION`` and ``SE_CHROMEDRIVER`` come before the PATH."""
    browser = os.environ.get("RPA_SELENIUM_BINARY_LOCATION", "") or _first_in_path(
        "chromium", "chromium-browser", "google-chrome", "google-chrome-stable"
    )
    driver = os.environ.get("SE_CHROMEDRIVER", "") or _first_in_path("chromedriver")
    if browser and driver:
        return browser, driver
    from selenium.common.exceptions import WebDriverException
    from selenium.webdriver.common.selenium_manager import SeleniumManager

    search = ["--browser", "chrome", "--offline"]
    if browser:
        search += ["--browser-path", browser]
    try:
        found = SeleniumManager().binary_paths(search)
    except WebDriverException as error:
        raise StartFailed(
            "no Chromium or Chrome with a chromedriver of the same version was found; install both "
            f"(on Debian: apt install chromium chromium-driver). Selenium says: {error.msg}"
        ) from error
    return browser or found["browser_path"], driver or found["driver_path"]


def _first_in_path(*names: str) -> str:
    return next((path for name in names if (path := shutil.which(name))), "")


def _output(process: subprocess.Popen[str]) -> IO[str]:
    assert process.stdout is not None  # always a pipe, see _start
    return process.stdout
