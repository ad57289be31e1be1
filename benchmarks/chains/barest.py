"""The least that could read chains with asyncio and ssl: no deadline that holds, no reasons, no
caps, no STARTTLS, nothing outdated."""

import asyncio
import ssl

from certs.tls.served import served_chain


def run(where: list[tuple[str, int]], concurrency: int) -> int:
    """How many chains were read."""
    return asyncio.run(read_all(where, concurrency))


async def read_all(where: list[tuple[str, int]], concurrency: int) -> int:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    turns = asyncio.Semaphore(concurrency)

    async def read(address: str, port: int) -> bool:
        async with turns:
            _, writer = await asyncio.open_connection(
                address, port, ssl=context, server_hostname=""
            )
            chain = served_chain(writer.get_extra_info("ssl_object"))
            writer.close()
            return len(chain) == 2

    return sum(await asyncio.gather(*(read(*each) for each in where)))
