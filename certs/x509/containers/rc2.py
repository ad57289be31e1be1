"""RC2 in CBC mode (RFC 2268), decryption only: what older keystores hide certificates with.

No library has it with keys of 40 bits any more.
"""

import struct

_TABLE = bytes.fromhex(
    "d978f9c419ddb5ed28e9fd794aa0d89dc67e37832b76538e624c6488448bfba2"
    "179a59f587b34f1361456d8d09817d32bd8f40eb86b77b0bf09521225c6b4e82"
    "54d66593ce60b21c7356c014a78cf1dc1275ca1f3bbee4d1423dd430a33cb626"
    "6fbf0eda4669075727f21d9bbc944303f811c7f690ef3ee706c3d52fc8661ed7"
    "08e8eade8052eef784aa72ac354d6a2a961ad2715a1549744b9fd05e0418a4ec"
    "c2e0416e0f51cbcc2491af50a1f47039997c3a8523b8b47afc02365b25559731"
    "2d5dfa98e38a92ae05df2910676cbac9d300e6cfe19ea82c6316013f58e289a9"
    "0d38341bab33ffb0bb480c5fb9b1cd2ec5f3db47e5a59c770aa62068fe7fc1ad"
)
_ROTATIONS = (1, 2, 3, 5)
_WORDS = struct.Struct("<4H")


def decrypt_rc2(key: bytes, vector: bytes, data: bytes) -> bytes:
    """The plain bytes, with their padding; the key's bits are all that count."""
    schedule = _schedule(key)
    plain = bytearray()
    for at in range(0, len(data) - 7, 8):
        block = data[at : at + 8]
        opened = _decrypt_block(schedule, block)
        plain += bytes(a ^ b for a, b in zip(opened, vector, strict=True))
        vector = block
    return bytes(plain)


def _schedule(key: bytes) -> tuple[int, ...]:
    """RFC 2268, 2."""
    size = len(key)
    spread = bytearray(key) + bytearray(128 - size)
    for at in range(size, 128):
        spread[at] = _TABLE[(spread[at - 1] + spread[at - size]) & 0xFF]
    spread[128 - size] = _TABLE[spread[128 - size]]
    for at in range(127 - size, -1, -1):
        spread[at] = _TABLE[spread[at + 1] ^ spread[at + size]]
    return struct.unpack("<64H", spread)


def _decrypt_block(schedule: tuple[int, ...], block: bytes) -> bytes:
    """RFC 2268, 4: five rounds, a mash, six rounds, a mash, five rounds."""
    words = list(_WORDS.unpack(block))
    at = 63
    for rounds in (5, 6, 5):
        for _ in range(rounds):
            for n in (3, 2, 1, 0):
                turn = _ROTATIONS[n]
                word = (words[n] >> turn | words[n] << (16 - turn)) & 0xFFFF
                mixed = words[n - 1] & words[n - 2], ~words[n - 1] & words[n - 3]
                words[n] = (word - schedule[at] - mixed[0] - mixed[1]) & 0xFFFF
                at -= 1
        if at >= 0:
            for n in (3, 2, 1, 0):
                words[n] = (words[n] - schedule[words[n - 1] & 63]) & 0xFFFF
    return _WORDS.pack(*words)
