"""Streams small messages by grpcio: client.py ADDRESS MESSAGES. Fails unless the server has counted them all."""

import itertools
import sys

import grpc

MESSAGE = b"\x0a\x0a0123456789"


def varint(data):
    """The number in field 1."""
    assert data[:1] == b"\x08", data
    return sum((byte & 0x7F) << (7 * at) for at, byte in enumerate(data[1:]))


def main(address, count):
    with grpc.insecure_channel(address) as channel:
        upload = channel.stream_unary("/bench.v1.Bench/Upload")
        counted = varint(upload(itertools.repeat(MESSAGE, count)))
        assert counted == count, counted


main(sys.argv[1], int(sys.argv[2]))
