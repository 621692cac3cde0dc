"""How long payments' JSON takes to become three frames, beside bare decoding of the same lines.

``python tests/benchmarks/frames_from_json.py [--payments 100000] [--json FILE]``

Each figure comes from a fresh process, so that none has another's memory. The peer decodes every
line with the typed ``msgspec`` model and keeps nothing. Exit code 1: the frames take more than
three times as long as the peer.
"""

from __future__ import annotations

import argparse
import json
import platform
import random
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from click import echo

MOST = 3.0
ROUNDS = 5
NOW = datetime(2026, 11, 20, 22, 0, tzinfo=UTC)
MENU = ("Plzeň 0,5 l", "Guláš se šesti", "Svíčková na smetaně", "Kofola 0,3 l", "Větrník")


def payment(number, chance):
    """Make a payment of three items, about 600 bytes long."""
    items = [
        {
            "id": f"{900 + place}",
            "name": chance.choice(MENU),
            "price": f"{chance.randrange(100, 40_000) / 100:.2f}",
            "quantity": str(chance.randrange(1, 5)),
            "tags": ["kitchen"],
        }
        for place in range(3)
    ]
    minute = f"{chance.randrange(10, 23)}:{chance.randrange(10, 60)}"
    return {
        "id": f"{number:08d}-4f1c",
        "idBill": f"2026-11-20/{number // 2:06d}",
        "idCustomer": None,
        "currency": "CZK",
        "state": "PAID",
        "items": items,
        "parts": [
            {
                "total": f"{chance.randrange(10_000, 99_999) / 100:.2f}",
                "provider": {"id": "qerko", "name": "Qerko", "type": "CARD"},
            }
        ],
        "tipBrutto": "20.00",
        "tipNetto": "18.60",
        "discount": None,
        "timestamp": f"2026-11-{chance.randrange(1, 29):02d}T{minute}:39+01:00",
    }


def lines(count):
    """Give the same payments in every process."""
    chance = random.Random(1)
    return [
        json.dumps(payment(number, chance), ensure_ascii=False, separators=(",", ":")).encode()
        for number in range(count)
    ]


def peak():
    """Read this process's peak memory, in MiB; nothing where the system does not tell."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def bare(raws):
    import msgspec

    from qerko_recon.model import Payment

    decode = msgspec.json.Decoder(Payment).decode

    def run():
        for raw in raws:
            decode(raw)

    return run


def frames(raws):
    from qerko_recon.frames import Fetched, Payments
    from qerko_recon.model import decode_payment

    fetched = [Fetched.of(decode_payment(raw), NOW, "v2") for raw in raws]

    def build():
        payments = Payments(fetched)
        return payments.frame, payments.parts, payments.items

    return build


WAYS = {"bare": bare, "frames": frames}


def measure(way, count):
    """Time one way, the best of some rounds; memory is that of the first."""
    raws = lines(count)
    run = WAYS[way](raws)
    before, best, most, held = peak(), float("inf"), None, 0
    for _ in range(ROUNDS):
        start = time.perf_counter()
        made = run()
        best = min(best, time.perf_counter() - start)
        most = peak() if most is None else most
        held = sum(frame.memory_usage(index=False).sum() for frame in made or ())
        del made
    grown = None if before is None or most is None else most - before
    return {
        "seconds": best,
        "peak_mib": most,
        "grown_mib": grown,
        "held_mib": int(held) / (1 << 20),
        "json_mib": sum(map(len, raws)) / (1 << 20),
    }


def in_fresh_process(way, count):
    command = [sys.executable, __file__, "--payments", str(count), "--only", way]
    run = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    return json.loads(run.stdout)


def main():
    reader = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    reader.add_argument("--payments", type=int, default=100_000)
    reader.add_argument("--json", type=Path, help="write the figures here")
    reader.add_argument("--only", choices=WAYS, help=argparse.SUPPRESS)
    asked = reader.parse_args()
    if asked.only:
        echo(json.dumps(measure(asked.only, asked.payments)))
        return 0
    found = {way: in_fresh_process(way, asked.payments) for way in WAYS}
    ratio = found["frames"]["seconds"] / found["bare"]["seconds"]
    is_within = ratio <= MOST
    echo(f"{asked.payments} payments, {found['bare']['json_mib']:.0f} MiB of JSON")
    echo(f"{'':24}{'seconds':>9}{'peak MiB':>10}{'grown by':>10}{'held MiB':>10}")
    names = {"bare": "bare msgspec decoding", "frames": "frame, parts, items"}
    for way, name in names.items():
        one = found[way]
        memory = [
            "—" if one[key] is None else f"{one[key]:.0f}" for key in ("peak_mib", "grown_mib")
        ]
        echo(
            f"{name:24}{one['seconds']:9.3f}{memory[0]:>10}{memory[1]:>10}{one['held_mib']:10.0f}"
        )
    echo(f"ratio {ratio:.2f}, at most {MOST:.0f}: {'kept' if is_within else 'NOT KEPT'}")
    if asked.json:
        figures = {
            "benchmark": "frames_from_json",
            "payments": asked.payments,
            "python": platform.python_version(),
            "ways": found,
            "ratio": ratio,
            "at_most": MOST,
            "is_within": is_within,
        }
        asked.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 0 if is_within else 1


if __name__ == "__main__":
    sys.exit(main())
