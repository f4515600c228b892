"""The comparable form of a record: what is left when habits of databases are taken away.

Nothing here decides whether two records are one report; see `rules`.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz import fuzz

from iimscreen.model import Author, Kind, Record, StoredRecord

_MARKUP = re.compile(
    r"</?(?:i|b|u|em|strong|sub|sup|inf|small|sc|scp|it|bold|italic|span|p|br|mml:\w+|jats:\w+)\b[^<>]*>",
    re.IGNORECASE,
)
_NOT_WORD = re.compile(r"[\W_]+")
_APOSTROPHES = re.compile(r"['’‘`´ʼ]")
_BROKEN_LETTER = re.compile(r"(?<=[^\W\d_])\?(?=[^\W\d_])")
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
_JOURNAL_PARTS = re.compile(r"\s*[:;=(\[./]\s*|\s+-\s+")
_JOURNAL_NOTE = re.compile(r"\s[(\[][^()\[\]]*[)\]]?")
_ELISION = re.compile(r"\b[dl]['’]", re.IGNORECASE)
_NUMBER = re.compile(r"\d+")
_MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS = {name: str(n) for n, name in enumerate(_MONTH_NAMES, 1)}
_DAY_MONTH = re.compile(r"0?(\d{1,2})-([A-Za-z]{3})$")
_MONTH_DAY = re.compile(r"([A-Za-z]{3})-0?(\d{1,2})$")
_PAGES = re.compile(r"([a-z]{0,4})\s*0*(\d+)([a-z]?)(?:\s*(?:-|--|–|—|to)\s*([a-z]{0,4})\s*0*(\d+))?")
_STRETCHES = re.compile(r"\s*[,;+&]\s*(?:[a-z ]+)?", re.IGNORECASE)
_ROMAN_PAGES = re.compile(r"([ivxlc]+)(?:\s*[-–]\s*([ivxlc]+))?\b")
_PARTICLES = frozenset((
    "de", "da", "do", "dos", "das", "del", "della", "di", "du", "van", "von", "der", "den", "ten",
    "ter", "la", "le", "el", "al", "bin", "ibn", "zu", "y", "e", "and", "st",
))  # fmt: skip
_SUFFIXES = frozenset((
    "jr", "sr", "ii", "iii", "iv", "2nd", "3rd", "md", "phd",
))  # fmt: skip
_SMALL_JOURNAL_WORDS = frozenset((
    "annual", "proceedings", "proc", "vol", "vols", "l", "d", "the", "of", "and", "for", "in", "on",
    "an", "de", "la", "le", "des", "der", "die", "das", "und", "et", "del", "della", "e", "y", "i",
    "für", "fur", "du", "den", "volume", "da", "do", "dos", "di", "dello", "van",
))  # fmt: skip

_CONFERENCE = frozenset(("conference", "symposium", "workshop", "congress", "conf", "symp"))
SUPPLEMENT = re.compile(
    r"suppl|\bsup\b|meeting|\babstr|conference|congress|annual|proceedings|\d\s*s$|^s\s*\d", re.IGNORECASE
)
MEETING_TYPE = re.compile(r"abstract|conference|congress|meeting|proceeding", re.IGNORECASE)
# As ClinicalTrials.gov's records are stored, and as CENTRAL and Embase name theirs.
_REGISTRATION_TYPE = re.compile(r"\b(?:trial|study)\b.*\bregist(?:ry|ration|er)\b", re.IGNORECASE)
# A second title under one number has been given a suffix by `importing.import_files`.
_NCT_NUMBER = re.compile(r"(NCT\d{8})(?:/[0-9a-f]{8})?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Comparable:
    """One record, ready to be compared."""

    id: int
    key: str
    record: Record
    titles: tuple[str, ...]  # letters and digits only: the title, then translations of it
    words: tuple[str, ...]  # of the title
    pmid: str | None
    doi: str | None
    families: tuple[str, ...]  # one a person, in order, without particles
    name_words: frozenset[str]  # every word of every name
    journals: tuple[str, ...]  # normalised names and abbreviations
    year: int | None
    volume: str | None
    issue: str | None
    first_page: str | None
    last_page: str | None
    first_pages: frozenset[str]  # of each stretch: "230-5, 246-51" has two
    is_registration: bool  # from a register, or named one by its source: another report than an article
    registered: frozenset[str]  # its own numbers, as "ClinicalTrials.gov:NCT03002649"; of registrations only


def comparable(stored: StoredRecord) -> Comparable:
    """The comparable form of one stored record."""
    record = stored.record
    titles = tuple(_titles(record))
    families, name_words = _names(record.authors)
    first, last = page_range(record.pages)
    is_registration = stored.kind is Kind.REGISTER or any(
        _REGISTRATION_TYPE.search(kind) for kind in record.publication_types
    )
    return Comparable(
        id=stored.id,
        key=stored.key,
        record=record,
        titles=tuple(dict.fromkeys("".join(title.split()) for title in titles)) or ("",),
        words=tuple(titles[0].split()) if titles else (),
        pmid=record.pmid,
        doi=record.doi.lower() if record.doi else None,
        families=families,
        name_words=name_words,
        journals=_journals(record.journal, record.journal_abbreviation),
        year=record.year,
        volume=_number(record.volume),
        issue=_number(record.issue),
        first_page=first,
        last_page=last,
        first_pages=_first_pages(record.pages, first),
        is_registration=is_registration,
        registered=_registered(record) if is_registration else frozenset(),
    )


def _registered(record: Record) -> frozenset[str]:
    number = _NCT_NUMBER.fullmatch(record.accession or "")
    own = [f"ClinicalTrials.gov:{number[1].upper()}"] if number else []
    return frozenset([*record.registrations, *own])


def normal_text(text: str) -> str:
    """Words in lower case ASCII where the script allows it, one space apart, without markup.

    Greek letters are spelt, accents dropped, and apostrophes join ("patients'" is "patients").
    """
    if not text.isascii() or "&" in text or "<" in text:
        text = html.unescape(text)
        if "<" in text:
            text = _MARKUP.sub("", text)
        # Twice: a letter may show its case only when decomposed, and its accent only when folded.
        text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
        text = text.translate(_LETTERS)
        text = "".join(letter for letter in text if not unicodedata.combining(letter))
        text = _APOSTROPHES.sub("", text)
    else:
        text = text.lower().replace("'", "").replace("`", "")
    if "&" in text:
        text = text.replace("&", " and ")
    if "?" in text:
        text = _BROKEN_LETTER.sub("", text)
    return _NOT_WORD.sub(" ", text).strip()


def page_range(pages: str | None) -> tuple[str | None, str | None]:
    """First and last page, lower case, without leading zeros; each None if not stated.

    "1024-9" is 1024 to 1029, "S385S-389" is s385 to s389, and "01-Jun" is what a spreadsheet
    makes of 1-6.
    """
    if not pages:
        return None, None
    text = pages.strip(" \"'.").lower()
    if spoilt := _DAY_MONTH.match(text):
        return spoilt.group(1), _MONTHS.get(spoilt.group(2))
    if (spoilt := _MONTH_DAY.match(text)) and spoilt.group(1) in _MONTHS:
        return _MONTHS[spoilt.group(1)], spoilt.group(2)
    match = _PAGES.match(text)
    if match is None:
        roman = _ROMAN_PAGES.match(text)
        return (roman.group(1), roman.group(2)) if roman else (None, None)
    prefix, first, suffix, last_prefix, last = match.groups()
    if last and len(last) < len(first):
        last = first[: len(first) - len(last)] + last
    prefix = prefix or suffix  # "385s" and "S385" are one page of a supplement
    return prefix + first, (last_prefix or prefix) + last if last else None


def _first_pages(pages: str | None, first: str | None) -> frozenset[str]:
    if not pages or first is None:
        return frozenset()
    parts = [page_range(part)[0] for part in _STRETCHES.split(pages)[1:]]
    return frozenset([first, *(part for part in parts if part)])


def numbers_of(words: tuple[str, ...]) -> tuple[str, ...]:
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


@lru_cache(maxsize=65536)
def is_same_journal(name: str, other: str) -> bool:
    """Whether two normalised names may be one journal: equal, abbreviated, or cut short."""
    if name == other or name.replace(" ", "") == other.replace(" ", ""):
        return True
    short, long = sorted((name.split(), other.split()), key=lambda words: (len(words), sum(map(len, words))))
    if not short:
        return False
    if len(short) == 1 and len(long) > 1:
        initials = "".join(word[0] for word in long)
        return short[0] == initials or (len(short[0]) >= 4 and short[0] == long[0] and len(long) > 2)
    if _CONFERENCE.intersection(short) and len(short) > 2 and set(short) <= set(long):
        return True  # "ICIS Thirty-First International Conference on ..." is that conference
    return _abbreviates(short, long) or _abbreviates(long, short)


def _abbreviates(short: list[str], long: list[str]) -> bool:
    """Whether each word of `short` abbreviates the word of `long` in its place.

    Two words or more that are left over are a subtitle ("... official journal of ..."); one is
    another journal ("Eur J Cancer" and "European journal of cancer prevention").
    """
    if not 1 < len(short) <= len(long) or len(short) == len(long) - 1:
        return False
    return all(_is_abbreviation(word, full) for word, full in zip(short, long, strict=False))


def _is_abbreviation(short: str, full: str) -> bool:
    if full.startswith(short):
        return True
    if short[0] != full[0] or len(short) > len(full):
        return False
    if len(short) >= 5 and fuzz.ratio(short, full[: len(short) - 1]) >= 85.0:  # a letter lost in the source
        return True
    letters = iter(full)  # "dtsch" stands for "deutsche"
    return len(short) > 1 and all(letter in letters for letter in short)


def _titles(record: Record) -> Iterator[str]:
    """The title as one would read it aloud, then the same title in other languages."""
    title = _LANGUAGE_NOTE.sub("", (record.title or "").strip())
    stripped = title.rstrip(". ")
    if stripped.startswith("[") and stripped.endswith("]") and "[" not in stripped[1:]:
        title = stripped[1:-1]
    whole = normal_text(title)
    if whole:
        yield whole
    parts = title.split(" = ") if " = " in title else []
    if bracketed := _BRACKETED_PART.match(title):
        parts += bracketed.groups()
    for part in [*parts, record.vernacular_title or ""]:
        normal = normal_text(_LANGUAGE_NOTE.sub("", part))
        if len(normal) > 20 and normal != whole:
            yield normal


def _names(authors: tuple[Author, ...]) -> tuple[tuple[str, ...], frozenset[str]]:
    families: list[str] = []
    words: set[str] = set()
    for author in authors:
        family = [word for word in normal_text(author.family).split() if word not in _PARTICLES] or [
            normal_text(author.family)
        ]
        if not author.is_group and len(family) > 1:
            family = [word for word in family if word not in _SUFFIXES and len(word) > 1] or family
        if not any(family):
            continue
        families.append("".join(family))
        words.update(family)
        words.add("".join(family))
        if author.given:
            words.update(word for word in normal_text(author.given).split() if len(word) > 1)
    return tuple(families), frozenset(words)


@lru_cache(maxsize=16384)
def _journals(*names: str | None) -> tuple[str, ...]:
    found: list[str] = []
    for name in names:
        if not name:
            continue
        parts = _JOURNAL_PARTS.split(name)
        others = parts[1:] if "=" in name or " - " in name or "[" in name else []
        for part in (name, parts[0], *(part for part in others if len(part) > 10)):
            text = _ELISION.sub(" ", _JOURNAL_NOTE.sub("", part))
            words = [word for word in normal_text(text).split() if _is_journal_word(word)]
            if words:
                found.append(" ".join(words))
    return tuple(dict.fromkeys(found))


def _is_journal_word(word: str) -> bool:
    """Not an article, nor the number or year of a conference: "50th Annual Hawaii Conference"."""
    return word not in _SMALL_JOURNAL_WORDS and not word[0].isdigit()


def _number(text: str | None) -> str | None:
    """The leading number of a volume or issue: "6 (1) (no pagination)" is 6, "Volume 14" is 14."""
    if not text:
        return None
    match = _NUMBER.search(text)
    return match.group().lstrip("0") or "0" if match else None
