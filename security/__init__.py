"""How the cloud is configured, since when, who changed it, and whether that is safe."""
