"""Masks cut to the piece that was clicked on."""

import numpy as np

from gazeline.engines.pieces import clicked_pieces


def test_other_pieces_go_and_the_clicked_one_stays_as_it_is() -> None:
    logits = np.full((2, 20, 20), -3.0, np.float32)
    logits[:, 2:8, 2:8] = 2.5
    logits[:, 2:8, 12:18] = 4.0
    logits[1, 12:18, 2:8] = 1.0
    cut = clicked_pieces(logits, np.array([[4.0, 5.0]]))
    assert (cut[:, 2:8, 2:8] == 2.5).all()
    assert ((cut > 0).sum(axis=(1, 2)) == 36).all()
    assert (cut[:, :, 12:18] < 0).all()

    both = clicked_pieces(logits, np.array([[4.0, 5.0], [15.0, 5.0]]))
    assert ((both > 0).sum(axis=(1, 2)) == 72).all()


def test_a_click_beside_every_piece_takes_the_nearest() -> None:
    logits = np.full((1, 20, 20), -3.0, np.float32)
    logits[0, 2:5, 2:5] = 1.0
    logits[0, 12:18, 12:18] = 1.0
    cut = clicked_pieces(logits, np.array([[10.0, 11.0]]))
    assert (cut[0] > 0).sum() == 36
    assert (cut[0, 2:5, 2:5] < 0).all()


def test_one_piece_with_a_hole_and_an_empty_mask_stay() -> None:
    logits = np.full((2, 20, 20), -3.0, np.float32)
    logits[0, 3:17, 3:17] = 1.0
    logits[0, 8:12, 8:12] = -1.0
    assert (clicked_pieces(logits, np.array([[10.0, 10.0]])) == logits).all()
