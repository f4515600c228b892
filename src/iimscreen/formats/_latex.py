"""LaTeX as reference managers write it into BibTeX, made plain text: accents, signs, Greek, braces.

Our own and not pylatexenc 2.11 (through bibtexparser), which takes 4.7 ms a record with its abstract, here
0.1; takes an unescaped % for a comment and drops the rest of the abstract; and a price in dollars for
mathematics. What is not known stays as it is written.
"""

from __future__ import annotations

import re
import unicodedata

_ACCENTS = {
    "`": "\u0300", "'": "\u0301", "^": "\u0302", '"': "\u0308", "~": "\u0303", "=": "\u0304", ".": "\u0307",
    "u": "\u0306", "v": "\u030c", "H": "\u030b", "c": "\u0327", "d": "\u0323", "b": "\u0331", "r": "\u030a",
    "k": "\u0328",
}  # fmt: skip
_WORDS = {
    "ss": "ß", "o": "ø", "O": "Ø", "l": "ł", "L": "Ł", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ", "aa": "å",
    "AA": "Å", "i": "ı", "j": "ȷ", "dh": "ð", "DH": "Ð", "th": "þ", "TH": "Þ", "dj": "đ", "DJ": "Đ", "ng": "ŋ",
    "textmu": "µ", "textdegree": "°", "degree": "°", "pounds": "£", "textsterling": "£", "euro": "€",
    "texteuro": "€", "S": "§", "P": "¶", "copyright": "©", "textcopyright": "©", "textregistered": "®",
    "texttrademark": "™", "dag": "†", "ddag": "‡", "textendash": "–", "textemdash": "—", "textquoteleft": "‘",
    "textquoteright": "’", "textquotedblleft": "“", "textquotedblright": "”", "ldots": "…", "dots": "…",
    "textellipsis": "…", "textless": "<", "textgreater": ">", "textbar": "|", "textasciitilde": "~",
    "textasciicircum": "^", "textbackslash": "\\", "textunderscore": "_", "textdollar": "$",
    "textbraceleft": "{", "textbraceright": "}", "textexclamdown": "¡", "textquestiondown": "¿", "textpm": "±",
    "texttimes": "×", "textperiodcentered": "·", "textbullet": "•", "slash": "/", "quad": " ", "qquad": " ",
    # mathematics
    "leq": "≤", "le": "≤", "geq": "≥", "ge": "≥", "pm": "±", "mp": "∓", "times": "×", "div": "÷", "neq": "≠",
    "ne": "≠", "approx": "≈", "sim": "∼", "equiv": "≡", "cdot": "·", "circ": "°", "infty": "∞", "to": "→",
    "rightarrow": "→", "leftarrow": "←", "uparrow": "↑", "downarrow": "↓", "prime": "′", "ll": "≪", "gg": "≫",
    "lt": "<", "gt": ">", "sum": "∑", "sqrt": "√", "partial": "∂", "in": "∈", "propto": "∝",
    "varepsilon": "ε", "vartheta": "ϑ", "varphi": "φ", "varsigma": "ς",
}  # fmt: skip
_GREEK = (
    "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu", "xi",
    "omicron", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega",
)  # fmt: skip
for _name in _GREEK:
    _letter = unicodedata.lookup(f"GREEK SMALL LETTER {'LAMDA' if _name == 'lambda' else _name.upper()}")
    _WORDS[_name] = _WORDS[f"text{_name}"] = _letter
    _WORDS[_name.capitalize()] = _WORDS[f"text{_name.capitalize()}"] = _letter.upper()
# They say how what follows looks; it is kept without them.
_LOOKS = frozenset((
    "textit", "textbf", "textsc", "textrm", "textsf", "texttt", "textup", "textsl", "textmd", "textnormal", "emph",
    "underline", "textsuperscript", "textsubscript", "mathrm", "mathit", "mathbf", "mathsf", "mathcal", "mathbb",
    "boldsymbol", "text", "mbox", "hbox", "ensuremath", "url", "href", "uppercase", "lowercase", "enquote", "it", "bf",
    "em", "rm", "sc", "tt", "sl", "sf", "itshape", "bfseries", "scshape", "small", "normalsize", "left", "right",
    "relax", "protect", "noopsort", "nocase",
))  # fmt: skip
_SPACES = frozenset(" ,;:")  # signs that are a blank; `\!`, `\/` and `\-` are none at all
_NOTHING = frozenset("!/-@")

_PLAIN = re.compile(r"[\\{}$~]|--|``|''")
_TOKEN = re.compile(
    r"""\\(?P<accent>[`'^"~=.])[ ]*
      (?:\{[ ]*\\?(?P<in_braces>[A-Za-z]?)[ ]*\}|\\(?P<dotless>[ij])(?![A-Za-z])|(?P<bare>[A-Za-z]))
    |\\(?P<named>[uvHcdbrk])
      (?:[ ]*\{[ ]*\\?(?P<of_braces>[A-Za-z]?)[ ]*\}|[ ]+(?P<behind>[A-Za-z])|\\(?P<also>[ij])(?![A-Za-z]))
    |\\(?P<word>[A-Za-z]+)(?P<blank>\*?[ ]*(?:\{\})?)
    |\\(?P<sign>.)
    |(?P<math>\$[^$]{1,300}\$)
    |(?P<dashes>-{2,3})|(?P<opening>``)|(?P<closing>'')|(?P<tie>~)|(?P<brace>[{}])""",
    re.VERBOSE | re.DOTALL,
)
_SCRIPTS = re.compile(r"[\^_](?=[{\w\\+-])")
_IS_MATH = re.compile(r"[\\^_<>=]")


def plain(text: str) -> str:
    """The text without LaTeX; a text that has none is the same."""
    if not _PLAIN.search(text):
        return text
    return unicodedata.normalize("NFC", _TOKEN.sub(_token, text))


def _token(found: re.Match[str]) -> str:
    kind = found.lastgroup or ""
    if found["accent"]:
        return _accented(found["accent"], found["in_braces"] or found["dotless"] or found["bare"] or "")
    if found["named"]:
        return _accented(found["named"], found["of_braces"] or found["behind"] or found["also"] or "")
    if found["word"]:
        return _word(found)
    if found["sign"]:
        sign = found["sign"]
        return (
            " "
            if sign in _SPACES
            else ""
            if sign in _NOTHING
            else sign
            if sign in "&%$#_{}\"'"
            else found.group()
        )
    if kind == "math":
        return _mathematics(found.group())
    if kind == "dashes":
        return "–" if len(found.group()) == 2 else "—"
    return {"opening": "“", "closing": "”", "tie": " "}.get(kind, "")  # a brace is none


def _accented(accent: str, letter: str) -> str:
    if not letter:  # \~{} is a tilde
        return accent if accent in "~^`'\"" else ""
    return letter + _ACCENTS[accent]


def _word(found: re.Match[str]) -> str:
    word = found["word"]
    if word in _WORDS:
        return _WORDS[word]
    if word in _LOOKS:
        return ""
    is_followed = found.string[found.end() : found.end() + 1] == "{"
    return "" if is_followed else found.group().replace("{}", "")


def _mathematics(text: str) -> str:
    inner = text[1:-1]
    if not _IS_MATH.search(inner) and " " in inner.strip():  # "costs $5 and $6"
        return text
    return plain(_SCRIPTS.sub("", inner)).strip()
