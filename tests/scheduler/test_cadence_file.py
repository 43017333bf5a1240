from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from scheduler.blackout import parse_blackout
from scheduler.cadence import Cadence, QueueCadence
from scheduler.cadence_file import read_cadence
from scheduler.errors import CadenceError
from scheduler.runner import policy_of
from scheduler.ticks import Cron, Every
from scheduler.timetable import Timetable

from .times import BERLIN

SHIPPED = Path(__file__).resolve().parents[2] / "scheduler" / "cadence.toml"
EVERY_2S = Timetable(Every(2_000_000))


def read(tmp_path: Path, text: str, declared: str = "default", **overrides: str) -> Cadence:
    path = tmp_path / "cadence.toml"
    path.write_text(text, encoding="utf-8")
    return read_cadence(path, declared.split(), overrides)


def error_of(tmp_path: Path, text: str, declared: str = "default", **overrides: str) -> str:
    with pytest.raises(CadenceError) as caught:
        read(tmp_path, text, declared, **overrides)
    message = str(caught.value)
    assert "\n" not in message
    return message.replace(f"{tmp_path}/", "")


def test_the_file_that_is_shipped_opens_a_window_every_two_seconds() -> None:
    assert read_cadence(SHIPPED, ["default"], {}).queues["default"] == QueueCadence(
        queue="default", timetable=EVERY_2S, batch=1000, lasts_us=2_000_000, close_when_empty=True
    )


def test_every_key_is_read(tmp_path: Path) -> None:
    text = """
        [queues.default]
        mode = "windows"
        cron = "0 */10 * * * *"
        timezone = "Europe/Berlin"
        batch = 50
        lasts = "1m30s"
        close_when_empty = true
        oldest_share = 0.1
        order = "lifo"
        blackout = ["22:00-06:00", "Sat"]
        missed = "open"
    """
    assert read(tmp_path, text).queues["default"] == QueueCadence(
        queue="default",
        timetable=Timetable(Cron("0 */10 * * * *", BERLIN), parse_blackout(["22:00-06:00", "Sat"], BERLIN)),
        batch=50,
        lasts_us=90_000_000,
        close_when_empty=True,
        oldest_share_ppm=100_000,
        order="lifo",
        missed="open",
    )


def test_what_is_left_out_has_its_default(tmp_path: Path) -> None:
    cadence = read(tmp_path, '[queues.default]\nevery = "2s"').queues["default"]
    assert cadence == QueueCadence(
        queue="default",
        timetable=EVERY_2S,
        batch=0,
        lasts_us=None,
        close_when_empty=False,
        oldest_share_ppm=0,
        order="lifo",
        missed="skip",
    )
    assert cadence.mode == "windows"


def test_a_queue_without_a_section_gets_the_one_of_default(tmp_path: Path) -> None:
    text = '[queues.default]\nevery = "2s"\nbatch = 7\n[queues.mails]\nmode = "continuous"\norder = "fifo"'
    queues = read(tmp_path, text, "default mails reports").queues
    assert (queues["reports"].queue, queues["reports"].batch) == ("reports", 7)
    assert (queues["mails"].mode, queues["mails"].order, queues["mails"].timetable) == ("continuous", "fifo", None)


@pytest.mark.parametrize(
    ("written", "ppm"),
    [("0", 0), ("0.0", 0), ("1", 1_000_000), ("1.0", 1_000_000), ("0.15", 150_000), ("0.1", 100_000), ("1e-6", 1)]
    + [(f"0.{n:06d}", n) for n in (1, 3, 7, 123_457, 333_333, 999_999)],
)
def test_a_share_is_held_exactly(tmp_path: Path, written: str, ppm: int) -> None:
    text = f'[queues.default]\nevery = "2s"\noldest_share = {written}'
    assert read(tmp_path, text).queues["default"].oldest_share_ppm == ppm


SECTION = '[queues.default]\nevery = "2s"\n'
PERIOD = 'queues.default.every must be a duration from "100ms" to "31d", such as "500ms", "2s" or "1h30m", but holds '
BATCH = "queues.default.batch must be a whole number from 0 to 1000000000, but holds "
SHARE = "queues.default.oldest_share must be a number from 0.0 to 1.0 with at most six decimals, but holds "
ZONE = 'queues.default.timezone must be the name of a time zone, such as "Europe/Berlin", but holds '


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[queues.default", "cadence.toml: isn't TOML: "),
        (SECTION + "batch = ,\n", "at line 3, column 9"),
        (
            'every = "2s"',
            "cadence.toml: every isn't known; the file holds sections such as [queues.default] and [jobs.nightly].",
        ),
        ("queues = 3", "cadence.toml: queues must be a table of sections such as [queues.default], but holds 3."),
        ("[queues]\ndefault = 3", "cadence.toml: queues.default must be a section [queues.default], but holds 3."),
        ("", "cadence.toml: queue default needs a section [queues.default]"),
        (SECTION + "[queues.typo]", "queues.typo names a queue that no task declares; declared are: default."),
        (SECTION + "[queues.defualt]", "queues.defualt names a queue that no task declares; did you mean default?"),
        (SECTION + "bacth = 3", "queues.default.bacth isn't known; did you mean batch?"),
        (SECTION + "size = 3", "queues.default.size isn't known; allowed are: mode, every, cron, timezone, batch,"),
        ("[queues.default]\nbatch = 3", 'queues.default needs every = "2s", or cron = "*/10 * * * * *", or mode'),
        (SECTION + 'cron = "* * * * *"', "cadence.toml: queues.default.cron can't stand together with every"),
        ('[queues.default]\nevery = "2"', f"{PERIOD}'2'."),
        ("[queues.default]\nevery = 2", f"{PERIOD}2."),
        ("[queues.default]\nevery = 2.5", f"{PERIOD}2.5."),
        ('[queues.default]\nevery = "99ms"', f"{PERIOD}'99ms'."),
        ('[queues.default]\nevery = "31d1ms"', f"{PERIOD}'31d1ms'."),
        ("[queues.default]\nevery = true", f"{PERIOD}true."),
        ('[queues.default]\nevery = ["2s"]', f"{PERIOD}['2s']."),
        (SECTION + 'lasts = "9ms"', 'queues.default.lasts must be a duration from "10ms" to "31d"'),
        (SECTION + "batch = -1", f"{BATCH}-1."),
        (SECTION + "batch = 1.0", f"{BATCH}1.0."),
        (SECTION + 'batch = "5"', f"{BATCH}'5'."),
        (SECTION + "batch = true", f"{BATCH}true."),
        (SECTION + "batch = 1_000_000_001", f"{BATCH}1000000001."),
        (SECTION + "oldest_share = 1.1", f"{SHARE}1.1."),
        (SECTION + "oldest_share = -0.1", f"{SHARE}-0.1."),
        (SECTION + "oldest_share = 0.0000001", f"{SHARE}1E-7."),
        (SECTION + "oldest_share = nan", f"{SHARE}NaN."),
        (SECTION + "oldest_share = inf", f"{SHARE}Infinity."),
        (SECTION + "oldest_share = true", f"{SHARE}true."),
        (SECTION + 'oldest_share = "0.1"', f"{SHARE}'0.1'."),
        (SECTION + "close_when_empty = 1", "queues.default.close_when_empty must be true or false, but holds 1."),
        (
            SECTION + 'order = "LIFO"',
            'queues.default.order must be "lifo" or "fifo" or "adaptive", but holds \'LIFO\'.',
        ),
        (SECTION + "order = []", 'queues.default.order must be "lifo" or "fifo" or "adaptive", but holds [].'),
        (
            SECTION + 'order = "fifo"\noldest_share = 0.1',
            'queues.default.oldest_share has no effect with order = "fifo"',
        ),
        (SECTION + 'missed = "run"', 'queues.default.missed must be "skip" or "open", but holds \'run\'.'),
        (SECTION + 'mode = "none"', 'queues.default.mode must be "windows" or "continuous", but holds \'none\'.'),
        (SECTION + 'mode = "continuous"', 'queues.default.every has no effect with mode = "continuous"'),
        ('[queues.default]\nmode = "continuous"\nbatch = 1', "queues.default.batch has no effect with mode"),
        (SECTION + 'timezone = "Europe/Berlin"', "queues.default.timezone has no effect without cron or blackout"),
        ("[queues.default]\ncron = '0 * * * *'\ntimezone = 'Europe/Bonn'", f"{ZONE}'Europe/Bonn'."),
        ("[queues.default]\ncron = '0 * * * *'\ntimezone = 'Europe'", f"{ZONE}'Europe'."),
        ("[queues.default]\ncron = '0 * * * *'\ntimezone = ''", f"{ZONE}''."),
        ("[queues.default]\ncron = '0 * * * *'\ntimezone = '../passwd'", f"{ZONE}'../passwd'."),
        ("[queues.default]\ncron = '0 * * * *'\ntimezone = 1", f"{ZONE}1."),
        ("[queues.default]\ncron = 5", "queues.default.cron must be a cron expression such as"),
        (
            '[queues.default]\ncron = "61 * * * *"',
            "cadence.toml: queues.default.cron holds '61 * * * *': its minute must be *, 5, 1-5, */10",
        ),
        (SECTION + 'blackout = "Sat"', "queues.default.blackout must be a list of spans such as"),
        (SECTION + "blackout = []", "queues.default.blackout must be a list of spans such as"),
        (SECTION + 'blackout = ["Sat", "noon"]', "queues.default.blackout holds ['Sat', 'noon']: 'noon' isn't a span"),
        (
            '[queues.default]\ncron = "0 23 * * *"\nblackout = ["22:00-06:00"]',
            "queues.default.blackout must be such that some tick is outside of it",
        ),
    ],
)
def test_an_error_names_the_file_the_key_the_value_and_what_is_allowed(
    tmp_path: Path, text: str, expected: str
) -> None:
    assert expected in error_of(tmp_path, text)


def test_a_section_that_no_queue_uses_is_checked_too(tmp_path: Path) -> None:
    text = '[queues.default]\nevery = "x"\n[queues.mails]\nevery = "2s"'
    assert "queues.default.every" in error_of(tmp_path, text, "mails")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(CadenceError, match=r"none\.toml: can't be read: No such file"):
        read_cadence(tmp_path / "none.toml", ["default"], {})
    (tmp_path / "latin.toml").write_bytes(b"# \xe9\n")
    with pytest.raises(CadenceError, match=r"latin\.toml: can't be read: it isn't UTF-8"):
        read_cadence(tmp_path / "latin.toml", ["default"], {})


def test_the_environment_overrides_the_file(tmp_path: Path) -> None:
    text = SECTION + "batch = 5\noldest_share = 0.5\n"
    cadence = read(
        tmp_path,
        text,
        "default mail-out",
        CADENCE_DEFAULT_EVERY="10s",
        CADENCE_DEFAULT_OLDEST_SHARE="0.25",
        CADENCE_DEFAULT_CLOSE_WHEN_EMPTY="true",
        CADENCE_DEFAULT_BLACKOUT="22:00-06:00, Sat",
        CADENCE_MAIL_OUT_BATCH="7",
        CADENCE_MAIL_OUT_CRON="0 3 * * *",
    )
    utc = ZoneInfo("UTC")
    assert cadence.queues["default"] == QueueCadence(
        queue="default",
        timetable=Timetable(Every(10_000_000), parse_blackout(["22:00-06:00", "Sat"], utc)),
        batch=5,
        close_when_empty=True,
        oldest_share_ppm=250_000,
    )
    assert cadence.queues["mail-out"] == QueueCadence(
        queue="mail-out", timetable=Timetable(Cron("0 3 * * *", utc)), batch=7, oldest_share_ppm=500_000
    )


def test_an_override_takes_what_it_leaves_without_effect_out_of_the_file(tmp_path: Path) -> None:
    text = '[queues.default]\ncron = "* * * * *"\ntimezone = "Europe/Berlin"\nbatch = 5\n'
    assert read(tmp_path, text, CADENCE_DEFAULT_EVERY="2s").queues["default"].timetable == EVERY_2S
    assert read(tmp_path, text, CADENCE_DEFAULT_MODE="continuous").queues["default"].mode == "continuous"
    assert (
        read(tmp_path, SECTION + "oldest_share = 0.1", CADENCE_DEFAULT_ORDER="fifo").queues["default"].order == "fifo"
    )


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ({"CADENCE_DEFAULT_BATCH": "many"}, "CADENCE_DEFAULT_BATCH must be a whole number"),
        ({"CADENCE_DEFAULT_EVERY": "2"}, "CADENCE_DEFAULT_EVERY must be a duration"),
        ({"CADENCE_DEFAULT_CLOSE_WHEN_EMPTY": "yes"}, "CADENCE_DEFAULT_CLOSE_WHEN_EMPTY must be true or false"),
        ({"CADENCE_DEFAULT_OLDEST_SHARE": "half"}, "CADENCE_DEFAULT_OLDEST_SHARE must be a number"),
        ({"CADENCE_DEFAULT_BLACKOUT": "Sat,,Sun"}, "CADENCE_DEFAULT_BLACKOUT holds"),
        ({"CADENCE_DEFAULT_BACTH": "5"}, "CADENCE_DEFAULT_BACTH names no queue and key; allowed are: CADENCE_A_B_…, "),
        ({"CADENCE_OTHER_BATCH": "5"}, "CADENCE_OTHER_BATCH names no queue and key"),
        ({"CADENCE_A_B_BATCH": "5"}, "CADENCE_A_B_BATCH could mean several queues"),
        (
            {"CADENCE_DEFAULT_EVERY": "5s", "CADENCE_DEFAULT_CRON": "* * * * *"},
            "CADENCE_DEFAULT_CRON can't stand together with every",
        ),
    ],
)
def test_an_error_names_the_variable_that_overrides(tmp_path: Path, overrides: dict[str, str], expected: str) -> None:
    assert expected in error_of(tmp_path, SECTION, "default a-b a.b", **overrides)


def test_an_adaptive_order_has_bounds(tmp_path: Path) -> None:
    def bounds(keys: str) -> tuple[str, int, int]:
        queue = read(tmp_path, f'[queues.default]\nevery = "2s"\norder = "adaptive"\n{keys}').queues["default"]
        return queue.order, queue.lifo_above_us, queue.lifo_below_us

    assert bounds("") == ("adaptive", 30_000_000, 15_000_000)
    assert bounds('lifo_above = "1m"') == ("adaptive", 60_000_000, 30_000_000)
    assert bounds('lifo_above = "1m"\nlifo_below = "5s"') == ("adaptive", 60_000_000, 5_000_000)
    assert bounds('lifo_below = "29s"\noldest_share = 0.1') == ("adaptive", 30_000_000, 29_000_000)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ('order = "adaptive"\nlifo_below = "30s"', 'lifo_below must be shorter than lifo_above, which is "30s"'),
        ('order = "adaptive"\nlifo_above = "1s"\nlifo_below = "2s"', 'shorter than lifo_above, which is "1s"'),
        ('order = "adaptive"\nlifo_above = "1ms"', 'lifo_above must be a duration from "10ms" to "31d"'),
        ('lifo_above = "1s"', 'lifo_above has no effect without order = "adaptive"'),
        ('order = "fifo"\nlifo_below = "1s"', 'lifo_below has no effect without order = "adaptive"'),
        ('order = "newest"', 'order must be "lifo" or "fifo" or "adaptive"'),
    ],
)
def test_bounds_that_make_no_sense_are_refused(tmp_path: Path, keys: str, expected: str) -> None:
    message = error_of(tmp_path, f'[queues.default]\nevery = "2s"\n{keys}')

    assert message.startswith("cadence.toml: queues.default.")
    assert expected in message


def test_another_order_by_a_variable_takes_the_bounds_along(tmp_path: Path) -> None:
    text = '[queues.default]\nevery = "2s"\norder = "adaptive"\nlifo_above = "1m"'

    queue = read(tmp_path, text, CADENCE_DEFAULT_ORDER="lifo").queues["default"]
    assert (queue.order, queue.lifo_above_us) == ("lifo", 0)
    shorter = read(tmp_path, text, CADENCE_DEFAULT_LIFO_ABOVE="10s").queues["default"]
    assert (shorter.lifo_above_us, shorter.lifo_below_us) == (10_000_000, 5_000_000)


def test_limits_are_read_and_told(tmp_path: Path) -> None:
    text = '[queues.default]\nevery = "2s"\nmax_running = 8\nmax_running_per_group = 2\nshare_by_group = true\n'
    queue = read(tmp_path, text).queues["default"]

    assert (queue.max_running, queue.max_running_per_group, queue.share_by_group) == (8, 2, True)
    limits = {"max_running": "8", "max_running_per_group": "2", "share_by_group": "true"}
    assert limits.items() <= queue.keys().items()
    words = policy_of(queue).in_words()
    assert words.endswith("newest first, by turns of the groups, at most 8 at once, at most 2 of a group at once")


def test_a_large_limit_is_told_as_other_counts_are(tmp_path: Path) -> None:
    queue = read(tmp_path, '[queues.default]\nevery = "2s"\nbatch = 1000\nmax_running = 2000\n').queues["default"]

    words = policy_of(queue).in_words()
    assert words == "every 2 s up to 1,000 jobs, newest first, at most 2,000 at once"


def test_no_limits_leave_the_digest_as_it_was(tmp_path: Path) -> None:
    without = read(tmp_path, '[queues.default]\nevery = "2s"\n')
    unbounded = read(tmp_path, '[queues.default]\nevery = "2s"\nmax_running = 0\nshare_by_group = false\n')

    assert without.digest == unbounded.digest
    assert not [key for key in without.keys()["default"] if "group" in key or "running" in key]


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("max_running = -1", "max_running must be a whole number from 0 to 1000000"),
        ("max_running_per_group = true", "max_running_per_group must be a whole number"),
        ('share_by_group = "yes"', "share_by_group must be true or false"),
    ],
)
def test_limits_that_make_no_sense_are_refused(tmp_path: Path, key: str, expected: str) -> None:
    assert expected in error_of(tmp_path, f'[queues.default]\nevery = "2s"\n{key}\n')
