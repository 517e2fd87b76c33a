"""Shared fixtures."""

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real recordings and images, present on development machines only (``GAZELINE_DATA`` or ../shared/data)."""
    folder = Path(os.environ.get("GAZELINE_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no development data at {folder}; set GAZELINE_DATA to the folder that holds it")
    return folder
