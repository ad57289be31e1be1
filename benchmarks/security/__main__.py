"""`python -m benchmarks.security`: see --help and benchmarks/README.md."""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.portal import ROOT

POLICY = """policies:
- name: open
  resource: aws.security-group
  filters: [{type: ingress, Cidr: {value: 0.0.0.0/0}}]
"""


def main() -> None:
    """Each size in a process of its own, beside a cloud in another."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.security", description=__doc__)
    parser.add_argument("--sizes", default="1000,10000", help="security groups")
    parser.add_argument("--custodian", help="the custodian program of an environment of its own")
    arguments = parser.parse_args()
    for size in map(int, arguments.sizes.split(",")):
        argv = [sys.executable, "-m", "benchmarks.security.sky", str(size)]
        sky = subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        try:
            assert sky.stdout is not None
            url = f"http://127.0.0.1:{sky.stdout.readline().strip()}"
            with tempfile.TemporaryDirectory() as folder:
                environment = environment_of(url, folder)
                run([sys.executable, "-m", "benchmarks.security.measure", str(size)], environment)
                if arguments.custodian:
                    custodian(arguments.custodian, environment, Path(folder))
        finally:
            sky.terminate()
            sky.wait(10)


def environment_of(url: str, folder: str) -> dict[str, str]:
    """A cloud, credentials that are none, and a database of its own."""
    return os.environ | {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_EC2_METADATA_DISABLED": "true",
        "DJANGO_SETTINGS_MODULE": "opsportal.settings",
        "OPSPORTAL_DATABASE_URL": f"sqlite:///{folder}/benchmark.sqlite3",
        "OPSPORTAL_DATA_DIR": folder,
        "OPSPORTAL_SECRET_KEY": "for-a-benchmark-only-" + "x" * 50,
        "OPSPORTAL_LOG_LEVEL": "WARNING",
    }


def custodian(program: str, environment: dict[str, str], folder: Path) -> None:
    """One policy, without its cache: it keeps no history, so this is the fetch and a filter."""
    policy = folder / "policy.yml"
    policy.write_text(POLICY)
    argv = [program, "run", "--cache-period", "0", "-s", str(folder / "out"), str(policy)]
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)
    after, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter() - began
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    said = done.stderr.strip().splitlines()[-1:] or ["nothing"]
    print(f"  Cloud Custodian, whole process: {cpu:.2f} CPU s, {wall:.1f} s; said: {said[0][-90:]}")


def run(argv: list[str], environment: dict[str, str]) -> None:
    """With its output here; whatever is wrong ends it all."""
    done = subprocess.run(argv, cwd=ROOT, env=environment, check=False)
    if done.returncode:
        sys.exit(done.returncode)


if __name__ == "__main__":
    main()
