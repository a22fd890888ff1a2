"""The switches that ``attn_implementation`` has taken the place of."""

from __future__ import annotations

ATTENTION_FLAGS = {
    "xformers_attention": "xformers",
    "sage_attention": "sage",
    "flex_attention": "flex_attention",
    "flash_attention": "flash_attention_2",
    "sdp_attention": "sdpa",
    "eager_attention": "eager",
}
"""Former switches in order of precedence (axolotl/utils/schemas/enums.py:113)."""
