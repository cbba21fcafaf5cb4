"""Robot Framework library: a browser driver that ends with the run, and the options of a browser that ends with it."""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from robot.api.deco import keyword

from referee.killed_runs import temporary_folder
from resources.legacy.bound_processes import StartFailed, start

BROWSER_SOCKET = "/org.chromium.Chromium.XXXXXX/SingletonSocket"
LONGEST_SOCKET = 107
"""Characters that Linux takes for the path of a socket."""
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


@keyword
def start_browser_driver(url: str, headless: bool = True, application: str = "browser") -> dict[str, Any]:
    """Return ``url`` of a running browser driver and ``options`` for a browser that reaches that host.

    The browser has a fresh profile and resolves no other host's name. Driver, browser and profile are
    gone when the run ends, or after ``Stop Bound Processes    application``. Chromium or Chrome and chromedriver are
    looked for in the PATH and then where Selenium finds them; nothing is downloaded.
    """
    from selenium.webdriver import ChromeOptions

    browser, driver = find_browser()
    profile = temporary_folder("browser")
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
    program = f"the browser driver {driver}"
    running = start(
        [driver, "--port=0"],
        application=application,
        program=program,
        environment=temporary_files_in(profile),
        remove=profile,
    )
    ready = running.wait_for(r"started successfully on port (\d+)")
    return {"url": f"http://127.0.0.1:{ready[1]}", "options": options}


def temporary_files_in(profile: Path) -> dict[str, str]:
    """What driver and browser leave behind when they are killed goes with the profile. A path that is too long for the
    browser's socket would keep it from starting.
    """
    fits = sys.platform == "linux" and len(os.fsencode(profile)) <= LONGEST_SOCKET - len(BROWSER_SOCKET)
    return {"TMPDIR": str(profile)} if fits else {}


@keyword
def browser_error_in_words(error: str) -> str:
    """What a failed keyword of the browser says, for people: without names of classes, addresses and session data."""
    if found := re.search(r"net::ERR_(\w+)", error):
        return f"nothing answers at its address ({found[1].replace('_', ' ').lower()})"
    if re.search(r"invalid session id|not connected to DevTools|no such window|chrome not reachable", error):
        return "the browser has ended"
    if re.search(r"Connection aborted|Max retries exceeded|RemoteDisconnected|Connection refused", error):
        return "the browser driver has ended"
    named, _, told = error.partition(": Message: ")
    return re.split(r"\s*\(Session info|; For documentation|\n", told)[0] if told else named


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
