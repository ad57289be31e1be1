"""What `python -m benchmarks.certificate_states` runs."""

import sys

import django

django.setup()

from django.core.management import call_command

from certs.demo import CertificateDemo
from certs.models import Endpoint
from opsportal.lib.times import utc_now
from opsportal.runtime.demo import Sink, Stage
from tests.alerts.configuring import apply
from tests.certs.states import STATES, found
from tests.certs.turning import turn


def main() -> int:
    """Make a database, look once, judge, and print; 1 where one is not as it should be."""
    call_command("migrate", verbosity=0)
    sink = Sink()
    stage = Stage(sink.url, "ops_k_x", sink, seed=1, tell=lambda text: None)
    apply("teams: [{name: platform}, {name: payments}]")
    # Kept, since what it keeps open closes with it.
    demo = CertificateDemo()
    apply(demo.configuration(stage))
    turn(utc_now())
    wrong = 0
    for row in Endpoint.objects.order_by("pk"):
        seen = (row.result, found(row.service))
        right = seen == STATES[row.service]
        wrong += not right
        observed = row.observations.filter(current=True).first()
        spoken = f"{observed.tls_version} {observed.detail[:40]}".strip() if observed else ""
        kinds = ", ".join(sorted(seen[1])) or "-"
        word = "right" if right else "WRONG"
        print(f"{row.service:10}{row.result:20}{spoken:44}{kinds:32}{word}")
    sink.close()
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
