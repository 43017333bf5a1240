"""What stands beside drain rates: how much the delivered cadence lets through."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.driver.cadence import delivered


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ('every = "2s"\nbatch = 1000', "lets 500 jobs a second through: 10,000 that come at once take 20 s"),
        ('every = "500ms"\nbatch = 0', "lets everything through that waits when a window opens"),
        ('cron = "0 * * * *"\nbatch = 5000', "lets 5,000 jobs through in each window"),
        ('mode = "continuous"', 'mode = "continuous"`) lets jobs through at any time'),
    ],
    ids=["ticks", "no bound", "cron", "continuous"],
)
def test_a_sentence_shows_what_goes_through(section: str, words: str, tmp_path: Path) -> None:
    file = tmp_path / "cadence.toml"
    file.write_text(f"[queues.default]\n{section}\n", encoding="utf-8")

    assert words in delivered(file)
