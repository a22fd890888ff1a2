"""The nearest of many names: what :func:`difflib.get_close_matches` answers, several times as fast,
because nearly all names are ruled out before difflib looks at them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache, lru_cache


def nearest(word: str, names: Iterable[str], cutoff: float) -> str | None:
    """The name most like ``word``, None when none is as like as ``cutoff`` (a ratio of difflib's,
    in [0, 1])."""
    return _nearest(word, frozenset(names), cutoff)


def meant_by(word: str, names: Iterable[str], cutoff: float = 0.8) -> str | None:
    """The name that a key is likely a slip or another form of, for a question to its author; None
    where the nearest merely shares letters with it: ``use_peft`` is no ``use_eaft``."""
    close = nearest(word, names, cutoff)
    if close is None:
        return None
    return close if alike(word.rpartition(".")[2], close.rpartition(".")[2]) else None


def alike(one: str, other: str) -> bool:
    """Whether two names are one but for slips, shortened words, and words more or fewer: every word
    of the shorter one has its like in the other, and no word stands in the place of another one.

    >>> alike("eval_per_epoch", "evals_per_epoch"), alike("adam_eps", "adam_epsilon")
    (True, True)
    >>> alike("global_batch_size", "eval_batch_size"), alike("weight", "length")
    (False, False)
    """
    if letters_off(one, other) <= 1:
        return True
    fewer, more = sorted((_words(one), _words(other)), key=len)
    left = list(more)
    for word in fewer:
        like = next((name for name in left if _same_word(word, name)), None)
        if like is None:
            return False
        left.remove(like)
    return True


def _words(name: str) -> list[str]:
    return [word for word in name.lower().split("_") if word]


def _same_word(one: str, other: str) -> bool:
    shorter, longer = sorted((one, other), key=len)
    if len(shorter) >= 3 and (longer.startswith(shorter) or longer.endswith(shorter)):
        return True
    return one == other or letters_off(one, other) <= max(1, len(shorter) // 3) < len(shorter)


def letters_off(one: str, other: str) -> int:
    """Letters that are not common to two words, beginnings and ends aside."""
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    one, other = one[start:], other[start:]
    while one and other and one[-1] == other[-1]:
        one, other = one[:-1], other[:-1]
    return max(len(one), len(other))


@lru_cache(maxsize=1024)
def _nearest(word: str, names: frozenset[str], cutoff: float) -> str | None:
    from difflib import get_close_matches  # a millisecond that few runs need

    possible = []
    for length, same_length in _by_length(names):
        both = len(word) + length
        if 2.0 * min(len(word), length) / both < cutoff:
            continue
        letters = _letters(word)
        possible += [
            name
            for name in same_length
            if 2.0 * (letters & _letters(name)).bit_count() / both >= cutoff
        ]
    close = get_close_matches(word, possible, n=1, cutoff=cutoff)
    return close[0] if close else None


@lru_cache(maxsize=16)
def _by_length(names: frozenset[str]) -> list[tuple[int, list[str]]]:
    found: dict[int, list[str]] = {}
    for name in names:
        if name:
            found.setdefault(len(name), []).append(name)
    return list(found.items())


@cache
def _letters(word: str) -> int:
    """A bit for the first, second, … occurrence of each letter: the bits that two words share are
    the letters they share. Letters beyond ASCII have bits in common, which rules less out."""
    mask = 0
    seen: dict[int, int] = {}
    for letter in word:
        code = ord(letter) & 127
        count = seen[code] = seen.get(code, -1) + 1
        mask |= 1 << (128 * count + code)
    return mask
