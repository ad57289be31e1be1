"""How long pages of the cloud's configuration take over much history."""
