"""A receipt as a form: a payment's items laid in, fields checked as one types, a receipt out."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from html import escape
from typing import Any, Final

import ipywidgets

from qerko_recon.errors import AmountError
from qerko_recon.model import (
    DELIVERY_TYPES,
    Payment,
    Receipt,
    ReceiptInfo,
    ReceiptItem,
    TaxInfo,
)
from qerko_recon.money import parse_amount, trim
from qerko_recon.receipts import check_receipt
from qerko_recon.widgets.parts import Disclosure, button, choice, html, note, row
from qerko_recon.widgets.parts.showing import line_html
from qerko_recon.widgets.parts.speaking import Words

__all__ = ["ReceiptForm"]

_NONE: Final = ""
_ITEM: Final = (("name", "27em"), ("quantity", "9em"), ("price", "11em"), ("tax_name", "11em"))
_TAX: Final = (("rate", "10em"), ("base", "12em"), ("tax", "11em"), ("total", "13em"))


class _Lines(ipywidgets.VBox):
    """Lines of text fields that can be added to and taken away.

    Parameters
    ----------
    fields
        The name and width of each.
    words
        Of the panel.
    what
        What a line is, by its key.
    on_change
        Called after each change.
    """

    def __init__(
        self,
        fields: tuple[tuple[str, str], ...],
        words: Words,
        what: str,
        on_change: Callable[[], object],
    ) -> None:
        self._fields, self._words, self._what = fields, words, what
        self._on_change = on_change
        self.lines: list[dict[str, ipywidgets.Text]] = []
        self._box = ipywidgets.VBox()
        self.add = button(words(f"add_{what}"), self.put)
        super().__init__((self._box, self.add))

    def put(self, **values: str) -> None:
        """Add a line."""
        self.lines.append({name: self._field(name, width, values) for name, width in self._fields})
        self._lay_out()
        self._on_change()

    def clear(self) -> None:
        """Take all away."""
        self.lines.clear()
        self._lay_out()

    def _field(self, name: str, width: str, values: dict[str, str]) -> ipywidgets.Text:
        made = ipywidgets.Text(
            value=values.get(name, ""),
            description=self._words(f"field.{name}"),
            layout={"width": width},
            style={"description_width": "initial"},
        )
        made.observe(lambda _: self._on_change(), "value")
        return made

    def _remove(self, line: dict[str, ipywidgets.Text]) -> None:
        self.lines.remove(line)
        self._lay_out()
        self._on_change()

    def _lay_out(self) -> None:
        rows = []
        for number, line in enumerate(self.lines, start=1):
            label = self._words(f"remove_{self._what}", number=str(number))
            remove = button(label, lambda line=line: self._remove(line))  # type: ignore[misc]
            rows.append(row(*line.values(), remove))
        self._box.children = rows


class ReceiptForm(ipywidgets.VBox):
    """Delivery type, items, tax lines, final price, lines around; JSON; and what does not add up.

    Parameters
    ----------
    words
        Of the panel.
    on_change
        Called after each change.

    Attributes
    ----------
    delivery, items, taxes, final_price, bill_name, serial, header_lines, footer_lines
        Its fields.
    findings, as_json
        What does not add up, and the receipt as it would be sent.
    receipt
        What stands in it, or ``None`` where a field is no amount.
    errors
        Why it may not be sent; empty where it may.
    """

    def __init__(self, words: Words, on_change: Callable[[], object]) -> None:
        self._words, self._on_change = words, on_change
        self._payment: Payment | None = None
        self._is_filling = False
        self.receipt: Receipt | None = None
        self.errors: tuple[str, ...] = ()
        self.delivery = choice(
            words("delivery"),
            [(words("delivery_none"), _NONE), *((one, one) for one in DELIVERY_TYPES)],
            DELIVERY_TYPES[0],
        )
        self.items = _Lines(_ITEM, words, "item", self._heed)
        self.taxes = _Lines(_TAX, words, "tax", self._heed)
        self.final_price = self._text("final_price", "26em", words("final_price_hint"))
        self.bill_name = self._text("bill_name", "24em")
        self.serial = self._text("serial", "24em")
        self.header_lines = self._area("header_lines")
        self.footer_lines = self._area("footer_lines")
        self.findings = html()
        self._json = html()
        self.as_json = Disclosure(words("as_json"), self._json)
        for one in (self.delivery, self.final_price, self.bill_name, self.serial,
                    self.header_lines, self.footer_lines):  # fmt: skip
            one.observe(lambda _: self._heed(), "value")
        super().__init__(
            (
                self.delivery,
                note(words("items_note")),
                self.items,
                note(words("taxes_note")),
                self.taxes,
                self.final_price,
                Disclosure(
                    words("around"),
                    row(self.bill_name, self.serial),
                    row(self.header_lines, self.footer_lines),
                ),
                self.findings,
                self.as_json,
            )
        )

    def fill(self, payment: Payment) -> None:
        """Lay in what the payment knows: its items."""
        self._is_filling = True
        try:
            self._payment = payment
            self.items.clear()
            self.taxes.clear()
            for item in payment.items:
                self.items.put(
                    name=item.name,
                    quantity=f"{item.quantity.normalize():f}",
                    price=_plain(item.price),
                )
        finally:
            self._is_filling = False
        self._heed()

    def _heed(self) -> None:
        """Read the fields, and say what does not add up."""
        if self._is_filling:
            return
        found: list[tuple[str, str]] = []
        self.receipt = self._read(found)
        if self.receipt is not None:
            checked = check_receipt(self.receipt, self._payment)
            found += [(one.severity, one.sentence) for one in checked]
            sent = json.dumps(json.loads(self.receipt.to_json()), ensure_ascii=False, indent=2)
            self._json.value = f'<pre class="qerko-json">{escape(sent)}</pre>'
        else:
            self._json.value = ""
        self.errors = tuple(text for severity, text in found if severity == "error")
        lines = [
            line_html(text, "error" if severity == "error" else "warning")
            for severity, text in found
        ]
        self.findings.value = "".join(lines) or line_html(self._words("adds_up"), "good")
        self._on_change()

    def _read(self, found: list[tuple[str, str]]) -> Receipt | None:
        """Make a receipt of the fields; what is no amount is among ``found``."""

        def amount(where: str, field: str, text: str, *, is_wanted: bool = True) -> Decimal | None:
            if not text.strip() and not is_wanted:
                return None
            try:
                return parse_amount(text)
            except AmountError:
                name = self._words(f"field.{field}") if field else where
                said = {"where": where, "field": name, "value": text}
                found.append(("error", self._words("no_amount", **said)))
                return None

        items, taxes = [], []
        for number, line in enumerate(self.items.lines, start=1):
            where = self._words("item", number=str(number))
            price = amount(where, "price", line["price"].value)
            quantity = amount(where, "quantity", line["quantity"].value, is_wanted=False)
            items.append((line["name"].value.strip(), price, quantity, line["tax_name"].value))
        for number, line in enumerate(self.taxes.lines, start=1):
            where = self._words("tax", number=str(number))
            values = [amount(where, name, line[name].value) for name in ("rate", "base", "tax")]
            taxes.append((*values, amount(where, "total", line["total"].value, is_wanted=False)))
        final = amount(self._words("final_price"), "", self.final_price.value, is_wanted=False)
        if found:
            return None
        info = ReceiptInfo(
            bill_name=self.bill_name.value.strip() or None,
            serial=self.serial.value.strip() or None,
            header_lines=_lines_of(self.header_lines.value),
            footer_lines=_lines_of(self.footer_lines.value),
        )
        return Receipt(
            items=tuple(
                ReceiptItem(name=name, price=_known(price), quantity=quantity,
                            tax_name=tax.strip() or None)
                for name, price, quantity, tax in items
            ),
            receipt_delivery_type=self.delivery.value or None,
            receipt_info=None if info == ReceiptInfo() else info,
            tax_info=tuple(
                TaxInfo(rate=_known(rate), base=_known(base), tax=_known(tax), price=total)
                for rate, base, tax, total in taxes
            )
            or None,
            final_price=final,
        )  # fmt: skip

    def _text(self, key: str, width: str, hint: str = "") -> ipywidgets.Text:
        return ipywidgets.Text(
            description=self._words(key),
            placeholder=hint,
            layout={"width": width},
            style={"description_width": "initial"},
        )

    def _area(self, key: str) -> ipywidgets.Textarea:
        return ipywidgets.Textarea(
            description=self._words(key),
            rows=2,
            layout={"width": "30em"},
            style={"description_width": "initial"},
        )


def _plain(value: Decimal) -> str:
    return f"{trim(value):f}"


def _known(value: Any) -> Decimal:
    assert value is not None  # noqa: S101 - what is no amount ended the reading before
    return Decimal(value)


def _lines_of(text: str) -> tuple[str, ...] | None:
    return tuple(line.strip() for line in text.splitlines() if line.strip()) or None
