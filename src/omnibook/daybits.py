"""A UTC day of a schedule as one integer: bit *m* stands for minute *m* of the day.

Every UTC day has 1440 minutes, whatever a clinic's clock does that night; days are counted from
1970-01-01, as minutes are in :mod:`omnibook.times`. Joining, subtracting and shifting whole days is
what makes a search fast (R27); a store keeps them as bytes.
"""

from collections.abc import Iterator

DAY_MINUTES = 24 * 60


def day_of(minute: int) -> int:
    """The UTC day, counted from 1970-01-01, that a minute (of :mod:`omnibook.times`) lies in."""
    return minute // DAY_MINUTES


def bits_of(first: int, last: int) -> int:
    """The bits from ``first`` until ``last``, which is out; none if it is not after ``first``."""
    return ((1 << (last - first)) - 1) << first if first < last else 0


def by_day(first: int, last: int) -> Iterator[tuple[int, int]]:
    """Each UTC day that the minutes from ``first`` until ``last`` touch, with its bits of them."""
    for day in range(day_of(first), day_of(last - 1) + 1):
        midnight = day * DAY_MINUTES
        yield day, bits_of(max(first - midnight, 0), min(last - midnight, DAY_MINUTES))


def packed(bits: int) -> bytes:
    """A day as a store keeps it: the first minute is the lowest bit of the first byte."""
    return bits.to_bytes((bits.bit_length() + 7) // 8, "little")


def unpacked(data: bytes) -> int:
    """The inverse of :func:`packed`; a longer text of bytes, filled up with zeros, is the same."""
    return int.from_bytes(data, "little")
