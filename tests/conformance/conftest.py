"""Counts the cases of the compatibility kit by folder at the end of a run."""

from __future__ import annotations

from collections import Counter

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    counts: dict[str, Counter[str]] = {}
    for outcome in ("passed", "failed", "skipped"):
        for report in terminalreporter.stats.get(outcome, []):
            path, _, name = getattr(report, "nodeid", "").partition("::test_kit_case[")
            if name and "conformance" in path:
                counts.setdefault(name.partition("/")[0], Counter())[outcome] += 1
    if not counts:
        return
    terminalreporter.section("DMN compatibility kit by folder")
    for folder, outcomes in sorted(counts.items()):
        skipped = f", {outcomes['skipped']} need a JVM" if outcomes["skipped"] else ""
        terminalreporter.line(f"{folder}: {outcomes['passed']} passed, {outcomes['failed']} failed{skipped}")
    total = sum(counts.values(), Counter[str]())
    terminalreporter.line(
        f"all: {total['passed']} passed, {total['failed']} failed, {total['skipped']} need a JVM"
    )
