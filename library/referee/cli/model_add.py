"""``referee model add``: a classifier fitted elsewhere becomes a model folder with a card."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from referee.cli.model_making import Making, making_options
from referee.cli.output import while_busy
from referee.domain import InputError, ModelError


@click.command(
    epilog="""Example:

    referee model add fitted.joblib --cases held_out.csv --target denied --name loan_denial --at-most 0.05"""
)
@click.argument("fitted", type=click.Path(path_type=Path))
@click.option("--cases", required=True, type=click.Path(path_type=Path), help="Cases it has not learnt from.")
@click.option(
    "--sha256", default="", help="The hash of FITTED as you know it: your word that the file is yours."
)
@click.option(
    "--feature", multiple=True, help="A column it takes, in order, where it was fitted without names."
)
@making_options
def add(fitted: Path, making: Making, cases: Path, sha256: str, feature: tuple[str, ...]) -> None:
    """Make a model folder of a FITTED scikit-learn classifier with predict_proba, kept by joblib.dump or skops.io.dump.

    A file of joblib is a pickle, which could run code: it is opened only after you have said that it is yours, by
    --sha256 or when asked, and then by an unpickler that admits scikit-learn's own estimators alone. The classifier
    is judged on --cases, which it must not have learnt from, and gets ranges, categories, operating points and parity
    from them.
    """
    from referee.scoring.own_classifier import (
        add_model,
        feature_names,
        fitted_classifier,
        is_skops,
        read_file,
    )

    making.goals()
    making.check_places()
    content, found = read_file(fitted)
    _require_word(fitted, sha256.strip().casefold(), found, is_pickle=not is_skops(content))
    classifier = fitted_classifier(content, fitted)
    names = feature_names(classifier, feature, fitted)
    prepared = making.prepared(cases, lambda _: names, already_fitted=True)
    with while_busy("judging"):
        card = add_model(
            classifier,
            prepared,
            names,
            name=making.name,
            models_folder=making.folder.parent,
            source=f"{cases.name}, {len(prepared.cases):,} cases",
            goals=making.goals(prepared.positive),
            seed=making.seed,
            file_sha256=found,
            **making.signed,
        )
    making.tell(card)


def _require_word(path: Path, given: str, found: str, *, is_pickle: bool) -> None:
    """Somebody has to say that a pickle is theirs; a hash that they give says it, and that it hasn't changed."""
    if given and given != found:
        raise ModelError(f"{path} has the sha256 {found}, not {given}; it is not the file you mean")
    if given or not is_pickle:
        return
    if not sys.stdin.isatty():
        raise InputError(
            f"{path} is a pickle and isn't opened without your word that it is yours; if it is, add --sha256 {found}"
        )
    click.echo(f"{path} is a pickle, which could run code when opened. Its sha256 is {found}.", err=True)
    if not click.confirm("Did you, or somebody you trust, make this very file?", err=True):
        raise click.Abort
