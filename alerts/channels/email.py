"""The email channel."""


class EmailChannel:
    """Stands until written."""

    slug = "email"
    label = "email"
