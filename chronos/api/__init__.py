"""The REST API of the timeline."""
