"""sslyze's certificate_info, run by an interpreter that has it; imports nothing of the portal."""

import json
import resource
import sys
import time
import warnings

from sslyze import (  # type: ignore[import-not-found,unused-ignore]
    ScanCommand,
    ScanCommandAttemptStatusEnum,
    Scanner,
    ServerNetworkLocation,
    ServerScanRequest,
)

AT_ONCE = 50


def main():
    warnings.simplefilter("ignore")
    where = json.load(sys.stdin)["where"]
    cpu, began = time.process_time(), time.perf_counter()
    scanner = Scanner(concurrent_server_scans_limit=AT_ONCE)
    scanner.queue_scans(
        [
            ServerScanRequest(
                ServerNetworkLocation("host.test", port, ip_address=address),
                scan_commands={ScanCommand.CERTIFICATE_INFO},
            )
            for address, port in where
        ]
    )
    read = 0
    for result in scanner.get_results():
        attempt = result.scan_result and result.scan_result.certificate_info
        if attempt and attempt.status == ScanCommandAttemptStatusEnum.COMPLETED:
            read += len(attempt.result.certificate_deployments[0].received_certificate_chain) == 2
    print(
        json.dumps(
            {
                "read": read,
                "seconds": time.perf_counter() - began,
                "cpu": time.process_time() - cpu,
                "above_idle_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            }
        )
    )


if __name__ == "__main__":
    main()
