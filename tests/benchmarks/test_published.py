"""The documents say what the published result says."""

from __future__ import annotations

import pytest

from benchmarks.driver import publish


def test_the_documents_tell_the_numbers_of_the_published_result() -> None:
    for file, text in publish.documents().items():
        assert file.read_text(encoding="utf-8") == text, f"write {file.name} again: python -m benchmarks --publish"


def test_a_document_without_its_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="expected one section"):
        publish._filled("nothing", "a table")
