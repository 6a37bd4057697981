"""Coverage-guided fuzzing of what reads a card's, a reader's, a scanner's or the gateway's words: `make fuzz-cards`.

`python -m tests.fuzz.cards PARSER SECONDS` ends with status 0 when nothing but records and `DeviceError`s came out, in
time; libFuzzer's last lines say how many inputs it tried. An input that breaks a parser is left under var/fuzz/.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import atheris

with atheris.instrument_imports(
    include=["booth.devices.card", "booth.devices.code.scanner", "center.gateway.wire", "protocol.records"]
):
    from booth.devices.card import sdt_frames as frames
    from booth.devices.card import ssc
    from booth.devices.card.bench_cards import BENCH_CARDS
    from booth.devices.card.sdt_text import ResidentCard, parse_added_address, parse_text
    from booth.devices.card.ssc_bank import MOST_RECORDS
    from booth.devices.code.interface import is_code
    from booth.devices.code.scanner import Lines
    from booth.errors import DeviceError
    from center.gateway.wire import read_answer

import msgspec

from protocol.records import Card, SocialSecurityCard
from rigs.resident_text import padded, text_of
from rigs.virtual_card import VirtualCard

FOLDER = Path(__file__).parents[2] / "var" / "fuzz"
HANG_S = 5
MOST_COMMANDS = 8 * (11 + 2 * 3 + 2 + MOST_RECORDS)
"""A card has 11 things to be asked for and its bank's three applications, their options and records besides; each may
be asked for 8 times over.
"""

_encode, _decoder = msgspec.json.Encoder().encode, msgspec.json.Decoder(Card)


def deframe(data: bytes) -> None:
    """The first byte says how the rest is cut."""
    size = max(1, data[0]) if data else 1
    deframer = frames.Deframer()
    for at in range(1, len(data), size):
        for body in deframer.feed(data[at : at + size]):
            assert 2 <= len(body) < frames.MAX_LENGTH
            frames.as_reply(body)
        assert len(deframer) < len(frames.PREAMBLE) + 2 + frames.MAX_LENGTH


def take_apart(data: bytes) -> None:
    frames.module_id_of(data)
    try:
        contents = frames.contents_of(data)
    except DeviceError:
        return
    assert len(contents.text) == frames.TEXT_BYTES
    assert len(contents.photo) in (0, frames.PHOTO_BYTES)
    parse(contents.text)


def parse(data: bytes) -> None:
    try:
        card = parse_text(data)
    except DeviceError:
        return
    assert _decoder.decode(_encode(card)) == card


def parse_address(data: bytes) -> None:
    try:
        address = parse_added_address(data)
    except DeviceError:
        return
    assert len(address) * 2 <= frames.ADDED_ADDRESS_BYTES


def converse(data: bytes) -> None:
    """Each answer is a length and that many bytes of the input; when it is used up the card says nothing."""
    reading, at = ssc.read_card(bank_number=True), 0
    try:
        next(reading)
        for _ in range(MOST_COMMANDS):
            size = data[at] if at < len(data) else 0
            reading.send(data[at + 1 : at + 1 + size])
            at += 1 + size
    except StopIteration as end:
        assert _decoder.decode(_encode(end.value)) == end.value
    except DeviceError:
        pass
    else:
        raise AssertionError("the exchange does not end")


def listen(data: bytes) -> None:
    """The first byte says how the scanner's line is cut."""
    size, lines = max(1, data[0]) if data else 1, Lines()
    for at in range(1, len(data), size):
        assert all(is_code(code) for code in lines.feed(data[at : at + size]))


def hear_the_city(data: bytes) -> None:
    """The first byte says whether the gateway's status is 200, as it mostly is."""
    redemption = read_answer(503 if data[:1] == b"\xff" else 200, data[1:])
    assert redemption is None or _encode(redemption)


PARSERS: dict[str, Callable[[bytes], None]] = {
    "frames": deframe,
    "contents": take_apart,
    "text": parse,
    "address": parse_address,
    "social": converse,
    "scanner": listen,
    "gateway": hear_the_city,
}


def seeds(name: str) -> list[bytes]:
    """Whole and right inputs, for the search to begin at."""
    texts = [text_of(bench.card) for bench in BENCH_CARDS if isinstance(bench.card, ResidentCard)]
    replies = [bytes.fromhex("01000400") + text + bytes(frames.PHOTO_BYTES) for text in texts]
    match name:
        case "frames":
            return [bytes([size]) + frames.frame(b"\0\0\x90" + reply) for reply in replies for size in (7, 255)]
        case "contents":
            return [*replies, bytes.fromhex("010004000200") + replies[0][4:] + bytes(512), bytes(16)]
        case "text":
            return texts
        case "address":
            return [padded("上海市虚构区望野路 88 弄", frames.ADDED_ADDRESS_BYTES)]
        case "scanner":
            return [b"\xff" + "随申码-0123456789\r\n".encode(), b"\x03SSM-INVENTED-0123456789\rA001-20261122\n"]
        case "gateway":
            said = {"result": "redeemed", "name": "沈佩兰", "number": "319999195206180029", "verified_at_ms": 1}
            others = [{"result": result} for result in ("expired", "used", "unknown")]
            return [b"\0" + _encode(answer) for answer in (said, *others)]
        case _:
            return [_conversation(version) for version in ("1.00", "2.00", "3.00")]


def _conversation(version: str) -> bytes:
    """What a card answers from the first command to the last."""
    record = next(bench.card for bench in BENCH_CARDS if isinstance(bench.card, SocialSecurityCard))
    card = VirtualCard.of(msgspec.structs.replace(record, version=version, bank_number="6200003199991958031"))
    reading, said = ssc.read_card(bank_number=True), b""
    try:
        command = next(reading)
        while True:
            answer = card.answer(command)
            said += bytes([len(answer)]) + answer
            command = reading.send(answer)
    except StopIteration:
        return said


def main(name: str, seconds: str) -> None:
    corpus = FOLDER / name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds(name)):
        (corpus / f"seed-{number}").write_bytes(seed)
    options = [
        f"-max_total_time={seconds}",
        f"-timeout={HANG_S}",
        "-max_len=4096",
        f"-artifact_prefix={FOLDER}/{name}-",
        "-print_final_stats=1",
        "-verbosity=1",
    ]
    atheris.Setup([sys.argv[0], *options, str(corpus)], PARSERS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
