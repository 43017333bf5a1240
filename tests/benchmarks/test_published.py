"""The documents say what the published result says."""

from __future__ import annotations

import pytest

from benchmarks.driver import publish, results


def test_the_documents_tell_the_numbers_of_the_published_result() -> None:
    for file, text in publish.documents().items():
        assert file.read_text(encoding="utf-8") == text, f"write {file.name} again: python -m benchmarks --publish"


def test_a_document_without_its_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="expected one section"):
        publish._filled("nothing", "a table")


def test_measures_of_a_later_result_take_the_place_of_the_first_ones() -> None:
    def result(size: str, *names: str, quiet: bool = True) -> dict[str, object]:
        measures = [{"name": name, "title": name.upper()} for name in names]
        told = {"commit": f"of {size}", "settings": {"LEASE_S": "15"}, "peers": {size: "defaults"}}
        return {"size": size, "quiet": quiet, "foreign_cpu": 0.01 if quiet else 0.5, "measures": measures, **told}

    both = results.combined(result("quick", "a", "b"), result("full", "b", "c", quiet=False))

    assert [m["title"] for m in both["measures"]] == ["A", "B (size full)", "C (size full)"]
    assert (both["size"], both["quiet"], both["foreign_cpu"]) == ("quick", False, 0.5)
    assert (both["commit"], both["peers"]) == ("of full, of quick", {"quick": "defaults", "full": "defaults"})


def test_results_of_different_settings_are_not_combined() -> None:
    first = {"settings": {"LEASE_S": "15"}}

    with pytest.raises(ValueError, match="expected results of the same settings"):
        results.combined(first, {"settings": {"LEASE_S": "5"}})
