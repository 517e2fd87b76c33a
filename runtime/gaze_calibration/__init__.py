"""Gaze calibration: targets to look at, the fit to what was seen, and what there is to say of it."""
