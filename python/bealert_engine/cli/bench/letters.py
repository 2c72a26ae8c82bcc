"""The letter of a measurement: personal, with a text and an HTML part, about as long as asked."""

from __future__ import annotations

from bealert_engine import Email, Scenario

SENDER = "BE-Alert <bench@example.org>"

LEAST_OCTETS = 1_000
"""Headers, boundaries and a line of each part take about so much."""

MOST_OCTETS = 1_000_000

FRAME_OCTETS = 790
"""What a letter has besides the lines of its parts: headers, boundaries, the first lines."""

LINE = "Exercise: this line measures a mail relay, please do nothing."
"""Below 76 octets, so that no encoding breaks it."""


def letter(size: int) -> Scenario:
    """The scenario "bench", whose letters have about `size` octets on the wire."""
    # Each line stands in the text with its CRLF, and in the HTML with a <br> and its CRLF.
    lines = max(1, (size - FRAME_OCTETS) // (2 * len(LINE) + 8))
    text = "\n".join([LINE] * lines)
    html = "<br>\n".join([LINE] * lines)
    greeting = "Dear reader {{ id }},"
    return Scenario(
        "bench",
        kind="info",
        expiry="24h",
        email={
            "en": Email(
                "Exercise {{ id }}",
                text=f"{greeting}\n\n{text}\n",
                html=f"<p>{greeting}</p>\n<p>{html}</p>\n",
            )
        },
    )
