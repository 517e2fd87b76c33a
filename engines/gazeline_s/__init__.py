"""gazeline-s: the shipped model, its training data, training and export."""
