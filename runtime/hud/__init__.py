"""The head-up display: outlines and labels locked to the world, drawn through OpenXR or to a picture."""
