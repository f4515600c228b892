"""`screen --from` takes votes over from other tools: whose, on which record, for which reason."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from conftest import a_record, bring_in
from iimscreen.store import Review, decisions

Run = Callable[..., Result]
TA = "title-abstract"


@pytest.fixture
def four(review: Review) -> list[str]:
    """Records known by DOI, by PMID, by title and year, and two alike under one title."""
    return bring_in(
        review,
        [
            a_record(1, doi="10.1000/one"),
            a_record(2, pmid="90000002"),
            a_record(3, title="Drug three in <i>β</i>-disease", year=2019),
            a_record(4, title="Editorial", year=2020, volume="1"),
            a_record(5, title="Editorial", year=2020, volume="2"),
        ],
    )


def file_of(name: str, *lines: str) -> str:
    Path(name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return name


def rayyan(*lines: str) -> str:
    return file_of("rayyan.csv", "key,title,year,doi,pubmed_id,notes", *lines)


def noted(inclusion: str, more: str = "") -> str:
    return '"RAYYAN-INCLUSION: {' + inclusion.replace('"', '""') + "}" + more.replace('"', '""') + '"'


def votes(
    review: Review, name: str = "ann", stage: str = TA
) -> dict[str, tuple[str, str | None, str | None]]:
    return {
        vote.key: (vote.verdict.value, vote.reason, vote.note)
        for vote in decisions.own_votes(review, stage, name)
    }


def test_rayyan_votes_are_taken_by_doi_pmid_and_title_with_year(
    run: Run, review: Review, four: list[str]
) -> None:
    file = rayyan(
        "1,Other words,2020,https://doi.org/10.1000/ONE,," + noted('"Ann K."=>"Included"'),
        "2,Whatever,2020,,90000002,"
        + noted(
            '"Ann K."=>"Excluded"',
            ' | RAYYAN-EXCLUSION-REASONS: juvenile patients | USER-NOTES: {"Ann K."=>["aged 9"]}',
        ),
        "3,Drug three in Beta-disease.,2019,,," + noted('"Ann K."=>"Maybe", "Bob"=>"Excluded"'),
        '4,Editorial,2020,,,"no decision"',
    )

    result = run("screen", "--reviewer", "ann", "--from", file, "--as", "Ann K.")

    assert result.exit_code == 0, result.stderr
    assert result.stdout.splitlines() == [
        "3 votes of ann stored, taken over from Rayyan.",
        "Passed over: 1 line without a decision.",
        "Passed over: 1 vote of others.",
    ]
    origin = "[taken over from rayyan.csv, given there as Ann K.]"
    assert votes(review) == {
        four[0]: ("include", None, origin),
        four[1]: ("exclude", "juvenile", f"aged 9 {origin}"),
        four[2]: ("unsure", None, origin),
    }
    assert votes(review, "Bob") == {}


def test_whose_votes_are_meant_must_be_said_where_no_name_of_the_file_is_the_reviewers(
    run: Run, review: Review, four: list[str]
) -> None:
    file = rayyan("1,One,2020,10.1000/one,," + noted('"Ann K."=>"Included", "Bob"=>"Excluded"'))

    result = run("screen", "--reviewer", "ann", "--from", file)

    assert result.exit_code == 3
    assert "no votes of 'ann', but of Ann K., Bob" in result.stderr
    assert "--as" in result.stderr
    assert votes(review) == {}
    assert (
        run("screen", "--reviewer", "bob", "--from", file).exit_code == 0
    )  # but for small and large letters


def test_every_line_that_fits_no_record_for_certain_is_named_and_nothing_stored(
    run: Run, review: Review, four: list[str]
) -> None:
    mine = noted('"ann"=>"Included"')
    file = rayyan(
        f"1,One,2020,10.1000/one,,{mine}",
        f"2,Nothing of the kind,2020,10.1000/none,,{mine}",
        f"3,Editorial,2020,,,{mine}",
        f"4,One,2020,10.1000/one,90000002,{mine}",
        f"5,Nor this,,,,{mine}",
    )

    refused = run("screen", "--reviewer", "ann", "--from", file)
    taken = run("screen", "--reviewer", "ann", "--from", file, "--skip-unknown")

    assert refused.exit_code == 3
    assert "4 lines cannot be used, nothing was stored" in refused.stderr
    assert "lines 3, 6: no record of this review fits" in refused.stderr
    assert "line 4: its title and year may mean 2 reports" in refused.stderr
    assert "line 5: its DOI and its PMID are of different reports" in refused.stderr
    assert "1 vote of ann stored" in taken.stdout
    assert "Left out: 4 lines that fit no record for certain (3-6)." in taken.stdout
    assert set(votes(review)) == {four[0]}


def test_reasons_that_the_protocol_lacks_are_all_named_or_kept_as_notes(
    run: Run, review: Review, four: list[str]
) -> None:
    file = rayyan(
        "1,One,2020,10.1000/one,,"
        + noted('"ann"=>"Excluded"', " | RAYYAN-EXCLUSION-REASONS: wrong drug,background article"),
        "2,Two,2020,,90000002,"
        + noted('"ann"=>"Excluded"', " | RAYYAN-EXCLUSION-REASONS: wrong drug,review"),
    )

    refused = run("screen", "--reviewer", "ann", "--from", file)
    taken = run("screen", "--reviewer", "ann", "--from", file, "--reasons-as-notes")

    assert refused.exit_code == 3
    assert "the protocol lacks 2 reasons of the file" in refused.stderr
    assert "'wrong drug' (2); 'background article' (1)" in refused.stderr
    assert "juvenile (Juvenile patients)" in refused.stderr
    assert "2 votes with a reason that the protocol lacks, kept in the note." in taken.stdout
    origin = "[taken over from rayyan.csv]"
    assert votes(review) == {
        four[0]: ("exclude", None, f"reason: wrong drug, background article {origin}"),
        four[1]: ("exclude", "review", f"reason: wrong drug {origin}"),
    }


def test_of_several_reasons_the_first_of_the_protocol_counts_and_the_note_has_the_others(
    run: Run, review: Review, four: list[str]
) -> None:
    """Labels with commas of their own are known again in a list that commas part."""
    label = "Review, guideline or comment without patients of its own"
    reasons = f" | RAYYAN-EXCLUSION-REASONS: {label},juvenile"
    file = rayyan("1,One,2020,10.1000/one,," + noted('"ann"=>"Excluded", "Bob"=>"Excluded"', reasons))

    assert run("screen", "--reviewer", "ann", "--from", file).exit_code == 0

    ((verdict, reason, note),) = votes(review).values()
    assert (verdict, {reason}) == ("exclude", {"review", "juvenile"} - {_other(note)})
    assert note is not None
    assert "the reasons are of all who excluded it" in note


def _other(note: str | None) -> str:
    return (note or "").partition("other reasons: ")[2].split(" ")[0]


def test_a_list_of_covidence_takes_the_decision_that_it_is(run: Run, review: Review, four: list[str]) -> None:
    file = file_of(
        "included.csv",
        "Title,Authors,Published Year,DOI,Covidence #,Study,Notes,Tags",
        "One,,2020,10.1000/one,#1,,,",
        "Drug three in beta-disease,,2019,,#3,,good,",
    )

    without = run("screen", "--reviewer", "ann", "--from", file)
    result = run("screen", "--reviewer", "ann", "--from", file, "--verdict", "include")

    assert without.exit_code == 3
    assert "holds no decision of stage title-abstract" in without.stderr
    assert "--verdict" in without.stderr
    assert result.stdout == (
        "2 votes of ann stored, taken over from Covidence.\n"
        "The file does not say whose decisions these are: they count as ann's own.\n"
    )
    assert votes(review) == {
        four[0]: ("include", None, "[taken over from included.csv]"),
        four[2]: ("include", None, "good [taken over from included.csv]"),
    }


def test_two_lines_on_one_report_must_say_the_same(run: Run, review: Review, four: list[str]) -> None:
    header = "title,year,doi,pmid,asreview_label"
    same = file_of("same.csv", header, "One,2020,10.1000/one,,1", "Again,2020,10.1000/one,,1")
    other = file_of("other.csv", header, "Two,2020,,90000002,1", "Two,2020,,90000002,0")

    taken = run("screen", "--reviewer", "ann", "--from", same)
    refused = run("screen", "--reviewer", "ann", "--from", other, "--skip-unknown")

    assert "Passed over: 1 line saying again what an earlier one says of the same report." in taken.stdout
    assert refused.exit_code == 3
    assert f"line 3: says otherwise of {four[1]} than line 2" in refused.stderr
    assert set(votes(review)) == {four[0]}


def test_a_title_without_a_year_fits_only_a_record_without_one(
    run: Run, review: Review, four: list[str]
) -> None:
    (undated,) = bring_in(review, [a_record(6, title="Undated drug", year=None)])
    header = "title,asreview_label"
    fits = file_of("fits.csv", header, "Undated drug.,1")
    other = file_of("other.csv", header, "Drug three in beta-disease,1")

    assert run("screen", "--reviewer", "ann", "--from", fits).exit_code == 0
    assert run("screen", "--reviewer", "ann", "--from", other).exit_code == 3
    assert set(votes(review)) == {undated}


def test_entries_of_json_are_called_so(run: Run, four: list[str]) -> None:
    file = file_of("a.json", '[{"title": "None such", "year": 2020, "asreview_label": 1}]')

    result = run("screen", "--reviewer", "ann", "--from", file)

    assert (
        "1 entry cannot be used, nothing was stored: entry 1: no record of this review fits" in result.stderr
    )


def test_a_vote_that_the_stage_does_not_know_is_refused_with_its_line(
    run: Run, review: Review, four: list[str]
) -> None:
    file = file_of(
        "a.csv",
        "record,verdict,reason,note,reviewer,kind,at,stage",
        f"{four[0]},include,,,ann,vote,,title-abstract",
        f"{four[1]},awaiting,,,ann,vote,,title-abstract",
        f"{four[2]},ongoing,,,ann,vote,,full-text",
    )

    result = run("screen", "--reviewer", "ann", "--from", file)

    assert result.exit_code == 3
    assert "line 3: 'awaiting' is no verdict of stage title-abstract" in result.stderr
    assert votes(review) == {}


def test_votes_of_another_stage_are_passed_over(run: Run, review: Review, four: list[str]) -> None:
    file = file_of(
        "a.csv",
        "record,verdict,reason,note,reviewer,kind,at,stage",
        f"{four[0]},include,,,ann,vote,,title-abstract",
        f"{four[0]},exclude,review,,ann,vote,,full-text",
    )

    result = run("screen", "--reviewer", "ann", "--from", file)

    assert "Passed over: 1 vote of other stages." in result.stdout
    assert set(votes(review)) == {four[0]}


def test_options_of_taking_over_go_with_from_and_not_with_a_plain_csv(run: Run, four: list[str]) -> None:
    file = file_of("plain.csv", "record,verdict", "1,include")

    alone = run("screen", "--reviewer", "ann", "--skip-unknown")
    plain = run("screen", "--reviewer", "ann", "--from", file, "--as", "Ann")

    assert (alone.exit_code, plain.exit_code) == (3, 3)
    assert "go with --from" in alone.stderr
    assert "plain.csv is a plain CSV of decisions" in plain.stderr


def test_a_broken_file_of_a_tool_is_named_with_the_line(run: Run, four: list[str]) -> None:
    file = file_of("a.csv", "title,asreview_label", "One,7")

    result = run("screen", "--reviewer", "ann", "--from", file)

    assert result.exit_code == 3
    assert "a.csv: line 2: '7' is no label of ASReview" in result.stderr
