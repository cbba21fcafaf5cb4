"""One command for everything: sets up what is missing, then runs a bot or every check of the project.

    python3 run.py                     set up, then run the main job (`mainTask` in robot.yaml)
    python3 run.py BOT [options]       set up, then `referee run BOT`; what it doesn't know goes to Robot Framework
    python3 run.py tests               set up, then run every check
    python3 run.py setup               set up only

Needs nothing but Python 3.11 or newer. On Windows: `py run.py`. Everything is installed into the folder
.venv beside this file, in the exact versions of requirements.lock, each file checked against its hash.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - the message for the Python that can't run the rest
    sys.exit(
        "run.py: Referee needs Python 3.11 or newer, and this is Python "
        + ".".join(str(part) for part in sys.version_info[:3])
        + " ("
        + sys.executable
        + "). Install a newer Python, then start run.py with it, for example: python3.12 run.py"
    )

import hashlib
import os
import platform
import re
import shutil
import subprocess
import sysconfig
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
SCRIPTS = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = SCRIPTS / ("python.exe" if os.name == "nt" else "python")
LOCK = ROOT / "requirements.lock"
STAMP = VENV / "set-up.sha256"
PIP = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "--retries", "2"]
CHECK_OUTPUT = ROOT / "output" / "checks"

# What the first pip step brings: the installer, and the build tools for packages published as source only.
BOOTSTRAP = (
    "uv",
    "hatchling",
    "packaging",
    "pathspec",
    "pluggy",
    "trove-classifiers",
    "tomlkit",
    "setuptools",
    "wheel",
)

# `du -sh .venv` says 0.6 GB on Linux with Python 3.11; downloads and builds come on top while it is made.
SPACE_NEEDED = 1_500_000_000

# durable-rules 2.0.28 calls a C function by the name that Python 3.13 dropped; the newer name takes the same
# arguments. Its setup.py overwrites CFLAGS, so CPPFLAGS it is; CL is the same for Microsoft's compiler.
OLD_C_NAME = {
    "CPPFLAGS": "-DPyEval_CallObject=PyObject_CallObject",
    "CL": "/DPyEval_CallObject#PyObject_CallObject",
}
DROPS_OLD_C_NAME = sys.version_info >= (3, 13)


class SetupError(Exception):
    """Set-up can't go on; the message says what was found and how to mend it."""


# --- what the operating system must bring -----------------------------------------------------------------


def missing_for_bots() -> list[str]:
    """Debian packages for what bots need and this machine lacks: browser and its driver; for desktop programs a virtual
    display, what reads its pictures and its clipboard, and windows for Python; a terminal for green screens.
    """
    missing = []
    if not shutil.which("chromium") and not shutil.which("google-chrome"):
        missing.append("chromium")
    if not shutil.which("chromedriver"):
        missing.append("chromium-driver")
    if not shutil.which("Xvfb"):
        missing.append("xvfb")
    if not shutil.which("tesseract"):
        missing.append("tesseract-ocr")
    if not shutil.which("xclip") and not shutil.which("xsel"):
        missing.append("xclip")
    if sys.base_prefix == "/usr" and not has_module("tkinter"):
        missing.append("python3-tk")
    if not shutil.which("s3270"):
        missing.append("s3270")
    return missing


def missing_for_set_up() -> list[str]:
    """Debian packages to make the environment with: two dependencies are published as C source only."""
    missing = []
    if not shutil.which("gcc") and not shutil.which("cc"):
        missing.append("gcc")
    if not Path("/usr/include/stdlib.h").exists():
        missing.append("libc6-dev")
    if not Path("/usr/include/linux/input.h").exists():
        missing.append("linux-libc-dev")
    if sys.base_prefix == "/usr":
        version = f"python3.{sys.version_info.minor}"
        if not (Path(sysconfig.get_path("include")) / "Python.h").exists():
            missing.append(f"{version}-dev")
        if not has_module("ensurepip"):
            missing.append(f"{version}-venv")
    return missing


def missing_for_checks() -> list[str]:
    """Debian packages that the checks use where they are there: strace shows which calls the system saw."""
    return [] if sys.platform != "linux" or shutil.which("strace") else ["strace"]


def has_module(name: str) -> bool:
    from importlib.util import find_spec

    return find_spec(name) is not None


def prepare_system() -> None:
    """Installs what is missing where that needs no password; elsewhere says what to install by hand."""
    if sys.platform != "linux":
        if not desktop_browser():
            say("bots that drive a web page need Google Chrome; install it before you run them")
        return
    provide([*missing_for_set_up(), *missing_for_bots()])


def provide(missing: Sequence[str]) -> None:
    """Installs Debian packages as root; anybody else is told what to install."""
    if not missing:
        return
    wanted = " ".join(missing)
    if not shutil.which("apt-get"):
        say(f"install with your system's package manager what Debian calls: {wanted}")
    elif os.geteuid() != 0:
        say(f"some system packages are missing; install them with: sudo apt-get install {wanted}")
    else:
        say(f"installing system packages: {wanted}")
        install_system_packages(missing)


def install_system_packages(packages: Sequence[str]) -> None:
    """A failure is told, not final: much works without a browser, and the build says what it lacks."""
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    stream(["apt-get", "-q", "update"], env, shown=())
    install = ["apt-get", "-q", "-y", "--no-install-recommends", "install", *packages]
    code, output = stream(install, env, shown=("Setting up",))
    if code != 0:
        say(f"apt-get could not install {' '.join(packages)}: {last_line(output)}; install them by hand")


def desktop_browser() -> bool:
    """Whether Chrome stands where Windows and macOS keep it; Selenium finds the driver for it by itself."""
    folders = [
        Path(os.environ[name])
        for name in ("ProgramFiles", "ProgramFiles(x86)", "LocalAppData")
        if name in os.environ
    ]
    places = [folder / "Google/Chrome/Application/chrome.exe" for folder in folders]
    places.append(Path("/Applications/Google Chrome.app"))
    return any(place.exists() for place in places)


# --- the environment ---------------------------------------------------------------------------------------


def wanted_stamp() -> str:
    """Changes with lock, packaging, Python and folder: a change of each asks for a new set-up."""
    digest = hashlib.sha256()
    for part in (
        LOCK.read_bytes(),
        (ROOT / "pyproject.toml").read_bytes(),
        sys.version.encode(),
        os.fsencode(ROOT),
    ):
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()


def needs_set_up() -> bool:
    try:
        return STAMP.read_text(encoding="ascii") != wanted_stamp() or not PYTHON.exists()
    except FileNotFoundError:
        return True


def set_up() -> None:
    """Brings .venv to exactly the locked versions. Does nothing when it is there already."""
    if not needs_set_up():
        return
    prepare_system()
    started = time.monotonic()
    free = shutil.disk_usage(ROOT).free
    if free < SPACE_NEEDED and not PYTHON.exists():
        raise SetupError(
            f"the disk of {ROOT} has {free / 1e9:.1f} GB free and set-up needs "
            f"{SPACE_NEEDED / 1e9:.1f} GB; free some space, then run the same command again"
        )
    STAMP.unlink(missing_ok=True)
    if not usable_environment():
        say(f"making the environment {VENV} with Python {platform.python_version()}")
        base = str(getattr(sys, "_base_executable", sys.executable))
        made = run_quietly([base, "-m", "venv", "--clear", str(VENV)])
        if made:
            raise SetupError(f"Python could not make the folder .venv: {mend(made) or last_line(made)}")
    say("installing the installer")
    pip_install(BOOTSTRAP)
    say("installing the locked packages")
    install_locked()
    say("installing the project itself")
    itself = ["--no-index", "--no-deps", "--no-build-isolation", "--editable", str(ROOT)]
    check(stream([*PIP, "--quiet", *itself], environment(), shown=()))
    STAMP.write_text(wanted_stamp(), encoding="ascii")
    say(f"set up in {time.monotonic() - started:.0f} seconds")


def usable_environment() -> bool:
    """Whether .venv holds the Python that started us and a working pip; else it is made anew."""
    if not PYTHON.exists():
        return False
    ask = "import pip, sys; print(sys.version)"
    answer = subprocess.run([str(PYTHON), "-c", ask], capture_output=True, text=True, check=False)
    return answer.returncode == 0 and answer.stdout.strip() == sys.version.strip()


def locked(names: Iterable[str]) -> str:
    """The lines of the lock (version, condition, hashes) for these packages."""
    wanted = set(names)
    kept: list[str] = []
    inside = False
    for line in LOCK.read_text(encoding="utf-8").splitlines():
        if not line.startswith((" ", "#")):
            inside = line.partition("==")[0] in wanted
        if inside:
            kept.append(line)
    return "\n".join(kept) + "\n"


def pip_install(names: Iterable[str]) -> None:
    chosen = VENV / "bootstrap.lock"
    chosen.write_text(locked(names), encoding="utf-8")
    check(stream([*PIP, "--require-hashes", "--no-deps", "-r", str(chosen)], environment(), shown=()))


def install_locked() -> None:
    """With uv, which is quick; where uv can't reach the packages (it ignores pip's settings), with pip."""
    env = environment()
    same = ["--require-hashes", "--no-build-isolation", "--no-deps", "-r", str(LOCK)]
    # Compiled once here, by all cores: the first start of a bot shall not have to.
    uv = [str(SCRIPTS / "uv"), "pip", "install", "--system-certs", "--compile-bytecode"]
    uv += ["--python", str(PYTHON), *same]
    pip = [*PIP, *same]
    if DROPS_OLD_C_NAME:
        env |= {name: f"{env.get(name, '')} {flag}".strip() for name, flag in OLD_C_NAME.items()}
        # A setting of its own keeps uv from taking a build out of its cache that was made without the flag.
        uv.append("--config-settings-package=durable-rules:new-c-name=true")
        pip.append("--no-cache-dir")
    code, output = stream(uv, env, shown=("Prepared", "Downloading", "Building", "Installed"))
    if code != 0 and mend(output) == NETWORK:
        say("uv could not reach the packages; trying with pip")
        code, output = stream(pip, env, shown=("Collecting", "Installing"))
    check((code, output))


NETWORK = (
    "the packages could not be downloaded. Check the network (behind a proxy: set HTTPS_PROXY), "
    "then run the same command again; it goes on where it stopped"
)
SPACE = f"the disk is full. Free {SPACE_NEEDED / 1e9:.1f} GB, then run the same command again"
COMPILER = (
    "a package could not be built from source. Install a C compiler and the Python headers (Windows: the C++ "
    "Build Tools; macOS: xcode-select --install), then run the same command again"
)
HASH = (
    "a downloaded file is not the one that requirements.lock names. Do not use it; tell the project's owners"
)


SIGNS = (
    (SPACE, r"no space left|errno 28|not enough space|disk quota"),
    (HASH, r"hash mismatch|do not match the hashes|hashes are required"),
    (NETWORK, r"failed to fetch|connection|timed out|dns error|name resolution|no matching distribution"),
    (COMPILER, r"failed to build|could not build|gcc|visual c\+\+|python\.h"),
)


def mend(output: str) -> str:
    """What an installer's output means and what to do, in one sentence; empty when we know no sign in it."""
    return next((sentence for sentence, sign in SIGNS if re.search(sign, output, re.IGNORECASE)), "")


def check(result: tuple[int, str]) -> None:
    code, output = result
    if code == 0:
        return
    log = VENV / "set-up.log"
    try:
        log.write_text(output, encoding="utf-8")
    except OSError:
        raise SetupError(mend(output) or last_line(output)) from None
    raise SetupError(f"{mend(output) or last_line(output)}. The installer's own words are in {log}")


# --- running things ----------------------------------------------------------------------------------------


def say(message: str) -> None:
    print(f"run.py: {message}", file=sys.stderr, flush=True)


def last_line(output: str) -> str:
    """The line that likely says what went wrong: the last that speaks of an error, or the last of all."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if "Error: " in line or line.lower().startswith(("error: ", "e: "))]
    return (errors or lines or ["it gave no reason"])[-1].rstrip(".")


def run_quietly(command: Sequence[str]) -> str:
    """The output of a command that failed; empty for one that worked."""
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    return "" if done.returncode == 0 else (done.stdout + done.stderr) or "failed"


def stream(command: Sequence[str], env: dict[str, str], shown: tuple[str, ...]) -> tuple[int, str]:
    """Runs a command, shows its lines that begin with one of `shown` at once; returns code and all output."""
    output: list[str] = []
    with subprocess.Popen(
        command,
        env=env,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            output.append(line)
            if line.strip().startswith(shown):
                print("   ", line.strip(), file=sys.stderr, flush=True)
    return process.returncode, "".join(output)


def environment() -> dict[str, str]:
    """Ours, with .venv first on the path: what robot.yaml's commands and every check run in."""
    # Without compiled files each start of a bot would compile scikit-learn anew, for many seconds.
    foreign = {"PYTHONHOME", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE"}
    ours = {name: value for name, value in os.environ.items() if name not in foreign}
    ours["VIRTUAL_ENV"] = str(VENV)
    ours["PATH"] = os.pathsep.join([str(SCRIPTS), os.environ.get("PATH", "")])
    ours["PYTHONPATH"] = os.pathsep.join([str(ROOT / "library"), str(ROOT)])
    ours["PYTHONUTF8"] = "1"
    return ours


def referee(*words: str) -> list[str]:
    """The `referee` command, run by the environment's Python."""
    return [str(PYTHON), "-m", "referee.cli.main", *words]


def bots() -> list[str]:
    """The bots of robot.yaml, the main one first."""
    done = subprocess.run(
        referee("run", "--list"), cwd=ROOT, env=environment(), capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise SetupError(f"robot.yaml can't be used: {done.stderr.strip()}")
    return done.stdout.splitlines()


def run_bot(words: Sequence[str]) -> int:
    """Hands over to `referee run`, which runs a bot of robot.yaml, on schedules too."""
    command = referee("run", *words)
    os.chdir(ROOT)
    if os.name != "nt":
        sys.stdout.flush()
        os.execve(command[0], command, environment())  # this very process: a request to stop reaches it
    return subprocess.run(command, env=environment(), check=False).returncode


# --- the checks --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Step:
    """One check: a name for the table and the command that passes with 0."""

    name: str
    command: list[str]


def with_files(suffixes: set[str], *folders: str) -> list[str]:
    """Those of the folders that hold such files; some tools take an empty folder for an error."""
    return [name for name in folders if any(path.suffix in suffixes for path in (ROOT / name).rglob("*"))]


def steps() -> list[Step]:
    python = str(PYTHON)
    robot_sources = with_files({".robot", ".resource"}, "bots", "resources", "tests")
    found = [
        Step("ruff check", [python, "-m", "ruff", "check", "."]),
        Step("ruff format", [python, "-m", "ruff", "format", "--check", "."]),
        Step(
            "mypy --strict",
            [
                python,
                "-m",
                "mypy",
                "--strict",
                "run.py",
                *with_files({".py"}, "library", "bots", "resources"),
            ],
        ),
        Step("import rules", [str(SCRIPTS / "lint-imports"), "--no-cache"]),
    ]
    if robot_sources:
        found.append(Step("robocop check", [python, "-m", "robocop", "check", *robot_sources]))
        found.append(Step("robocop format", [python, "-m", "robocop", "format", "--check", *robot_sources]))
    for name in bots():
        options = ["--dryrun", "--outputdir", str(CHECK_OUTPUT / "dryrun" / name)]
        found.append(Step(f"dry run of {name}", referee("run", name, *options)))
    tables = ROOT / "decision_tables"
    for workbook in sorted([*tables.glob("*.xlsx"), *tables.glob("*.dmn")]):
        if not workbook.name.startswith("~$"):
            found.append(Step(f"check of {workbook.name}", referee("check", str(workbook))))
    report = ["--junitxml", str(CHECK_OUTPUT / "pytest.xml")]
    found.append(Step("pytest", [python, "-m", "pytest", "-n", "auto", "--dist", "loadfile", *report]))
    return found


def run_checks() -> int:
    """Every check, whatever fails before it; 0 only when all passed and at least one test ran."""
    provide(missing_for_checks())
    shutil.rmtree(CHECK_OUTPUT, ignore_errors=True)
    CHECK_OUTPUT.mkdir(parents=True)
    rows: list[tuple[str, float, str]] = []
    for step in steps():
        print(f"\n=== {step.name}", flush=True)
        started = time.monotonic()
        code = subprocess.run(step.command, cwd=ROOT, env=environment(), check=False).returncode
        rows.append((step.name, time.monotonic() - started, "passed" if code == 0 else f"FAILED ({code})"))
    ran, skipped = tests_run(CHECK_OUTPUT / "pytest.xml")
    width = max(len(name) for name, _, _ in rows)
    print(f"\n{'step':<{width}}  seconds  result")
    for name, seconds, result in rows:
        print(f"{name:<{width}}  {seconds:7.1f}  {result}")
    print(f"{ran} tests ran, {skipped} were skipped")
    failed = sum(result != "passed" for _, _, result in rows)
    if not ran:
        print("no test ran, so nothing is proved")
    print("everything passed" if not failed and ran else f"{failed} of {len(rows)} steps failed")
    return 0 if not failed and ran else 1


def tests_run(report: Path) -> tuple[int, int]:
    """How many tests ran and how many were skipped, by pytest's own report."""
    try:
        suites = list(ElementTree.parse(report).iter("testsuite"))
    except (OSError, ElementTree.ParseError):
        return 0, 0
    skipped = sum(int(suite.get("skipped", "0")) for suite in suites)
    return sum(int(suite.get("tests", "0")) for suite in suites) - skipped, skipped


def main(arguments: Sequence[str]) -> int:
    task = arguments[0] if arguments else ""
    if task in {"-h", "--help", "help"}:
        print(__doc__)
        return 0
    try:
        set_up()
        if task == "setup":
            return 0
        return run_checks() if task == "tests" else run_bot(arguments)
    except SetupError as error:
        say(str(error))
        return 2
    except OSError as error:
        say(mend(str(error)) or f"{error.strerror or error}: {error.filename or ROOT}")
        return 2
    except KeyboardInterrupt:
        say("stopped; the same command goes on where it was")
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
