"""``gazeline models compare``: the masks of two models on pictures without labels."""

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from gazeline.engines.segmenter import Segmenter
from gazeline.runtime.image_files import write_image
from gazeline.runtime.models.catalogue import known_picture
from gazeline.runtime.models.compare import agreement, compare
from tests.engines.toy_models import write_own, write_sam


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAZELINE_MODELS", str(tmp_path / "models"))
    for name, write in (("own", write_own), ("whole", write_sam)):
        (tmp_path / "models" / name).mkdir(parents=True)
        write(tmp_path / "models" / name, name)


def test_a_model_agrees_with_itself_and_less_with_another() -> None:
    pictures = [known_picture()[0]]
    own, whole = Segmenter.load("own", threads=1), Segmenter.load("whole", threads=1)
    same, other = agreement(own, own, pictures), agreement(own, whole, pictures)
    assert same.ious == [1.0] * 9
    assert 0.0 < sum(other.ious) / 9 < 1.0
    assert min(other.encode_ms) > 0.0
    own.close()
    whole.close()


def test_it_says_what_it_found(tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    write_image(tmp_path / "pictures" / "a.png", known_picture()[0])
    text = StringIO()
    compare("own", "whole", [tmp_path / "pictures"], Console(file=text, width=200))
    assert "own and whole, 9 clicks on 1 pictures: IoU of their masks 0." in text.getvalue()
    with pytest.raises(ValueError, match="no picture in"):
        compare("own", "whole", [tmp_path / "models"])
