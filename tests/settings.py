"""The portal's settings, in a data directory of the run's own and with cheap passwords.

OPSPORTAL_DATABASE_URL and OPSPORTAL_REDIS_URL choose what the suite runs on; nothing else of the
environment reaches it.
"""

import atexit
import os
import shutil
import tempfile
from datetime import timedelta

_KEPT = ("OPSPORTAL_DATABASE_URL", "OPSPORTAL_REDIS_URL")
if _redis := os.environ.get("OPSPORTAL_REDIS_URL"):
    # Tests empty the cache: every process of the run has one of its own.
    _number = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    os.environ["OPSPORTAL_REDIS_URL"] = f"{_redis.rsplit('/', 1)[0]}/{_number}"
if "OPSPORTAL_TEST_ASSETS" not in os.environ:  # the first process of the run makes it
    _assets = tempfile.mkdtemp(prefix="opsportal-assets-")
    atexit.register(shutil.rmtree, _assets, ignore_errors=True)
    os.environ["OPSPORTAL_TEST_ASSETS"] = _assets
_data = tempfile.mkdtemp(prefix="opsportal-tests-")
atexit.register(shutil.rmtree, _data, ignore_errors=True)
for _name in [name for name in os.environ if name.startswith("OPSPORTAL_")]:
    if _name not in _KEPT and not _name.startswith("OPSPORTAL_TEST_"):
        del os.environ[_name]
os.environ["OPSPORTAL_DATA_DIR"] = _data
os.environ["OPSPORTAL_SECRET_KEY"] = "for-tests-only-" + "x" * 50
os.environ["OPSPORTAL_ALLOWED_HOSTS"] = "*"
os.environ["OPSPORTAL_OUTBOUND_ALLOW"] = "127.0.0.0/8,::1/128"
os.environ["OPSPORTAL_LOG_LEVEL"] = "WARNING"
os.environ["OPSPORTAL_LOG_FORMAT"] = "text"

from opsportal.settings import *
from opsportal.settings import CACHES, DATA_DIR, DATABASES, SQLITE, STATIC_ROOT, STORAGES

# Senders are counted at once, not by a thread that outlives the test.
TALLY_EVERY = timedelta(0)
STATIC_ROOT.mkdir(exist_ok=True)  # whitenoise looks for it
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
if SQLITE:
    # A real file, as in production: threads of a test have connections of their own.
    DATABASES["default"]["TEST"] = {"NAME": str(DATA_DIR / "test.sqlite3")}
    _options = DATABASES["default"]["OPTIONS"]
    _options["init_command"] = _options["init_command"].replace("=FULL", "=OFF")
if "RedisCache" not in str(CACHES["default"]["BACKEND"]):
    CACHES["default"] = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
