"""All rounds by name."""

from __future__ import annotations

import rounds_by_hand as hand
import rounds_drawn as drawn
import rounds_first as first
import rounds_hybrid as hybrid

ROUNDS = {
    "21": drawn.TWENTY_FIRST,
    "20": hybrid.TWENTIETH,
    "19": hybrid.NINETEENTH,
    "18": hybrid.EIGHTEENTH,
    "17": drawn.SEVENTEENTH,
    "16": drawn.SIXTEENTH,
    "second-pilot-on-two": drawn.SECOND_PILOT_ON_TWO,
    "15": drawn.FIFTEENTH,
    "pilot-on-two": drawn.PILOT_ON_TWO,
    "14": drawn.FOURTEENTH,
    "13": drawn.THIRTEENTH,
    "12": drawn.TWELFTH,
    "11": drawn.ELEVENTH,
    "10": drawn.TENTH,
    "9": drawn.NINTH,
    "8": hand.EIGHTH,
    "pilot": hand.PILOT,
    "5": hand.FIFTH,
    "6": hand.SIXTH,
    "7": hand.SEVENTH,
    "1": first.FIRST,
    "2": first.SECOND,
    "3": first.THIRD,
    "4": first.FOURTH,
}
