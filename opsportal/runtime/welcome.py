"""What a start says: where the portal is, how to log in, how to send the first alert."""

import shlex

from opsportal.runtime.prepare import FirstStart


def reachable(host: str) -> str:
    """An address to connect to, also when the server listens on all of them."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104


def url_of(host: str, port: int) -> str:
    """Where a browser on this machine reaches a portal that listens there."""
    name = reachable(host)
    return f"http://{f'[{name}]' if ':' in name else name}:{port}"


def setup_text(made: FirstStart) -> str:
    """What was made and will not be shown again; empty when nothing was."""
    lines = []
    if made.password:
        lines.append(f"Login:     {made.admin}  password {made.password}  (shown this once)")
    elif made.admin:
        lines.append(f"Login:     {made.admin}  with the password from OPSPORTAL_ADMIN_PASSWORD")
    if made.key:
        lines.append(f"API key:   {made.key}  (shown this once)")
    return "\n".join(lines)


def ready_text(url: str, made: FirstStart) -> str:
    """The address, the login and a curl line to paste."""
    lines = ["", f"opsportal is ready at {url}"]
    lines += [setup_text(made)] if made.admin or made.key else []
    if not made.admin:
        lines.append("Login:     as before; `manage.py changepassword NAME` sets a new password")
    bearer = made.key or "$OPSPORTAL_KEY"
    lines += [
        "Send an alert:",
        f"  curl {shlex.quote(url + '/api/v1/alerts')} \\",
        f'    -H "Authorization: Bearer {bearer}" -H "Content-Type: application/json" \\',
        """    -d '{"name": "DiskFull", "severity": "high", "service": "billing"}'""",
    ]
    if not made.key:
        lines.append(
            "  where OPSPORTAL_KEY=$(.venv/bin/python manage.py createkey NAME "
            "--scope alerts:write --scope alerts:read --scope events:write --scope events:read)"
        )
    return "\n".join([*lines, "Ctrl-C stops it.", ""])
