"""Secrets at rest, and the key they hang on."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.exceptions import ImproperlyConfigured

from opsportal.lib.crypto import decrypt_json, encrypt_json
from opsportal.lib.env import kept_secret


def test_what_is_encrypted_is_not_readable_and_comes_back():
    text = encrypt_json({"secret": "open sesame"})
    assert "sesame" not in text
    assert decrypt_json(text) == {"secret": "open sesame"}


def test_a_former_key_still_reads_and_a_lost_one_is_named(settings):
    text = encrypt_json("open sesame")
    settings.SECRET_KEY, former = "another" * 9, settings.SECRET_KEY
    with pytest.raises(ImproperlyConfigured, match="OPSPORTAL_SECRET_KEY"):
        decrypt_json(text)
    settings.SECRET_KEY_FALLBACKS = [former]
    assert decrypt_json(text) == "open sesame"


def test_starts_at_the_same_time_agree_on_the_generated_key(tmp_path):
    path = tmp_path / "secret_key"
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(kept_secret, [path] * 8))
    assert len(found) == 1
    assert len(found.pop()) > 60
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["secret_key"]
