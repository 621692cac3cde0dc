"""Words that POS exports of the region use: a header or a cell in, what it stands for out.

Czech, Slovak, German, English and Hungarian. Words are compared by :func:`plain`: without case,
diacritics and punctuation, so that an export that lost its diacritics reads the same.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final, Literal, NamedTuple

__all__ = [
    "DAY_TOTAL",
    "IDEAS",
    "Guess",
    "StateWord",
    "TenderWord",
    "currency_in",
    "guess_idea",
    "is_yes",
    "plain",
    "says_nothing",
    "state_meant",
    "tender_meant",
    "totals_label",
]

StateWord = Literal["paid", "cancelled", "open", "refund"]
TenderWord = Literal["qerko", "cash", "card", "voucher", "invoice", "tip", "storno"]

DAY_TOTAL: Final = "day total"
"""The ``tender_type`` of a line that is all of Qerko's money of a day, not one payment's."""

_LETTERS: Final = str.maketrans({"ł": "l", "ß": "ss", "đ": "d"})
_GAPS: Final = re.compile(r"[^a-z0-9]+")


@lru_cache(maxsize=4096)
def plain(text: str) -> str:
    """Reduce a word or phrase to what is compared.

    >>> plain("  Číslo účtu: "), plain("Währung"), plain("Způsob_platby")
    ('cislo uctu', 'wahrung', 'zpusob platby')
    """
    folded = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    bare = "".join(letter for letter in folded if not unicodedata.combining(letter))
    return _GAPS.sub(" ", bare).strip()


def _phrases(text: str) -> tuple[str, ...]:
    return tuple(plain(phrase) for phrase in text.split("|"))


_HEADERS: Final[dict[str, tuple[str, ...]]] = {
    "payment_id": _phrases(
        "ID platby|Číslo platby|Platba ID|Qerko ID|ID Qerko|Qerko platba|Transakce|ID transakce|"
        "Číslo transakce|Transakcia|ID transakcie|Číslo transakcie|Zahlungs-ID|Zahlung ID|"
        "Zahlungsnummer|Transaktion|Transaktions-ID|Transaktionsnummer|Payment ID|Payment no|"
        "Payment number|Payment reference|Transaction|Transaction ID|Transaction no|PaymentId|"
        "idPayment|Fizetés azonosító|Fizetési azonosító|Tranzakció|Tranzakció azonosító|Platba"
    ),
    "bill_id": _phrases(
        "Číslo účtu|Účet|Účtenka|Číslo účtenky|Doklad|Číslo dokladu|ID účtu|Účet č|Účtenka č|"
        "Č. účtu|Č. účtenky|Č. dokladu|Bloček|Číslo bločku|Účet číslo|Paragon|Beleg|Belegnummer|"
        "Beleg-Nr|Belegnr|Rechnung|Rechnungsnummer|Rechnungs-Nr|Rechnungsnr|Bon|Bonnummer|"
        "Bon-Nr|Bon ID|Bill|Bill ID|Bill no|Bill number|Receipt|Receipt no|Receipt number|"
        "Receipt ID|Reference number|Check|Check no|Check number|Order ID|Order number|"
        "Számla|Számlaszám|Nyugta|Nyugtaszám|Bizonylatszám"
    ),
    # Ordinal numbers are left out: a line's place in a list is not its identity.
    "tender_id": _phrases("ID|ID řádku|ID riadku|ID položky|Zeilen-ID|Line ID|Row ID|Tender ID"),
    "paid_at": _phrases(
        "Datum a čas|Datum|Vytvořeno|Zaplaceno dne|Datum platby|Uzavřeno|Datum uzavření|"
        "Čas platby|Čas uzavření|Datum úhrady|Datum transakce|Datum vystavení|Datum účtu|"
        "Dátum a čas|Dátum|Vytvorené|Dátum platby|Uzavreté|Dátum úhrady|Datum und Uhrzeit|"
        "Zeitpunkt|Bezahlt am|Zahlungsdatum|Erstellt am|Abgeschlossen am|Zeitstempel|"
        "Rechnungsdatum|Belegdatum|Created on|Created at|Created|Closed at|Closed on|Closed|"
        "Date|Date and time|Date time|Datetime|Paid at|Paid on|Payment date|Payment time|"
        "Timestamp|Time of payment|paymentDate|Dátum és idő|Fizetés dátuma|Kelt|Időpont"
    ),
    "paid_time": _phrases("Čas|Hodina|Uhrzeit|Zeit|Time|Time of day|Idő|Óra"),
    "amount": _phrases(
        "Částka|Konečná cena|Cena|Cena s DPH|Částka s DPH|Částka platby|Uhrazeno|Zaplacená částka|"
        "Tržba|Obrat|Suma|Čiastka|Cena s DPH|Konečná suma|Uhradená suma|Tržba s DPH|Betrag|"
        "Umsatz|Zahlbetrag|Zahlungsbetrag|Bruttobetrag|Betrag brutto|Brutto|Amount|"
        "Payment amount|Amount paid|Paid amount|Sum|Gross amount|Sale|Sales|Turnover|"
        "paymentAmount|Összeg|Fizetett összeg|Bruttó összeg|BASISWAEH_BETRAG"
    ),
    "total": _phrases(
        "Celkem|Celková částka|Celková cena|Celkem k úhradě|K úhradě|Celkem s DPH|Cena celkem|"
        "Částka celkem|Celkem zaplaceno|Spolu|Celkom|Celková suma|Celkom s DPH|Na úhradu|"
        "Spolu s DPH|Suma spolu|Suma celkom|Summe|Gesamt|Gesamtbetrag|Gesamtsumme|Endbetrag|"
        "Total|Total amount|Grand total|Total paid|Total price|Amount total|Final price|"
        "Összesen|Végösszeg|Mindösszesen"
    ),
    "tip": _phrases(
        "Spropitné|Dýško|Dýška|Dýžko|Tringelt|Tuzér|Spropitné celkem|Sprepitné|Prepitné|"
        "Prepitné spolu|Obslužné|Trinkgeld|Trinkgelder|Tip|Tips|Tip amount|tipAmount|Gratuity|"
        "Gratuities|Borravaló|Szervizdíj"
    ),
    "currency": _phrases(
        "Měna|Kód měny|Mena|Kód meny|Währung|Währungscode|Currency|Pénznem|Currency code|Deviza|"
        "ZAHLWAEH_CODE"
    ),
    "state": _phrases(
        "Stav|Stav platby|Stav účtu|Stav dokladu|Status|Zahlungsstatus|Belegstatus|State|"
        "Payment status|Payment state|Bill status|Állapot|Státusz"
    ),
    "is_cancelled": _phrases(
        "Storno|Stornováno|Stornovaný|Je storno|Zrušeno|Stornované|Zrušené|Storniert|"
        "Cancelled|Canceled|Void|Voided|Is cancelled|Sztornó"
    ),
    "tender_type": _phrases(
        "Typ platby|Způsob platby|Způsob úhrady|Platební metoda|Platidlo|Druh platby|Forma úhrady|"
        "Forma platby|Platební prostředek|Spôsob platby|Spôsob úhrady|Platobná metóda|"
        "Platidlá|Druh platidla|Zahlungsart|Zahlart|Zahlungsmethode|Zahlungsmittel|"
        "Zahlungsweise|Zahlungstyp|Payment method|Payment type|Tender|Tender type|Method|"
        "Paid by|Type of payment|paymentMethod|Fizetési mód|Fizetőeszköz|Fizetés módja|"
        "ZAHLART_NAME"
    ),
    "line_type": _phrases(
        "Typ|Typ řádku|Druh|Typ položky|Typ dokladu|Typ transakce|Typ riadku|Typ transakcie|Art|"
        "Zeilenart|Belegart|Vorgangsart|Type|Line type|Item type|Transaction type|Típus"
    ),
    "provider": _phrases(
        "Poskytovatel|Poskytovatel platby|Zprostředkovatel|Platební brána|Poskytovateľ|"
        "Sprostredkovateľ|Anbieter|Zahlungsanbieter|Dienstleister|Provider|Payment provider|"
        "Gateway|Processor|Szolgáltató"
    ),
}
"""Header phrases for each idea; within an idea those before are preferred."""

IDEAS: Final[tuple[str, ...]] = tuple(_HEADERS)
"""What a column can stand for: the keys of ``Profile.columns``."""

_BY_PHRASE: Final[dict[str, tuple[str, int]]] = {
    phrase: (idea, rank)
    for idea, phrases in reversed(_HEADERS.items())
    for rank, phrase in reversed(list(enumerate(phrases)))
}

_BY_SQUEEZED: Final = {phrase.replace(" ", ""): idea for phrase, (idea, _) in _BY_PHRASE.items()}
_HUMP: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")

_TIP: Final = re.compile(
    r"\b(?:dysk|dyzk|spropit|sprepit|prepit|tringelt|trinkgeld|tip|tips|gratuit|borraval)\w*"
)
_WITH: Final = re.compile(
    r"\b(?:s|se|so|vc|vcetne|vratane|incl|including|inclusive|with|inkl|inklusive|mit)\b"
)
_WITHOUT: Final = re.compile(r"\b(?:bez|ohne|excl|excluding|exclusive|without|w o|exkl|nelkul)\b")
_NET: Final = re.compile(
    r"\b(?:bez dph|bez dane|zaklad|dph|vat|mwst|ust|tax|dan|steuer|netto|net|nettobetrag|afa|"
    r"sleva|zlava|rabatt|discount|fee|poplatek|poplatok|gebuhr|vraceno|change|ruckgeld|"
    r"zaokrouhleni|zaokruhlenie|rundung|rounding|otevreno|otvorene|opened|geoffnet)\b"
)
_GROSS: Final = re.compile(
    r"\b(?:s dph|vcetne dph|vc dph|vratane dph|incl vat|with vat|"
    r"inkl mwst|inkl ust|incl tax)\b"
)
_COUNT: Final = re.compile(
    r"\b(?:pocet|poctu|ks|kusu|kusy|kusov|transakci|transakcii|count|number|qty|quantity|anzahl|"
    r"stuck|darab|db)\b"
)
_CODES: Final = ("CZK", "EUR", "HUF", "PLN", "USD", "GBP", "CHF")
_SIGNS: Final[dict[str, str]] = {
    "kč": "CZK",
    "kc": "CZK",
    "€": "EUR",
    "ft": "HUF",
    "zł": "PLN",
    "zl": "PLN",
    "$": "USD",
    "£": "GBP",
    "euro": "EUR",
} | {code.lower(): code for code in _CODES}
_SIGN: Final = re.compile(
    r"(?<![^\W\d_])(?:kč|kc|czk|€|euro|eur|\$|usd|£|gbp|zł|zl|pln|ft|huf|chf)(?![^\W\d_])",
    re.IGNORECASE,
)


_LONGEST: Final = 100
_LETTER: Final = re.compile(r"[^\W\d_]")


class Guess(NamedTuple):
    """What a header may stand for.

    ``score`` is 1 for a known phrase, less where it only contains one; ``tip`` says what the
    header tells of tips: ``"inside"``, ``"beside"`` or ``None``.
    """

    idea: str
    score: float
    tip: Literal["inside", "beside"] | None = None


def guess_idea(header: str) -> Guess | None:
    """Tell what a column's header stands for.

    >>> guess_idea("Částka [Kč]").idea, guess_idea("Spropitné").idea, guess_idea("Stůl")
    ('amount', 'tip', None)
    >>> guess_idea("Celkem vč. spropitného")
    Guess(idea='total', score=0.95, tip='inside')
    """
    if len(header) > _LONGEST or not _LETTER.search(header):
        return None
    words = plain(_HUMP.sub(" ", _SIGN.sub(" ", header)))
    words = re.sub(r"\b(?:v|in)$", "", words).strip()
    if not words:
        return None
    if words in _BY_PHRASE:
        idea, rank = _BY_PHRASE[words]
        return Guess(idea, 1.0 - rank / 10_000)
    if squeezed := _BY_SQUEEZED.get(words.replace(" ", "")):
        return Guess(squeezed, 0.9)
    if _TIP.search(words):
        return _guess_tip(words)
    is_net = _NET.search(words) and not _GROSS.search(words)
    return None if is_net else _guess_part(words)


def _guess_tip(words: str) -> Guess:
    if _WITHOUT.search(words):
        return Guess("amount", 0.95, "beside")
    return Guess("total", 0.95, "inside") if _WITH.search(words) else Guess("tip", 0.8)


def _guess_part(words: str) -> Guess | None:
    """Look for Qerko, or else for the longest known phrase of whole words inside a header."""
    tokens = words.split()
    if "qerko" in tokens:
        return _guess_qerkos(" ".join(one for one in tokens if one != "qerko"))
    for length in range(len(tokens) - 1, 0, -1):
        for start in range(len(tokens) - length + 1):
            phrase = " ".join(tokens[start : start + length])
            if phrase in _BY_PHRASE and len(phrase) > 3:  # noqa: PLR2004 - "id", "typ" say little
                return Guess(_BY_PHRASE[phrase][0], 0.6)
    return None


def _guess_qerkos(rest: str) -> Guess | None:
    """Tell what a column that names Qerko has of it; in a sheet kept by hand it is the amount."""
    if _COUNT.search(rest):
        return None
    idea = _BY_PHRASE[rest][0] if rest in _BY_PHRASE else "amount"
    return Guess(idea, 1.01)


def currency_in(text: str) -> str | None:
    """Find the ISO 4217 code of a currency sign or code beside an amount or in a header.

    >>> currency_in("1 234,50 Kč"), currency_in("Betrag (€)"), currency_in("12.00")
    ('CZK', 'EUR', None)
    """
    found = _SIGN.search(text)
    return _SIGNS[found[0].lower()] if found else None


_TENDERS: Final[Mapping[TenderWord, tuple[str, ...]]] = {
    # 901000001 is the number under which Dotykačka's payment methods have Qerko.
    "qerko": _phrases("Qerko|901000001"),
    "cash": _phrases(
        "Hotově|Hotovost|Hotove|V hotovosti|Hotovosť|Hotovostná|Hotovostní|Hotovost CZK|Bar|"
        "Barzahlung|Bargeld|In bar|Cash|Készpénz"
    ),
    "card": _phrases(
        "Kartou|Karta|Kartu|Platební karta|Platebni kartou|Platobná karta|Bezhotovostně|Kreditka|"
        "Karte|Kreditkarte|EC-Karte|EC|Girocard|Debitkarte|Bankomat|Kartenzahlung|Card|"
        "Credit card|Debit card|Visa|Mastercard|Maestro|Amex|Terminal|Bankkártya|Kártya"
    ),
    "voucher": _phrases(
        "Stravenkou|Stravenka|Stravenky|Stravenkami|Stravenková karta|Poukaz|Poukázka|Poukazem|"
        "Stravné lístky|Stravný lístok|Gastrolístok|Gastrokarta|Gutschein|Gutscheine|Essensmarke|"
        "Essensmarken|Voucher|Vouchers|Meal voucher|Meal vouchers|Luncheon voucher|Gift card|"
        "Edenred|Sodexo|Pluxee|Ticket Restaurant|Dárkový poukaz|Utalvány|SZÉP kártya"
    ),
    "invoice": _phrases(
        "Faktura|Fakturou|Platba fakturou|Na fakturu|Faktúra|Faktúrou|Převodem|Prevodom|"
        "Bankovním převodem|Bankový prevod|Rechnung|Auf Rechnung|Überweisung|Invoice|"
        "Bank transfer|On account|Na pokoj|Na účet|Zimmer|Room charge|Átutalás"
    ),
    "tip": _phrases(
        "Spropitné|Dýško|Dýška|Dýžko|Tringelt|Tuzér|Sprepitné|Prepitné|Trinkgeld|TrinkgeldAN|"
        "TrinkgeldAG|Tip|Tips|Gratuity|Borravaló"
    ),
    "storno": _phrases(
        "Storno|Stornováno|Stornovaný|Stornované|Stornierung|Storniert|Cancellation|Cancelled|"
        "Void|Voided|Sztornó"
    ),
}
_TENDER_PHRASES: Final[dict[str, TenderWord]] = {
    phrase: kind for kind, phrases in _TENDERS.items() for phrase in phrases
}

_STATES: Final[Mapping[StateWord, tuple[str, ...]]] = {
    "paid": _phrases(
        "Zaplaceno|Zaplacen|Zaplacená|Uhrazeno|Uhrazen|Uzavřeno|Uzavřen|Uzavřená|Vyřízeno|"
        "Dokončeno|Zaplatené|Zaplatený|Zaplatená|Uhradené|Uhradený|Uzavreté|Uzavretý|"
        "Dokončené|Bezahlt|Abgeschlossen|Beglichen|Erledigt|Paid|Closed|Settled|Completed|"
        "Complete|Captured|Success|Succeeded|OK|Fizetve|Lezárva|Platba|Účtenka|Payment"
    ),
    "cancelled": _phrases(
        "Storno|Stornováno|Stornovaný|Stornovaná|Stornován|Zrušeno|Zrušen|Zrušená|Stornované|"
        "Zrušené|Zrušený|Storniert|Stornierung|Abgebrochen|Annulliert|Ungültig|Cancelled|"
        "Canceled|Void|Voided|Cancellation|Reversed|Failed|Declined|Neúspěšná|Zamítnuto|"
        "Zamietnuté|Fehlgeschlagen|Sztornó|Törölve"
    ),
    "open": _phrases(
        "Otevřeno|Otevřený|Otevřen|Otevřená|Nezaplaceno|Nezaplacen|Neuhrazeno|Rozpracováno|"
        "Čeká|Čeká na platbu|Otvorené|Otvorený|Nezaplatené|Neuhradené|Čaká|Offen|Unbezahlt|"
        "Ausstehend|Open|Unpaid|Pending|In progress|Nyitott|Nyitva|Fizetetlen"
    ),
    "refund": _phrases(
        "Vráceno|Vrácená|Vrácen|Vratka|Dobropis|Refundace|Refundováno|Vrátené|Vrátená|Refundácia|"
        "Refundované|Erstattet|Erstattung|Rückerstattet|Rückerstattung|Gutschrift|Rückzahlung|"
        "Refund|Refunded|Returned|Credit note|Visszatérítve|Visszatérítés"
    ),
}
_STATE_PHRASES: Final[dict[str, StateWord]] = {
    phrase: state for state, phrases in _STATES.items() for phrase in phrases
}

_TOTALS: Final = frozenset(
    _phrases(
        "Celkem|Celkem za období|Celkem za den|Součet|Suma|Mezisoučet|Úhrn|Spolu|Celkom|Súčet|"
        "Medzisúčet|Summe|Gesamt|Gesamtsumme|Zwischensumme|Tagessumme|Total|Totals|Grand total|"
        "Subtotal|Sub total|Sum|Összesen|Mindösszesen|Razem"
    )
)
_TOTALS_WORDS: Final = max(len(phrase.split()) for phrase in _TOTALS)
_YES: Final = frozenset(_phrases("ano|áno|ja|yes|true|1|x|igen|y|j|a|wahr|pravda")) | frozenset(
    phrase for phrase, state in _STATE_PHRASES.items() if state == "cancelled"
)
_NOTHING: Final = frozenset({"", "-", "–", "—", "n/a", "null", "none", "nan", "#n/a"})


@lru_cache(maxsize=4096)
def tender_meant(word: str) -> TenderWord | None:
    """Tell how a line was paid by the POS's word for it.

    >>> tender_meant("Hotově"), tender_meant("QERKO platba"), tender_meant("Bitcoin")
    ('cash', 'qerko', None)
    """
    words = plain(word)
    if words in _TENDER_PHRASES:
        return _TENDER_PHRASES[words]
    if "qerko" in words:
        return "qerko"
    return _first_phrase(words.split(), _TENDER_PHRASES)


@lru_cache(maxsize=4096)
def state_meant(word: str) -> StateWord | None:
    """Tell a line's state by the POS's word for it.

    >>> state_meant("Zaplatené"), state_meant("STORNO"), state_meant("Rozdělený")
    ('paid', 'cancelled', None)
    """
    return _STATE_PHRASES.get(plain(word))


def totals_label(text: str) -> str | None:
    """Give what follows the word for a total: ``""`` for a bare one, ``None`` if there is none.

    >>> totals_label("CELKEM:"), totals_label("Celkem Qerko"), totals_label("Celerová polévka")
    ('', 'qerko', None)
    """
    tokens = plain(text).split()
    for length in range(min(_TOTALS_WORDS, len(tokens)), 0, -1):
        if " ".join(tokens[:length]) in _TOTALS:
            return " ".join(tokens[length:])
    return None


def is_yes(text: str) -> bool:
    """Tell whether a cell of a yes-or-no column says yes."""
    return plain(text) in _YES


def says_nothing(text: str) -> bool:
    """Tell whether a cell is empty or one of the signs for nothing (``-``, ``n/a``)."""
    return text.strip().casefold() in _NOTHING


def _first_phrase(tokens: list[str], known: Mapping[str, TenderWord]) -> TenderWord | None:
    phrases: Iterable[str] = (
        " ".join(tokens[start : start + length])
        for length in range(min(3, len(tokens)), 0, -1)
        for start in range(len(tokens) - length + 1)
    )
    return next((known[phrase] for phrase in phrases if phrase in known), None)
