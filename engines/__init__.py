"""Model bundles, inference sessions and the promptable segmenter on top of them."""
