"""Cause and action of many breaks at once, in the words of :mod:`qerko_recon.recon.sentences`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from qerko_recon.money import format_many, unit_to_decimal
from qerko_recon.recon.coded import Codes, Units, encode, numbered, rows_by_code
from qerko_recon.recon.drafts import Drafts
from qerko_recon.recon.sentences import CATALOG, Facts, is_plain_fact, template_of
from qerko_recon.wording import one_line

__all__ = ["causes_and_actions"]

_NO_CURRENCY: Final = "XXX"
_LONG: Final = 80
_PLAIN: Final = ("kind", "reason", "payment_id", "bill_id", "currency", "facts")


def causes_and_actions(drafts: Drafts, tender_ids: pa.ListArray) -> tuple[pa.Array, pa.Array]:
    """Say cause and action of each draft in English.

    Parameters
    ----------
    drafts
        Of breaks.
    tender_ids
        The IDs of each draft's lines.
    """
    causes, actions = [pa.array([], pa.string())], [pa.array([], pa.string())]
    said = [np.zeros(0, dtype=np.int64)]
    for template, rows in _by_template(drafts):
        some = _Some(drafts, rows, tender_ids)
        causes.append(CATALOG.say_many(f"{template}.cause", len(rows), some.column))
        actions.append(CATALOG.say_many(f"{template}.action", len(rows), some.column))
        said.append(rows)
    order = pa.array(np.argsort(np.concatenate(said)))
    return pa.concat_arrays(causes).take(order), pa.concat_arrays(actions).take(order)


def _by_template(drafts: Drafts) -> Iterator[tuple[str, Codes]]:
    """Give the rows of each kind and reason, and the template that speaks of them."""
    are_of_lines = (drafts.posted != 0) & (drafts.settled == 0)
    _, (kinds,) = encode(drafts.text("kind"))
    _, (reasons,) = encode(drafts.text("reason"))
    for _, rows in rows_by_code(numbered(kinds, reasons, are_of_lines.astype(np.int64))):
        first = rows[0]
        yield template_of(drafts.kind[first], drafts.reason[first], are_of_lines[first]), rows


class _Some:
    """Some drafts of one template, and the values that it can name."""

    def __init__(self, drafts: Drafts, rows: Codes, tender_ids: pa.ListArray) -> None:
        self._drafts = drafts
        self._rows = rows
        self._tender_ids = tender_ids

    def column(self, name: str) -> Sequence[str | None] | pa.Array:
        """Give all values of a name."""
        own = _OWN.get(name)
        if own is not None:
            return own(self)
        if is_plain_fact(name):
            facts = self._drafts.facts[self._rows].tolist()
            return [one_line(one[name]) if one.get(name) else None for one in facts]
        return [Facts(row, "en").value(name) for row in self._plain_rows()]

    def texts(self, name: str) -> pa.Array:
        values = self._drafts.text(name).take(pa.array(self._rows))
        values = pc.replace_with_mask(values, pc.equal(values, ""), pa.scalar(None, pa.string()))
        return values if _are_plain(values) else _one_by_one(values)

    def money(
        self, how: Callable[[Units, Units], Units], before: str = "", *, says_nought: bool = True
    ) -> pa.Array:
        """Write an amount made of the settled and the posted one."""
        drafts, rows = self._drafts, self._rows
        units, currencies = how(drafts.settled[rows], drafts.posted[rows]), drafts.currency[rows]
        known = sorted(set(currencies.tolist()))
        if len(known) == 1:
            texts = _amounts(units, known[0], before)
        else:
            written = np.empty(len(rows), dtype=object)
            for currency in known:
                own = currencies == currency
                written[own] = _amounts(units[own], currency, before).to_numpy(False)
            texts = pa.array(written, pa.string())
        return texts if says_nought else pc.if_else(pa.array(units == 0), None, texts)

    def _plain_rows(self) -> list[Mapping[str, Any]]:
        drafts, rows = self._drafts, self._rows
        names: tuple[str, ...] = _PLAIN
        columns = [getattr(drafts, name)[rows].tolist() for name in names]
        money = [
            [unit_to_decimal(one) for one in getattr(drafts, name)[rows].tolist()]
            for name in ("settled", "posted")
        ]
        rest = drafts.day[rows].tolist(), self._tender_ids.take(pa.array(rows)).to_pylist()
        names = (*names, "settled", "posted", "business_date", "tender_ids")
        return [
            dict(zip(names, values, strict=True))
            for values in zip(*columns, *money, *rest, strict=True)
        ]


def _amounts(units: Units, currency: str, before: str) -> pa.Array:
    """Write amounts of one currency; ``before`` stands in front of those above nothing."""
    texts = format_many(units, None if currency == _NO_CURRENCY else currency)
    if not before:
        return texts
    signed = pc.binary_join_element_wise(before, texts, "")
    return pc.if_else(pa.array(units > 0), signed, texts)


def _are_plain(values: pa.Array) -> bool:
    """Tell whether texts are shown as they are, as IDs nearly always are."""
    plain = pc.and_(pc.utf8_is_printable(values), pc.invert(pc.match_substring(values, " ")))
    short = pc.less_equal(pc.utf8_length(values), _LONG)
    return bool(pc.all(pc.and_(plain, short)).as_py() is not False)


def _one_by_one(values: pa.Array) -> pa.Array:
    texts = [None if one is None else one_line(one) for one in values.to_pylist()]
    return pa.array(texts, pa.string())


_OWN: Final[Mapping[str, Callable[[_Some], pa.Array]]] = {
    "payment": partial(_Some.texts, name="payment_id"),
    "bill": partial(_Some.texts, name="bill_id"),
    "settled": partial(_Some.money, how=lambda settled, _: settled),
    "posted": partial(_Some.money, how=lambda _, posted: posted),
    "variance": partial(_Some.money, how=lambda settled, posted: posted - settled),
    "due": partial(_Some.money, how=lambda settled, _: settled, says_nought=False),
    "booked": partial(_Some.money, how=lambda _, posted: posted, says_nought=False),
    "gap": partial(
        _Some.money, how=lambda settled, posted: np.abs(posted - settled), says_nought=False
    ),
    "correction": partial(_Some.money, how=lambda settled, posted: settled - posted, before="+"),
}
