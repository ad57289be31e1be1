"""Pages of the cloud's configuration."""
