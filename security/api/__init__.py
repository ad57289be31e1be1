"""The cloud's configuration over REST."""
