"""Works a workbook's formulas out as a spreadsheet would, with exact decimals."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal

_TOKEN = re.compile(
    r"(?P<cells>[A-Za-z]+\[[^\]]+\])|(?P<cell>\$?[A-Z]{1,3}\$?\d+)|(?P<name>[A-Z]+(?=\())"
    r"|(?P<number>\d+(?:\.\d+)?)|(?P<equals>=)|(?P<other>[-+*/(),])"
)


class Column(list):
    """Values of a table's column, on which a minus sign works one by one."""

    def __neg__(self):
        return Column(-int(one) if isinstance(one, bool) else -one for one in self)


class Formulas:
    """Works out the formulas of a workbook opened by openpyxl, cell by cell."""

    def __init__(self, book):
        self.book = book
        self._known = {}
        self._tables = {
            table.name: (sheet, table.ref) for sheet in book for table in sheet.tables.values()
        }

    def all(self):
        """Give each cell that holds a formula."""
        return [
            cell
            for sheet in self.book
            for row in sheet.iter_rows()
            for cell in row
            if cell.data_type == "f"
        ]

    def value(self, cell):
        """Give a cell's value, a number as a decimal."""
        place = (cell.parent.title, cell.coordinate)
        if place not in self._known:
            self._known[place] = self._worked_out(cell)
        return self._known[place]

    def column(self, text):
        """Give a table's column by its reference, such as ``Breaks[Variance]``."""
        name, _, heading = text.rstrip("]").partition("[")
        sheet, ref = self._tables[name]
        rows = list(sheet[ref])
        at = [cell.value for cell in rows[0]].index(heading)
        return Column(self.value(row[at]) for row in rows[1:])

    def _worked_out(self, cell):
        if cell.data_type == "n":
            return None if cell.value is None else Decimal(str(cell.value))
        if cell.data_type != "f":
            return cell.value
        text = cell.value
        assert text[0] == "="
        assert "".join(found[0] for found in _TOKEN.finditer(text[1:])) == text[1:], text
        python = _TOKEN.sub(lambda found: self._translated(found, cell.parent), text[1:])
        return eval(python, {"__builtins__": {}}, self._names(cell.parent))

    def _translated(self, found, sheet):
        kind, text = found.lastgroup, found[0]
        if kind == "cells":
            return f"column({text!r})"
        if kind == "cell":
            return f"cell({text.replace('$', '')!r})"
        if kind == "number":
            return f"Decimal({text!r})"
        return "==" if kind == "equals" else text

    def _names(self, sheet):
        def number(one):
            return one if isinstance(one, Decimal) else Decimal(0)

        def cell(place):
            found = self.value(sheet[place])
            return Decimal(0) if found is None else found

        def sumproduct(*columns):
            total = Decimal(0)
            for row in zip(*columns, strict=True):
                product = Decimal(1)
                for one in row:
                    product *= one if isinstance(one, int) else number(one)
                total += product
            return total

        def rounded(value, places):
            unit = Decimal(1).scaleb(-int(places))
            return value.quantize(unit, ROUND_HALF_UP)

        return {
            "Decimal": Decimal,
            "cell": cell,
            "column": self.column,
            "SUMPRODUCT": sumproduct,
            "EXACT": lambda cells, one: Column(other == one for other in cells),
            "ROUND": rounded,
            "ABS": abs,
            "MAX": max,
            "MIN": min,
            "IF": lambda test, yes, no=Decimal(0): yes if test else no,
        }
