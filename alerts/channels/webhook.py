"""The webhook channel."""


class WebhookChannel:
    """Stands until written."""

    slug = "webhook"
    label = "webhook"
