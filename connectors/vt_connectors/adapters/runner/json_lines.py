"""Reads request documents from a stream of bytes: JSON objects or arrays, each on one line or on several."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections import deque
from collections.abc import Iterable, Iterator

from ...errors import internal_error
from .lines import LONGEST_BYTES, Document, InHand, Line, LineSplitter, Text, refused, refused_whole, too_long
from .multiline_json import LONG_PATIENCE_S, PATIENCE_S, LineParser, Unfinished, as_far_as_readable, begins_array
from .partial_json import State
from .skipped_input import Brackets, SkippedInput

# Each byte of input allows this many bytes to be examined again, to find the object after an incomplete one.
_EXAMINED_AGAIN = 4


class DocumentReader:
    """Call `feed` with input, `quiet` if no input arrives, and `end` at the end of input. Each returns the documents
    that are complete by then. Blank lines are skipped.

    An object may span several lines. A line that can no longer become JSON is answered immediately. A line that ends
    between two tokens is joined with the next lines while the result can become JSON; it is answered separately if it
    cannot, if a complete request follows, or if no input follows for a while. An array that cannot become JSON gets one
    answer, and the input is skipped up to the array's end by its brackets, or until no input follows for a while.
    The cost is linear in the bytes fed: `examined` counts the examined characters, including repetitions.
    """

    def __init__(self, *, at_terminal: bool = False, number: int = 1, read_bytes: int = 0) -> None:
        """`at_terminal`: the input is typed line by line. `number`: of the first line. `read_bytes`: the length of the
        lines before it, which were requests.
        """
        self._parser = LineParser()
        self._at_terminal = at_terminal
        self._lines = LineSplitter(number)
        self._unended_tried = -1
        self._to_do: deque[Text] = deque()
        self._held: Unfinished | None = None
        # The rest of an array that was refused already; it is skipped.
        self._rest: SkippedInput | None = None
        self._may_examine_again = _EXAMINED_AGAIN * read_bytes
        self.in_hand = InHand(place=self._lines.place)

    @property
    def examined(self) -> int:
        return self._parser.examined

    def feed(self, piece: bytes) -> list[Document]:
        found = self._take_all(self._lines.feed(piece))
        self._note()
        return found

    def _note(self) -> None:
        self.in_hand = InHand(self._held.lines[0].number if self._held else None, self._lines.place)

    def quiet(self, seconds: float) -> list[Document]:
        """No input has arrived for this number of seconds."""
        found = self._after_pause(seconds)
        self._note()
        return found

    def _after_pause(self, seconds: float) -> list[Document]:
        if seconds < PATIENCE_S:
            return []
        if self._lines.unended.strip():
            return self._take_all(self._lines.take_unended()) if self._is_whole(self._lines.unended) else []
        found = self._end_rest() if seconds >= LONG_PATIENCE_S else []
        while self._held and seconds >= (LONG_PATIENCE_S if self._at_terminal else self._held.patience_s):
            found += self._give_up()
        return found

    def end(self) -> list[Document]:
        return [*self._take_all(self._lines.end()), *self._give_all_up(), *self._end_rest()]

    def _end_rest(self) -> list[Document]:
        """The end of the skipped array did not arrive."""
        rest, self._rest = self._rest, None
        return rest.give_up() if rest and not rest.is_over else []

    def _is_whole(self, unended: bytes) -> bool:
        """Whether a line without a line end completes an object or array: its sender waits for the answer."""
        is_new, self._unended_tried = self._unended_tried != len(unended), len(unended)
        if not is_new or self._rest or not unended.rstrip().endswith((b"}", b"]")):
            return False
        text = unended.decode("utf-8", "replace")
        return isinstance(self._parser.parsed(0, self._held.text(text) if self._held else text).value, (dict, list))

    def _take_all(self, lines: Iterable[Line]) -> list[Document]:
        return [document for line in lines for document in self._take(line)]

    def _take(self, line: Line) -> list[Document]:
        if line.goes_on:
            if self._rest:
                self._rest.add_unreadable(as_far_as_readable(line.part), goes_on=True)
            return []
        if self._rest and self._rest.is_over:
            self._rest = None
        if line.content is None:
            return self._unreadable(line.number, line.part, f"is longer than {LONGEST_BYTES} bytes")
        if not line.content.strip():
            return []
        try:
            # Some editors and shells on Windows begin a file with a byte order mark.
            text = (line.content.removeprefix(BOM_UTF8) if line.number == 1 else line.content).decode("utf-8")
        except UnicodeDecodeError:
            return self._unreadable(line.number, line.content, "is not JSON in UTF-8")
        self._may_examine_again += _EXAMINED_AGAIN * len(line.content)
        self._to_do.append(Text(line.number, text, len(line.content)))
        return self._work()

    def _unreadable(self, number: int, content: bytes, why: str) -> list[Document]:
        text = as_far_as_readable(content)
        self._parser.examined += len(text)
        if self._rest:
            self._rest.add_unreadable(text, goes_on=False)
            return []
        if self._held and self._held.is_one:
            self._held.add_unreadable(text)
            return self._break(f"has a line that {why} (line {number})")
        found = self._give_all_up()
        if not begins_array(text):
            return [*found, refused(number, why)]
        self._pass_over_from(number, text)
        return [*found, refused_whole(number, f"has a line that {why} (this one)")]

    def _pass_over_from(self, number: int, text: str) -> None:
        """Skip the rest of the refused array that begins with `text`."""
        brackets = Brackets()
        brackets.add(text)
        self._rest = SkippedInput(number, brackets)

    def _break(self, why: str) -> list[Document]:
        """Refuse the held array, because it cannot be JSON. A skipped array was answered already."""
        held, self._held = self._held, None
        if held is None:
            return []
        number = held.lines[0].number
        self._rest = SkippedInput(number, held.rest) if held.rest else None
        return [refused_whole(number, why)]

    def _give_all_up(self) -> list[Document]:
        found: list[Document] = []
        while self._held:
            found += self._give_up()
        return found

    def _give_up(self) -> list[Document]:
        """Answer the held input, because no input continues it."""
        assert self._held is not None
        if self._held.is_one:
            found = self._break("is incomplete")
            self._rest = None
            return found
        return [*self._broken_off(self._held), *self._work()]

    def _work(self) -> list[Document]:
        """Answer or hold the new lines. After an internal failure each line in hand gets an error; others do not."""
        found: list[Document] = []
        try:
            for document in self._documents():
                found.append(document)
        except Exception:
            error = internal_error()
            in_hand = {line.number for line in (*(self._held.lines if self._held else ()), *self._to_do)}
            found += [Document(number, error=error) for number in sorted(in_hand)]
            array = next((line for line in self._to_do if begins_array(line.text)), None)
            if self._held and self._held.is_one:
                self._break("")
            elif array and not self._rest:
                self._pass_over_from(array.number, array.text)
            self._held = None
            self._to_do.clear()
        return found

    def _documents(self) -> Iterator[Document]:
        while self._to_do:
            line, held = self._to_do[0], self._held
            if self._rest and self._rest.is_over:
                self._rest = None
            document: Document | None = None
            if self._rest is not None:
                yield from self._pass_over(line, self._rest)
            elif held is None:
                document = self._begun(line)
            else:
                state = "broken" if not held.is_one and self._parser.is_request(line) else self._added(held, line)
                if held.is_one and state not in ("open", "whole"):
                    self._to_do.popleft()
                    yield from self._break(f"is broken in line {line.number}")
                    continue
                if state not in ("open", "whole"):
                    yield from self._broken_off(held)
                    continue
                document = self._all_of(held) if state == "whole" else None
            self._to_do.popleft()
            if document is not None:
                yield document

    def _pass_over(self, line: Text, rest: SkippedInput) -> list[Document]:
        self._parser.examined += len(line.text)
        found = rest.add(line, is_request=self._parser.is_request(line))
        if rest.is_over:
            self._rest = None
        return found

    def _begun(self, line: Text) -> Document | None:
        """The line as a document; None if further lines may belong to it."""
        document = self._parser.alone(line)
        if document.error is not None and (line.text.lstrip().startswith("{") or begins_array(line.text)):
            held = Unfinished()
            if self._added(held, line) == "open":
                self._held = held
                return None
            if held.is_one:
                if held.rest:
                    self._rest = SkippedInput(line.number, held.rest)
                return refused_whole(line.number, "is broken in this line")
        return document

    def _added(self, held: Unfinished, line: Text) -> State:
        self._parser.examined += len(line.text)
        return held.add(line)

    def _all_of(self, held: Unfinished) -> Document:
        self._held = None
        first = held.lines[0].number
        return too_long(first) if held.is_too_long else self._parser.parsed(first, held.text())

    def _broken_off(self, held: Unfinished) -> Iterator[Document]:
        """Answer the first line separately and examine the other lines again, unless that was done too often."""
        first, rest = held.lines[0], held.lines[1:]
        self._held = None
        self._may_examine_again -= held.size
        if self._may_examine_again >= 0:
            self._to_do.extendleft(reversed(rest))
            rest = []
        if held.is_too_long:
            yield too_long(first.number)
        else:
            yield refused(first.number, "ends in the middle of its JSON")
        for line in rest:
            if self._rest:
                yield from self._pass_over(line, self._rest)
                continue
            document = self._parser.alone(line)
            if document.error is not None and begins_array(line.text):
                self._pass_over_from(line.number, line.text)
            yield document
