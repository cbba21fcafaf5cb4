"""Texts and fields on pictures of windows, drawn here with letters of a usual size."""

from __future__ import annotations

import shutil

import pytest

from resources.legacy.screen_text import NotRead, Text, field_beside, label_in, texts_in

GREY, WHITE, BLACK = (192, 192, 192), (255, 255, 255), (0, 0, 0)


def at(words: str, left: int = 10, top: int = 10) -> Text:
    return Text(words, left, top, left + 8 * len(words), top + 14)


def test_a_label_is_a_whole_text_and_no_part_of_one() -> None:
    texts = [at("Bank account (IBAN)"), at("BIC", top=40)]
    assert label_in(texts, "IBAN") is None
    assert label_in(texts, "BIC") == texts[1]


@pytest.mark.parametrize("misread", ["Supplierno.", "Suppller no", "supplier no.", "5upplier no."])
def test_a_label_is_found_though_a_sign_is_misread(misread: str) -> None:
    assert label_in([at(misread), at("Name", top=40)], "Supplier no.") is not None


def test_a_label_that_is_there_twice_is_not_chosen_between() -> None:
    assert label_in([at("IBAN"), at("IBAN", top=40)], "IBAN") is None


def test_short_labels_must_be_read_in_full() -> None:
    assert label_in([at("BAN")], "IBAN") is None


def test_the_field_is_the_light_area_to_the_right() -> None:
    from PIL import Image, ImageDraw

    image = Image.new("RGB", (400, 100), GREY)
    draw = ImageDraw.Draw(image)
    label = at("IBAN")
    assert field_beside(image, label) is None
    draw.rectangle((label.right + 60, 60, 390, 80), fill=WHITE)
    assert field_beside(image, label) is None, "that one is below"
    draw.rectangle((label.right + 60, 6, 390, 28), fill=WHITE)
    draw.text((label.right + 62, 10), "DE02120300000000202051", fill=BLACK)
    x, y = field_beside(image, label) or (0, 0)
    assert label.right + 60 < x < 390 and 6 < y < 28


@pytest.mark.skipif(shutil.which("tesseract") is None, reason="Tesseract is not installed")
def test_words_that_stand_apart_are_texts_of_their_own() -> None:
    from PIL import Image, ImageDraw, ImageFont

    image = Image.new("RGB", (420, 110), GREY)
    draw = ImageDraw.Draw(image)
    letters = ImageFont.load_default(size=15)
    for row, (label, value) in enumerate((("Account holder", "Nordwind Papier"), ("Request no.", "REQ-17"))):
        draw.text((12, 14 + 40 * row), label, fill=BLACK, font=letters)
        draw.text((200, 14 + 40 * row), value, fill=BLACK, font=letters)
    texts = texts_in(image)
    for label in ("Account holder", "Request no."):
        found = label_in(texts, label)
        assert found is not None and found.left < 20 and found.right < 190


def test_without_tesseract_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from PIL import Image

    monkeypatch.setenv("PATH", "")
    with pytest.raises(NotRead, match="apt-get install tesseract-ocr"):
        texts_in(Image.new("RGB", (20, 20), GREY))
