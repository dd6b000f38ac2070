"""Cuts values out of JSON text without reading them: where a record begins and ends, nothing more.

`Cursor` walks the upper levels of a mapped file. Records of one store begin alike: a record ends before the next such
beginning, and msgspec proves at memory speed that it is one whole value. Where that fails (the last record, lone surrogates,
NaN), the brackets tell where the value ends, and the standard library reads it. Tests hold the two to the same answers, and
common stores to the fast one.
"""

import json
import mmap
import re
from collections.abc import Iterator

import msgspec

Buffer = bytes | mmap.mmap

_LAST_SPACE = ord(" ")
_SPACE = re.compile(rb"[ \t\r\n]*+")
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_SCALAR = re.compile(rb'[^ \t\r\n,:"\[\]{}]++')
# Everything up to the next bracket that is not part of a string.
_TO_BRACKET = re.compile(rb'(?:[^"\[\]{}]++|"(?:[^"\\]++|\\.)*+")*+', re.DOTALL)
# How an object begins, up to the colon of its first member.
_BEGINNING = re.compile(rb'\{[ \t\r\n]*+"[^"\\]*+"[ \t\r\n]*+:')
# Documents within a record may begin like the record itself.
_MOST_CANDIDATES = 4
_CLOSERS = {ord("{"): ord("}"), ord("["): ord("]")}
_RAW = msgspec.json.Decoder(msgspec.Raw)
# Whole numbers of any length; NaN, infinities and lone surrogates pass.
_STANDARD = json.JSONDecoder(parse_int=float)
# A value longer than this is cut, but no longer checked here: no record may be that long.
CHECKED_BYTES = 16 * 1024 * 1024


class Malformed(ValueError):
    """The text is not one complete JSON value; `at` is the byte offset where that shows."""

    def __init__(self, reason: str, at: int) -> None:
        super().__init__(f"{reason} (byte {at})")
        self.at = at


class Cursor:
    """A place in JSON text that moves from value to value."""

    def __init__(self, data: Buffer) -> None:
        self.data = data
        self.at = 0
        self._size = len(data)
        # How the latest record began, and how far to look for the next one, in bytes.
        self._beginning = b""
        self._window = 64 * 1024

    def peek(self) -> str:
        """The next character that is not white space; raises Malformed at the end of the text."""
        if self.at < self._size and (found := self.data[self.at]) > _LAST_SPACE:
            return chr(found)
        self.at = _SPACE.match(self.data, self.at).end()  # type: ignore[union-attr]
        if self.at >= self._size:
            raise Malformed("the text ends too early", self.at)
        return chr(self.data[self.at])

    def members(self) -> Iterator[str]:
        """The member names of the object that begins here; the caller moves over each value."""
        for _ in self._parts("{", "}"):
            yield self._name()

    def elements(self) -> Iterator[int]:
        """The positions of the elements of the array that begins here; the caller moves over each."""
        for position, _ in enumerate(self._parts("[", "]")):
            self.peek()
            yield position

    def value(self) -> tuple[int, int]:
        """Move over the value that begins here; answers where it begins and ends.

        Raises Malformed where the value is no JSON (NaN, infinities and lone surrogates pass: those
        are faults of a record, not of a file).
        """
        self.peek()
        start = self.at
        self.at = self._skip(start) or self._end_of(start)
        self._window = max(2 * (self.at - start) + 8 * 1024, self._window * 3 // 4)
        return start, self.at

    def end(self) -> None:
        """Make sure that nothing but white space follows."""
        self.at = _SPACE.match(self.data, self.at).end()  # type: ignore[union-attr]
        if self.at != len(self.data):
            raise Malformed("something follows the end of the value", self.at)

    def _skip(self, start: int) -> int | None:
        """Where the record ends that begins here, judged by the beginning of the next one; None where that fails."""
        text = self.data[start : start + self._window]
        if not self._beginning or not text.startswith(self._beginning):
            found = _BEGINNING.match(text)
            if found is None:
                return None
            self._beginning = found[0]
        following = 0
        for _ in range(_MOST_CANDIDATES):
            following = text.find(self._beginning, following + 1)
            end = text.rfind(b"}", 0, max(following, 0)) + 1
            if not end:
                return None
            try:
                _RAW.decode(memoryview(text)[:end])
            except (msgspec.DecodeError, RecursionError):
                continue
            return start + end
        return None

    def _end_of(self, start: int) -> int:
        """Where the value ends that begins here, which is read to make sure of it. Raises Malformed."""
        broken: Malformed | None = None
        try:
            end = end_of_value(self.data, start)
        except Malformed as error:  # its place may be far behind the mistake, which reading finds
            broken, end = error, min(start + CHECKED_BYTES, self._size)
        if end - start <= CHECKED_BYTES:
            # The structure of JSON is ASCII: positions in such a text are those of bytes.
            text = self.data[start:end].decode("latin-1")
            try:
                _STANDARD.decode(text)
            except RecursionError:  # the record is rejected for it
                pass
            except json.JSONDecodeError as error:
                if error.pos < len(text):
                    raise Malformed(f"no JSON: {error.msg}", start + error.pos) from None
        if broken:
            raise broken
        return end

    def _parts(self, opener: str, closer: str) -> Iterator[None]:
        """Once for each part of the object or array that begins here, at its place; the caller moves over it."""
        self._expect(opener)
        if self.peek() == closer:
            self.at += 1
            return
        while True:
            yield
            found = self.peek()
            if found not in (",", closer):
                raise Malformed(f"expected a comma or {closer}", self.at)
            self.at += 1
            if found == closer:
                return

    def _name(self) -> str:
        """Move over a member name and its colon."""
        self.peek()
        found = _STRING.match(self.data, self.at)
        if found is None:
            raise Malformed("a member name is missing", self.at)
        self.at = found.end()
        try:
            name = str(json.loads(found[0]))
        except ValueError:
            raise Malformed("a member name is no JSON text", found.start()) from None
        self._expect(":")
        return name

    def _expect(self, character: str) -> None:
        if self.peek() != character:
            raise Malformed(f"expected {character}", self.at)
        self.at += 1


def end_of_value(data: Buffer, start: int) -> int:
    """Where the value that begins at `start` ends, judged by its brackets and strings alone.

    Raises Malformed for brackets that do not match and for a text that ends too early.
    """
    first = data[start]
    if first not in _CLOSERS:
        found = (_STRING if first == ord('"') else _SCALAR).match(data, start)
        if found is None:
            raise Malformed("expected a value", start)
        return found.end()
    expected, at = bytearray(), start
    while True:
        at = _TO_BRACKET.match(data, at).end()  # type: ignore[union-attr]
        if at >= len(data) or data[at] == ord('"'):
            raise Malformed("the text ends in the middle of a value", len(data))
        bracket = data[at]
        at += 1
        if bracket in _CLOSERS:
            expected.append(_CLOSERS[bracket])
        elif bracket != expected.pop():
            raise Malformed("a bracket is closed by another kind", at - 1)
        if not expected:
            return at


def depth(data: bytes) -> int:
    """How deep the brackets of a value are nested; 0 for a text or number."""
    deepest = level = at = 0
    while (at := _TO_BRACKET.match(data, at).end()) < len(data):  # type: ignore[union-attr]
        level += 1 if data[at] in _CLOSERS else -1
        deepest = max(deepest, level)
        at += 1
    return deepest
