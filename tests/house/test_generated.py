"""What is written from the code is what the code says now."""

from __future__ import annotations

from pathlib import Path

import honcho.environ
import pytest

from middleware.settings import Settings, declared

from .generated import FILES, ROOT, env_example


@pytest.mark.parametrize("name", FILES)
def test_a_generated_file_is_what_the_code_says(name: str) -> None:
    committed = (ROOT / name).read_text(encoding="utf-8")

    assert committed == FILES[name](), f"{name} is out of date: `make generated` writes it"


def test_the_example_without_its_comment_signs_holds_the_defaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(declared, "EMBEDDED_URL_FILE", tmp_path / "of nobody's make run")
    lines = [line.removeprefix("#") for line in env_example().splitlines() if not line.startswith("# ")]

    assert Settings.from_environ(honcho.environ.parse("\n".join(lines))) == Settings()
