"""Pages of the timeline."""
