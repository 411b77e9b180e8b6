"""The one number formatter: templates, figures, CSV labels and mail all speak through it.

Every function takes None, NaN and infinity and answers with words, so that no page can say "None".
Numbers keep their unit: a narrow no-break space groups thousands and stands before a unit.
"""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal

from django.utils import timezone

THIN = "\u202f"
MINUS = "\u2212"
TIMES = "\u00d7"
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£"}


class Missing(str):
    """Words that stand where a number would. Every formatter hands them on unchanged."""


NOT_REPORTED = Missing("not reported")  # asked, no answer
NOT_SET = Missing("not set")  # nobody gave a value
NOT_APPLICABLE = Missing("–")  # the question does not arise

type Number = int | float | Decimal | Missing | None
type Moment = datetime | Missing | None


def _missing(value: object) -> Missing | None:
    if isinstance(value, Missing):
        return value
    if value is None or (isinstance(value, float | Decimal) and not math.isfinite(value)):
        return NOT_REPORTED
    return None


def _decimal(value: Number) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(str(value))


def _digits(value: Decimal, places: int) -> str:
    """The amount without its sign, rounded half up, in groups of three."""
    rounded = abs(value).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    return f"{rounded:,}".replace(",", THIN)


def _places(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    return min(max(0, -exponent), 3) if isinstance(exponent, int) else 0


def _signed(value: Decimal, digits: str, *, plus: bool = False) -> str:
    nothing = not digits.strip("0." + THIN)
    if nothing:
        return digits
    return f"{MINUS if value < 0 else '+' if plus else ''}{digits}"


def number(value: Number, unit: str = "", places: int | None = None) -> str:
    """12 000, 1 284 m, −3.5."""
    if words := _missing(value):
        return words
    amount = _decimal(value)
    shown = _signed(amount, _digits(amount, _places(amount) if places is None else places))
    return f"{shown}{THIN}{unit}" if unit else shown


def shots(value: Number) -> str:
    """Whole, never 4k."""
    return number(value, places=0)


def ratio(value: Number) -> str:
    """6.9×"""
    return _missing(value) or number(value, places=1) + TIMES


def money(value: Number, currency: str = "USD", places: int | None = None) -> str:
    """$18.71, −$4.12, $12 000, under $0.01."""
    if words := _missing(value):
        return words
    amount = _decimal(value)
    sign = MINUS if amount < 0 else ""
    if amount and abs(amount) < Decimal("0.005") and places is None:
        return f"under {_coin('0.01', currency)}" if amount > 0 else f"about {_coin('0.00', currency)}"
    if places is None:
        places = 0 if abs(amount) >= Decimal("9999.995") else 2
    return sign + _coin(_digits(amount, places), currency)


def _coin(digits: str, currency: str) -> str:
    symbol = SYMBOLS.get(currency)
    return f"{symbol}{digits}" if symbol else f"{currency}{THIN}{digits}"


def money_whole(value: Number, currency: str = "USD") -> str:
    """$4 000, for limits and axes, where cents say nothing."""
    return money(value, currency, places=0)


def price(value: Number, currency: str = "USD") -> str:
    """What one shot costs: $0.00145."""
    return money(value, currency, places=5)


def money_estimate(low: Number, likely: Number, high: Number, cap: Number, currency: str = "USD") -> str:
    """Never one bare number: likely $30.85, $18.65 to $36.95, cap $45.00."""
    parts = [] if _missing(likely) else [f"likely {money(likely, currency)}"]
    if _missing(low) or _missing(high):
        parts.append("range not reported")
    else:
        parts.append(f"{money(low, currency)} to {money(high, currency)}")
    parts.append(NOT_SET.join(("cap ", "")) if _missing(cap) else f"cap {money(cap, currency)}")
    return ", ".join(parts)


def duration(seconds: Number) -> str:
    """The two largest units: 31 min 20 s, 3 h 12 min, 410 ms."""
    if words := _missing(seconds):
        return words
    value = float(_decimal(seconds))
    sign, value = (MINUS, -value) if value < 0 else ("", value)
    if 0 < value < 0.9995:
        return f"{sign}{max(1, round(value * 1000))}{THIN}ms"
    return sign + _two_units(value)


def _two_units(value: float) -> str:
    for size, unit, small, small_unit in (
        (86400, "d", 3600, "h"),
        (3600, "h", 60, "min"),
        (60, "min", 1, "s"),
    ):
        whole = round(value / small) * small
        if whole >= size:
            big, rest = divmod(whole, size)
            head = f"{big}{THIN}{unit}"
            return f"{head} {rest // small:02d}{THIN}{small_unit}" if rest else head
    return f"{round(value)}{THIN}s"


def size(value: Number) -> str:
    """Bytes in thousands: 812 B, 1.4 MB."""
    if words := _missing(value):
        return words
    amount, unit = float(_decimal(value)), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if amount < 1000:
            break
        amount, unit = amount / 1000, larger
    return number(amount, unit, 0 if unit == "B" or amount >= 100 else 1)


def clock(moment: Moment, seconds: bool = False) -> str:
    """09:59, in the reader's time zone; seconds only where they matter."""
    return _missing(moment) or _local(moment).strftime("%H:%M:%S" if seconds else "%H:%M")


def _local(moment: Moment) -> datetime:
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        raise ValueError("a time without a zone cannot be shown")
    return timezone.localtime(moment)


def utc(moment: Moment) -> str:
    """For datetime attributes, titles and CSV: 2026-11-22T09:02:14Z."""
    return _missing(moment) or _local(moment).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def day(moment: Moment | date, now: datetime | None = None) -> str:
    """3 Nov, and the year when it is another one."""
    if words := _missing(moment):
        return words
    when = _local(moment).date() if isinstance(moment, datetime) else moment
    assert isinstance(when, date)
    this_year = timezone.localtime(now).year
    text = f"{when.day}{THIN}{MONTHS[when.month - 1]}"
    return text if when.year == this_year else f"{text}{THIN}{when.year}"


def relative(moment: Moment, now: datetime | None = None) -> str:
    """42 min ago, in 5 h 18 min; a date once it is a day away."""
    if words := _missing(moment):
        return words
    when, reference = _local(moment), timezone.localtime(now)
    away = (when - reference).total_seconds()
    if abs(away) >= 86400:
        return day(when, reference)
    length = duration(round(away / 60) * 60 if abs(away) >= 60 else round(away))
    return f"in {length}" if away > 0 else f"{length.lstrip(MINUS)} ago"


def percent(value: Number) -> str:
    """A share: 66 %. Something is never shown as nothing, nor almost all as all."""
    if words := _missing(value):
        return words
    share = _decimal(value) * 100
    if 0 < share < Decimal("0.5"):
        return f"under 1{THIN}%"
    if Decimal("99.5") <= share < 100:
        return f"over 99{THIN}%"
    return number(share, "%", 0)


def difference(value: Number, places: int = 1) -> str:
    """A difference in percent: −0.9 %, sign always."""
    return change(None if _missing(value) else _decimal(value) * 100, "%", places=places)


def error_rate(value: Number) -> str:
    """0.62 %"""
    return _missing(value) or number(_decimal(value) * 100, "%", 2)


def interval(value: Number, half: Number, places: int = 1, unit: str = "%") -> str:
    """0.9 % ± 0.4"""
    width = "±" + " " + (_missing(half) or _digits(_decimal(half), places))
    return _missing(value) or f"{number(value, unit, places)} {width}"


def change(value: Number, unit: str = "", versus: str = "", places: int | None = None) -> str:
    """−12 m vs tabu search."""
    if words := _missing(value):
        return words
    amount = _decimal(value)
    shown = _signed(amount, _digits(amount, _places(amount) if places is None else places), plus=True)
    with_unit = f"{shown}{THIN}{unit}" if unit else shown
    return f"{with_unit} vs {versus}" if versus else with_unit


def compare(value: Number, less: str, more: str, unit: str = "%", places: int = 1) -> str:
    """Good or bad in a word, never by sign alone: 0.9 % shorter."""
    if words := _missing(value):
        return words
    amount = _decimal(value)
    digits = _digits(amount, places)
    if not digits.strip("0." + THIN):
        return "no difference"
    return f"{digits}{THIN}{unit} {less if amount < 0 else more}"


def odds(probability: Number) -> str:
    """A forecast's chance in words and tens: 8 in 10."""
    if words := _missing(probability):
        return words
    tens = round(float(_decimal(probability)) * 10)
    return "under 1 in 10" if tens < 1 else "over 9 in 10" if tens > 9 else f"{tens} in 10"


def short_hash(digest: str | None) -> str:
    """9f3c 1b7e 04aa … a17e: four groups of four, enough to tell two apart by eye."""
    text = _bare(digest)
    if not text or isinstance(text, Missing):
        return text or NOT_SET
    groups = [text[i : i + 4] for i in range(0, 12, 4)]
    return " ".join([*groups, "…", text[-4:]]) if len(text) > 16 else _groups(text, 4)


def full_hash(digest: str | None) -> str:
    """Whole, in groups of eight, as the decision page shows it."""
    text = _bare(digest)
    return _groups(text, 8) if text and not isinstance(text, Missing) else text or NOT_SET


def _bare(digest: str | None) -> str:
    if digest is None or isinstance(digest, Missing):
        return digest or NOT_SET
    return digest.removeprefix("sha256:").replace(" ", "")


def _groups(text: str, size: int) -> str:
    return " ".join(text[i : i + size] for i in range(0, len(text), size))


def identifier(letter: str, key: int | str | None) -> str:
    """R-2417"""
    return NOT_SET if key is None else f"{letter}-{key}"


def csv_number(value: Number) -> str:
    """Plain ASCII with a dot; empty where nothing is known."""
    return "" if _missing(value) else format(_decimal(value), "f")
