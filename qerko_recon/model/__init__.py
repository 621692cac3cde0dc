"""Wire structures: JSON of the Qerko POS protocol in, typed and exact values out.

Wire names (``tipBrutto``, ``idBill``) appear in this package alone; everywhere else a field has
its name from here.
"""

from qerko_recon.model.bill import Bill, BillDiscountOffer, BillItem, Table
from qerko_recon.model.calls import ErrorBody, MethodCallRequest, MethodCallResponse
from qerko_recon.model.decode import (
    decode_call,
    decode_call_response,
    decode_capture_status,
    decode_error,
    decode_payment,
    decode_receipt,
)
from qerko_recon.model.encode import to_wire
from qerko_recon.model.methods import METHODS, typed_arguments
from qerko_recon.model.payment import (
    CANCEL_WINDOW,
    CANCELLED,
    PAID,
    Discount,
    Payment,
    PaymentItem,
    PaymentPart,
    Provider,
)
from qerko_recon.model.receipt import (
    DELIVERY_TYPES,
    Receipt,
    ReceiptInfo,
    ReceiptItem,
    TaxInfo,
)

__all__ = [
    "CANCELLED",
    "CANCEL_WINDOW",
    "DELIVERY_TYPES",
    "METHODS",
    "PAID",
    "Bill",
    "BillDiscountOffer",
    "BillItem",
    "Discount",
    "ErrorBody",
    "MethodCallRequest",
    "MethodCallResponse",
    "Payment",
    "PaymentItem",
    "PaymentPart",
    "Provider",
    "Receipt",
    "ReceiptInfo",
    "ReceiptItem",
    "Table",
    "TaxInfo",
    "decode_call",
    "decode_call_response",
    "decode_capture_status",
    "decode_error",
    "decode_payment",
    "decode_receipt",
    "to_wire",
    "typed_arguments",
]
