"""What the eyes do and where they point: classification, personal correction, drift, parallax."""
