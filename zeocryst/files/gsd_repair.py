"""Makes a damaged GSD file one that can be opened again, with the frames that are still whole in it.

A GSD file has a header of 256 bytes, a list of names, chunks of data, and an index that says where each chunk
lies. The index moves to the end of the file whenever it has to grow, and the shorter ones that it leaves behind
stay (GSD's documentation, "File layer"; format version 2). So a file that was cut, or whose header or index is
damaged, still has an index of most of its chunks somewhere: each begins with the same entry, the first chunk
of the first frame. The one with the most entries that make sense is written behind the data, and named in the
header. Whether the chunks themselves are whole is for checksums to say.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

MAGIC = 0x65DF65DF65DF65DF
HEADER = np.dtype(
    [
        ("magic", "<u8"), ("index_location", "<u8"), ("index_entries", "<u8"),
        ("names_location", "<u8"), ("names_entries", "<u8"), ("schema_version", "<u4"), ("version", "<u4"),
        ("application", "S64"), ("schema", "S64"), ("reserved", "V80"),
    ]
)  # fmt: skip
ENTRY = np.dtype(
    [
        ("frame", "<u8"), ("N", "<u8"), ("location", "<i8"), ("M", "<u4"),
        ("name", "<u2"), ("type", "u1"), ("flags", "u1"),
    ]
)  # fmt: skip
#: Bytes of a number of each of GSD's types, by their number from 1: u1 u2 u4 u8 i1 i2 i4 i8 f4 f8, characters.
WIDTHS = np.array([0, 1, 2, 4, 8, 1, 2, 4, 8, 4, 8, 1])
#: Where a new file has its index and its names, and their sizes.
FIRST_INDEX, FIRST_ENTRIES, NAME_BYTES, FIRST_NAMES = 256, 128, 64, 64
#: Most numbers in a row of a chunk that anybody writes.
MOST_COLUMNS = 1 << 20


def repair(path: Path, to: Path) -> bool:
    """Write a copy of a damaged GSD file that can be opened; False where too little is left of it.

    Parameters
    ----------
    path
        The damaged file, which stays as it is.
    to
        Written over.
    """
    size = path.stat().st_size
    if size < FIRST_INDEX + ENTRY.itemsize:
        return False
    data = np.memmap(path, np.uint8, "r")
    header = np.frombuffer(data[: HEADER.itemsize].tobytes(), HEADER)[0]
    names, room = int(header["names_location"]), int(header["names_entries"])
    if not (FIRST_INDEX <= names < size and 0 < room * NAME_BYTES <= size - names):
        names, room = FIRST_INDEX + FIRST_ENTRIES * ENTRY.itemsize, FIRST_NAMES
    if names + NAME_BYTES > size:
        return False
    listed = data[names : names + room * NAME_BYTES].tobytes().split(b"\0\0")[0]
    count = len(listed.rstrip(b"\0").split(b"\0"))
    best = max((_entries(data, place, count) for place in _places(data, header)), key=len, default=None)
    if best is None or not len(best):
        return False
    made = np.zeros(1, HEADER)
    made["magic"], made["version"], made["schema_version"] = MAGIC, 0x00020001, (1 << 16) | 4
    made["application"], made["schema"] = b"zeocryst (repaired)", b"hoomd"
    end = -(-size // 8) * 8
    made["index_location"], made["names_location"], made["names_entries"] = end, names, room
    allocated = max(FIRST_ENTRIES, 1 << int(np.ceil(np.log2(len(best) + 1))))
    made["index_entries"] = allocated
    block = np.zeros(allocated, ENTRY)
    block[: len(best)] = best
    with to.open("wb") as file:
        file.write(made.tobytes())
        for begin in range(HEADER.itemsize, size, 1 << 24):
            file.write(data[begin : begin + (1 << 24)].tobytes())
        file.write(bytes(max(0, names + room * NAME_BYTES - size, end - size)) if end > size else b"")
        file.seek(end)
        file.write(block.tobytes())
    return True


def _places(data: np.memmap, header: np.void) -> list[int]:
    """Where an index may begin: where the header says, and wherever its first entry stands again."""
    size = len(data)
    said = int(header["index_location"])
    places = {FIRST_INDEX} | ({said} if FIRST_INDEX <= said < size - ENTRY.itemsize else set())
    # an index is written at a multiple of 8 bytes or not: look for the entry byte by byte, some bytes at a time
    for first in (data[p : p + ENTRY.itemsize].tobytes() for p in tuple(places)):
        if not first.strip(b"\0"):
            continue
        step = 1 << 24
        for begin in range(0, size, step):
            part = data[begin : begin + step + ENTRY.itemsize - 1].tobytes()
            at = part.find(first)
            while at >= 0:
                places.add(begin + at)
                at = part.find(first, at + 1)
    return sorted(places)


def _entries(data: np.memmap, place: int, names: int) -> np.ndarray:
    """The entries of an index that make sense, in order: those of chunks that lie in the file."""
    size = len(data)
    count = (size - place) // ENTRY.itemsize
    raw = np.frombuffer(data[place : place + min(count, 1 << 22) * ENTRY.itemsize].tobytes(), ENTRY)
    blank = np.flatnonzero(raw["location"] == 0)
    raw = raw[: blank[0]] if len(blank) else raw
    kind = np.minimum(raw["type"], len(WIDTHS) - 1).astype(int)
    good = (raw["type"] > 0) & (raw["type"] < len(WIDTHS)) & (raw["name"] < names) & (raw["flags"] == 0)
    good &= (raw["M"] > 0) & (raw["M"] < MOST_COLUMNS) & (raw["N"] < size) & (raw["location"] >= FIRST_INDEX)
    good &= raw["location"] < size
    rows = np.where(good, raw["N"], 0).astype(np.int64)
    length = rows * np.where(good, raw["M"], 0).astype(np.int64) * WIDTHS[kind]
    good &= raw["location"] + length <= size
    frames = raw["frame"].astype(np.float64)
    # a frame's number is at most that of the entry, and never falls
    good &= frames <= np.arange(len(raw))
    kept = raw[good]
    if len(kept):
        highest = np.maximum.accumulate(np.concatenate([[0], kept["frame"][:-1].astype(np.int64)]))
        kept = kept[(kept["frame"].astype(np.int64) >= highest)]
        # a number that is far too high would hide all that follows; frames have some chunks each
        jumps = np.diff(np.concatenate([[0], kept["frame"].astype(np.int64)]))
        kept = kept[(jumps <= 1) | (jumps < 0)] if (jumps > 1).any() and (jumps > 1).mean() < 0.5 else kept
    return np.asarray(kept[np.lexsort((kept["name"], kept["frame"]))])
