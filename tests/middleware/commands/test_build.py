"""How scripts are put together: what is included where, constants, and the errors of sources that can't be built."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from middleware.commands import build, keys

Sources = Callable[..., Path]

MOST_LINES_OF_A_SETTLEMENT = 450


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sources:
    """Writes sources into a folder that takes the place of ``lua/``: ``main`` is the script, the others are parts."""
    (tmp_path / "parts").mkdir()
    monkeypatch.setattr(build, "_LUA", tmp_path)

    def write(main: str, **parts: str) -> Path:
        (tmp_path / "main.lua").write_text(main, encoding="utf-8")
        for name, text in parts.items():
            (tmp_path / "parts" / f"{name}.lua").write_text(text, encoding="utf-8")
        return tmp_path

    return write


def built() -> build.Script:
    """The script of ``sources``, built anew."""
    return build._built("main")


def test_a_part_stands_once_and_before_who_includes_it(sources: Sources) -> None:
    sources("--- @include b\n--- @include a\nreturn b()\n", a="local a = 1\n", b="--- @include a\nlocal b = a\n")

    assert built().source == "local a = 1\nlocal b = a\nreturn b()\n"


def test_what_a_block_includes_is_known_in_it_alone(sources: Sources) -> None:
    sources(
        "if x then\n  --- @include a\nelse\n  --- @include a\n  if y then\n    --- @include a\n  end\nend\n",
        a="local a = 1\n",
    )

    assert built().source == "if x then\n  local a = 1\nelse\n  local a = 1\n  if y then\n  end\nend\n"


def test_statements_are_inserted_each_time(sources: Sources) -> None:
    sources("--- @insert a\n--- @insert a\n", a="ring()\n")

    assert built().source == "ring()\nring()\n"


def test_constants_are_put_in_but_not_into_comments_and_texts(sources: Sources) -> None:
    sources(
        "-- K.stack and R.SEQ\nlocal x = job[R.SEQ] -- S.QUEUED\nlocal y = {K.due, 'R.SEQ', S.QUEUED, row.K.stack}\n"
    )

    assert built() == (
        "-- K.stack and R.SEQ\nlocal x = job[2] -- S.QUEUED\nlocal y = {KEYS[1], 'R.SEQ', 'q', row.K.stack}\n",
        (keys.due,),
    )


@pytest.mark.parametrize(
    ("main", "message"),
    [
        ("return R.SEK\n", "there is no R.SEK in layout.py, keys.py or build.py."),
        ("--- @include nothing\n", "there is no nothing.lua to include."),
        ("if x then\n  --- @include held\nend\n", "include held outside of all blocks first"),
    ],
)
def test_a_source_that_can_not_be_built_says_why(sources: Sources, main: str, message: str) -> None:
    sources(main, held="--- @state\nlocal held = {}\n")

    with pytest.raises(build.BuildError, match=re.escape(message)):
        built()


def test_the_command_lists_prints_and_writes_the_scripts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert build.main([]) == 0
    assert capsys.readouterr().out.split() == build.names()

    assert build.main(["settle"]) == 0
    assert capsys.readouterr().out == build.script("settle").source

    assert build.main(["--into", str(tmp_path / "lua")]) == 0
    written = {file.stem: file.read_text(encoding="utf-8") for file in (tmp_path / "lua").iterdir()}
    assert written == {name: build.script(name).source for name in build.names()}


def test_a_reader_passes_few_lines_to_follow_a_settlement() -> None:
    """Those of the script and of all parts that a usual one runs through: what is rare is included in a block."""
    passed: dict[str, int] = {}

    def follow(file: Path) -> None:
        if file.stem not in passed:
            text = file.read_text(encoding="utf-8")
            passed[file.stem] = len(text.splitlines())
            for part in re.findall(r"^--- @(?:include|insert) (\w+)", text, re.MULTILINE):
                follow(lua / "parts" / f"{part}.lua")

    lua = Path(build.__file__).parent / "lua"
    follow(lua / "settle.lua")
    follow(lua / "parts" / "write.lua")
    passed.pop("claim", None)
    follow(lua / "parts" / "claim.lua")

    assert {"finish", "claim", "gate", "save"} <= set(passed)
    assert sum(passed.values()) <= MOST_LINES_OF_A_SETTLEMENT, passed
