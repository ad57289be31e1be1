"""Check a host now, for machines."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from certs.check import Checked, CheckedAddress, Link, check_host
from certs.normalise import FoundEndpoint
from certs.tls import PROTOCOLS
from opsportal.accounts.actors import actor_of
from opsportal.accounts.permissions import scoped
from opsportal.lib.times import format_instant, utc_now

# Names of a certificate that are listed; a certificate may have thousands.
_MOST_NAMES = 100


class HostCheckSerializer(serializers.Serializer[Any]):
    """What to look at."""

    host = serializers.CharField(max_length=255, help_text="A name, or an address.")
    port = serializers.IntegerField(min_value=1, max_value=65535, required=False)
    protocol = serializers.ChoiceField(choices=list(PROTOCOLS), default="tls")
    server_name = serializers.CharField(
        required=False, allow_blank=True, max_length=255, default="",
        help_text="What to ask for (SNI) and to look for in the certificate, if not the host.",
    )  # fmt: skip


class CheckedCertificateSerializer(serializers.Serializer[Any]):
    """A certificate as served; only `read` where it cannot be read."""

    read = serializers.BooleanField()
    sha256 = serializers.CharField(required=False)
    subject = serializers.CharField(required=False)
    issuer = serializers.CharField(required=False)
    serial = serializers.CharField(required=False)
    not_before = serializers.DateTimeField(required=False)
    not_after = serializers.DateTimeField(required=False)
    days_left = serializers.IntegerField(required=False, help_text="Negative: over.")
    key = serializers.CharField(required=False)
    signature = serializers.CharField(required=False)
    names = serializers.ListField(
        child=serializers.CharField(), required=False, help_text=f"At most {_MOST_NAMES}."
    )
    name_count = serializers.IntegerField(required=False)
    self_signed = serializers.BooleanField(required=False)
    is_ca = serializers.BooleanField(required=False)


class CheckedAddressSerializer(serializers.Serializer[Any]):
    """What one address serves."""

    address = serializers.CharField()
    result = serializers.CharField(help_text="ok, refused, timeout_connect, not_tls, ...")
    detail = serializers.CharField()
    tls_version = serializers.CharField()
    cipher = serializers.CharField()
    client_cert_wanted = serializers.BooleanField()
    latency_ms = serializers.IntegerField()
    names_match = serializers.BooleanField(allow_null=True)
    trust = serializers.ListField(
        child=serializers.DictField(), help_text="By trust store: store, ok, message."
    )
    problems = serializers.ListField(child=serializers.CharField())
    chain = CheckedCertificateSerializer(many=True, help_text="As served: the leaf first.")


class CheckedSerializer(serializers.Serializer[Any]):
    """What came of it."""

    host = serializers.CharField()
    port = serializers.IntegerField()
    protocol = serializers.CharField()
    server_name = serializers.CharField()
    ok = serializers.BooleanField(help_text="Nothing is wrong anywhere.")
    problems = serializers.ListField(
        child=serializers.CharField(), help_text="Of the host as a whole."
    )
    addresses = CheckedAddressSerializer(many=True)
    endpoint = serializers.URLField(
        allow_null=True, help_text="Its page, where it is watched: then this was stored."
    )


class Check(APIView):
    """A check."""

    permission_classes = [scoped("certs:write")]

    @extend_schema(
        operation_id="cert_check",
        summary="Check a host now",
        request=HostCheckSerializer,
        responses=CheckedSerializer,
    )
    def post(self, request: Request) -> Response:
        """All addresses of the host, within 15 seconds; only what the portal may connect to."""
        read = HostCheckSerializer(data=request.data)
        read.is_valid(raise_exception=True)
        given = read.validated_data
        port = given.get("port") or PROTOCOLS[given["protocol"]].ports[0]
        found = FoundEndpoint(given["host"], port, given["protocol"], given["server_name"])
        return Response(as_json(check_host(found, actor=actor_of(request), now=utc_now())))


def as_json(checked: Checked) -> dict[str, Any]:
    """As CheckedSerializer says."""
    asked, endpoint = checked.asked, checked.endpoint
    return {
        "host": asked.host,
        "port": asked.port,
        "protocol": asked.protocol,
        "server_name": asked.server_name,
        "ok": checked.ok,
        "problems": list(checked.problems),
        "addresses": [_address(each) for each in checked.addresses],
        "endpoint": endpoint and settings.PUBLIC_URL + endpoint.get_absolute_url(),
    }


def _address(each: CheckedAddress) -> dict[str, Any]:
    reading = each.reading
    return {
        "address": each.address,
        "result": str(reading.result),
        "detail": reading.detail,
        "tls_version": reading.tls_version,
        "cipher": reading.cipher,
        "client_cert_wanted": reading.client_cert_wanted,
        "latency_ms": reading.latency_ms,
        "names_match": each.names_match,
        "trust": [
            {"store": held.store, "ok": held.ok, "message": held.message} for held in each.trust
        ],
        "problems": list(each.problems),
        "chain": _chain(each.chain),
    }


def _chain(chain: Sequence[Link]) -> list[dict[str, Any]]:
    return [_certificate(link) for link in chain]


def _certificate(link: Link) -> dict[str, Any]:
    parsed = link.parsed
    if parsed is None:
        return {"read": False}
    names = [each.value for each in parsed.names if each.kind != "cn"]
    return {
        "read": True,
        "sha256": parsed.sha256,
        "subject": parsed.subject,
        "issuer": parsed.issuer,
        "serial": parsed.serial,
        "not_before": format_instant(parsed.not_before),
        "not_after": format_instant(parsed.not_after),
        "days_left": link.days_left,
        "key": link.key,
        "signature": parsed.signature_name,
        "names": names[:_MOST_NAMES],
        "name_count": len(names),
        "self_signed": parsed.self_signed,
        "is_ca": parsed.is_ca,
    }
