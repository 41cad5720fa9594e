"""BLAKE3-256 in plain Python, after O'Connor, Aumasson, Neves and Wilcox-O'Hearn, "BLAKE3", 2020.

Slow: about half a megabyte a second. It is for readers that are to share no code with what they check.
"""

import struct

IV = (0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19)
ORDER = (2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8)
CHUNK_START, CHUNK_END, PARENT, ROOT = 1, 2, 4, 8
BLOCK, CHUNK = 64, 1024
MASK = 0xFFFFFFFF
COLUMNS = ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15))
DIAGONALS = ((0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14))


def rotate(word, bits):
    """The word turned right by so many bits."""
    return (word >> bits | word << (32 - bits)) & MASK


def mix(state, a, b, c, d, x, y):
    """The function G of the specification, in place."""
    for word, first, second in ((x, 16, 12), (y, 8, 7)):
        state[a] = (state[a] + state[b] + word) & MASK
        state[d] = rotate(state[d] ^ state[a], first)
        state[c] = (state[c] + state[d]) & MASK
        state[b] = rotate(state[b] ^ state[c], second)


def compress(chaining, block, counter, flags):
    """Chaining value of eight words after a block of at most 64 bytes."""
    words = list(struct.unpack("<16I", block.ljust(BLOCK, b"\0")))
    state = [*chaining, *IV[:4], counter & MASK, counter >> 32, len(block), flags]
    for _ in range(7):
        for step, places in enumerate((*COLUMNS, *DIAGONALS)):
            mix(state, *places, words[2 * step], words[2 * step + 1])
        words = [words[place] for place in ORDER]
    return [state[i] ^ state[i + 8] for i in range(8)]


def chunk_value(data, counter, root):
    """Chaining value of one chunk of at most 1024 bytes."""
    value = IV
    starts = range(0, max(len(data), 1), BLOCK)
    for start in starts:
        flags = (CHUNK_START if start == 0 else 0) | (CHUNK_END | root if start == starts[-1] else 0)
        value = compress(value, data[start : start + BLOCK], counter, flags)
    return value


def tree_value(data, counter, root):
    """Chaining value of a tree of chunks; the left one has the largest power of two that leaves some over."""
    if len(data) <= CHUNK:
        return chunk_value(data, counter, root)
    left = 1 << ((len(data) - 1) // CHUNK).bit_length() - 1
    values = tree_value(data[: left * CHUNK], counter, 0) + tree_value(
        data[left * CHUNK :], counter + left, 0
    )
    return compress(IV, struct.pack("<16I", *values), 0, PARENT | root)


def blake3(*parts):
    """BLAKE3-256 of the parts, one behind the other."""
    return struct.pack("<8I", *tree_value(b"".join(parts), 0, ROOT))
