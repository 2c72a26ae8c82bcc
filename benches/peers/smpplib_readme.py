"""Smpplib as its README uses it: a listener in a thread, messages sent from the main one.

    bealert simulate smsc --port 2775
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
GIVE_UP_S = 30.0  # without news from the far end


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
    options = argparse.ArgumentParser(description="Measure smpplib as its README uses it.")
    options.add_argument("--host", default="127.0.0.1")
    options.add_argument("--port", type=int, required=True)
    options.add_argument("--count", type=int, default=50_000)
    options.add_argument("--receipts", action="store_true")
    chosen = options.parse_args()

    counted = Counted()
    client = smpplib.client.Client(chosen.host, chosen.port, allow_unknown_opt_params=True)
    client.set_message_sent_handler(counted.response)
    client.set_message_received_handler(counted.receipt)
    client.connect()
    client.bind_transceiver(system_id="bench", password="bench")
    threading.Thread(target=client.listen, daemon=True).start()

    began, cpu_before = time.monotonic(), cpu_s()
    for number in range(chosen.count):
        send(client, number, receipts=chosen.receipts)
    awaited = chosen.count * (2 if chosen.receipts else 1)
    while counted.responses + counted.receipts < awaited:
        if time.monotonic() - counted.last > GIVE_UP_S:
            break
        time.sleep(0.01)
    elapsed_s, cpu = counted.last - began, cpu_s() - cpu_before
    print(
        json.dumps(
            {
                "messages_per_second": round(chosen.count / elapsed_s, 1),
                "elapsed_s": round(elapsed_s, 3),
                "cpu_us_per_message": round(cpu / chosen.count * 1e6, 1),
                "submitted": chosen.count,
                "accepted": counted.responses - counted.receipts,
                "delivered": counted.receipts,
            }
        )
    )


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


def cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
