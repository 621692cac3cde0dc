"""Words that POS exports of the region use in cells: a cell in, what it stands for out.

Czech, Slovak, German, English, Hungarian and Polish. Words are compared by :func:`plain`: without
case, diacritics and punctuation, so that an export that lost its diacritics reads the same.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final, Literal

__all__ = [
    "StateWord",
    "TenderWord",
    "is_yes",
    "phrases",
    "plain",
    "says_beside",
    "says_nothing",
    "says_printing",
    "says_several",
    "says_statistics",
    "state_meant",
    "tender_meant",
    "totals_label",
]

StateWord = Literal["paid", "cancelled", "open", "refund"]
TenderWord = Literal["qerko", "cash", "card", "voucher", "invoice", "tip", "storno"]

_LETTERS: Final = str.maketrans({"ł": "l", "ß": "ss", "đ": "d"})
_SEVERAL: Final = re.compile(r"[+,;&]|\s(?:a|und|and|és)\s")
_DIGIT: Final = re.compile(r"\d")
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


def phrases(text: str) -> tuple[str, ...]:
    """Give phrases, parted by bars, as they are compared."""
    return tuple(plain(phrase) for phrase in text.split("|"))


_TENDERS: Final[Mapping[TenderWord, tuple[str, ...]]] = {
    # 901000001 is the number under which Dotykačka's payment methods have Qerko.
    "qerko": phrases("Qerko|901000001"),
    "cash": phrases(
        "Hotově|Hotovost|Hotove|V hotovosti|Hotovosť|Hotovostná|Hotovostní|Hotovost CZK|Bar|"
        "Barzahlung|Bargeld|In bar|Cash|Készpénz|Gotówka|Gotówką"
    ),
    "card": phrases(
        "Kartou|Karta|Kartu|Platební karta|Platebni kartou|Platobná karta|Bezhotovostně|Kreditka|"
        "Karte|Kreditkarte|EC-Karte|EC|Girocard|Debitkarte|Bankomat|Kartenzahlung|Card|"
        "Credit card|Debit card|Visa|Mastercard|Maestro|Amex|Terminal|Bankkártya|Kártya|Kartą"
    ),
    "voucher": phrases(
        "Stravenkou|Stravenka|Stravenky|Stravenkami|Stravenková karta|Poukaz|Poukázka|Poukazem|"
        "Stravné lístky|Stravný lístok|Gastrolístok|Gastrokarta|Gutschein|Gutscheine|Essensmarke|"
        "Essensmarken|Voucher|Vouchers|Meal voucher|Meal vouchers|Luncheon voucher|Gift card|"
        "Edenred|Sodexo|Pluxee|Ticket Restaurant|Dárkový poukaz|Utalvány|SZÉP kártya|Bony|"
        "Bon podarunkowy|Karta podarunkowa"
    ),
    "invoice": phrases(
        "Faktura|Fakturou|Platba fakturou|Na fakturu|Faktúra|Faktúrou|Převodem|Prevodom|"
        "Bankovním převodem|Bankový prevod|Rechnung|Auf Rechnung|Überweisung|Invoice|"
        "Bank transfer|On account|Na pokoj|Na účet|Zimmer|Room charge|Átutalás|Przelew|Przelewem"
    ),
    "tip": phrases(
        "Spropitné|Dýško|Dýška|Dýžko|Tringelt|Tuzér|Sprepitné|Prepitné|Trinkgeld|TrinkgeldAN|"
        "TrinkgeldAG|Tip|Tips|Gratuity|Borravaló|Napiwek|Napiwki"
    ),
    "storno": phrases(
        "Storno|Stornováno|Stornovaný|Stornované|Stornierung|Storniert|Cancellation|Cancelled|"
        "Void|Voided|Sztornó|Anulowanie|Anulowano"
    ),
}
_TENDER_PHRASES: Final[dict[str, TenderWord]] = {
    phrase: kind for kind, known in _TENDERS.items() for phrase in known
}

_STATES: Final[Mapping[StateWord, tuple[str, ...]]] = {
    "paid": phrases(
        "Zaplaceno|Zaplacen|Zaplacená|Uhrazeno|Uhrazen|Uzavřeno|Uzavřen|Uzavřená|Vyřízeno|"
        "Dokončeno|Zaplatené|Zaplatený|Zaplatená|Uhradené|Uhradený|Uzavreté|Uzavretý|"
        "Dokončené|Bezahlt|Abgeschlossen|Beglichen|Erledigt|Paid|Closed|Settled|Completed|"
        "Complete|Captured|Success|Succeeded|OK|Fizetve|Lezárva|Platba|Účtenka|Payment|Zapłacono|"
        "Zapłacony|Opłacono|Opłacony|Zamknięty|Zakończono"
    ),
    "cancelled": phrases(
        "Storno|Stornováno|Stornovaný|Stornovaná|Stornován|Zrušeno|Zrušen|Zrušená|Stornované|"
        "Zrušené|Zrušený|Storniert|Stornierung|Abgebrochen|Annulliert|Ungültig|Cancelled|"
        "Canceled|Void|Voided|Cancellation|Reversed|Failed|Declined|Neúspěšná|Zamítnuto|"
        "Zamietnuté|Fehlgeschlagen|Sztornó|Törölve|Anulowano|Anulowany|Odrzucono"
    ),
    "open": phrases(
        "Otevřeno|Otevřený|Otevřen|Otevřená|Nezaplaceno|Nezaplacen|Neuhrazeno|Rozpracováno|"
        "Čeká|Čeká na platbu|Otvorené|Otvorený|Nezaplatené|Neuhradené|Čaká|Offen|Unbezahlt|"
        "Ausstehend|Open|Unpaid|Pending|In progress|Nyitott|Nyitva|Fizetetlen|"
        "Otwarty|Otwarte|Nieopłacono|Nieopłacony|Niezapłacono|Oczekuje"
    ),
    "refund": phrases(
        "Vráceno|Vrácená|Vrácen|Vratka|Dobropis|Refundace|Refundováno|Vrátené|Vrátená|Refundácia|"
        "Refundované|Erstattet|Erstattung|Rückerstattet|Rückerstattung|Gutschrift|Rückzahlung|"
        "Refund|Refunded|Returned|Credit note|Visszatérítve|Visszatérítés|Zwrot|Zwrócono"
    ),
}
_STATE_PHRASES: Final[dict[str, StateWord]] = {
    phrase: state for state, known in _STATES.items() for phrase in known
}

_STEMS_OF: Final[Mapping[StateWord, str]] = {
    "paid": "zaplac|zaplat|uhraz|uhrad|uzavr|vyrizen|dokonc|nestorn|nezrus|bezahlt|"
    "abgeschloss|beglich|erledigt|paid|closed|settled|complet|captur|succe|fizetve|lezar|oplac|zamkn|zakoncz",
    "cancelled": "storn|zrus|anul|annul|abgebroch|ungultig|geloscht|cancel|void|revers|fail|"
    "declin|reject|delet|sztorn|torol|neuspes|zamit|zamiet|fehlgeschl|smaz|zmaz|vymaz|odrzuc",
    "open": "otev|otvor|nezapl|neuhr|neuzavr|rozprac|cekaj|cakaj|offen|unbezahlt|ausstehend|"
    "open|unpaid|pending|nyitott|nyitva|fizetetlen|otwart|nieoplac|niezaplac|oczek",
    "refund": "vrac|vrat|dobropis|refund|erstatt|ruckerstatt|gutschrift|ruckzahl|return|visszater|"
    "zwrot|zwroc",
}
_STEMS: Final[dict[str, StateWord]] = {
    stem: state for state, stems in _STEMS_OF.items() for stem in stems.split("|")
}
_STEM: Final = re.compile("|".join(sorted(_STEMS, key=len, reverse=True)))
_UNSURE: Final = frozenset(
    phrases(
        "částečně|čiastočne|zčásti|partial|partially|partly|teilweise|részben|není|nie|nebylo|"
        "not|nicht|nem|kein|no|ne"
    )
)
_FEW_WORDS: Final = 4

_TOTALS: Final = frozenset(
    phrases(
        "Celkem|Celkem za období|Celkem za den|Celkem k úhradě|Celková tržba|Celková částka|"
        "Celková suma|Celkové tržby|Tržba celkem|Den celkem|Za den celkem|Součet|Součty|Suma|Sumy|"
        "Mezisoučet|Úhrn|Spolu|Spolu za deň|Celkom|Celkom za deň|Tržba spolu|Súčet|Medzisúčet|"
        "Summe|Summen|Summe gesamt|Gesamt|Gesamtsumme|Gesamtbetrag|Gesamtumsatz|Gesamtergebnis|"
        "Endsumme|Zwischensumme|Tagessumme|Tagesumsatz|Total|Totals|Grand total|Total amount|"
        "Sum total|Day total|Total sales|Subtotal|Sub total|Sum|Összesen|Mindösszesen|"
        "Napi összesen|Részösszeg|Végösszeg|Razem|Łącznie|Ogółem|Suma częściowa|Razem za dzień"
    )
)
_STATISTICS: Final = frozenset(
    phrases(
        "Počet|Průměr|Priemer|Průměrná|Anzahl|Durchschnitt|Count|Average|Number of|Avg|Átlag|"
        "Darab|Počet účtů|Počet dokladů|Počet plateb|Min|Max|Minimum|Maximum|Liczba|Średnia"
    )
)
_PRINTING: Final = frozenset(
    phrases(
        "Vytištěno|Vytisknuto|Tištěno|Tisk|Vytlačené|Tlač|Strana|Stránka|Vygenerováno|"
        "Vygenerované|Vytvořeno|Vytvorené|Exportováno|Exportované|Export|Konec|Koniec|Gedruckt|"
        "Ausgedruckt|Druckdatum|Seite|Erstellt|Exportiert|Ende|Printed|Page|Generated|Created|"
        "Exported|End|Nyomtatva|Oldal|Készült|Exportálva|Vége|Wydrukowano|Wygenerowano"
    )
)
_TOTALS_WORDS: Final = max(len(phrase.split()) for phrase in _TOTALS)
_YES: Final = frozenset(phrases("ano|áno|ja|yes|true|1|x|igen|y|j|a|wahr|pravda|tak"))
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
    words = plain(word)
    if words in _STATE_PHRASES:
        return _STATE_PHRASES[words]
    tokens = words.split()
    if not tokens or len(tokens) > _FEW_WORDS or _UNSURE & set(tokens) or _DIGIT.search(words):
        return None
    stem = _STEM.match(tokens[0])
    return _STEMS[stem[0]] if stem else None


def says_beside(word: str) -> Literal["cancelled", "refund", "tip"] | None:
    """Tell what a tender's word says beside the tender: a cancellation, a refund or a tip.

    >>> says_beside("Qerko storno"), says_beside("Spropitné Qerko"), says_beside("Qerko")
    ('cancelled', 'tip', None)
    """
    tokens = plain(word).split()
    if len(tokens) < 2 or len(tokens) > _FEW_WORDS:  # noqa: PLR2004 - nothing beside it
        return None
    for token in tokens:
        if _TENDER_PHRASES.get(token) == "tip":
            return "tip"
        stem = _STEM.match(token)
        if stem and _STEMS[stem[0]] in {"cancelled", "refund"}:
            return "refund" if _STEMS[stem[0]] == "refund" else "cancelled"
    return None


def says_several(word: str) -> bool:
    """Tell whether a tender's word names Qerko and another tender, both at once.

    >>> says_several("Qerko + Hotově"), says_several("Qerko kartou"), says_several("Karta (Qerko)")
    (True, False, False)
    """
    kinds = {tender_meant(part) for part in _SEVERAL.split(word)}
    return "qerko" in kinds and bool(kinds & {"cash", "card", "voucher", "invoice"})


def totals_label(text: str) -> str | None:
    """Give what follows the word for a total: ``""`` for a bare one, ``None`` if there is none.

    >>> totals_label("CELKEM:"), totals_label("Celkem Qerko"), totals_label("Celerová polévka")
    ('', 'qerko', None)
    >>> totals_label("20. 11. 2026 celkem")
    ''
    """
    tokens = plain(text).split()
    while tokens and tokens[0].isdigit():
        tokens.pop(0)
    for length in range(min(_TOTALS_WORDS, len(tokens)), 0, -1):
        if " ".join(tokens[:length]) in _TOTALS:
            return " ".join(tokens[length:])
    return None


def says_statistics(text: str) -> bool:
    """Tell whether a row that begins with a text counts or averages others.

    >>> says_statistics("Počet účtů: 12"), says_statistics("Anzahl"), says_statistics("Maxim")
    (True, True, False)
    """
    tokens = [token for token in plain(text).split() if not token.isdigit()]
    return bool(tokens) and (tokens[0] in _STATISTICS or " ".join(tokens) in _STATISTICS)


def says_printing(text: str) -> bool:
    """Tell whether a text says of what page it is, or when it was printed or made.

    >>> says_printing("Vytištěno: 21.11.2026 06:00"), says_printing("Seite 1 von 2")
    (True, True)
    """
    return plain(text).partition(" ")[0] in _PRINTING


def is_yes(text: str) -> bool:
    """Tell whether a cell of a yes-or-no column says yes."""
    return plain(text) in _YES or state_meant(text) == "cancelled"


def says_nothing(text: str) -> bool:
    """Tell whether a cell is empty or one of the signs for nothing (``-``, ``n/a``)."""
    return text.strip().casefold() in _NOTHING


def _first_phrase(tokens: list[str], known: Mapping[str, TenderWord]) -> TenderWord | None:
    held: Iterable[str] = (
        " ".join(tokens[start : start + length])
        for length in range(min(3, len(tokens)), 0, -1)
        for start in range(len(tokens) - length + 1)
    )
    return next((known[phrase] for phrase in held if phrase in known), None)
