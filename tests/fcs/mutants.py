"""Seven small tubes of different types and the many ways to spoil HEADER and TEXT of one.

Not a test module: `conftest.py` hands it to the tests as the fixture `mutants`. A mutant is made
either of the keywords, written again with right offsets (structured), or of the bytes of HEADER
and TEXT as they stand (bytes). DATA is never touched: no reader can see that.
"""

import random
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

HEADER = 58
TEXT_BEGIN = 256
N_EVENTS = 600
NAMES = ("FSC-A", "SSC-A", "FL1-A", "FL2-A", "FL3-A", "Time")
MARKERS = ("", "", "CD3", "CAR", "CD4", "")
THRESHOLDS = {"CD3": 100.0, "CAR": 60.0}  # scale values


@dataclass(frozen=True)
class Base:
    """A tube: keywords in order, and the bytes of its events."""

    name: str
    version: str
    keywords: dict[str, str]
    events: bytes
    delimiter: str = "|"
    gap: int = 0
    tail: bytes = b"00000000"

    def content(self) -> bytes:
        return written(self, list(self.keywords.items()))


def written(
    base: Base, pairs: list[tuple[str, str]], *, begin_shift: int = 0, end_shift: int = 0
) -> bytes:
    """Return a file with these keywords and right offsets (but for the shifts)."""
    delimiter = base.delimiter

    def text(begin: int, last: int) -> bytes:
        offsets = {"$BEGINDATA": f"{begin:08d}", "$ENDDATA": f"{last:08d}"}
        parts = [
            part
            for name, value in pairs
            for part in (name, offsets.get(name, value) if value == "*" else value)
        ]
        return (delimiter + delimiter.join(parts) + delimiter).encode("utf-8", "replace")

    begin = TEXT_BEGIN + len(text(0, 0)) + base.gap
    stated = (begin + begin_shift, begin + len(base.events) - 1 + end_shift)
    content = text(*stated)
    offsets = (TEXT_BEGIN, TEXT_BEGIN + len(content) - 1, *stated, 0, 0)
    header = f"FCS{base.version}    " + "".join(f"{offset:8d}" for offset in offsets)
    return header.ljust(TEXT_BEGIN).encode() + content + b" " * base.gap + base.events + base.tail


def _population(seed: int) -> np.ndarray:
    """Return (N_EVENTS, 6) scale values with clear positives: 40 % CD3, half of them CAR."""
    chance = np.random.default_rng(seed)
    cells = chance.normal(60.0, 8.0, (N_EVENTS, 6)).clip(1.0, None)
    cells[:, 2] = np.where(chance.random(N_EVENTS) < 0.4, 400.0, 12.0)
    cells[:, 3] = np.where(chance.random(N_EVENTS) < 0.5, 250.0, 8.0)
    cells[:, 4] = np.where(chance.random(N_EVENTS) < 0.6, 300.0, 9.0)
    cells[:, 2:5] *= chance.lognormal(0.0, 0.6, (N_EVENTS, 3))
    cells[:, 5] = np.sort(chance.uniform(0.0, 2_950.0, N_EVENTS)).round()
    return cells


def _keywords(bits: list[int], datatype: str, byteord: str, **more: str) -> dict[str, str]:
    keywords = {
        "$BEGINDATA": "*", "$ENDDATA": "*", "$BEGINSTEXT": "0", "$ENDSTEXT": "0",
        "$BEGINANALYSIS": "0", "$ENDANALYSIS": "0", "$BYTEORD": byteord, "$DATATYPE": datatype,
        "$MODE": "L", "$NEXTDATA": "0", "$PAR": str(len(NAMES)), "$TOT": str(N_EVENTS),
        "$CYT": "Example 3000", "$DATE": "05-MAR-2001", "$BTIM": "10:00:00", "$ETIM": "10:00:30",
        "$VOL": "30000", "$TIMESTEP": "0.01",
    }  # fmt: skip
    for number, (name, marker, width) in enumerate(zip(NAMES, MARKERS, bits, strict=True), 1):
        keywords |= {f"$P{number}N": name, f"$P{number}B": str(width), f"$P{number}E": "0,0"}
        keywords[f"$P{number}R"] = "262144" if datatype != "I" else str(2 ** min(width, 18))
        if marker:
            keywords[f"$P{number}S"] = marker
    return keywords | {"$" + name: value for name, value in more.items()}


def _packed(values: np.ndarray, bits: list[int], *, little: bool) -> bytes:
    """Return integers of mixed widths, record by record."""
    order = "little" if little else "big"
    return b"".join(
        int(value).to_bytes(width // 8, order)  # type: ignore[arg-type]  # one of the two literals
        for row in values
        for value, width in zip(row, bits, strict=True)
    )


def _float_bases() -> list[Base]:
    matrix = "3,FL1-A,FL2-A,FL3-A,1,0.08,0.02,0.03,1,0.05,0.01,0.06,1"
    spill = np.array([[1, 0.08, 0.02], [0.03, 1, 0.05], [0.01, 0.06, 1]])
    cells = _population(1)
    cells[:, 2:5] = cells[:, 2:5] @ spill
    doubles = _keywords([64] * 6, "D", "1,2,3,4")
    return [
        Base("f32le", "3.1", _keywords([32] * 6, "F", "1,2,3,4", SPILLOVER=matrix),
             cells.astype("<f4").tobytes()),
        Base("f32be", "3.0", _keywords([32] * 6, "F", "4,3,2,1"),
             _population(2).astype(">f4").tobytes(), delimiter="\f", gap=64),
        Base("f64le", "3.0", doubles, _population(3).astype("<f8").tobytes(), "/", tail=b""),
    ]  # fmt: skip


def _integer_bases() -> list[Base]:
    log = {"P3E": "4,1", "P4E": "4,1", "P5E": "4,1"}
    tens = {f"P{number}R": "1024" for number in range(1, 7)}
    cells = _population(4)
    stored = cells.round()
    stored[:, 2:5] = (np.log10(cells[:, 2:5].clip(1.01, 9_900.0)) / 4.0 * 1024.0).round()
    stored = stored.clip(0, 1023)
    stored[:, 5] = (cells[:, 5] / 3.0).round()
    mixed = [8, 16, 32, 32, 32, 16]
    linear = _population(5).round()
    linear[:, 2:5] = (linear[:, 2:5] * 16).clip(0, 262_143)
    linear[:, 0] = linear[:, 0].clip(0, 255)
    gains = {"P3G": "16", "P4G": "16", "P5G": "16"}
    return [
        Base("u16be", "2.0", _keywords([16] * 6, "I", "2,1", **log, **tens, TIMESTEP="0.03"),
             _packed(stored, [16] * 6, little=False), "\\", gap=3),
        Base("mixed", "3.0", _keywords(mixed, "I", "1,2,3,4", **gains),
             _packed(linear, mixed, little=True), "!", gap=40, tail=b""),
        Base("u24le", "3.0", _keywords([24] * 6, "I", "1,2,3,4", **gains),
             _packed(linear, [24] * 6, little=True), "/"),
    ]  # fmt: skip


def _mixed_types() -> Base:
    """FCS 3.2: float channels and an integer Time."""
    cells = _population(6)
    record = np.dtype([("cells", "<f4", 5), ("time", "<u4")])
    events = np.zeros(N_EVENTS, record)
    events["cells"], events["time"] = cells[:, :5], cells[:, 5]
    keywords = _keywords([32] * 6, "F", "1,2,3,4", P6DATATYPE="I", P6R="16777216")
    return Base("fcs32", "3.2", keywords, events.tobytes())


def bases() -> list[Base]:
    return [*_float_bases(), *_integer_bases(), _mixed_types()]


_POOL = (
    "", "0", "1", "-1", "2", "3", "4", "7", "8", "12", "16", "24", "32", "64", "128", "200", "256",
    "512", "599", "601", "1000", "1023", "1024", "2048", "4096", "65536", "99999999", "100000000",
    "0.5", "2.5", "0.1", "0.02", "10", "100", "1e3", "nan", "inf", "4,1", "3,1", "5,1", "4,0",
    "0,1", "4,0.1", "4,10", "1,2,3,4", "4,3,2,1", "2,1,4,3", "1,2", "2,1", "A", "F", "I", "D",
    "L", "C", "CD3", "CAR", "CD4", "FL1-A", "FL2-A", "Time", "x", "10:00:10", "10:03:00", "٣",
    "4_00", "+600", " 600 ", "600.0", "1,000", "/etc/passwd", "2,FL1-A,FL2-A,1,0.1,0,1",
)  # fmt: skip
_IMPORTANT = ("$TOT", "$PAR", "$BYTEORD", "$DATATYPE", "$TIMESTEP", "$BEGINDATA", "$ENDDATA")


def structured(base: Base, chance: random.Random) -> tuple[str, bytes]:
    """Spoil one thing about the keywords; offsets are right but where they are the thing."""
    pairs = list(base.keywords.items())
    kind = chance.choice(tuple(_KINDS))
    return kind, _KINDS[kind](base, pairs, chance)


def _pick(pairs: list[tuple[str, str]], chance: random.Random) -> int:
    if chance.random() < 0.3:
        names = [name for name, _ in pairs]
        return names.index(chance.choice(_IMPORTANT))
    return chance.randrange(len(pairs))


def _value(base: Base, pairs: list[tuple[str, str]], chance: random.Random) -> bytes:
    at = _pick(pairs, chance)
    pairs[at] = (pairs[at][0], chance.choice(_POOL))
    return written(base, pairs)


def _scaled(base: Base, pairs: list[tuple[str, str]], chance: random.Random) -> bytes:
    numbers = [at for at, (_, value) in enumerate(pairs) if value.replace(".", "").isdigit()]
    at = chance.choice(numbers)
    factor = chance.choice((0.1, 0.5, 2.0, 4.0, 10.0))
    pairs[at] = (pairs[at][0], f"{float(pairs[at][1]) * factor:g}")
    return written(base, pairs)


def _dropped(base: Base, pairs: list[tuple[str, str]], chance: random.Random) -> bytes:
    del pairs[_pick(pairs, chance)]
    return written(base, pairs)


def _doubled(base: Base, pairs: list[tuple[str, str]], chance: random.Random) -> bytes:
    at = _pick(pairs, chance)
    pairs.insert(chance.randrange(len(pairs)), (pairs[at][0], chance.choice(_POOL) or "x"))
    return written(base, pairs)


def _twin(base: Base, pairs: list[tuple[str, str]], chance: random.Random) -> bytes:
    at = _pick(pairs, chance)
    name = pairs[at][0].replace("$", chance.choice(("", " ", "$$", "#")))
    pairs.insert(chance.randrange(len(pairs)), (name, chance.choice(_POOL) or "x"))
    return written(base, pairs)


def _renamed(base: Base, pairs: list[tuple[str, str]], chance: random.Random) -> bytes:
    at = _pick(pairs, chance)
    name = pairs[at][0]
    place = chance.randrange(len(name))
    letter = chance.choice("ABCDEFGNPRSTVXYZ0123456789$ ")
    pairs[at] = (name[:place] + letter + name[place + 1 :], pairs[at][1])
    return written(base, pairs)


def _added(base: Base, pairs: list[tuple[str, str]], chance: random.Random) -> bytes:
    number = chance.choice((0, 1, 3, 4, 6, 7, 9, 12))
    name = f"$P{number}{chance.choice('NSBREGVD')}"
    pairs.insert(chance.randrange(len(pairs)), (name, chance.choice(_POOL) or "x"))
    return written(base, pairs)


def _emptied(base: Base, pairs: list[tuple[str, str]], chance: random.Random) -> bytes:
    at = chance.randrange(len(pairs))
    pairs.insert(at, (chance.choice(("$P1S", "$P6S", "NOTE", pairs[at][0])), ""))
    return written(base, pairs)


def _shifted(base: Base, pairs: list[tuple[str, str]], chance: random.Random) -> bytes:
    by = chance.choice((-48, -24, -8, -4, -2, -1, 1, 2, 4, 8, 12, 24, 48))
    begin, end = chance.choice(((by, by), (by, 0), (0, by)))
    return written(base, pairs, begin_shift=begin, end_shift=end)


def _one_offset(base: Base, pairs: list[tuple[str, str]], chance: random.Random) -> bytes:
    content = bytearray(written(base, pairs))
    at = 10 + 8 * chance.randrange(6)
    field = chance.choice((0, 57, 58, 255, 256, 257, 1000, 99_999_999, len(content)))
    nudged = int(content[at : at + 8]) + chance.choice((-8, -1, 1, 8))
    content[at : at + 8] = f"{max(chance.choice((field, nudged)), 0):8d}".encode()
    return bytes(content)


def _count(base: Base, pairs: list[tuple[str, str]], chance: random.Random) -> bytes:
    """Change $TOT or $PAR so that the sizes may still come out even."""
    names = [name for name, _ in pairs]
    name = chance.choice(("$TOT", "$PAR"))
    pairs[names.index(name)] = (name, chance.choice(("300", "599", "1200", "3", "5", "7", "12")))
    return written(base, pairs)


def _cut(base: Base, pairs: list[tuple[str, str]], chance: random.Random) -> bytes:
    content = written(base, pairs)
    return content[: chance.randrange(len(content))]


def _ends(base: Base, pairs: list[tuple[str, str]], chance: random.Random) -> bytes:
    content = written(base, pairs)
    return content + chance.choice((b"\r\n", b"x", b"\0" * 20, b"garbage" * 5, b"\x1a" * 8))


def _as_text(base: Base, pairs: list[tuple[str, str]], chance: random.Random) -> bytes:
    content = written(base, pairs)
    old, new = chance.choice(((b"\n", b"\r\n"), (b"\r\n", b"\n"), (b"\0", b"")))
    return content.replace(old, new)


_KINDS = {
    "value": _value, "scaled": _scaled, "dropped": _dropped, "doubled": _doubled, "twin": _twin,
    "renamed": _renamed, "added": _added, "emptied": _emptied, "shifted": _shifted,
    "offset": _one_offset, "count": _count, "cut": _cut, "ends": _ends, "as text": _as_text,
}  # fmt: skip


def byte_mutant(base: Base, chance: random.Random) -> tuple[str, bytes]:
    """Spoil some bytes of HEADER and TEXT as they stand."""
    content = base.content()
    end = len(content) - len(base.events) - len(base.tail)
    at = chance.randrange(10, end) if chance.random() < 0.95 else chance.randrange(end)
    length = chance.choice((1, 1, 1, 2, 3, 4, 8, 16, 24, 48, 60))
    kind = chance.choice(("changed", "inserted", "deleted", "repeated", "swapped", "bit", "digit"))
    return kind, _spoilt_bytes(content, kind, (at, length, end), chance)


def _spoilt_bytes(
    content: bytes, kind: str, place: tuple[int, int, int], chance: random.Random
) -> bytes:
    at, length, end = place
    if kind == "swapped":
        cuts = sorted((at, *(chance.randrange(TEXT_BEGIN, end) for _ in range(2))))
        first, second = (content[a:b] for a, b in pairwise(cuts))
        return content[: cuts[0]] + second + first + content[cuts[2] :]
    if kind == "digit":
        digits = [one for one in range(TEXT_BEGIN, end) if 48 <= content[one] < 58]
        at = chance.choice(digits)
    new, left_out = {
        "changed": (chance.randbytes(1), 1),
        "bit": (bytes([content[at] ^ 1 << chance.randrange(8)]), 1),
        "digit": (chance.choice(b"0123456789").to_bytes(), 1),
        "inserted": (chance.randbytes(length), 0),
        "deleted": (b"", length),
        "repeated": (content[at : at + length], 0),
    }[kind]
    return content[:at] + new + content[at + left_out :]


def some_mutants(count: int, seed: int) -> list[tuple[Base, str, bytes]]:
    """Return mutants of all bases in turn, half of them structured; seeded."""
    chance = random.Random(seed)  # noqa: S311  # seeded on purpose
    all_bases = bases()
    made = []
    for turn in range(count):
        base = all_bases[turn % len(all_bases)]
        kind, content = (structured, byte_mutant)[turn // len(all_bases) % 2](base, chance)
        made.append((base, kind, content))
    return made
