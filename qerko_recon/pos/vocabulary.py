"""Words that POS exports of the region use as column names: a header in, what it stands for out.

Czech, Slovak, German, English, Hungarian and Polish. What words in cells mean is in
:mod:`qerko_recon.pos.words`, whose functions can be had from here too.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, Literal, NamedTuple

from qerko_recon.pos.words import (
    StateWord,
    TenderWord,
    is_yes,
    phrases,
    plain,
    says_nothing,
    state_meant,
    tender_meant,
    totals_label,
)

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
    "says_business_day",
    "says_hundredths",
    "says_id",
    "says_nothing",
    "state_meant",
    "tender_meant",
    "totals_label",
]

DAY_TOTAL: Final = "day total"
"""The ``tender_type`` of a line that is all of Qerko's money of a day, not one payment's."""

_HEADERS: Final[dict[str, tuple[str, ...]]] = {
    "payment_id": phrases(
        "ID platby|Číslo platby|Platba ID|Qerko ID|ID Qerko|Qerko platba|Transakce|ID transakce|"
        "Číslo transakce|Transakcia|ID transakcie|Číslo transakcie|Zahlungs-ID|Zahlung ID|"
        "Zahlungsnummer|Transaktion|Transaktions-ID|Transaktionsnummer|Payment ID|Payment no|"
        "Payment number|Payment reference|Transaction|Transaction ID|Transaction no|PaymentId|"
        "idPayment|Fizetés azonosító|Fizetési azonosító|Tranzakció|Tranzakció azonosító|"
        "Identifikátor platby|Identifikátor transakce|Identifikátor transakcie|Č. platby|"
        "Č. transakce|Č. transakcie|Zahlungs-Nr|Zahlungsnr|Transaktions-Nr|Transaktionsnr|"
        "Zahlungskennung|Zahlungsreferenz|Payment identifier|Transaction number|"
        "Transaction reference|Payment ref|Transaction ref|Referenční číslo platby|"
        "Identyfikator płatności|Identyfikator transakcji|ID płatności|Numer płatności|"
        "Nr płatności|ID transakcji|Numer transakcji|Nr transakcji|Transakcja|Platba|Płatność"
    ),
    "bill_id": phrases(
        "Číslo účtu|Účet|Účtenka|Číslo účtenky|Doklad|Číslo dokladu|ID účtu|Účet č|Účtenka č|"
        "Č. účtu|Č. účtenky|Č. dokladu|Bloček|Číslo bločku|Účet číslo|Paragon|Beleg|Belegnummer|"
        "Beleg-Nr|Belegnr|Rechnung|Rechnungsnummer|Rechnungs-Nr|Rechnungsnr|Bon|Bonnummer|"
        "Bon-Nr|Bon ID|Bill|Bill ID|Bill no|Bill number|Receipt|Receipt no|Receipt number|"
        "Receipt ID|Reference number|Check|Check no|Check number|Order ID|Order number|"
        "Számla|Számlaszám|Nyugta|Nyugtaszám|Bizonylatszám|Rachunek|Numer rachunku|Nr rachunku|"
        "Numer paragonu|Nr paragonu|Faktura č"
    ),
    # Ordinal numbers are left out: a line's place in a list is not its identity.
    "tender_id": phrases("ID|ID řádku|ID riadku|ID položky|Zeilen-ID|Line ID|Row ID|Tender ID"),
    "paid_at": phrases(
        "Datum a čas|Datum|Vytvořeno|Zaplaceno dne|Datum platby|Uzavřeno|Datum uzavření|"
        "Čas platby|Čas uzavření|Datum úhrady|Datum transakce|Datum vystavení|Datum účtu|"
        "Účetní datum|Účetní den|Provozní den|Obchodní den|Účtovný dátum|Business date|"
        "Business day|Buchungsdatum|Buchungstag|Geschäftstag|Datum uzávěrky|"
        "Dátum a čas|Dátum|Vytvorené|Dátum platby|Uzavreté|Dátum úhrady|Datum und Uhrzeit|"
        "Zeitpunkt|Bezahlt am|Zahlungsdatum|Erstellt am|Abgeschlossen am|Zeitstempel|"
        "Rechnungsdatum|Belegdatum|Created on|Created at|Created|Closed at|Closed on|Closed|"
        "Date|Date and time|Date time|Datetime|Paid at|Paid on|Payment date|Payment time|"
        "Timestamp|Time of payment|paymentDate|Dátum és idő|Fizetés dátuma|Kelt|Időpont|"
        "Data i godzina|Data płatności|Data transakcji|Data zamknięcia|Data sprzedaży|Data"
    ),
    "paid_time": phrases("Čas|Hodina|Uhrzeit|Zeit|Time|Time of day|Idő|Óra|Godzina|Czas"),
    "amount": phrases(
        "Částka|Konečná cena|Cena|Cena s DPH|Částka s DPH|Částka platby|Uhrazeno|Zaplacená částka|"
        "Tržba|Obrat|Suma|Čiastka|Cena s DPH|Konečná suma|Uhradená suma|Tržba s DPH|Betrag|"
        "Umsatz|Zahlbetrag|Zahlungsbetrag|Bruttobetrag|Betrag brutto|Brutto|Amount|"
        "Payment amount|Amount paid|Paid amount|Sum|Gross amount|Gross|Sale|Sales|Turnover|"
        "Hrubá částka|Hrubá suma|Cena po slevě|Cena po zľave|Suma po zľave|Částka po slevě|"
        "paymentAmount|Összeg|Fizetett összeg|Bruttó összeg|BASISWAEH_BETRAG|Kwota|"
        "Kwota płatności|Kwota brutto|Zapłacono|Wartość brutto|Sprzedaż"
    ),
    "total": phrases(
        "Celkem|Celková částka|Celková cena|Celkem k úhradě|K úhradě|Celkem s DPH|Cena celkem|"
        "Částka celkem|Celkem zaplaceno|Spolu|Celkom|Celková suma|Celkom s DPH|Na úhradu|"
        "Spolu s DPH|Suma spolu|Suma celkom|Summe|Gesamt|Gesamtbetrag|Gesamtsumme|Endbetrag|"
        "Total|Total amount|Grand total|Total paid|Total price|Amount total|Final price|"
        "Összesen|Végösszeg|Mindösszesen|Razem|Łącznie|Do zapłaty|Kwota razem|Suma razem"
    ),
    "tip": phrases(
        "Spropitné|Dýško|Dýška|Dýžko|Tringelt|Tuzér|Spropitné celkem|Sprepitné|Prepitné|"
        "Prepitné spolu|Obslužné|Trinkgeld|Trinkgelder|Tip|Tips|Tip amount|tipAmount|Gratuity|"
        "Gratuities|Borravaló|Szervizdíj|Napiwek|Napiwki"
    ),
    "currency": phrases(
        "Měna|Kód měny|Mena|Kód meny|Währung|Währungscode|Currency|Pénznem|Currency code|Deviza|"
        "ZAHLWAEH_CODE|Waluta|Kod waluty"
    ),
    "state": phrases(
        "Stav|Stav platby|Stav účtu|Stav dokladu|Status|Zahlungsstatus|Belegstatus|State|"
        "Payment status|Payment state|Bill status|Állapot|Státusz|Status płatności|Stan płatności"
    ),
    "is_cancelled": phrases(
        "Storno|Stornováno|Stornovaný|Je storno|Zrušeno|Stornované|Zrušené|Storniert|"
        "Cancelled|Canceled|Void|Voided|Is cancelled|Sztornó|Anulowano|Anulowany"
    ),
    "tender_type": phrases(
        "Typ platby|Způsob platby|Způsob úhrady|Platební metoda|Platidlo|Druh platby|Forma úhrady|"
        "Forma platby|Platební prostředek|Spôsob platby|Spôsob úhrady|Platobná metóda|"
        "Platidlá|Druh platidla|Zahlungsart|Zahlart|Zahlungsmethode|Zahlungsmittel|"
        "Zahlungsweise|Zahlungstyp|Payment method|Payment type|Tender|Tender type|Method|"
        "Paid by|Type of payment|paymentMethod|Fizetési mód|Fizetőeszköz|Fizetés módja|"
        "ZAHLART_NAME|Metoda płatności|Forma płatności|Sposób płatności|Rodzaj płatności|"
        "Typ płatności"
    ),
    "line_type": phrases(
        "Typ|Typ řádku|Druh|Typ položky|Typ dokladu|Typ transakce|Typ riadku|Typ transakcie|Art|"
        "Zeilenart|Belegart|Vorgangsart|Type|Line type|Item type|Transaction type|Típus|Rodzaj"
    ),
    "provider": phrases(
        "Poskytovatel|Poskytovatel platby|Zprostředkovatel|Platební brána|Poskytovateľ|"
        "Sprostredkovateľ|Anbieter|Zahlungsanbieter|Dienstleister|Provider|Payment provider|"
        "Gateway|Processor|Szolgáltató|Dostawca|Dostawca płatności"
    ),
}
"""Header phrases for each idea; within an idea those before are preferred."""

IDEAS: Final[tuple[str, ...]] = tuple(_HEADERS)
"""What a column can stand for: the keys of ``Profile.columns``."""

_BY_PHRASE: Final[dict[str, tuple[str, int]]] = {
    phrase: (idea, rank)
    for idea, known in reversed(_HEADERS.items())
    for rank, phrase in reversed(list(enumerate(known)))
}

_BY_SQUEEZED: Final = {phrase.replace(" ", ""): idea for phrase, (idea, _) in _BY_PHRASE.items()}
_GAP: Final = re.compile(r"\s+")
_HUMP: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")

_TIP: Final = re.compile(
    r"\b(?:dysk|dyzk|spropit|sprepit|prepit|tringelt|trinkgeld|tip|tips|gratuit|borraval|napiw)\w*"
)
_WITH: Final = re.compile(
    r"\b(?:s|se|so|vc|vcetne|vratane|incl|including|inclusive|with|inkl|inklusive|mit|"
    r"z(?= napiw))\b"
)
_WITHOUT: Final = re.compile(r"\b(?:bez|ohne|excl|excluding|exclusive|without|w o|exkl|nelkul)\b")
_OF_WHICH: Final = re.compile(
    r"^(?:z toho|ztoho|z ceho|davon|darunter|of which|thereof|ebbol|w tym|obsahuje|enthalt\w*)\b"
)
_NET: Final = re.compile(
    r"\b(?:bez dph|bez dane|zaklad|dph|vat|mwst|ust|tax|dan|steuer|netto|net|nettobetrag|afa|"
    r"pred slev\w+|pred zlav\w+|vor rabatt|before discount|puvodni|povodn\w+|ursprung\w*|original|"
    r"za kus|za ks|za jednotku|jednotkov\w+|jednotk\w+|kus|ks|stuckpreis|einzelpreis|je stuck|"
    r"unit|per unit|each|egysegar|prijato|prijate|obdrzeno|gegeben|erhalten|tendered|received|"
    r"vratit|naklad\w*|marze|marza|wareneinsatz|cost|kredit|zustatek|zostatok|saldo|balance|"
    r"sleva|zlava|rabatt|discount|fee|poplatek|poplatok|gebuhr|vraceno|change|ruckgeld|"
    r"zaokrouhleni|zaokruhlenie|zaokraglenie|rundung|rounding|rabat|reszta|wydano|otrzymano|otevreno|otvorene|opened|geoffnet)\b"
)
_GROSS: Final = re.compile(
    r"\b(?:po sleve|po zlave|nach rabatt|after discount|s dph|vcetne dph|vc dph|vratane dph|"
    r"incl vat|with vat|inkl mwst|inkl ust|incl tax)\b"
)
_HUNDREDTHS: Final = re.compile(
    r"\b(?:cents?|centy|centov|centech|haler\w*|halier\w*|minor|minor units?|pennies|pence|"
    r"filler)\b"
)
_BUSINESS_DAY: Final = re.compile(
    r"\b(?:ucetni\w*|uctovn\w*|provozni|prevadzkov\w*|obchodn\w*|pracovn\w*|business|accounting|"
    r"buchungs\w*|geschafts\w*|kassentag|fiskaln\w*|uzaverk\w*|uzavierk\w*|smen\w*|zmen\w*)\b"
)
_COUNT: Final = re.compile(
    r"\b(?:pocet|poctu|ks|kusu|kusy|kusov|transakci|transakcii|count|number|qty|quantity|anzahl|"
    r"stuck|darab|db|liczba|ilosc|sztuk)\b"
)
_ID: Final = re.compile(
    r"\b(?:id|ids|uuid|guid|ref|reference|referenz|extern\w*|kod|code|cislo|c|no|nr|number|nummer|"
    r"kennung|identif\w*|identyf\w*|azonosito|numer)\b"
)
_ROW: Final = re.compile(r"\d{4}")  # a row taken for a header has numbers in it
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


_CUT: Final = re.compile(r"([^\W_]+)(\.?)")
_TELLING_LETTERS: Final = 2
_LONGEST: Final = 100
_SHARE: Final = re.compile(r"(?i)%|procent|percent|prozent|sz[aá]zal[eé]k|\bsazba|\brate\b")
_LETTER: Final = re.compile(r"[^\W\d_]")


class Guess(NamedTuple):
    """What a header may stand for.

    ``score`` is 1 for a known phrase, less where it only contains one; ``tip`` says what the
    header tells of tips: ``"inside"``, ``"beside"`` or ``None``.
    """

    idea: str
    score: float
    tip: Literal["inside", "beside"] | None = None


@lru_cache(maxsize=4096)
def guess_idea(header: str) -> Guess | None:
    """Tell what a column's header stands for.

    >>> guess_idea("Částka [Kč]").idea, guess_idea("Spropitné").idea, guess_idea("Stůl")
    ('amount', 'tip', None)
    >>> guess_idea("Celkem vč. spropitného")
    Guess(idea='total', score=0.95, tip='inside')
    """
    if len(header) > _LONGEST or not _LETTER.search(header) or _SHARE.search(header):
        return None
    words = plain(_HUMP.sub(" ", _SIGN.sub(" ", header)))
    words = _GAP.sub(" ", _HUNDREDTHS.sub("", words)).strip()
    words = re.sub(r"\b(?:v|in)$", "", words).strip()
    if not words:
        return None
    if known := _guess_whole(words):
        return known
    if _TIP.search(words):
        return _guess_tip(words)
    if _NET.search(words) and not _GROSS.search(words):
        return None
    return _guess_abbreviated(header) or _guess_part(words)


def _guess_whole(words: str) -> Guess | None:
    if words in _BY_PHRASE:
        idea, rank = _BY_PHRASE[words]
        return Guess(idea, 1.0 - rank / 10_000)
    squeezed = _BY_SQUEEZED.get(words.replace(" ", ""))
    return Guess(squeezed, 0.9) if squeezed else None


def _guess_tip(words: str) -> Guess:
    if _OF_WHICH.search(words):
        return Guess("tip", 0.95, "inside")
    if _WITHOUT.search(words):
        return Guess("amount", 0.95, "beside")
    return Guess("total", 0.95, "inside") if _WITH.search(words) else Guess("tip", 0.8)


def _guess_abbreviated(header: str) -> Guess | None:
    """Find the known phrases that a header cuts short, as ``Sprop.``; what may be two is none."""
    tokens = [(plain(word), bool(dot)) for word, dot in _CUT.findall(header)]
    if not any(is_cut and len(word) >= _TELLING_LETTERS for word, is_cut in tokens):
        return None
    ideas = {
        idea
        for phrase, (idea, _) in _BY_PHRASE.items()
        if len(parts := phrase.split()) == len(tokens)
        and all(
            part.startswith(word) if is_cut else part == word
            for part, (word, is_cut) in zip(parts, tokens, strict=True)
        )
    }
    return Guess(ideas.pop(), 0.7) if len(ideas) == 1 else None


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
    if _COUNT.search(rest) or _ROW.search(rest):
        return None
    idea = _BY_PHRASE[rest][0] if rest in _BY_PHRASE else "amount"
    return Guess(idea, 1.01)


def says_id(header: str) -> bool:
    """Tell whether a header calls its column an ID, whoever's it is.

    >>> says_id("externalId"), says_id("Ref. č."), says_id("Stůl")
    (True, True, False)
    """
    return bool(_ID.search(plain(_HUMP.sub(" ", header))))


def says_hundredths(header: str) -> bool:
    """Tell whether a column's amounts are in cents or haléře.

    >>> says_hundredths("amountCents"), says_hundredths("Částka [haléře]"), says_hundredths("Cena")
    (True, True, False)
    """
    return bool(_HUNDREDTHS.search(plain(_HUMP.sub(" ", header))))


def says_business_day(header: str) -> bool:
    """Tell whether a column has the business day rather than the calendar's.

    >>> says_business_day("Účetní datum"), says_business_day("Datum")
    (True, False)
    """
    return bool(_BUSINESS_DAY.search(plain(header)))


def currency_in(text: str) -> str | None:
    """Find the ISO 4217 code of a currency sign or code beside an amount or in a header.

    >>> currency_in("1 234,50 Kč"), currency_in("Betrag (€)"), currency_in("12.00")
    ('CZK', 'EUR', None)
    """
    found = _SIGN.search(text)
    return _SIGNS[found[0].lower()] if found else None
