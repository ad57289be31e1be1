"""A key that posts JSON."""

import json

from tests.accounts.people import make_key

ROOT = "/api/v1/certs/"


class Api:
    """By a key with all scopes of certificates."""

    def __init__(self, client, **options):
        _, secret = make_key("certs:read", "certs:write", **options)
        self._client, self._key = client, {"Authorization": f"Bearer {secret}"}

    def get(self, path):
        return self._client.get(ROOT + path, headers=self._key)

    def delete(self, path):
        return self._client.delete(ROOT + path, headers=self._key)

    def send(self, method, path, body):
        return getattr(self._client, method)(
            ROOT + path, json.dumps(body), content_type="application/json", headers=self._key
        )
