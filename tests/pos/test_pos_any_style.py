"""Evenings written down in any style: what is read is what was written, and no row is lost."""

from __future__ import annotations

import csv
import html
import io
import re
import unicodedata
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qerko_recon.pos import read_pos

PRAGUE = ZoneInfo("Europe/Prague")
MANY = 250
NBSP, NNBSP, MINUS = "\u00a0", "\u202f", "\u2212"
IDEAS = (
    "paid_at",
    "bill",
    "payment",
    "tender",
    "amount",
    "tip",
    "state",
    "note",
    "waiter",
    "time",
)
KINDS = ("qerko", "cash", "card", "voucher")


class Language(NamedTuple):
    """How a till's people call things."""

    header: tuple[str, ...]
    tenders: tuple[str, ...]
    states: tuple[str, str]
    total: str
    subtotal: str
    title: str
    footer: str
    encodings: tuple[str, ...]
    marks: tuple[str, ...]
    dates: tuple[str, ...]


DOTTED = ("%d.%m.%Y %H:%M:%S", "%d. %m. %Y %H:%M", "%Y-%m-%d %H:%M:%S", "%d.%m.%y %H:%M")
LATIN = ("utf-8", "utf-8-sig", "utf-16")
LANGUAGES = {
    "cs": Language(
        "Datum a čas|Číslo účtu|ID platby|Způsob platby|Částka|Spropitné|Stav|Poznámka|Číšník|Čas",
        ("Qerko", "Hotově", "Platební karta", "Stravenky"),
        ("Zaplaceno", "Stornováno"),
        "Celkem",
        "Mezisoučet",
        "Přehled plateb – Bistro U Řeky",
        "Vytištěno: 21.11.2026 06:00",
        (*LATIN, "cp1250", "cp852", "iso8859_2"),
        (",", ",", "."),
        DOTTED,
    ),
    "sk": Language(
        "Dátum a čas|Číslo účtu|ID platby|Spôsob platby|Suma|Sprepitné|Stav|Poznámka|Čašník|Čas",
        ("Qerko", "Hotovosť", "Platobná karta", "Stravné lístky"),
        ("Zaplatené", "Stornované"),
        "Spolu",
        "Medzisúčet",
        "Prehľad platieb",
        "Strana 1 z 1",
        (*LATIN, "cp1250", "cp852"),
        (",",),
        DOTTED,
    ),
    "de": Language(
        "Datum|Belegnummer|Zahlungs-ID|Zahlungsart|Betrag|Trinkgeld|Status|Bemerkung|Kellner|Uhrzeit",
        ("Qerko", "Bar", "Kreditkarte", "Gutschein"),
        ("Bezahlt", "Storniert"),
        "Gesamt",
        "Zwischensumme",
        "Umsätze – Gasthaus Mühle",
        "Seite 1 von 1",
        (*LATIN, "cp1252", "cp850"),
        (",",),
        DOTTED,
    ),
    "hu": Language(
        "Dátum|Bizonylatszám|Fizetés azonosító|Fizetési mód|Összeg|Borravaló|Állapot|Megjegyzés|"
        "Pincér|Idő",
        ("Qerko", "Készpénz", "Bankkártya", "Étkezési utalvány"),
        ("Fizetve", "Sztornó"),
        "Összesen",
        "Részösszeg",
        "Fizetések – Vendéglő",
        "Oldal 1/1",
        (*LATIN, "cp1250", "iso8859_2"),
        (",",),
        ("%Y.%m.%d. %H:%M:%S", "%Y-%m-%d %H:%M", "%Y. %m. %d. %H:%M"),
    ),
    "en": Language(
        "Paid at|Bill|Payment ID|Tender|Amount|Tip|Status|Note|Waiter|Time",
        ("Qerko", "Cash", "Card", "Voucher"),
        ("Paid", "Voided"),
        "Total",
        "Subtotal",
        "Payments of the evening",
        "Page 1 of 1",
        (*LATIN, "cp1252"),
        (".",),
        ("%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%m/%d/%Y %I:%M %p", "%d %b %Y %H:%M"),
    ),
}
NOTES = st.sampled_from(["", "", "stůl 5", 'řekl "hned"', "a;b,c", "dva\nřádky", "=1+1", "-"])
FIRST = datetime(2026, 11, 20, 10, 13, tzinfo=UTC)  # no date of these can be read two ways


class Payment(NamedTuple):
    """A payment as it was."""

    at: datetime
    bill: str
    payment: str | None
    kind: int
    amount: Decimal
    tip: Decimal
    is_paid: bool
    note: str


@st.composite
def payments(draw):
    cents = st.integers(-20_000, 500_000)
    found, at = [], FIRST
    for number in range(draw(st.integers(1, 9))):
        at += timedelta(minutes=draw(st.integers(1, 400)))  # no second, which some forms lack
        kind = draw(st.sampled_from([0, 0, *range(len(KINDS))])) if number else 0
        amount = Decimal(draw(cents)).scaleb(-2) if number else Decimal("1234.50")
        found.append(
            Payment(
                at,
                f"U{draw(st.integers(1, 4)):03}",
                f"{47110 + number}" if kind == 0 else None,
                kind,
                amount,
                Decimal(draw(st.sampled_from([0, 0, 500, 1050]))).scaleb(-2),
                draw(st.booleans()) if number else True,
                draw(NOTES),
            )
        )
    return found


def spell(text, how):
    """Write a header as some tills do: without diacritics, in capitals, with a colon."""
    bare = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return {
        "upper": text.upper(),
        "bare": bare,
        "colon": f"{text}:",
        "under": bare.replace(" ", "_"),
    }.get(how, text)


class Style(NamedTuple):
    """How they are written."""

    language: Language
    columns: tuple[str, ...]
    delimiter: str
    mark: str
    group: str
    sign: str
    minus: str
    encoding: str
    dates: str
    newline: str
    spelt: str
    is_ragged: bool
    has_tip_rows: bool

    @property
    def dates_alone(self):
        return re.split(r"T|,? %[HI]", self.dates)[0]

    def text(self, cell):
        """Write a cell as this style has it."""
        if isinstance(cell, datetime):
            return cell.strftime(self.dates)
        if isinstance(cell, date):
            return cell.strftime(self.dates_alone)
        return self.money(cell) if isinstance(cell, Decimal) else str(cell)

    def money(self, value):
        text = f"{abs(value):,.2f}".replace(",", "G").replace(".", self.mark)
        text = text.replace("G", self.group)
        return self.sign.format(self.minus.format(text) if value < 0 else text)

    def rows(self, one):
        """Give a payment's row, and one of its tip where tips have rows of their own."""
        said = {
            "paid_at": one.at.date() if "time" in self.columns else one.at,
            "time": one.at.time(),
            "bill": one.bill,
            "payment": one.payment or "",
            "tender": self.language.tenders[one.kind],
            "amount": one.amount,
            "tip": one.tip,
            "state": self.language.states[0 if one.is_paid else 1],
            "note": one.note,
            "waiter": "Žák",
        }
        yield self.padded([said[idea] for idea in self.columns])
        if self.has_tip(one):
            said |= {"amount": one.tip, "tender": self.words["tip"]}
            yield self.padded([said[idea] for idea in self.columns])

    def has_tip(self, one):
        return self.has_tip_rows and one.payment and one.tip

    @property
    def words(self):
        return dict(zip(IDEAS, self.language.header.split("|"), strict=True))

    def header(self):
        return self.padded([spell(self.words[idea], self.spelt) for idea in self.columns])

    def padded(self, cells):
        """Leave a cell behind the last delimiter, as some tills do."""
        return [*cells, ""] if self.is_ragged else cells

    def sums(self, label, some, *, is_short=False):
        """Give a line of sums, its label in the first column that has no sum."""
        held = [one for one in some if one.is_paid or "state" not in self.columns]
        amount, tip = (sum((one[at] for one in held), Decimal(0)) for at in (4, 5))
        if self.has_tip_rows:
            amount += sum((one.tip for one in held if self.has_tip(one)), Decimal(0))
        cells = dict.fromkeys(self.columns, "") | {"amount": amount}
        if "tip" in self.columns:
            cells["tip"] = tip
        if is_short:
            return [label, amount]
        cells[next(idea for idea in self.columns if idea not in ("amount", "tip"))] = label
        return self.padded(list(cells.values()))


@st.composite
def styles(draw):
    language = draw(st.sampled_from(list(LANGUAGES.values())))
    left_out = {
        idea
        for idea in ("payment", "tip", "state", "note", "waiter", "time")
        if draw(st.booleans())
    }
    columns = draw(st.permutations([idea for idea in IDEAS if idea not in left_out]))
    mark = draw(st.sampled_from(language.marks))
    encoding = draw(st.sampled_from(language.encodings))
    is_wide = encoding.startswith("utf")
    groups = ["", " ", NBSP if encoding != "cp852" else "", "." if mark == "," else ","]
    minuses = ["-{}", "({})", "{}-"]
    return Style(
        language,
        tuple(columns),
        draw(st.sampled_from([";", "\t", ",", "|"])),
        mark,
        draw(st.sampled_from([*groups, *([NNBSP, "’"] if is_wide else [])])),
        draw(st.sampled_from(["{}", "{}", "{} Kč" if encoding in LATIN else "{} CZK", "EUR {}"])),
        draw(st.sampled_from([*minuses, *([MINUS + "{}"] if is_wide else [])])),
        encoding,
        draw(st.sampled_from(language.dates)),
        draw(st.sampled_from(["\r\n", "\n"])),
        draw(st.sampled_from(["", "", "upper", "bare", "colon", "under"])),
        draw(st.booleans()),
        {"payment", "tip"} - set(columns) == {"tip"} and draw(st.booleans()),
    )


class Export(NamedTuple):
    """Payments, and the rows they are written down in."""

    some: list[Payment]
    style: Style
    above: list[list[object]]
    body: list[list[object]]

    @property
    def rows(self):
        return [*self.above, self.style.header(), *self.body]

    @property
    def filled(self):
        return sum(any(cell != "" for cell in row) for row in self.body)


@st.composite
def exports(draw):
    style, some = draw(styles()), draw(payments())
    language = style.language
    rows, begun = [], 0
    for number, one in enumerate(some, 1):
        rows += style.rows(one)
        if draw(st.integers(0, 5)) == 0:
            rows.append(style.sums(language.subtotal, some[begun:number]))
            begun = number
        blank = [""] * len(style.columns)
        rows += draw(st.sampled_from([[], [], [], [blank], [style.header()]]))
    if draw(st.booleans()):
        rows.append(style.sums(language.total, some, is_short=draw(st.booleans())))
    if draw(st.booleans()) and not style.has_tip_rows:
        for kind, word in enumerate(language.tenders):
            own = [one for one in some if one.kind == kind]
            rows += [style.sums(f"{language.total} {word}", own)] if own else []
    if draw(st.booleans()):
        rows.append([language.footer])
    above = [[], [[language.title]], [[language.title], ["20.11.2026"], []]]
    return Export(some, style, draw(st.sampled_from(above)), rows)


def as_text(export):
    style, held = export.style, io.StringIO(newline="")
    writer = csv.writer(held, delimiter=style.delimiter, lineterminator=style.newline)
    writer.writerows([style.text(cell) for cell in row] for row in export.rows)
    return held.getvalue().encode(style.encoding, "replace")


def as_page(export):
    cells = [[html.escape(export.style.text(cell)) for cell in row] for row in export.rows]
    rows = [f"<td>{'</td><td>'.join(row)}</td>" for row in cells]
    page = f"<html><body><table><tr>{'</tr><tr>'.join(rows)}</tr></table></body></html>"
    return page.replace("\n", "<br>").encode()


def typed(cell):
    """Give a cell as a workbook has it, which knows no exact numbers and no time zones."""
    if isinstance(cell, Decimal):
        return float(cell)
    return cell.replace(tzinfo=None) if isinstance(cell, datetime) else cell


def expected(export, kinds):
    lines, columns = Counter(), export.style.columns
    has_tips = "tip" in columns or (any(map(export.style.has_tip, export.some)) and 0 in kinds)
    for one in export.some:
        if one.kind not in kinds:
            continue
        lines[
            one.bill,
            one.payment if "payment" in columns else None,
            one.amount,
            one.tip if has_tips else None,
            "paid" if one.is_paid or "state" not in columns else "cancelled",
            one.at.replace(tzinfo=PRAGUE).astimezone(UTC),
        ] += 1
    return lines


def found(frame):
    names = ("bill_id", "payment_id", "amount", "tip", "state", "paid_at")
    columns = [frame[name].array._pa_array.to_pylist() for name in names]
    return Counter(
        (*cells[:4], "paid" if cells[4] == "refunded" and cells[2] < 0 else cells[4], cells[5])
        for cells in zip(*columns, strict=True)
    )


def check(pos, export):
    assert not len(pos.problems), pos.problems.to_string()
    assert found(pos.tenders) == expected(export, {0})
    assert found(pos.others) == expected(export, {1, 2, 3})
    assert sum(pos.rows.values()) == export.filled
    tips = sum(map(bool, map(export.style.has_tip, export.some)))
    assert pos.sources[0].rows == len(export.some) + tips


@settings(max_examples=MANY, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(exports())
def test_what_is_read_is_what_was_written(many, export):
    check(read_pos(many.write(as_text(export))), export)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(exports())
def test_pages_called_xls_say_the_same(many, export):
    check(read_pos(many.write(as_page(export), name="evening.xls")), export)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(exports(), st.booleans())
def test_workbooks_say_the_same(many, export, is_typed):
    text = typed if is_typed else export.style.text
    check(many.read_book({"Platby": [list(map(text, row)) for row in export.rows]}), export)
