"""`python -m benchmarks.chains.servers LIVE DEAD`: servers in a process of their own.

Each has an address and port and, if it lives, a certificate (P-256, below one intermediate) of its
own; the dead accept and say nothing. Prints them as JSON, and serves until its input ends.
"""

import asyncio
import json
import random
import resource
import socket
import ssl
import sys
import tempfile
from pathlib import Path

from tests.certs.pki import intermediate


def main(live: int, dead: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = live + dead + 2000
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))
    asyncio.run(serve(live, dead))


async def serve(live: int, dead: int) -> None:
    """Until standard input ends."""
    # The dead are not all in one network.
    numbers = list(range(live + dead))
    random.Random(0).shuffle(numbers)  # noqa: S311  (no secret)
    listeners = [listening(number) for number in numbers]
    loop = asyncio.get_running_loop()
    for listener, context in zip(listeners[:live], contexts(live), strict=True):
        loop.add_reader(listener, accept, listener, context)
    where = [listener.getsockname() for listener in listeners]
    print(json.dumps({"live": where[:live], "dead": where[live:]}), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


def listening(number: int) -> socket.socket:
    """On an address of its own: 127.1.0.0/16."""
    listener = socket.socket()
    listener.setblocking(False)
    listener.bind((f"127.1.{number // 250}.{1 + number % 250}", 0))
    listener.listen(64)
    return listener


def contexts(count: int) -> list[ssl.SSLContext]:
    """Each with its own chain of two."""
    issuer = intermediate()
    made = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(count):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*issuer.issue(f"host-{number}.test").write(Path(folder)))
            context.num_tickets = 0
            made.append(context)
    return made


def accept(listener: socket.socket, context: ssl.SSLContext) -> None:
    """One connection, without a task or a stream: the servers are not what is measured."""
    try:
        connection, _ = listener.accept()
    except OSError:
        return
    connection.setblocking(False)
    secured = context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
    step(secured)


def step(secured: ssl.SSLSocket) -> None:
    """As far as the handshake goes now; then until the client closes."""
    loop = asyncio.get_running_loop()
    loop.remove_reader(secured)
    try:
        secured.do_handshake()
        if secured.recv(1):
            return
    except ssl.SSLWantReadError:
        loop.add_reader(secured, step, secured)
        return
    except OSError:
        pass
    secured.close()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
