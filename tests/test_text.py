"""Which encoding a text is in, and its lines, whatever wrote it."""

from __future__ import annotations

import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from iimscreen.errors import InputError
from iimscreen.formats import Utf8File, _text, abstract_of, encoding_named, encoding_of, line_blocks

NAMES = (
    "TY  - JOUR\nAU  - Müller, Jürgen\nAU  - García-Peña, José\nAU  - Sørensen, Åse\nAU  - Lefèvre, Zoë\n"
    "TI  - Naïve façades: a patient’s “café” – 5 µg at 37 °C\nER  - \n"
)
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=60)


def lines_of(data: bytes) -> list[str]:
    return [line for lines in line_blocks(io.BytesIO(data)) for line in lines]


def read(file: Utf8File, size: int = 7) -> str:
    return b"".join(iter(lambda: file.read(size), b"")).decode()


@pytest.mark.parametrize(
    ("codec", "name", "is_guess"),
    [
        ("utf-8", "UTF-8", False),
        ("utf-8-sig", "UTF-8", False),
        ("utf-16", "UTF-16 LE", False),
        ("utf-16-le", "UTF-16 LE", True),
        ("utf-16-be", "UTF-16 BE", True),
        ("utf-32", "UTF-32 LE", False),
        ("cp1252", "Windows-1252", True),
        ("mac_roman", "MacRoman", True),
    ],
)
def test_the_encoding_is_told_and_a_guess_is_called_one(codec: str, name: str, is_guess: bool) -> None:
    found = encoding_of(NAMES.encode(codec))

    assert found is not None
    assert (found.name, found.is_guess) == (name, is_guess)


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "mac_roman"])
@pytest.mark.parametrize("before", [0, 500_000])
def test_a_file_is_given_out_in_utf8_whatever_it_is_in(codec: str, before: int) -> None:
    text = "AB  - plain\n" * (before // 12) + NAMES
    file = Utf8File(io.BytesIO(text.encode(codec)), guesses=True)

    assert read(file, 100_000).removeprefix("\ufeff") == text


@pytest.mark.parametrize(
    ("codec", "word"),
    [("cp1252", "Müller"), ("cp1252", "Šimon"), ("mac_roman", "García"), ("mac_roman", "Müller")],
)
def test_one_name_is_enough_for_a_guess_and_is_shown_as_its_reason(codec: str, word: str) -> None:
    found = encoding_of(f"AU  - {word}, A.\n".encode(codec))

    assert found is not None
    assert (found.codec, found.sample) == (codec, word)


def test_a_damaged_byte_in_utf8_makes_no_other_encoding_of_it() -> None:
    data = NAMES.encode() + b"AU  - M\xfcller\n"

    with pytest.raises(InputError, match="line 8: byte 0xfc is not UTF-8 text"):
        list(line_blocks(Utf8File(io.BytesIO(data), guesses=True)))


def test_a_byte_that_contradicts_what_the_beginning_decided_is_named_with_its_line() -> None:
    data = ("é\n" + "x\n" * 400_000).encode() + b"\xe9\n"

    with pytest.raises(InputError, match="line 400002: byte 0xe9 is not UTF-8 text"):
        list(line_blocks(Utf8File(io.BytesIO(data), guesses=True)))


def test_an_encoding_that_is_named_is_read_strictly() -> None:
    data = "one\r\ntwo é\r\n".encode("cp1252") + b"three \x81\r\n"

    with pytest.raises(InputError, match="line 3: byte 0x81 is not Windows-1252 text"):
        read(Utf8File(io.BytesIO(data), encoding_named("cp1252")))


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        ("Лечение редкой болезни\n" * 9, "cp1251"),
        ("一种罕见疾病的治疗\n" * 9, "gb18030"),
        ("Σπάνια νόσος\n" * 9, "cp1253"),
    ],
)
def test_an_encoding_that_cannot_be_told_is_asked_for(text: str, codec: str) -> None:
    data = f"TY  - JOUR\n{text}".encode(codec)

    with pytest.raises(InputError, match="line 2: this is neither UTF-8 nor UTF-16 text"):
        read(Utf8File(io.BytesIO(data), guesses=True), 9000)
    assert read(Utf8File(io.BytesIO(data), encoding_named(codec)), 5) == data.decode(codec)


@pytest.mark.parametrize("name", ["latin-nine", "base64", "", "hex", "utf-8\0", "idna"])
def test_what_is_no_encoding_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="no encoding is named"):
        encoding_named(name)


@given(st.lists(TEXT.map(lambda text: text.replace("\n", " ")), min_size=1), st.integers(1, 9))
def test_only_cr_and_lf_end_lines(texts: list[str], size: int) -> None:
    ends = ["\n", "\r\n"]
    data = "".join(f"{text}{ends[n % 2]}" for n, text in enumerate(texts)).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_text, "_BLOCK", size)
        found = lines_of(b"\xef\xbb\xbf" + data)

    assert found == [*texts, ""]


@example(b"\x01\0\0", 1)
@given(st.binary(max_size=200), st.integers(1, 50))
def test_no_bytes_are_lost_or_stop_the_reading_but_with_an_input_error(data: bytes, size: int) -> None:
    file = Utf8File(io.BytesIO(data), guesses=True)
    try:
        given_out = b"".join(iter(lambda: file.read(size), b""))
    except InputError as error:
        assert error.message.startswith("line ")  # noqa: PT017 (either is right, and each is looked at)
        return

    if file.encoding.codec == "utf-8":
        assert given_out == data
    else:
        assert given_out.decode().encode(file.encoding.codec) == data


def test_a_line_beyond_all_bounds_is_refused_before_it_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_text, "MAX_LINE", 1_000_000)
    taken = 0

    class Endless:
        def read(self, size: int = -1, /) -> bytes:
            nonlocal taken
            taken += size
            return b"a" * size

    with pytest.raises(InputError, match=r"^line 1: this line has more than 1,000,000 characters"):
        list(line_blocks(Endless()))
    assert taken < 2_000_000


@pytest.mark.parametrize(
    "text", ["[No abstract available]", "No abstract available.", "No Abstract", "Abstract not available"]
)
def test_words_that_no_abstract_is_there_are_none(text: str) -> None:
    assert abstract_of(text) is None
    assert abstract_of(f"{text} of the trial, so its registration was read.") is not None


@pytest.mark.parametrize("word", ["Pérez", "Müller", "MÜLLER", "García"])
@pytest.mark.parametrize("codec", ["cp1252", "mac_roman"])
def test_one_letter_within_a_name_tells_the_encoding(word: str, codec: str) -> None:
    told = encoding_of(f"AU  - {word}, Anna\n".encode(codec))

    assert told is not None
    assert told.codec == codec
