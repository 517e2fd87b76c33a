"""``gazeline calibrate``: cameras, gaze and clocks, and the reports on what was found."""
