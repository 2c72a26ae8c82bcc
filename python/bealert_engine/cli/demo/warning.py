"""What the demo alerts of, and through which gateways."""

from __future__ import annotations

from pathlib import Path

from bealert_engine import Config, Email, Retry, Scenario, Secret, Smpp, Smtp

PER_SECOND = 500
"""Parts and messages per second: what an operator would have agreed to."""

RECEIPT_WAIT_S = 3

BURGLARY = Scenario(
    "burglary",
    kind="warning",
    expiry="2h",
    sms={
        "nl": "BIN: inbraak nabij {{ street }}. Blijf binnen, sluit af en bel 101 bij onraad.",
        "fr": "PLP : cambriolage près de {{ street }}. Fermez à clé, appelez le 101 si danger.",
        "de": "BIN: Einbruch nahe {{ street }}. Im Haus bleiben, bei Gefahr 101 anrufen.",
        "en": "BIN: burglary near {{ street }}. Stay inside, lock up, call 101 if in danger.",
    },
    email={
        "nl": Email(
            "Inbraak nabij {{ street }}",
            text="Beste {{ name }},\n\nNabij {{ street }} is ingebroken. Blijf binnen, sluit af, "
            "en bel 101 bij onraad.\n",
        ),
        "fr": Email(
            "Cambriolage près de {{ street }}",
            text="Bonjour {{ name }},\n\nUn cambriolage a eu lieu près de {{ street }}. Restez à "
            "l'intérieur, fermez à clé, et appelez le 101 en cas de danger.\n",
        ),
        "de": Email(
            "Einbruch nahe {{ street }}",
            text="Guten Tag {{ name }},\n\nnahe {{ street }} wurde eingebrochen. Bleiben Sie im "
            "Haus, schließen Sie ab, und rufen Sie bei Gefahr 101 an.\n",
        ),
        "en": Email(
            "Burglary near {{ street }}",
            text="Dear {{ name }},\n\nThere was a burglary near {{ street }}. Stay inside, lock "
            "up, and call 101 if in danger.\n",
        ),
    },
)


def config_of(ledger: Path, *, smsc_port: int, relay_port: int) -> Config:
    """The engine of the demo: one SMS gateway and one mail relay, both on this machine."""
    smsc = Smpp(
        "simulator",
        host="127.0.0.1",
        port=smsc_port,
        system_id="bealert",
        password=Secret("password"),
        sender="BE-Alert",
        parts_per_second=PER_SECOND,
        receipt_wait=RECEIPT_WAIT_S,
    )
    relay = Smtp(
        "relay",
        host="127.0.0.1",
        port=relay_port,
        tls="none",
        sender="BE-Alert <no-reply@be-alert.example>",
        messages_per_second=PER_SECOND,
        retry=Retry(attempts=None, first="500ms", max="5s"),
    )
    return Config(data=ledger, default_country="BE", gateways=[smsc, relay], scenarios=[BURGLARY])
