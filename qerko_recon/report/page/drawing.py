"""The bridge as an inline SVG: steps in, markup out that follows the page's theme and links."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final

from markupsafe import Markup, escape

from qerko_recon.report.labels import LABELS, signed
from qerko_recon.report.walk import Step, axis_limits, finding
from qerko_recon.wording import format_money, format_number, one_line

__all__ = ["bridge_svg", "ticks"]

_WIDTH: Final = 760
_NAMES: Final = 196  # at least
_NAMES_AT_MOST: Final = 320
_GAP: Final = 8  # between a name and its bar
_LETTER: Final = 7  # how wide a letter of a name is, on the average and at most
_ROW: Final = 26
_BAR: Final = 16
_TOP: Final = 8
_FOOT: Final = 44
_CUT_LINE: Final = 16
_LEAST: Final = Decimal("1.5")
_TICKS: Final = 5
_STEPS: Final = (1, 2, 5, 10)


def bridge_svg(steps: Sequence[Step], currency: str, language: str) -> Markup:
    """Draw one currency's walk, a bar a step; each kind's name and bar lead to its breaks."""
    drawing = _Drawing(steps, currency, language)
    title = escape(finding(steps, currency, language))
    size = f'viewBox="0 0 {_WIDTH} {drawing.height}"'
    body = Markup("\n").join([*drawing.axis(), *drawing.rows()])
    return Markup(
        '<svg class="bridge" {size} role="group" aria-label="{title}">\n{body}\n</svg>'
    ).format(size=Markup(size), title=title, body=body)  # noqa: S704 - numbers of our own


class _Drawing:
    """Places of steps on the sheet, whose x axis is money."""

    def __init__(self, steps: Sequence[Step], currency: str, language: str) -> None:
        self._steps = steps
        self._currency = currency
        self._language = language
        self._low, self._high = axis_limits(steps)
        longest = max((len(step.said(language)) for step in steps), default=0)
        self._names = min(max(_NAMES, longest * _LETTER + 2 * _GAP), _NAMES_AT_MOST)
        self._bottom = _TOP + len(steps) * _ROW
        self.height = self._bottom + _FOOT + (_CUT_LINE if self._cut_note else 0)

    def axis(self) -> Iterator[Markup]:
        """Draw the grid, its numbers, and what the axis counts."""
        for value in ticks(self._low, self._high):
            x = self._x(value)
            yield _tag("line", "grid", x1=x, x2=x, y1=Decimal(_TOP), y2=Decimal(self._bottom))
            text = format_money(value, None, self._language)
            if value == value.to_integral_value():
                text = format_number(int(value), self._language).replace("-", "−")
            yield self._text(x, self._bottom + 16, text, "tick")
        middle = Decimal(self._names + _WIDTH) / 2
        unit = one_line(self._currency)
        label = LABELS.say("chart.axis", self._language, {"currency": unit})
        yield self._text(middle, self._bottom + 36, label, "unit")
        if self._cut_note:
            yield self._text(middle, self._bottom + 36 + _CUT_LINE, self._cut_note, "unit")

    def rows(self) -> Iterator[Markup]:
        """Draw each step: its name, its bar, its amount, and the way to the next."""
        for place, step in enumerate(self._steps):
            y = _TOP + place * _ROW
            drawn = Markup("").join([*self._bar(step, y), *self._words(step, y)])
            if step.is_total:
                yield drawn
            else:
                yield Markup('<a href="#kind-{}" data-kind="{}">{}</a>').format(
                    step.name, step.name, drawn
                )
            if place + 1 < len(self._steps):
                x, middle = self._x(step.running), Decimal(y) + Decimal(_ROW) / 2
                yield _tag("line", "way", x1=x, x2=x, y1=middle, y2=middle + _ROW)

    def _bar(self, step: Step, y: int) -> Iterator[Markup]:
        start = self._x(min(max(step.start, self._low), self._high))
        end = self._x(step.running)
        left, width = min(start, end), max(abs(end - start), _LEAST)
        top = Decimal(y) + Decimal(_ROW - _BAR) / 2
        yield _tag("rect", _shade(step), x=left, y=top, width=width, height=Decimal(_BAR))
        if step.is_total and not self._low <= step.start <= self._high:
            at = left + 6 if step.start < self._low else left + width - 12
            for shift in (0, 5):
                yield _tag(
                    "line", "cut", x1=at + shift + 3, x2=at + shift, y1=top - 2, y2=top + _BAR + 2
                )

    def _words(self, step: Step, y: int) -> Iterator[Markup]:
        baseline = y + _ROW // 2 + 4
        yield self._text(Decimal(self._names - _GAP), baseline, step.said(self._language), "name")
        start = min(max(step.start, self._low), self._high)
        x = self._x(max(step.running, start)) + 6
        yield self._text(x, baseline, self._amount(step), "amount")

    def _amount(self, step: Step) -> str:
        if step.is_total:
            return format_money(step.amount, self._currency, self._language)
        amount = signed(step.amount, self._currency, self._language)
        return f"{amount} · {format_number(step.breaks, self._language)}×"

    @property
    def _cut_note(self) -> str | None:
        for cut, key, end in (
            (self._low > 0, "cut", self._low),
            (self._high < 0, "cut_end", self._high),
        ):
            if cut:
                shown = format_money(end, self._currency, self._language)
                values = {"start": shown, "end": shown}
                return LABELS.say(f"chart.{key}", self._language, values)
        return None

    def _x(self, value: Decimal) -> Decimal:
        share = (value - self._low) / (self._high - self._low)
        return self._names + share * (_WIDTH - self._names)

    def _text(self, x: Decimal, y: int, text: str, shade: str) -> Markup:
        return Markup('<text class="{}" x="{}" y="{}">{}</text>').format(shade, _short(x), y, text)


def ticks(low: Decimal, high: Decimal) -> list[Decimal]:
    """Give round numbers across a stretch, at most five and none at its very end.

    >>> [str(one) for one in ticks(Decimal(241300), Decimal(248700))]
    ['242000', '244000', '246000', '248000']
    """
    spread = high - low
    power = Decimal(1).scaleb((spread / _TICKS).adjusted())
    unit = next(power * step for step in _STEPS if power * step * _TICKS >= spread)
    first = int((low / unit).to_integral_value("ROUND_CEILING"))
    last = int((high / unit).to_integral_value("ROUND_FLOOR"))
    values = (number * unit for number in range(first, last + 1))
    return [
        one.normalize() if one % 1 else one.quantize(Decimal(1)) for one in values if one < high
    ]


def _shade(step: Step) -> str:
    if step.is_total or not step.amount:
        return "total"
    return "over" if step.amount > 0 else "short"


def _tag(name: str, shade: str, **places: Decimal) -> Markup:
    numbers = " ".join(f'{key}="{_short(value)}"' for key, value in places.items())
    return Markup(f'<{name} class="{shade}" {numbers}/>')  # noqa: S704 - numbers of our own


def _short(value: Decimal) -> str:
    return f"{value:.1f}"
