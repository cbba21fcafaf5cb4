"""Nothing leaves the folder of models that isn't, byte for byte, what its card says."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from referee.domain import ModelError
from referee.scoring import ModelStore


def refusal(folder: Path, name: str = "payment", version: str = "") -> str:
    with pytest.raises(ModelError) as caught:
        ModelStore(folder).load(name, version)
    return str(caught.value)


def test_a_model_says_what_it_is_and_its_hash_is_that_of_its_card(models: Path) -> None:
    model = ModelStore(models).load("payment", "2.1")
    assert (model.name, model.version) == ("payment", "2.1")
    assert model.features == ("amount", "country", "known", "delay")
    assert model.labels == ("in time", "late")
    assert model.sha256 == hashlib.sha256((models / "payment" / "card.json").read_bytes()).hexdigest()
    assert ModelStore(models).names() == ["payment"]


def test_any_changed_byte_of_the_model_file_is_noticed_with_both_hashes(models: Path) -> None:
    path = models / "payment" / "model.joblib"
    original = path.read_bytes()
    expected = hashlib.sha256(original).hexdigest()
    for position in (0, len(original) // 2, len(original) - 1):
        changed = bytearray(original)
        changed[position] ^= 1
        path.write_bytes(changed)
        message = refusal(models)
        assert f"expected sha256 {expected[:12]}…" in message
        assert f"found {hashlib.sha256(changed).hexdigest()[:12]}…" in message
        assert str(path) in message


def test_a_truncated_model_file_is_noticed(models: Path) -> None:
    path = models / "payment" / "model.joblib"
    path.write_bytes(path.read_bytes()[:-1])
    assert "is not the file its card describes" in refusal(models)


def test_the_bytes_that_were_hashed_are_the_bytes_that_are_unpickled(
    models: Path, good_facts: dict[str, Any]
) -> None:
    model = ModelStore(models).load("payment")
    before = ModelStore(models).load("payment").score(good_facts).value
    (models / "payment" / "model.joblib").write_bytes(b"something else")
    assert model.score(good_facts).value == before


def test_the_card_of_another_model_is_refused(models: Path, edit_card: Callable[..., None]) -> None:
    edit_card(name="other")
    assert "is the card of other" in refusal(models)


def test_a_card_with_other_hashes_is_refused(models: Path, edit_card: Callable[..., None]) -> None:
    edit_card(files={"model.joblib": "0" * 64})
    assert "expected sha256 000000000000…" in refusal(models)


@pytest.mark.parametrize("missing", ["card.json", "model.joblib"])
def test_a_missing_file_is_named(models: Path, missing: str) -> None:
    path = models / "payment" / missing
    path.unlink()
    assert refusal(models) == f"model payment: the file {path} is missing; restore it"


def test_a_missing_model_and_a_missing_folder_of_models_are_named(models: Path) -> None:
    assert f"the folder {models / 'unknown'} doesn't exist" in refusal(models, "unknown")
    assert f"the folder of models {models / 'nowhere'} doesn't exist" in refusal(models / "nowhere")
    assert ModelStore(models / "nowhere").names() == []


def test_another_version_than_the_one_asked_for_is_refused(models: Path) -> None:
    assert "version 3.0 is asked for" in refusal(models, version="3.0")
    assert "holds version 2.1" in refusal(models, version="3.0")


@pytest.mark.parametrize(
    "name", ["", " ", ".", "..", "../models/payment", "payment/../payment", "a\\b", "C:x", "a\0b", "n" * 300]
)
def test_a_name_that_is_no_folder_name_is_refused(models: Path, name: str) -> None:
    assert "isn't the name of a model" in refusal(models, name)


def test_an_absolute_path_is_refused_as_a_name(models: Path) -> None:
    assert "isn't the name of a model" in refusal(models, str(models / "payment"))


def _link(place: Path, target: Path) -> None:
    try:
        place.symlink_to(target, target_is_directory=target.is_dir())
    except OSError:
        pytest.skip("this account may not make symbolic links")


def test_a_model_folder_that_is_a_link_out_is_refused(models: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere" / "payment"
    elsewhere.parent.mkdir()
    shutil.move(models / "payment", elsewhere)
    _link(models / "payment", elsewhere)
    assert "link out of the folder of models" in refusal(models)


@pytest.mark.parametrize("file", ["card.json", "model.joblib"])
def test_a_file_that_is_a_link_out_is_refused(models: Path, tmp_path: Path, file: str) -> None:
    shutil.move(models / "payment" / file, tmp_path / file)
    _link(models / "payment" / file, tmp_path / file)
    assert "is a link out of its folder" in refusal(models)


@pytest.mark.parametrize("file", ["model.joblib", "compiled.json", "card.json"])
def test_a_hard_link_is_only_as_good_as_the_bytes_behind_it(models: Path, tmp_path: Path, file: str) -> None:
    path, outside = models / "payment" / file, tmp_path / "outside"
    outside.write_bytes(path.read_bytes())
    path.unlink()
    try:
        path.hardlink_to(outside)
    except OSError:
        pytest.skip("this file system has no hard links")
    loaded = ModelStore(models).load("payment")
    outside.write_bytes(outside.read_bytes().replace(b"1", b"2"))
    loaded.prepare()
    with pytest.raises(ModelError):
        ModelStore(models).load("payment")


def test_a_model_in_use_goes_on_while_its_folder_is_swapped(
    models: Path, good_facts: dict[str, Any], forge: Callable[[bytes], None]
) -> None:
    model = ModelStore(models).load("payment")
    expected = ModelStore(models).load("payment").score(good_facts)
    forge(b"something else")
    (models / "payment" / "compiled.json").write_bytes(b"{}")
    assert model.score(good_facts) == expected


@pytest.mark.parametrize(
    "name",
    ["payment.", "payment ", "PAYMENT", "p\N{CYRILLIC SMALL LETTER A}yment", "payment\n", "./payment", "NUL"],
)
def test_a_name_that_only_looks_like_the_folders_finds_no_model(models: Path, name: str) -> None:
    with pytest.raises(ModelError):
        ModelStore(models).load(name)


def test_the_folder_of_models_itself_may_be_a_link(models: Path, tmp_path: Path) -> None:
    _link(tmp_path / "approved", models)
    assert ModelStore(tmp_path / "approved").load("payment").version == "2.1"


def test_another_scikit_learn_is_refused(models: Path, edit_card: Callable[..., None]) -> None:
    card = json.loads((models / "payment" / "card.json").read_text("utf-8"))
    edit_card(libraries=card["libraries"] | {"scikit-learn": "0.1.2"})
    message = refusal(models)
    assert "trained with scikit-learn 0.1.2" in message
    assert "install scikit-learn 0.1.2" in message


def test_another_major_version_of_numpy_is_refused_and_a_minor_one_is_not(
    models: Path, edit_card: Callable[..., None]
) -> None:
    libraries = json.loads((models / "payment" / "card.json").read_text("utf-8"))["libraries"]
    major = libraries["numpy"].split(".")[0]
    edit_card(libraries=libraries | {"numpy": f"{major}.999.0"})
    assert ModelStore(models).load("payment").version == "2.1"
    edit_card(libraries=libraries | {"numpy": "1.26.4"})
    assert "trained with numpy 1.26.4" in refusal(models)


def test_a_library_that_is_not_installed_is_named(models: Path, edit_card: Callable[..., None]) -> None:
    libraries = json.loads((models / "payment" / "card.json").read_text("utf-8"))["libraries"]
    edit_card(libraries=libraries | {"not-a-library": "1.0"})
    assert "not-a-library 1.0, but none is installed" in refusal(models)


def test_all_faults_of_a_card_are_told_at_once_in_words(models: Path) -> None:
    path = models / "payment" / "card.json"
    card = json.loads(path.read_text("utf-8"))
    del card["author"]
    card["colour"] = "blue"
    card["held_out"]["auc"] = 1.2
    card["training"]["sha256"] = "ABC"
    card["features"][0]["maximum"] = -1
    card["files"]["../run.py"] = "0" * 64
    path.write_text(json.dumps(card), "utf-8")
    lines = refusal(models).splitlines()
    assert lines[0].startswith(f"{path} isn't a valid card")
    assert set(lines[1:]) == {
        "  author: is missing",
        "  colour: no such field is known",
        "  held_out, auc: should be less than or equal to 1",
        "  training, sha256: isn't a sha256 of 64 lower-case hexadecimal digits",
        "  features, 1: a number needs the minimum and the maximum of the training cases, in order",
        "  files: `../run.py` isn't the plain name of a file beside the card",
    }


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "isn't a readable card"),
        (b"\xff\xfe\x00", "isn't a readable card"),
        (b'{"name": "a", "name": "b"}', "`name` stands in it twice"),
        (b'{"range_margin": NaN}', "`NaN` isn't a number"),
        (b"[" * 100_000, "isn't a readable card"),
        (b"[]", "isn't a valid card"),
    ],
)
def test_a_broken_card_is_one_message(models: Path, content: bytes, reason: str) -> None:
    (models / "payment" / "card.json").write_bytes(content)
    assert reason in refusal(models)


def test_a_card_that_lists_a_protected_attribute_as_a_feature_is_refused(
    models: Path, edit_card: Callable[..., None]
) -> None:
    edit_card(protected=["country"])
    assert "country: a protected attribute or the target can't be a feature" in refusal(models)


def test_loading_a_model_imports_no_scikit_learn_and_importing_the_room_not_even_pydantic(
    models: Path,
) -> None:
    code = (
        "import sys, referee.scoring\n"
        "heavy = {'sklearn', 'joblib', 'numpy', 'scipy', 'pydantic'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
        f"referee.scoring.ModelStore({str(models)!r}).load('payment')\n"
        "heavy.discard('pydantic')\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
