"""Listeners of load balancers: what is done with a request, and by which certificates.

Source: DescribeListeners, DescribeRules and DescribeListenerCertificates in the Elastic Load
Balancing API reference, version 2015-12-01.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from opsportal.lib.aws import Access

_SERVICE = "elbv2"
# Of a condition: where its values are, but for headers and queries.
_VALUES = (
    "HostHeaderConfig", "PathPatternConfig", "HttpRequestMethodConfig", "SourceIpConfig",
)  # fmt: skip


def listener_config(row: Mapping[str, Any]) -> dict[str, Any]:
    """A listener without its rules."""
    mutual = row.get("MutualAuthentication") or {}
    return {
        "protocol": row.get("Protocol"),
        "ssl_policy": row.get("SslPolicy"),
        "alpn": list(row.get("AlpnPolicy", [])),
        "mutual_tls": mutual.get("Mode"),
        "trust_store": mutual.get("TrustStoreArn"),
        "actions": _actions(row.get("DefaultActions", [])),
    }


def rules_of(row: Mapping[str, Any], access: Access) -> dict[str, Any]:
    """A listener's rules by priority, without the default. Only the newer HTTP ones have any."""
    if row.get("Protocol") not in ("HTTP", "HTTPS"):
        return {}
    rules = access.rows(_SERVICE, "describe_rules", "Rules", ListenerArn=row["ListenerArn"])
    return {
        str(rule["Priority"]): {
            "conditions": [_condition(inner) for inner in rule.get("Conditions", [])],
            "actions": _actions(rule.get("Actions", [])),
        }
        for rule in rules
        if not rule.get("IsDefault")
    }


def certificates_of(row: Mapping[str, Any], access: Access) -> list[str]:
    """The default certificate and the others of a listener."""
    rows = access.rows(
        _SERVICE, "describe_listener_certificates", "Certificates", ListenerArn=row["ListenerArn"]
    )
    others = {inner["CertificateArn"] for inner in rows}
    return sorted(others | {inner["CertificateArn"] for inner in row["Certificates"]})


def _actions(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """In the order in which they are done."""
    ordered = sorted(rows, key=lambda row: row.get("Order") or 0)
    return [_action(row) for row in ordered]


def _action(row: Mapping[str, Any]) -> dict[str, Any]:
    forward = (row.get("ForwardConfig") or {}).get("TargetGroups", [])
    targets = {inner["TargetGroupArn"] for inner in forward if inner.get("TargetGroupArn")}
    if row.get("TargetGroupArn"):
        targets.add(row["TargetGroupArn"])
    redirect = row.get("RedirectConfig")
    fixed = row.get("FixedResponseConfig")
    oidc, cognito = row.get("AuthenticateOidcConfig"), row.get("AuthenticateCognitoConfig")
    return {
        "type": row.get("Type"),
        "targets": sorted(targets),
        "redirect": {
            "protocol": redirect.get("Protocol"),
            "host": redirect.get("Host"),
            "port": redirect.get("Port"),
            "path": redirect.get("Path"),
            "status": redirect.get("StatusCode"),
        }
        if redirect
        else None,
        "status": fixed.get("StatusCode") if fixed else None,
        # Who says who somebody is.
        "authenticates_by": (oidc or {}).get("Issuer") or (cognito or {}).get("UserPoolArn"),
    }


def _condition(row: Mapping[str, Any]) -> dict[str, Any]:
    values = list(row.get("Values", []))
    for name in _VALUES:
        values += (row.get(name) or {}).get("Values", [])
    header = row.get("HttpHeaderConfig") or {}
    query = (row.get("QueryStringConfig") or {}).get("Values", [])
    values += header.get("Values", [])
    values += [f"{inner.get('Key', '')}={inner.get('Value', '')}" for inner in query]
    return {
        "field": row.get("Field"),
        "header": header.get("HttpHeaderName"),
        "values": sorted(set(values)),
    }
