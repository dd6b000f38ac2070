"""Cuts values out of JSON text without reading them: where a record begins and ends, nothing more.

`Cursor` walks the upper levels of a mapped file; msgspec skips a value at memory speed, and a plain scanner
takes over where it stumbles (values nested too deep for it, lone surrogates, NaN), so that one such record is
still cut out whole. A test holds the two to the same answers.
"""

from __future__ import annotations

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
# A member name without escapes, with its colon.
_PLAIN_NAME = re.compile(rb'[ \t\r\n]*+"([^"\\\x00-\x1f]*+)"[ \t\r\n]*+:')
_TRAILING = re.compile(r"JSON is malformed: trailing characters \(byte (\d+)\)")
_CLOSERS = {ord("{"): ord("}"), ord("["): ord("]")}
_RAW = msgspec.json.Decoder(msgspec.Raw)
# A value longer than this is cut, but no longer checked here: no record may be that long.
CHECKED_BYTES = 16 * 1024 * 1024


class Malformed(ValueError):
    """The text is not one complete JSON value; `at` is the byte offset where that shows."""

    def __init__(self, reason: str, at: int) -> None:
        super().__init__(f"{reason} (byte {at})")
        self.at = at


class Cursor:
    """A place in JSON text that moves from value to value."""

    def __init__(self, data: Buffer, *, fast: bool = True) -> None:
        """`fast=False` cuts every value with the plain scanner: slower, same answers."""
        self.data = data
        self.at = 0
        self._size = len(data)
        self._view = memoryview(data)
        self._fast = fast

    def close(self) -> None:
        """Let go of the text, so that its mapping can be closed."""
        self._view.release()

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
        self._expect("{")
        if self._ends_with("}"):
            return
        while True:
            yield self._name()
            if not self._goes_on("}"):
                return

    def elements(self) -> Iterator[int]:
        """The positions of the elements of the array that begins here; the caller moves over each."""
        self._expect("[")
        if self._ends_with("]"):
            return
        position = 0
        while True:
            self.peek()
            yield position
            position += 1
            if not self._goes_on("]"):
                return

    def value(self) -> tuple[int, int]:
        """Move over the value that begins here; answers where it begins and ends.

        Raises Malformed where the value is no JSON (NaN, infinities and lone surrogates pass: those
        are faults of a record, not of a file).
        """
        self.peek()
        start = self.at
        end = self._skip(start) if self._fast else None
        self.at = self._checked(start) if end is None else end
        return start, self.at

    def end(self) -> None:
        """Make sure that nothing but white space follows."""
        self.at = _SPACE.match(self.data, self.at).end()  # type: ignore[union-attr]
        if self.at != len(self.data):
            raise Malformed("something follows the end of the value", self.at)

    def _skip(self, start: int) -> int | None:
        # msgspec has no call for "one value, then stop", but it says exactly where the next one begins.
        try:
            _RAW.decode(self._view[start:])
        except msgspec.DecodeError as error:
            found = _TRAILING.fullmatch(str(error))
            return self._before(int(found[1]) - 1 + start) if found else None
        except RecursionError:
            return None
        return self._before(len(self.data))

    def _before(self, end: int) -> int:
        """Where the value ends whose following white space ends at `end`."""
        while self.data[end - 1] in b" \t\r\n":
            end -= 1
        return end

    def _checked(self, start: int) -> int:
        end = end_of_value(self.data, start)
        if end - start <= CHECKED_BYTES:
            try:
                json.loads(self.data[start:end])
            except RecursionError:
                pass  # nested too deep to be read: the record is rejected for it
            except ValueError as error:
                raise Malformed(
                    f"no JSON: {getattr(error, 'msg', error)}", start + getattr(error, "pos", 0)
                ) from None
        return end

    def _name(self) -> str:
        """Move over a member name and its colon."""
        found = _PLAIN_NAME.match(self.data, self.at) if self._fast else None
        if found is None:
            return self._checked_name()
        try:
            name = found[1].decode()
        except UnicodeDecodeError:
            return self._checked_name()
        self.at = found.end()
        return name

    def _checked_name(self) -> str:
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

    def _ends_with(self, closer: str) -> bool:
        if self.peek() != closer:
            return False
        self.at += 1
        return True

    def _goes_on(self, closer: str) -> bool:
        found = self.peek()
        if found not in (",", closer):
            raise Malformed(f"expected a comma or {closer}", self.at)
        self.at += 1
        return found == ","


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
