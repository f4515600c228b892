"""Titles without the habits of databases: letter case, accents, Greek, markup, brackets, language notes."""

from __future__ import annotations

import html
import re
import unicodedata

from iimscreen.model import Record

_MARKUP = re.compile(
    r"</?(?:i|b|u|em|strong|sub|sup|inf|small|sc|scp|it|bold|italic|span|p|br|mml:\w+|jats:\w+)\b[^<>]*>",
    re.IGNORECASE,
)
_NOT_WORD = re.compile(r"[\W_]+")
_BLANKS = {code: " " for code in range(128) if not chr(code).isalnum()}
_APOSTROPHES = re.compile(r"['’‘`´ʼ]")
_BROKEN_LETTER = re.compile(r"(?<=[^\W\d_])\?(?=[^\W\d_])")
_LATIN_MARKS = re.compile("[\u0300-\u036f]+")
_GREEK = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "ζ": "zeta", "η": "eta",
    "θ": "theta", "ι": "iota", "κ": "kappa", "λ": "lambda", "μ": "mu", "ν": "nu", "ξ": "xi", "π": "pi",
    "ρ": "rho", "σ": "sigma", "ς": "sigma", "τ": "tau", "υ": "upsilon", "φ": "phi", "χ": "chi",
    "ψ": "psi", "ω": "omega", "µ": "mu",
}  # fmt: skip
_PLAIN_LETTERS = {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"}
_LETTERS = str.maketrans(_GREEK | _PLAIN_LETTERS)
_LANGUAGE = (
    r"arabic|bulgarian|chinese|croatian|czech|danish|dutch|english|finnish|french|german|greek|hebrew|hungarian|"
    r"italian|japanese|korean|norwegian|persian|polish|portuguese|romanian|russian|serbian|slovak|slovene|"
    r"slovenian|spanish|swedish|turkish|ukrainian"
)
_LANGUAGE_NOTE = re.compile(rf"[\s.]*[\[(](?:in\s+)?(?:{_LANGUAGE})[\])][\s.]*$", re.IGNORECASE)
_BRACKETED_PART = re.compile(r"^(.{15,}?)[\s.]*\[(.{15,})\][\s.]*$")
_ROMAN = {
    name: str(n) for n, name in enumerate(("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x"), 1)
}
_NUMBERED = frozenset(
    ("part", "phase", "type", "stage", "grade", "class", "study", "trial", "section", "group")
)
_SPELT = {
    "one": "1",
    "two": "2",
    "three": "3",
    "four": "4",
    "five": "5",
    "six": "6",
    "first": "1",
    "second": "2",
}
_NUMBER = re.compile(r"\d+")
_TRANSLATION = 20  # letters that a part of a title must have to stand for the whole in another language


def normal_text(text: str) -> str:
    """Words in lower case ASCII where the script allows it, one space apart, without markup.

    Greek letters are spelt, accents dropped, and apostrophes join ("patients'" is "patients").
    """
    return words_only(plain_letters(text))


def words_only(text: str) -> str:
    """Letters and digits, with one space for all that stands between them."""
    if text.isascii():  # in less time than the pattern takes
        return " ".join(text.translate(_BLANKS).split())
    return _NOT_WORD.sub(" ", text).strip()


def plain_letters(text: str) -> str:
    """The text in lower case, without markup, accents and apostrophes; all else stays where it is."""
    if not text.isascii() or "&" in text or "<" in text:
        text = html.unescape(text)
        if "<" in text:
            text = _MARKUP.sub("", text)
        # Twice: a letter may show its case only when decomposed, and its accent only when folded.
        text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
        text = _LATIN_MARKS.sub("", text)
        if not text.isascii():
            text = text.translate(_LETTERS)
            text = "".join(letter for letter in text if not unicodedata.combining(letter))
        text = _APOSTROPHES.sub("", text)
    else:
        text = text.lower().replace("'", "").replace("`", "")
    if "&" in text:
        text = text.replace("&", " and ")
    if "?" in text:
        text = _BROKEN_LETTER.sub("", text)
    return text


def spoken_titles(record: Record) -> list[str]:
    """The title as one would read it aloud, then the same title in other languages."""
    title = (record.title or "").strip()
    stripped = title.rstrip(". ")
    if stripped.endswith(("]", ")")):
        title = _LANGUAGE_NOTE.sub("", title)
        stripped = title.rstrip(". ")
        if stripped.startswith("[") and stripped.endswith("]") and "[" not in stripped[1:]:
            title = stripped[1:-1]
    whole = normal_text(title)
    found = [whole] if whole else []
    parts: list[str] = title.split(" = ") if " = " in title else []
    if "[" in title and (bracketed := _BRACKETED_PART.match(title)):
        parts += bracketed.groups()
    if record.vernacular_title:
        parts.append(record.vernacular_title)
    for part in parts:
        normal = normal_text(_LANGUAGE_NOTE.sub("", part))
        if len(normal) > _TRANSLATION and normal != whole:
            found.append(normal)
    return found


def numbers_of(words: list[str]) -> tuple[str, ...]:
    """The numbers that a title states, sorted; Roman and spelt ones as digits."""
    found: list[str] = []
    for place, word in enumerate(words):
        if word == "i" and place + 1 < len(words) and words[place - 1] not in _NUMBERED:
            continue  # more often "in" with a letter lost, or a word of another language
        if plain := _ROMAN.get(word) or _SPELT.get(word):
            found.append(plain)
        elif not word.isalpha():
            found += [number.lstrip("0") for number in _NUMBER.findall(word)]
    return tuple(sorted(found))
