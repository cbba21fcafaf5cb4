"""Failing cases of the DMN compatibility kit, with what was expected and what came out.

python tests/conformance/report.py [part of a folder or case name ...]
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "library")]

import kit  # type: ignore[import-not-found]  # noqa: E402 (found through the path above)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")


def main(filters: list[str]) -> int:
    """Prints failing cases and the counts by folder; 0 when all pass, 1 when some fail, 2 without the kit."""
    cases = [case for case in kit.kit_cases() if not filters or any(part in case.name for part in filters)]
    if not cases:
        _say("no case: the kit is not there (set REFEREE_SHARED), or no name contains the given text")
        return 2
    needs_jvm = kit.listed("needs_jvm.txt")
    passed: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    for case in cases:
        if case.name in needs_jvm:
            continue
        wrong = kit.failures(case)
        (failed if wrong else passed)[case.folder] += 1
        if wrong:
            _say(case.name)
            _say("\n".join(f"    {line}" for line in wrong))
    for folder in sorted(failed):
        _say(f"{folder}: {passed[folder]} passed, {failed[folder]} failed")
    skipped = len(cases) - passed.total() - failed.total()
    _say(f"all: {passed.total()} passed, {failed.total()} failed, {skipped} need a JVM")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
