"""The options of ``referee run`` and of Robot Framework, to which the rest goes: to find misspelt ones in schedules.

Both lists are held against the commands themselves by a test.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from referee.feel.names import suggestion

RUN_OPTIONS = frozenset(
    {
        *("project", "time-limit", "until", "grace", "keep", "mail-to", "webhook"),
        *("tell-if-lost", "list", "help"),
    }
)
ROBOT_OPTIONS = frozenset(
    {
        *(
            "argumentfile",
            "console",
            "consolecolors",
            "consolelinks",
            "consolemarkers",
            "consolewidth",
            "debugfile",
        ),
        *(
            "doc",
            "dotted",
            "dryrun",
            "exclude",
            "exitonerror",
            "exitonfailure",
            "expandkeywords",
            "extension",
        ),
        *("flattenkeywords", "help", "include", "language", "legacyoutput", "listener", "log", "loglevel"),
        *("logtitle", "maxassignlength", "maxerrorlines", "metadata", "name", "nodotted", "nodryrun"),
        *(
            "noexitonerror",
            "noexitonfailure",
            "nohelp",
            "nolegacyoutput",
            "noquiet",
            "norpa",
            "norunemptysuite",
        ),
        *("noskipteardownonexit", "nosplitlog", "nostatusrc", "notimestampoutputs", "noversion", "output"),
        *("outputdir", "parseinclude", "parser", "prerebotmodifier", "prerunmodifier", "pythonpath", "quiet"),
        *("randomize", "removekeywords", "report", "reportbackground", "reporttitle", "rerunfailed"),
        *(
            "rerunfailedsuites",
            "rpa",
            "runemptysuite",
            "settag",
            "skip",
            "skiponfailure",
            "skipteardownonexit",
        ),
        *("splitlog", "statusrc", "suite", "suitestatlevel", "tagdoc", "tagstatcombine", "tagstatexclude"),
        *("tagstatinclude", "tagstatlink", "task", "test", "timestampoutputs", "variable", "variablefile"),
        *("version", "xunit"),
    }
)


def unknown_options(arguments: Sequence[str], *, runs_robot: bool) -> Iterator[str]:
    """A sentence for each option after ``run`` that nobody takes.

    Of a bot that isn't Robot Framework's nobody knows which options it takes: there only what looks like a misspelt one
    of ``referee run`` is told.
    """
    for word in arguments:
        name = word.removeprefix("--").partition("=")[0]
        if not word.startswith("--") or not name or name in RUN_OPTIONS:
            continue
        alike = suggestion(name, RUN_OPTIONS)
        if not runs_robot and alike:
            yield f"`referee run` has no option `--{name}`{_dashed(alike)}"
        # Robot Framework takes the beginning of a name too, in any case and with dashes.
        plain = name.casefold().replace("-", "")
        if runs_robot and not any(option.startswith(plain) for option in ROBOT_OPTIONS):
            alike = alike or suggestion(plain, ROBOT_OPTIONS)
            yield f"neither `referee run` nor Robot Framework has an option `--{name}`{_dashed(alike)}"


def _dashed(alike: str) -> str:
    return alike.replace("`", "`--", 1)
