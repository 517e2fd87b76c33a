"""Settings files: what is written there is what holds, and mistakes are named."""

from pathlib import Path

import pytest

from gazeline.runtime import config


def test_without_a_file_the_defaults_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert config.load() == config.Settings()
    (tmp_path / "gazeline.toml").write_text("[gaze]\nfixation_ms = 120\n")
    settings = config.load()
    assert settings.gaze.fixation_ms == 120.0
    assert settings.gaze.dispersion_deg == config.Settings().gaze.dispersion_deg
    assert settings.model == config.ModelSettings()


def test_every_section_is_read() -> None:
    settings = config.loads(
        """
        stats_hz = 5
        [gaze]
        confidence_min = 0.8
        [model]
        name = "mobile-sam"
        threads = 2
        [outline]
        tolerance_px = 0.5
        [bus]
        address = "tcp://127.0.0.1:5555"
        pupil_remote_port = 50020
        """
    )
    assert (settings.stats_hz, settings.gaze.confidence_min, settings.model.name) == (5.0, 0.8, "mobile-sam")
    assert (settings.outline.tolerance_px, settings.bus.pupil_remote_port) == (0.5, 50020)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[gaze]\nconfidence_mn = 1\n", "no setting gaze.confidence_mn; did you mean gaze.confidence_min?"),
        ("[gase]\n", "no setting gase; did you mean gaze?"),
        (
            "quite_other = 1\n",
            "no setting quite_other; known are gaze, model, outline, label, survey, sync, bus, stats_hz",
        ),
        ('[gaze]\nconfidence_min = "high"\n', "gaze.confidence_min: expected `float`, got `str`"),
        ("[gaze]\nconfidence_min = 1.5\n", "gaze.confidence_min: expected `float` <= 1.0"),
        ('[model]\nwindow = "half"\n', "model.window: invalid enum value 'half'"),
        ("gaze = 3\n", "gaze: expected `object`, got `int`"),
        ("[gaze\n", "is not valid TOML"),
        ("[outline]\ndefault_depth_m = nan\n", "outline.default_depth_m: expected `float`"),
    ],
)
def test_mistakes_are_named_with_file_and_key(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "my.toml"
    file.write_text(text)
    with pytest.raises(ValueError, match=r"my\.toml") as error:
        config.load(file)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_that_was_asked_for_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no such settings file"):
        config.load(tmp_path / "none.toml")
    with pytest.raises(ValueError, match="is a folder"):
        config.load(tmp_path)
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match="not UTF-8"):
        config.load(tmp_path / "bytes.toml")
