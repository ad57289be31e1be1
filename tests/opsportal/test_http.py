"""The guarded client, against real servers on loopback."""

import socket
import ssl
import threading
import time

import pytest
import trustme

from opsportal.lib.errors import DeliveryError, PayloadError
from opsportal.lib.http import check_url, send_request
from opsportal.lib.outbound import permitted
from tests.opsportal.servers import dripping, serving


@pytest.fixture(autouse=True)
def _nothing_opened(settings):
    settings.OUTBOUND_ALLOW = []


@pytest.fixture
def server():
    with serving() as server:
        yield server


@pytest.fixture
def loopback(settings):
    settings.OUTBOUND_ALLOW = ["127.0.0.0/8", "::1/128"]


@pytest.fixture
def names(monkeypatch):
    """Names that resolve as the test says; each answer is given once, the last for ever."""
    known: dict[str, list[list[str]]] = {}
    real = socket.getaddrinfo

    def resolve(host, port, *args, **kwargs):
        if host not in known:
            return real(host, port, *args, **kwargs)
        answers = known[host]
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        return [entry for text in found for entry in real(text, port, *args, **kwargs)]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return known


def test_a_request_is_sent_and_answered(server, loopback):
    url = f"http://127.0.0.1:{server.server_port}/a b".replace(" ", "%20") + "?q=ü#part"
    answer = send_request("POST", url, body=b"{}", headers={"X-Test": "1"})
    assert (answer.status, answer.body, answer.truncated) == (202, b"thanks", False)
    assert answer.headers["retry-after"] == "7"
    method, path, headers, body = server.seen[0]
    assert (method, path, body) == ("POST", "/a%20b?q=%C3%BC", b"{}")
    assert headers["Host"] == f"127.0.0.1:{server.server_port}"
    assert headers["X-Test"] == "1"


def test_a_redirect_is_an_answer_and_is_not_followed(server, loopback):
    assert send_request("GET", f"http://127.0.0.1:{server.server_port}/redirect").status == 302
    assert [path for _, path, _, _ in server.seen] == ["/redirect"]


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "127.1", "2130706433", "0x7f.1", "0177.0.0.1", "localhost", "0.0.0.0",
        "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::127.0.0.1]",
        "[2002:7f00:1::]", "[::127.0.0.1]", "169.254.169.254", "10.1.2.3", "192.168.0.1",
        "172.31.255.255", "100.64.0.1", "224.0.0.1", "[ff02::1]", "[fd00::1]", "255.255.255.255",
        "\uff11\uff12\uff17\u30020\u30020\u30021", "[64:ff9b:1::1]", "[::ffff:0:127.0.0.1]",
        "[2001:db8::1]", "192.0.2.1",
    ],
)  # fmt: skip
def test_an_address_that_is_not_public_is_refused_without_a_connection(server, host):
    with pytest.raises(DeliveryError) as caught:
        send_request("GET", f"http://{host}:{server.server_port}/")
    assert caught.value.permanent
    assert "OPSPORTAL_OUTBOUND_ALLOW" in caught.value.message
    assert server.seen == []


def test_the_message_names_the_address(server):
    with pytest.raises(DeliveryError, match=r"127\.1: the address 127\.0\.0\.1 is not public"):
        send_request("GET", f"http://127.1:{server.server_port}/")


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::"],
)
def test_public_addresses_are_permitted(address):
    assert permitted(address)


def test_only_the_opened_ranges_are_permitted(settings):
    settings.OUTBOUND_ALLOW = ["10.0.0.0/8", "fd00::/8"]
    assert permitted("10.1.2.3")
    assert permitted("::ffff:10.1.2.3")
    assert permitted("fd12::1")
    assert not permitted("127.0.0.1")
    assert not permitted("fe80::1%eth0")


def test_one_private_address_among_public_ones_refuses_the_name(names):
    names["mixed.example"] = [["8.8.8.8", "127.0.0.1"]]
    with pytest.raises(DeliveryError, match=r"mixed\.example: the address 127\.0\.0\.1"):
        send_request("GET", "http://mixed.example/")


def test_a_name_is_resolved_once_so_that_it_cannot_be_rebound(settings, names):
    settings.OUTBOUND_ALLOW = ["127.0.0.2/32"]
    with serving("127.0.0.2") as good, serving("127.0.0.1") as bad:
        names["rebind.example"] = [["127.0.0.2"], ["127.0.0.1"]]
        send_request("GET", f"http://rebind.example:{good.server_port}/")
        assert good.seen[0][2]["Host"] == f"rebind.example:{good.server_port}"
        with pytest.raises(DeliveryError) as caught:
            send_request("GET", f"http://rebind.example:{bad.server_port}/")
        assert caught.value.permanent
        assert bad.seen == []


def test_the_next_address_is_tried_when_one_does_not_answer(loopback, names, server):
    names["two.example"] = [["127.0.0.3", "127.0.0.1"]]
    assert send_request("GET", f"http://two.example:{server.server_port}/").status == 202


@pytest.fixture
def authority(monkeypatch, tmp_path):
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    return authority


def tls_for(authority, name):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


def test_tls_is_checked_against_the_name_though_connected_to_the_address(
    authority, loopback, names
):
    names["secure.example"] = names["other.example"] = [["127.0.0.1"]]
    seen = []
    context = tls_for(authority, "secure.example")
    context.sni_callback = lambda sock, name, ctx: seen.append(name)
    with serving(context=context) as server:
        url = f"https://secure.example:{server.server_port}/"
        assert send_request("GET", url).body == b"thanks"
        assert seen == ["secure.example"]
        with pytest.raises(DeliveryError, match="certificate") as caught:
            send_request("GET", f"https://other.example:{server.server_port}/")
        assert not caught.value.permanent


def test_an_unknown_authority_is_not_trusted(authority, loopback, names):
    names["secure.example"] = [["127.0.0.1"]]
    with (
        serving(context=tls_for(trustme.CA(), "secure.example")) as server,
        pytest.raises(DeliveryError, match="certificate"),
    ):
        send_request("GET", f"https://secure.example:{server.server_port}/")


@pytest.mark.parametrize(
    ("first", "piece"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n", b"x"),
        (b"HTTP/1.1 200 OK\r\n\r\n", b"x"),
        (b"HTTP/1.1 200 OK\r\nX: ", b"x"),
        (b"", b""),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    ],
)
@pytest.mark.parametrize("secure", [False, True])
def test_a_server_that_drips_is_left_at_the_deadline(
    first, piece, secure, authority, loopback, names
):
    names["slow.example"] = [["127.0.0.1"]]
    context = tls_for(authority, "slow.example") if secure else None
    with dripping(first, piece, context) as port:
        started = time.monotonic()
        with pytest.raises(DeliveryError, match=r"no complete answer within 0\.3 s") as caught:
            send_request(
                "GET", f"http{'s' * secure}://slow.example:{port}/", timeout=0.3, max_bytes=10**6
            )
    assert not caught.value.permanent
    assert time.monotonic() - started < 5


def test_a_handshake_that_never_ends_is_left_at_the_deadline(authority, loopback):
    with (
        dripping(b"", b"") as port,
        pytest.raises(DeliveryError, match="no complete answer") as caught,
    ):
        send_request("GET", f"https://127.0.0.1:{port}/", timeout=0.3)
    assert not caught.value.permanent


def test_a_resolver_that_hangs_is_left_at_the_deadline(monkeypatch):
    release = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: release.wait(10) and [])
    with pytest.raises(DeliveryError, match="was not resolved within"):
        send_request("GET", "http://slow.example/", timeout=0.2)
    release.set()


def test_no_more_than_the_limit_is_read(server, loopback):
    url = f"http://127.0.0.1:{server.server_port}/huge"
    answer = send_request("GET", url, max_bytes=1000)
    assert (len(answer.body), answer.truncated) == (1000, True)


def test_an_answer_cut_short_is_a_failure(server, loopback):
    with pytest.raises(DeliveryError) as caught:
        send_request("GET", f"http://127.0.0.1:{server.server_port}/short")
    assert not caught.value.permanent


def test_nobody_listening_is_worth_a_retry_and_tells_no_secrets(loopback):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(DeliveryError, match="cannot connect") as caught:
        send_request("GET", f"http://127.0.0.1:{port}/hook/token?key=secret")
    assert not caught.value.permanent
    assert "secret" not in caught.value.message
    assert "token" not in caught.value.message


def test_a_name_that_cannot_be_resolved_is_worth_a_retry(monkeypatch):
    def fail(*args, **kwargs):
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(DeliveryError, match="cannot be resolved") as caught:
        send_request("GET", "http://gone.example/")
    assert not caught.value.permanent


def test_proxies_of_the_environment_are_not_asked(server, loopback, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert send_request("GET", f"http://127.0.0.1:{server.server_port}/").status == 202


@pytest.mark.parametrize("headers", [{"X": "a\r\nY: b"}, {"X\r\nY": "a"}, {"Host": "evil"}])
def test_headers_cannot_smuggle(server, loopback, headers):
    with pytest.raises(DeliveryError) as caught:
        send_request("GET", f"http://127.0.0.1:{server.server_port}/", headers=headers)
    assert caught.value.permanent
    assert server.seen == []


@pytest.mark.parametrize(
    "url",
    [
        "", "nonsense", "ftp://x/", "file:///etc/passwd", "gopher://x/", "http://", "http:///x",
        "http://u:p@x/", "http://@x/", "http://x:99999/", "http://x:0/", "http://x y/",
        "http://x/\r\nHost: y", "http://x\\@y/", "http://x/\x00", "http://[::1/", "//x/",
        "http://x/" + "a" * 2000, "http://[fe80::1%25eth0]/", "http://" + "a" * 64 + ".example/",
        "http://x/\ud800", "javascript:alert(1)", "http://a..b/",
    ],
)  # fmt: skip
def test_nonsense_is_refused_by_the_form_and_by_the_client(url):
    with pytest.raises(PayloadError):
        check_url(url)
    with pytest.raises(DeliveryError) as caught:
        send_request("GET", url)
    assert caught.value.permanent


@pytest.mark.parametrize(
    "url", ["http://x", "https://bücher.example/ü?a=1", "http://[2001:db8::1]:80/", "HTTP://X/"]
)
def test_what_could_be_called_passes_the_form(url):
    check_url(url)
