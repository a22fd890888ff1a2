"""torchtune's tokenizers on vocabularies of single bytes, made on the spot."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

M = "torchtune.models."


def tokenizers(folder: Path) -> dict[str, Any]:
    """Component -> tokenizer with its default prompt template."""
    from torchtune.models.gemma import gemma_tokenizer
    from torchtune.models.llama2 import llama2_tokenizer
    from torchtune.models.llama3 import llama3_tokenizer
    from torchtune.models.mistral import mistral_tokenizer
    from torchtune.models.phi3 import phi3_mini_tokenizer
    from torchtune.models.phi4 import phi4_tokenizer
    from torchtune.models.qwen2 import qwen2_tokenizer
    from torchtune.models.qwen2_5 import qwen2_5_tokenizer

    tiktoken = _tiktoken(folder)
    # Llama 2 and Mistral put a space in front of a text, Gemma does not.
    sentencepiece = _sentencepiece(folder, "spaced", leading_space=True)
    unspaced = _sentencepiece(folder, "unspaced", leading_space=False)
    vocab, merges = _bytes(folder)
    return {
        M + "llama3.llama3_tokenizer": llama3_tokenizer(tiktoken),
        M + "llama2.llama2_tokenizer": llama2_tokenizer(sentencepiece),
        M + "mistral.mistral_tokenizer": mistral_tokenizer(sentencepiece),
        M + "gemma.gemma_tokenizer": gemma_tokenizer(unspaced),
        M + "phi3.phi3_mini_tokenizer": phi3_mini_tokenizer(sentencepiece),
        M + "phi4.phi4_tokenizer": phi4_tokenizer(vocab, merges),
        M + "qwen2.qwen2_tokenizer": qwen2_tokenizer(vocab, merges),
        M + "qwen2_5.qwen2_5_tokenizer": qwen2_5_tokenizer(vocab, merges),
    }


def _tiktoken(folder: Path) -> str:
    path = folder / "tiktoken.model"
    lines = [f"{base64.b64encode(bytes([i])).decode()} {i}" for i in range(256)]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return str(path)


def _bytes(folder: Path) -> tuple[str, str]:
    from torchtune.models.qwen2._tokenizer import bytes_to_unicode

    vocab, merges = folder / "vocab.json", folder / "merges.txt"
    vocab.write_text(json.dumps({c: i for i, c in bytes_to_unicode().items()}), "utf-8")
    merges.write_text("#version: 0.2\n", "utf-8")
    return str(vocab), str(merges)


def _sentencepiece(folder: Path, name: str, *, leading_space: bool) -> str:
    import sentencepiece

    sample = folder / "sample.txt"
    sample.write_text("the quick brown fox jumps over the lazy dog\n" * 50, "utf-8")
    sentencepiece.SentencePieceTrainer.train(
        input=str(sample), model_prefix=str(folder / name), vocab_size=300, model_type="bpe",
        byte_fallback=True, hard_vocab_limit=False, minloglevel=2,
        normalization_rule_name="identity", remove_extra_whitespaces=False,
        add_dummy_prefix=leading_space,
    )  # fmt: skip
    return str(folder / f"{name}.model")


def text_of(tokenizer: Any, tokens: list[int]) -> str:
    """The text of tokens with their special ones, in the catalogue's notation."""
    name = type(tokenizer).__name__
    if name in ("Llama2Tokenizer", "MistralTokenizer", "GemmaTokenizer", "Phi3MiniTokenizer"):
        return _sentencepiece_text(tokenizer, tokens)
    special = {number: text for text, number in tokenizer.special_tokens.items()}
    special |= {getattr(tokenizer, "bos_id", None): "<B>"} if name == "Llama3Tokenizer" else {}
    out = ""
    run: list[int] = []
    for token in [*tokens, None]:
        if token is not None and token not in special:
            run.append(token)
            continue
        out += bytes(run).decode()  # these vocabularies number the bytes by their value
        run = []
        out += special.get(token, "") if token is not None else ""
    return out


def _sentencepiece_text(tokenizer: Any, tokens: list[int]) -> str:
    special = {tokenizer.bos_id: "<B>", tokenizer.eos_id: "<E>"}
    special |= {number: text for text, number in getattr(tokenizer, "special_tokens", {}).items()}
    special |= {tokenizer.bos_id: "<B>"}
    processor = getattr(tokenizer, "_spm_model", None)
    out = b""
    for token in tokens:
        if token in special:
            out += special[token].encode()
            continue
        piece = processor.spm_model.id_to_piece(token)
        out += bytes([int(piece[3:5], 16)]) if processor.spm_model.is_byte(token) else (
            piece.replace("▁", " ").encode()
        )  # fmt: skip
    # The space that SentencePiece puts in front of a sequence is no text of the format.
    return out.decode().replace("<B> ", "<B>")
