"""Report pages in a real browser: they fit small and large windows, and can be read in the dark and by keyboard."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.unit.cli.conftest import Command
from tests.unit.cli.test_train import TRAIN, past_payments, write

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")

PAGES = ("check_report", "test_report", "diff_report", "case_page", "workbook_page")

BEYOND_THE_KEYBOARD = """
return [...document.querySelectorAll('*')].filter(each =>
    ['auto', 'scroll'].includes(getComputedStyle(each).overflowX)
    && each.scrollWidth > each.clientWidth + 1 && each.tabIndex < 0
).map(each => each.outerHTML.slice(0, 80));
"""

PALE = """
const light = text => {
    const [r, g, b] = text.match(/[0-9.]+/g).slice(0, 3).map(each => each / 255)
        .map(each => each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const behind = each => {
    for (let at = each; at; at = at.parentElement) {
        const colour = getComputedStyle(at).backgroundColor;
        if (!/, 0\\)$/.test(colour)) return colour;
    }
    return 'rgb(255, 255, 255)';
};
return [...document.querySelectorAll('body *')].filter(each =>
    [...each.childNodes].some(node => node.nodeType === 3 && node.textContent.trim()) && !each.closest('svg')
).map(each => {
    const [dark, pale] = [light(getComputedStyle(each).color), light(behind(each))].sort((a, b) => a - b);
    return [(pale + 0.05) / (dark + 0.05), each.outerHTML.slice(0, 80)];
}).filter(([ratio]) => ratio < 4.5).slice(0, 5);
"""
"""Texts whose contrast with what is behind them is below 4.5 to 1 (WCAG 2.2, success criterion 1.4.3)."""

OVERLAPPING = """
return [...document.querySelectorAll('svg')].flatMap(svg => {
    const places = [...svg.querySelectorAll('text')].map(text => [text.getBoundingClientRect(), text.textContent]);
    return places.flatMap(([one, told], at) => places.slice(at + 1).filter(([other]) =>
        one.left + 1 < other.right && other.left + 1 < one.right
        && one.top + 3 < other.bottom && other.top + 3 < one.bottom
    ).map(([, other]) => [told, other]));
});
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    selenium = pytest.importorskip("selenium.webdriver", reason="selenium isn't installed")
    if CHROMIUM is None or DRIVER is None:
        pytest.skip("there is no Chromium with its driver on this machine")
    options = selenium.ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"):
        options.add_argument(argument)
    driver = selenium.Chrome(options=options, service=selenium.ChromeService(DRIVER))
    yield driver
    driver.quit()


@pytest.mark.parametrize("page", PAGES)
def test_a_page_fits_its_window_and_is_legible(
    browser: Any, referee: Command, desk: Path, drawing: ModuleType, page: str
) -> None:
    drawing.prepare(desk)
    command, cells, deleted_test, *_ = drawing.PAGES[page]
    drawing.save_changed(desk / drawing.LOANS, desk / "my_copy.xlsx", cells, deleted_test)
    assert referee(*command.split(), "--html", "page.html").code in (0, 1)
    require_legible(browser, desk / "page.html")


def test_the_report_of_a_model_fits_its_window_and_is_legible(
    browser: Any, referee: Command, desk: Path
) -> None:
    write([row | {"reference number of the customer": row["amount"] % 97} for row in past_payments()])
    promises = [word for share in ("0.3", "0.31", "0.4") for word in ("--at-most", share)]
    said = referee(*TRAIN, "--protected", "segment", "--positive", "no", *promises, "--report", "page.html")
    assert said.code == 0, said.err
    require_legible(browser, desk / "page.html")
    # No word of a drawing stands on another.
    assert browser.execute_script(OVERLAPPING) == []


def require_legible(browser: Any, page: Path) -> None:
    for width in (360, 768, 1200):
        browser.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 400},
        )
        browser.get(page.as_uri())
        assert browser.execute_script("return document.documentElement.scrollWidth") <= width
        assert browser.execute_script(BEYOND_THE_KEYBOARD) == [], width
    for scheme in ("light", "dark"):
        browser.execute_cdp_cmd(
            "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        )
        assert browser.execute_script(PALE) == [], scheme
