"""What every test may ask for: the repository, the shared test data, and a calm property tester."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

REPOSITORY = Path(__file__).resolve().parents[1]

# Two busy cores make single examples slow now and then; that says nothing about the code.
settings.register_profile("referee", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("referee")


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the repository."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared() -> Path:
    """The shared test data, no part of the project: `$REFEREE_SHARED`, or `shared` beside the repository."""
    folder = Path(os.environ.get("REFEREE_SHARED") or REPOSITORY.parent / "shared")
    if not folder.is_dir():
        pytest.skip(f"the shared test data is not at {folder}; set REFEREE_SHARED to where it is")
    return folder
