"""A query's text becomes a tree with places, and the linter of search-query is heard and not seen."""

from __future__ import annotations

import contextlib
import io

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from search_query.parser import parse as parse_with_the_library

from iimscreen import syntax
from iimscreen.syntax import Junction, SearchTerm

SIGNS = ["(", ")", '"', "“", "”", "[tiab]", "[mh]", "[foo]", "[tiab:~2]", "[", "]", "|", "&", "*", ":", "-"]
WORDS = [
    "AND",
    "OR",
    "NOT",
    "and",
    "#1",
    "DM",
    "the",
    "tofa*",
    "tofacitinib",
    '"anti synthetase"',
    "2020/13[crdt]",
]
PIECES = st.sampled_from([*SIGNS, *WORDS])
texts = st.lists(PIECES, max_size=12).map(" ".join) | st.lists(PIECES, max_size=12).map("".join) | st.text()


def shown(node: syntax.Node | None) -> str:
    if node is None:
        return "nothing"
    if isinstance(node, SearchTerm):
        return node.shown
    return f"({f' {node.operator} '.join(map(shown, node.parts))})"


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a", "a"),
        ("a b", "a b"),
        ("a OR b AND c", "((a OR b) AND c)"),
        ("a AND b AND c", "(a AND b AND c)"),
        ("a AND (b AND c)", "(a AND (b AND c))"),
        ("a NOT b NOT c", "(a NOT b NOT c)"),
        ("a | b", "(a OR b)"),
        ("a&b", "(a AND b)"),
        ("a or b", "(a OR b)"),
        ("((a))", "a"),
        ("(a OR b)[tiab]", "(a OR b)"),
        ("(a OR b) c", "((a OR b) AND c)"),
        ("a[ti] b[tiab]", "(a[ti] AND b[tiab])"),
        ("“a b”[tiab]", '"a b"[tiab]'),
        ('"2020"[dp] : "2021"[dp]', '"2020":"2021"[dp]'),
        ("2020:2021[dp]", "2020:2021[dp]"),
        ("x-OR land NOT", "x-OR land"),
        ("(a OR b", "(a OR b)"),
        ("a) AND b", "(a AND b)"),
        ('"a b', "a b"),
        ("AND a OR", "a"),
        ("()", "nothing"),
        ("", "nothing"),
        ("and[tiab]", "and[tiab]"),
    ],
)
def test_a_text_is_read_from_left_to_right(text, tree):
    root = syntax.read(text).root

    assert shown(root) == tree


def test_parentheses_as_deep_as_a_text_is_long_are_read():
    query = syntax.read("(" * 9000 + "a" + ")" * 9000)

    assert shown(query.root) == "a"


def test_a_tag_is_known_by_every_name_and_its_distance_apart():
    tags = [
        term.tag for term in syntax.read("a[Title/Abstract] AND b[ tiab :~3] AND c[foo] AND d[MeSH]").terms
    ]

    assert [tag and (tag.short, tag.distance) for tag in tags] == [
        ("tiab", None),
        ("tiab", "3"),
        (None, None),
        ("mh", None),
    ]


def test_no_two_tags_share_a_name():
    names = [name for names in syntax.TAGS.values() for name in names]

    assert len(names) == len(set(names))


@given(texts)
def test_any_text_is_read_and_every_term_stands_where_it_says(text):
    query = syntax.read(text)

    straight = text.replace("“", '"').replace("”", '"')
    for term in query.terms:
        assert straight[term.start : term.end].startswith(term.text.partition(":")[0])
    inside = [node for node, _ in syntax.walk(query.root) if isinstance(node, SearchTerm)]
    assert inside == list(query.terms)


def test_what_not_takes_away_is_told_apart_from_what_an_inner_not_gives_back():
    query = syntax.read("a NOT (animals NOT humans)")

    denied = {
        node.text: is_denied for node, is_denied in syntax.walk(query.root) if isinstance(node, SearchTerm)
    }

    assert denied == {"a": False, "animals": True, "humans": False}


terms = st.sampled_from(
    ["tofacitinib", "dermatomyositis[tiab]", '"a letter"[ti]', "muscle weakness", "behcet[mh]"]
)
well_formed = st.recursive(
    terms,
    lambda inner: st.builds(
        lambda operator, parts: f"({f' {operator} '.join(parts)})",
        st.sampled_from(["AND", "OR", "NOT"]),
        st.lists(inner, min_size=2, max_size=4),
    ),
    max_leaves=12,
)


def of_the_library(query) -> str:
    if not query.operator:
        tag = query.field.value if query.field.position != (-1, -1) else ""
        return query.value + tag
    return f"({f' {query.value} '.join(map(of_the_library, query.children))})"


@given(well_formed)
def test_a_well_formed_text_gives_the_tree_of_the_library(text):
    mine = shown(syntax.read(text).root)

    assert mine == of_the_library(parse_with_the_library(text, platform="pubmed", is_list=False))


def test_the_linter_is_asked_once_for_each_text_and_points_into_it():
    text = 'a[Title/Abstract] AND (b OR c)[tiab] AND d[foo] "e"[tiab] f'

    complaints = syntax.lint(syntax.read(text))

    (one,) = [complaint for complaint in complaints if complaint.code == "PARSE_0004"][:1]
    assert one.is_fatal
    assert "Missing operator" in one.text
    assert all(0 <= start <= end <= len(text) for complaint in complaints for start, end in complaint.places)
    assert "FIELD_0001" not in {complaint.code for complaint in complaints}


def test_a_text_the_library_stumbles_over_is_told_and_not_raised():
    codes = [complaint.code for complaint in syntax.lint(syntax.read("a & b | c"))]

    assert "STUMBLED" in codes


@pytest.mark.parametrize("text", ["a OR b AND (", "a AND b OR c) NOT d", "(" * 3000 + "a", "«(» OR b AND c"])
def test_an_unmatched_parenthesis_is_told_without_the_library_which_would_not_end(text):
    codes = {complaint.code for complaint in syntax.lint(syntax.read(text))}

    assert codes == {"PARSE_0002"}


def test_a_whole_text_in_quotes_is_told():
    complaints = syntax.lint(syntax.read('"(a AND b)"'))

    assert "PARSE_0007" in {complaint.code for complaint in complaints}


def test_nothing_is_said_of_an_empty_text():
    assert syntax.lint(syntax.read("  ")) == []


@settings(deadline=None)  # the library is slow on some texts
@given(texts)
@example("\x1b\r0")
def test_the_linter_says_nothing_aloud_and_raises_nothing(text):
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        complaints = syntax.lint(syntax.read(text))

    assert printed.getvalue() == ""
    assert all(complaint.text and "\x1b" not in complaint.text for complaint in complaints)
    assert all(start <= len(text) for complaint in complaints for start, _ in complaint.places)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2020", "2020-01-01", "2020-12-31"),
        ("2020/02", "2020-02-01", "2020-02-29"),
        ("1800/01/01:2023/08/23", "1800-01-01", "2023-08-23"),
        ('"2020":"2021"', "2020-01-01", "2021-12-31"),
    ],
)
def test_a_date_covers_all_that_it_can_mean(text, first, last):
    found = syntax.date_range(text)

    assert [day.isoformat() for day in found] == [first, last]


@pytest.mark.parametrize("text", ["", "2020/13", "2021:2020", "last year", "0000"])
def test_what_is_no_date_is_refused(text):
    with pytest.raises(syntax.DateError):
        syntax.date_range(text)


def test_a_junction_keeps_its_parts_in_order():
    root = syntax.read("a OR b OR c").root

    assert isinstance(root, Junction)
    assert [part.text for part in root.parts if isinstance(part, SearchTerm)] == ["a", "b", "c"]
