"""What Selenium says when something is gone, in words."""

from __future__ import annotations

import pytest

from resources.legacy.browser_driver import browser_error_in_words


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            "WebDriverException: Message: unknown error: net::ERR_CONNECTION_REFUSED\n"
            "  (Session info: chrome=156.0.8078.79)\nStacktrace:\n#0 0x55db41d3eaae <unknown>",
            "nothing answers at its address (connection refused)",
        ),
        (
            "InvalidSessionIdException: Message: invalid session id: session deleted as the browser has closed the "
            "connection\nfrom disconnected: not connected to DevTools\n  (Session info: chrome=156.0.8078.79)",
            "the browser has ended",
        ),
        (
            "ProtocolError: ('Connection aborted.', RemoteDisconnected('Remote end closed connection'))",
            "the browser driver has ended",
        ),
        ("WebDriverException: Message: tab crashed\n  (Session info: chrome=156.0.8078.79)", "tab crashed"),
        ("the portal did not start: it is\nin use", "the portal did not start: it is\nin use"),
    ],
)
def test_errors_of_the_browser_are_told_in_words(error: str, words: str) -> None:
    assert browser_error_in_words(error) == words
