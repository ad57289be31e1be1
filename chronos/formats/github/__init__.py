"""GitHub's webhooks.

Contract: "Webhook events and payloads" and "Validating webhook deliveries" in GitHub's
documentation; the payloads of octokit/webhooks (payload-examples/api.github.com).
"""

from chronos.formats.github.door import GitHubFormat

__all__ = ["GitHubFormat"]
