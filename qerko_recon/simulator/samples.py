"""The sample files of the repository: regenerated from a seed, never written by hand.

Run ``python -m qerko_recon.simulator.samples data_samples``. A test compares the folder with
what this module writes.
"""

from __future__ import annotations

import argparse
import csv
import io
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Final

from qerko_recon.errors import QerkoReconError
from qerko_recon.files import replace_when_done
from qerko_recon.schema import TENDERS
from qerko_recon.simulator.day import TradingDay
from qerko_recon.simulator.exports import STYLES, Style, first_data_row, tender_type_word

__all__ = ["SPEC_PAYMENT", "expected_tenders", "sample_day", "write_samples"]

SPEC_PAYMENT: Final = b"""\
{
  "additionalData": null,
  "currency": "CZK",
  "discount": null,
  "id": "1234",
  "idBill": "1",
  "idCustomer": "aaf10f7b-730b-4283-9087-965060c6350a",
  "items": [
    {
      "id": "156",
      "minQuantity": "1",
      "name": "Item 5,-",
      "price": "5",
      "quantity": "1",
      "tags": ["Misc"]
    }
  ],
  "state": "PAID",
  "parts": [
    {
      "total": "156",
      "provider": {
        "id": "qerko",
        "name": "Qerko",
        "type": "CARD"
      }
    }
  ],
  "tipBrutto": "0",
  "tipNetto": "0"
}
"""
"""The payment of Qerko's documentation, word for word; only the indentation is ours."""

RECEIPT: Final = b"""\
{
  "receiptDeliveryType": "QERKO_GENERATED",
  "items": [
    {"name": "Beef goulash", "price": "229.00", "quantity": "1", "taxName": "12 %"},
    {"name": "Beer 0.5 l", "price": "62.00", "quantity": "2", "taxName": "21 %"}
  ],
  "receiptInfo": {"billName": "Table 7", "serial": "2026-0042", "headerLines": ["Thank you"]},
  "taxInfo": [
    {"rate": "12", "base": "204.46", "tax": "24.54", "price": "229.00"},
    {"rate": "21", "base": "102.48", "tax": "21.52", "price": "124.00"}
  ]
}
"""
"""What a capture takes; the fields are those that Qerko's public sources name."""

_PAYMENTS: Final = 60
_DAY_FILE: Final = "day.csv"
_COLUMNS: Final = tuple(name for name in TENDERS.names if name != "tender_id")

_README: Final = """\
# Sample data

One simulated evening in several shapes. None of it is real: restaurant, guests, payment IDs and
amounts come from a seed. Do not edit these files; write them anew with

    python -m qerko_recon.simulator.samples data_samples

- `payment_of_the_spec.json`: the payment of Qerko's REST documentation. Its item and its part do
  not add up there either.
- `receipt.json`: a receipt as `qerko-recon capture` takes it; its tax lines add up.
- `payments_day.jsonl`: the {payments} payments that can be fetched, one a line, as Qerko sends
  them.
- `ids.txt`: all {ids} payment IDs of the day, one a line; some of them Qerko does not give out.
- `discrepancies.csv`: the {found} faults planted between payments and POS: what a right
  reconciliation finds, and nothing else.
{styles}

Amounts in `tenders.csv` and `discrepancies.csv` are exact, with a decimal point; times are UTC.
The formats are made up after what POS systems of the region write; none is a vendor's.
"""
_STYLE_LINES: Final = """\
- `pos/{style}/day.csv`: the POS export of the same day ({what}).
- `pos/{style}/tenders.csv`: what reading that file must give, its Qerko lines, each with the
  line of the file it stands on."""
_WHAT: Final[dict[str, str]] = {
    "czech_semicolon": "cp1250, semicolons, decimal comma, title and total lines",
    "english_comma": "UTF-8, commas, decimal point, every cell quoted, ISO times",
    "german_semicolon": "UTF-8 with a mark in front, semicolons, dots between thousands, "
    "date and time apart",
    "slovak_tab": 'UTF-16 with tabs, as Excel\'s "Unicode text"',
}


def sample_day() -> TradingDay:
    """Make the day of the samples."""
    return TradingDay.generate(seed=1, business_date=date(2026, 11, 20), payments=_PAYMENTS)


def write_samples(folder: str | os.PathLike[str]) -> list[Path]:
    """Write every sample file into a folder; give their paths.

    Raises
    ------
    OSError
        The folder cannot be written to.
    """
    root = Path(folder)
    day = sample_day()
    written = []
    for name, content in _small_files(day):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with replace_when_done(path) as draft:
            draft.write_bytes(content)
        written.append(path)
    written.append(day.write_payments(root / "payments_day.jsonl"))
    written += [day.write_pos_export(root / "pos" / style / _DAY_FILE, style) for style in STYLES]
    return sorted(written)


def expected_tenders(day: TradingDay, style: Style) -> list[dict[str, str]]:
    """Give what reading the day's export must give: rows of ``schema.TENDERS`` but their ID.

    Amounts are exact decimals, empty where the export's cannot be read; times are UTC.
    """
    rows = []
    for row, line in enumerate(day.pos_lines, start=first_data_row(style)):
        if line.tender_type != "qerko":
            continue
        facts = {
            "payment_id": line.payment_id or "",
            "bill_id": line.bill_id,
            "amount": _exact(line.amount) if line.is_readable else "",
            "tip": _exact(line.tip),
            "total": _exact(line.total) if line.is_readable else "",
            "currency": line.currency,
            "state": line.state,
            "tender_type": tender_type_word(style, line.tender_type),
            "provider": line.provider or "",
            "paid_at": line.paid_at.isoformat(),
            "source_file": _DAY_FILE,
            "source_row": str(row),
        }
        rows.append({name: facts[name] for name in _COLUMNS})
    return rows


def _small_files(day: TradingDay) -> Iterator[tuple[str, bytes]]:
    yield "payment_of_the_spec.json", SPEC_PAYMENT
    yield "receipt.json", RECEIPT
    yield "ids.txt", "".join(f"{payment_id}\n" for payment_id in day.payment_ids).encode()
    yield "discrepancies.csv", _csv(_DISCREPANCY_COLUMNS, _discrepancies(day))
    for style in STYLES:
        rows = [list(row.values()) for row in expected_tenders(day, style)]
        yield f"pos/{style}/tenders.csv", _csv(_COLUMNS, rows)
    yield "README.md", _readme(day).encode()


_DISCREPANCY_COLUMNS: Final = (
    "kind",
    "reason",
    "payment_id",
    "bill_id",
    "currency",
    "variance",
    "note",
)


def _discrepancies(day: TradingDay) -> Iterator[list[str]]:
    for one in day.discrepancies:
        yield [
            one.kind,
            one.reason,
            one.payment_id or "",
            one.bill_id or "",
            one.currency,
            _exact(one.variance),
            one.note,
        ]


def _exact(amount: Decimal) -> str:
    return f"{amount:.2f}"


def _csv(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue().encode()


def _readme(day: TradingDay) -> str:
    lines = (_STYLE_LINES.format(style=style, what=_WHAT[style]) for style in STYLES)
    return _README.format(
        payments=len(day.payments),
        ids=len(day.payment_ids),
        found=len(day.discrepancies),
        styles="\n".join(lines),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the samples into the folder given."""
    parser = argparse.ArgumentParser(
        prog="python -m qerko_recon.simulator.samples", description="Write the sample files."
    )
    parser.add_argument("folder", help="where to, for example data_samples")
    folder = parser.parse_args(arguments).folder
    try:
        written = write_samples(folder)
    except (OSError, QerkoReconError) as error:
        sys.stderr.write(f"the samples could not be written: {error}\n")
        return 2
    sys.stdout.write(f"{len(written)} files written to {folder}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
