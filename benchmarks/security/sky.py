"""A cloud of nothing but security groups, 1,000 on a page: `python -m benchmarks.security.sky N`.

The answers are made beforehand, so that what asks is measured, and not what answers.
"""

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

PAGE = 1000
_RULE = (
    "<item><ipProtocol>tcp</ipProtocol><fromPort>{port}</fromPort><toPort>{port}</toPort>"
    "<groups/><ipRanges><item><cidrIp>10.{net}.0.0/16</cidrIp><description>office</description>"
    "</item></ipRanges><ipv6Ranges/><prefixListIds/></item>"
)
_GROUP = (
    "<item><ownerId>123456789012</ownerId><groupId>sg-{number:017x}</groupId>"
    "<groupName>web-{number}</groupName><groupDescription>of the benchmark</groupDescription>"
    "<vpcId>vpc-1</vpcId><ipPermissions>{rules}</ipPermissions><ipPermissionsEgress><item>"
    "<ipProtocol>-1</ipProtocol><groups/><ipRanges><item><cidrIp>0.0.0.0/0</cidrIp></item>"
    "</ipRanges><ipv6Ranges/><prefixListIds/></item></ipPermissionsEgress><tagSet><item>"
    "<key>env</key><value>prod</value></item></tagSet></item>"
)
_IDENTITY = (
    "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/x"
    "</Arn><UserId>AIDAX</UserId><Account>123456789012</Account></GetCallerIdentityResult>"
    "</GetCallerIdentityResponse>"
)


def group(number: int) -> str:
    """One, with five rules in and one out."""
    ports = (22, 80, 443, 5432, 8080)
    rules = "".join(_RULE.format(port=port, net=number % 256) for port in ports)
    return _GROUP.format(number=number, rules=rules)


def pages(number: int) -> list[bytes]:
    """All answers, in their order."""
    found = []
    for start in range(0, number, PAGE):
        rows = "".join(group(index) for index in range(start, min(start + PAGE, number)))
        more = f"<nextToken>{start + PAGE}</nextToken>" if start + PAGE < number else ""
        found.append(
            "<DescribeSecurityGroupsResponse><requestId>r</requestId><securityGroupInfo>"
            f"{rows}</securityGroupInfo>{more}</DescribeSecurityGroupsResponse>".encode()
        )
    return found


def serve(number: int) -> None:
    """Until it is ended; the port on the first line."""
    answers = pages(number)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            """Whatever is asked, by its action."""
            asked = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            body = _IDENTITY.encode()
            if asked["Action"] == ["DescribeSecurityGroups"]:
                body = answers[int(asked.get("NextToken", ["0"])[0]) // PAGE]
            self.send_response(200)
            self.send_header("Content-Type", "text/xml")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Not a word."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    serve(int(sys.argv[1]))
