"""A world of the demo's own: a portal on data that is thrown away, a cloud and a mail server.

The portal must know the cloud's and the mail server's address from its start, so both are chosen
here and told by the environment; the play that runs beside it starts them (`alerts/demo`).
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path

from django.conf import settings

from opsportal.runtime.supervise import Guardian
from opsportal.runtime.welcome import url_of

READY_SECONDS = 120.0
# moto's only account.
CLOUD_ACCOUNT, CLOUD_REGION = "123456789012", "us-east-1"


def answers(url: str) -> bool:
    """Whether a portal, or anything, answers there."""
    try:
        with urllib.request.urlopen(f"{url}/healthz", timeout=5):  # noqa: S310 - our own address
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def world_environment(folder: Path) -> Mapping[str, str]:
    """What the portal and the play are told; the ports were free a moment ago."""
    cloud, mail = _free_port(), _free_port()
    return {
        **os.environ,
        "OPSPORTAL_DATA_DIR": str(folder),
        "OPSPORTAL_OUTBOUND_ALLOW": "127.0.0.0/8,::1/128",
        "OPSPORTAL_CERTS_SCAN_ALLOW": "127.0.0.0/8,::1/128",
        "OPSPORTAL_CERTS_FILES": str(folder / "tls"),
        "OPSPORTAL_EMAIL_URL": f"smtp://127.0.0.1:{mail}",
        "OPSPORTAL_LOG_LEVEL": "ERROR",
        "OPSPORTAL_REMEDIATE_ACCOUNTS": CLOUD_ACCOUNT,
        "OPSPORTAL_REMEDIATE_REGIONS": CLOUD_REGION,
        # A fleet of five: ten percent of it is one, whatever a rule says.
        "OPSPORTAL_REMEDIATE_MOST_PERCENT": "50",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{cloud}",
        "AWS_ACCESS_KEY_ID": "demo",
        "AWS_SECRET_ACCESS_KEY": "demo",
        "AWS_DEFAULT_REGION": CLOUD_REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        # Else each account of moto owns some 1,300 snapshots, one for each image of Amazon's.
        "MOTO_EC2_LOAD_DEFAULT_AMIS": "false",
    }


def run_world(host: str, port: int, words: Sequence[str]) -> int:
    """Start the portal and the play beside it until Ctrl-C; the play's exit code."""
    folder = settings.DATA_DIR / "demo"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    environment = world_environment(folder)
    address = ["--host", host, "--port", str(port)]
    portal = _manage(["up", *address], environment)
    guardian = Guardian()  # however this process ends, the portal does not stay behind
    guardian.tell("+", portal.pid)
    try:
        _wait_until_ready(portal, url_of(host, port))
        play = _manage(["demo", "--fast", *address, *words], environment)
        # Ctrl-C reaches all three: the play says goodbye to a portal that still answers.
        while True:
            with contextlib.suppress(KeyboardInterrupt):
                return play.wait()
    except KeyboardInterrupt:
        return 0
    finally:
        portal.send_signal(signal.SIGTERM)
        with contextlib.suppress(KeyboardInterrupt):
            portal.wait(30)
        guardian.tell("-", portal.pid)
        guardian.dismiss()


def _manage(words: Sequence[str], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    argv = [sys.executable, str(settings.BASE_DIR / "manage.py"), *words]
    # The portal is in a group of its own, so that Ctrl-C does not end it before the play.
    return subprocess.Popen(argv, env=dict(environment), start_new_session=words[0] == "up")  # noqa: S603


def _wait_until_ready(portal: subprocess.Popen[bytes], url: str) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not answers(url):
        if portal.poll() is not None:
            sys.exit(portal.returncode)
        if time.monotonic() > deadline:
            sys.exit(f"The portal did not answer at {url} within {READY_SECONDS:.0f} s.")
        time.sleep(0.2)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
