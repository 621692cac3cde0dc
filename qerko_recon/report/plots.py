"""The charts of a result, each loaded when it is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from qerko_recon.recon import Reconciliation

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["Plots"]


@dataclass(frozen=True, slots=True)
class Plots:
    """The charts of one result; each shows itself in a notebook and can be saved."""

    result: Reconciliation

    def bridge(
        self, *, currency: str | None = None, language: str = "en", ax: Axes | None = None
    ) -> Figure:
        """Draw the bridge; see :func:`qerko_recon.report.bridge_chart`."""
        from qerko_recon.report.charts import bridge_chart

        return bridge_chart(self.result.bridge, currency=currency, language=language, ax=ax)

    def calendar(
        self, *, currency: str | None = None, language: str = "en", ax: Axes | None = None
    ) -> Figure:
        """Draw each business day's variance; see :func:`qerko_recon.report.calendar_chart`."""
        from qerko_recon.report.day_calendar import calendar_chart

        days = self.result.bridge_by_day
        return calendar_chart(days, currency=currency, language=language, ax=ax)

    def ageing(
        self, *, currency: str | None = None, language: str = "en", ax: Axes | None = None
    ) -> Figure:
        """Draw breaks by age; see :func:`qerko_recon.report.ageing_chart`."""
        from qerko_recon.report.ageing import ageing_chart

        return ageing_chart(self.result.breaks, currency=currency, language=language, ax=ax)

    def tip_ecdf(
        self, *, currency: str | None = None, language: str = "en", ax: Axes | None = None
    ) -> Figure:
        """Draw how tips spread, by provider; see :func:`qerko_recon.report.tip_ecdf_chart`."""
        from qerko_recon.report.tip_charts import tip_ecdf_chart

        return tip_ecdf_chart(self.result, currency=currency, language=language, ax=ax)

    def tip_rate(
        self,
        by: Literal["hour", "weekday", "provider"] = "hour",
        *,
        currency: str | None = None,
        language: str = "en",
        ax: Axes | None = None,
    ) -> Figure:
        """Draw who tips how much; see :func:`qerko_recon.report.tip_rate_chart`."""
        from qerko_recon.report.tip_charts import tip_rate_chart

        return tip_rate_chart(self.result, by, currency=currency, language=language, ax=ax)

    def fee_rate(
        self, *, currency: str | None = None, language: str = "en", ax: Axes | None = None
    ) -> Figure:
        """Draw the fee of tips by provider; see :func:`qerko_recon.report.fee_rate_chart`."""
        from qerko_recon.report.tip_charts import fee_rate_chart

        return fee_rate_chart(self.result, currency=currency, language=language, ax=ax)
