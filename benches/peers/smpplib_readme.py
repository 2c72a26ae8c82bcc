"""Smpplib as its README uses it: a listener in a thread, messages sent from the main one.

    target/peers/release/lean sink --port 2775
    .venv-peers/bin/python benches/peers/smpplib_readme.py --port 2775 --count 50000

Prints one JSON value with the keys of `bealert bench sms` that it can know. It has no window, no
limit, no ledger and no retry: it is what a first program on a weekend has.
"""

from __future__ import annotations

import argparse
import json
import resource
import threading
import time

import smpplib.client
import smpplib.consts
import smpplib.gsm

FIRST_NUMBER = 888_10_000_000_000  # as `bealert bench`: no network routes them
TEXT = "Exercise: this text measures a gateway, please do nothing. Number b{:09}"
GIVE_UP_S = 5.0  # without news from the far end


class Counted:
    """What came back, and when the last of it did."""

    def __init__(self) -> None:
        self.responses = 0
        self.receipts = 0
        self.last = time.monotonic()

    def response(self, pdu: object) -> None:
        self.responses += 1
        self.last = time.monotonic()

    def receipt(self, pdu: object) -> None:
        self.receipts += 1
        self.last = time.monotonic()


def main() -> None:
    chosen = options("Measure smpplib as its README uses it.").parse_args()
    counted = Counted()
    client = bound(chosen, counted)
    threading.Thread(target=client.listen, daemon=True).start()
    before = spent()
    for number in range(chosen.count):
        send(client, number, receipts=chosen.receipts)
    awaited = chosen.count * (2 if chosen.receipts else 1)
    stalled = False
    while counted.responses + counted.receipts < awaited and not stalled:
        stalled = time.monotonic() - counted.last > GIVE_UP_S
        time.sleep(0.01)
    say(chosen.count, counted, before, stalled=stalled)


def options(what: str) -> argparse.ArgumentParser:
    asked = argparse.ArgumentParser(description=what)
    asked.add_argument("--host", default="127.0.0.1")
    asked.add_argument("--port", type=int, required=True)
    asked.add_argument("--count", type=int, default=50_000)
    asked.add_argument("--receipts", action="store_true")
    return asked


def bound(chosen: argparse.Namespace, counted: Counted) -> smpplib.client.Client:
    client = smpplib.client.Client(chosen.host, chosen.port, allow_unknown_opt_params=True)
    client.set_message_sent_handler(counted.response)
    client.set_message_received_handler(counted.receipt)
    client.connect()
    client.bind_transceiver(system_id="bench", password="bench")
    return client


def send(client: smpplib.client.Client, number: int, *, receipts: bool) -> None:
    parts, encoding, kind = smpplib.gsm.make_parts(TEXT.format(number))
    for part in parts:
        client.send_message(
            source_addr_ton=smpplib.consts.SMPP_TON_ALNUM,
            source_addr="BE-Alert",
            dest_addr_ton=smpplib.consts.SMPP_TON_INTL,
            dest_addr_npi=smpplib.consts.SMPP_NPI_ISDN,
            destination_addr=str(FIRST_NUMBER + number),
            short_message=part,
            data_coding=encoding,
            esm_class=kind,
            registered_delivery=receipts,
        )


def spent() -> tuple[float, float]:
    """The time, and the CPU time of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return time.monotonic(), used.ru_utime + used.ru_stime


def say(count: int, counted: Counted, before: tuple[float, float], *, stalled: bool) -> None:
    elapsed_s, cpu_s = counted.last - before[0], spent()[1] - before[1]
    figures = {
        "messages_per_second": round(counted.responses / max(elapsed_s, 1e-9), 1),
        "elapsed_s": round(elapsed_s, 3),
        "cpu_us_per_message": round(cpu_s / max(counted.responses, 1) * 1e6, 1),
        "submitted": count,
        "accepted": counted.responses,
        "delivered": counted.receipts,
    }
    if stalled:
        figures["stalled_after"] = counted.responses
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
