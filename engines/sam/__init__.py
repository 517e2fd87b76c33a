"""From a segment-anything checkpoint to a bundle. Needs the extra ``export``; nothing here runs in the loop."""
