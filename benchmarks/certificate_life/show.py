"""What `python -m benchmarks.certificate_life` runs."""

import time

import django

django.setup()

from django.core.management import call_command
from django.test.utils import setup_test_environment

from tests.certs.life import live, print_life


def main() -> None:
    """Make a database, live, and print."""
    setup_test_environment()  # mail stays in a list
    call_command("migrate", verbosity=0)
    began = time.process_time()
    life = live()
    print_life(life)
    print(f"{time.process_time() - began:.1f} CPU-seconds")


if __name__ == "__main__":
    main()
