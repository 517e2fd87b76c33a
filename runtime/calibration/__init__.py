"""``gazeline calibrate``: boards in pictures, recordings and live streams, and the reports on what was made of them."""
