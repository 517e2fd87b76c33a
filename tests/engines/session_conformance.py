"""What every `Session` must do. A backend's test inherits `SessionConformance` and says how to open a model file."""

import threading
from pathlib import Path

import numpy as np
import pytest

from gazeline.engines.session import Array, Session
from tests.engines.toy_models import write_own


class SessionConformance:
    """Inherit, and define ``open``."""

    def open(self, path: Path) -> Session:
        """A session of the ONNX file at ``path``."""
        raise NotImplementedError

    @pytest.fixture
    def session(self, tmp_path: Path) -> Session:
        """The toy decoder: several inputs, some with free lengths."""
        return self.open(write_own(tmp_path, size=64, m=32).decoder)

    @staticmethod
    def feeds(n: int = 2, points: int = 3) -> dict[str, Array]:
        """Inputs of the toy decoder for ``n`` prompts."""
        rng = np.random.default_rng(7)
        return {
            "image_embeddings": rng.normal(size=(1, 3, 32, 32)).astype(np.float32),
            "point_coords": rng.uniform(0, 63, (n, points, 2)).astype(np.float32),
            "point_labels": np.ones((n, points), np.float32),
            "mask_input": np.zeros((n, 1, 32, 32), np.float32),
            "has_mask_input": np.zeros(n, np.float32),
        }

    def test_it_tells_its_inputs_and_outputs(self, session: Session) -> None:
        assert list(session.inputs) == list(self.feeds())
        assert session.inputs["image_embeddings"].shape == (1, 3, 32, 32)
        assert session.inputs["point_coords"].shape == (None, None, 2)
        assert session.inputs["point_coords"].dtype == np.float32
        assert session.outputs["low_res_masks"].shape == (None, 3, 32, 32)
        assert session.backend

    def test_outputs_have_the_promised_types_and_follow_free_lengths(self, session: Session) -> None:
        for n, points in ((1, 1), (3, 2), (1, 4)):
            results = session.run(self.feeds(n, points))
            assert results.keys() == session.outputs.keys()
            assert results["low_res_masks"].shape == (n, 3, 32, 32)
            assert all(session.outputs[name].accepts(array) for name, array in results.items())

    def test_each_of_a_batch_is_as_alone(self, session: Session) -> None:
        together = self.feeds(3, 2)
        masks = session.run(together)["low_res_masks"]
        for i in range(3):
            alone = {k: v if k == "image_embeddings" else v[i : i + 1] for k, v in together.items()}
            np.testing.assert_allclose(session.run(alone)["low_res_masks"][0], masks[i], atol=1e-4)

    def test_results_belong_to_the_caller(self, session: Session) -> None:
        feeds = self.feeds()
        first = session.run(feeds)
        kept = {name: array.copy() for name, array in first.items()}
        session.run({**feeds, "image_embeddings": feeds["image_embeddings"] + 1})
        for name, array in first.items():
            np.testing.assert_array_equal(array, kept[name])
        for name, array in self.feeds().items():
            np.testing.assert_array_equal(feeds[name], array)

    def test_layouts_that_are_not_contiguous_are_accepted(self, session: Session) -> None:
        feeds = self.feeds()
        strided = {name: np.repeat(array, 2, axis=-1)[..., ::2] for name, array in feeds.items()}
        np.testing.assert_array_equal(session.run(strided)["low_res_masks"], session.run(feeds)["low_res_masks"])

    def test_several_threads_at_once(self, session: Session) -> None:
        inputs = [self.feeds(n) for n in (1, 2, 3, 4)]
        expected = [session.run(feeds)["low_res_masks"] for feeds in inputs]
        wrong: list[int] = []

        def work(i: int) -> None:
            runs = [session.run(inputs[i])["low_res_masks"] for _ in range(10)]
            wrong.extend(i for run in runs if not np.array_equal(run, expected[i]))

        threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not wrong

    def test_wrong_inputs_are_named(self, session: Session) -> None:
        feeds = self.feeds()
        with pytest.raises(ValueError, match="'point_labels' is missing"):
            session.run({k: v for k, v in feeds.items() if k != "point_labels"})
        with pytest.raises(ValueError, match="'colour' is not an input"):
            session.run({**feeds, "colour": feeds["point_labels"]})
        with pytest.raises(ValueError, match=r"'point_coords' must be float32 \?x\?x2, not float64 2x3x2"):
            session.run({**feeds, "point_coords": feeds["point_coords"].astype(np.float64)})
        with pytest.raises(ValueError, match="'mask_input' must be"):
            session.run({**feeds, "mask_input": np.zeros((2, 1, 16, 16), np.float32)})

    def test_a_missing_file_is_said(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError, match="no model file"):
            self.open(tmp_path / "none.onnx")

    @pytest.mark.parametrize("content", [b"", b"this is not a network", bytes(range(256)) * 8])
    def test_a_broken_file_is_said_in_one_line(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "broken.onnx"
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"broken\.onnx") as caught:
            self.open(path)
        assert "\n" not in str(caught.value)

    def test_once_closed_it_does_not_run(self, session: Session) -> None:
        session.close()
        session.close()
        with pytest.raises(ValueError, match="closed"):
            session.run(self.feeds())
