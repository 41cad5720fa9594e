"""The plain BLAKE3 of the tests agrees with published values and with the digests in trace files."""

import phasic
import pytest

from tests.models import block_counting
from tests.reference.blake3 import blake3


@pytest.mark.parametrize(
    ("length", "digest"),
    [
        # test_vectors.json of the reference implementation: byte i of the input is i mod 251.
        (0, "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"),
        (1, "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213"),
        (1023, "10108970eeda3eb932baac1428c7a2163b0e924c9a9e25b35bba72b28f70bd11"),
        (1024, "42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7"),
        (1025, "d00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444"),
        (2049, "5f4d72f40d7a5f82b15ca2b2e44b1de3c2ef86c426c95c1af0b6879522563030"),
    ],
)
def test_published_values(length, digest):
    assert blake3(bytes(i % 251 for i in range(length))).hex() == digest


@pytest.mark.parametrize("n", [2, 5, 9])
def test_digests_of_trace_files(n):
    data = phasic.Graph(callback=lambda state: block_counting(state, n=n)).trace().to_bytes()
    assert data[64:96] == blake3(data[192:])
    assert data[188:192] == blake3(data[:188])[:4]
