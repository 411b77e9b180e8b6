"""The formatter as template filters, one to one."""

from __future__ import annotations

from datetime import datetime

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from hybridops.web import fmt

register = template.Library()

for name in (
    "number", "shots", "size", "ratio", "money", "money_whole", "price", "duration", "clock", "utc", "day",
    "relative", "percent", "difference", "error_rate", "change", "odds", "full_hash", "csv_number",
):  # fmt: skip
    register.filter(name, getattr(fmt, name))

register.filter("hash", fmt.short_hash)
for name in ("money_estimate", "interval", "compare", "identifier"):
    register.simple_tag(getattr(fmt, name), name=name)


@register.filter
def clock_s(moment: fmt.Moment) -> str:
    return fmt.clock(moment, seconds=True)


@register.filter
def time_tag(moment: fmt.Moment, style: str = "clock") -> SafeString | str:
    """`<time>` with the moment in UTC in its title; style is clock, clock_s, day or relative."""
    if not isinstance(moment, datetime):
        return fmt.clock(moment)
    shown = clock_s(moment) if style == "clock_s" else getattr(fmt, style)(moment)
    stamp = fmt.utc(moment)
    title = stamp.replace("T", " ").replace("Z", " UTC")
    return format_html('<time datetime="{}" title="{}">{}</time>', stamp, title, shown)


@register.filter
def or_not_set(value: object) -> object:
    """Before a formatter: `{{ cap|or_not_set|money }}`."""
    return fmt.NOT_SET if value is None else value


@register.filter
def or_dash(value: object) -> object:
    return fmt.NOT_APPLICABLE if value is None else value
