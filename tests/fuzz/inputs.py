"""Inputs: random ones, and real ones with a few things wrong."""

import random

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

# What has been wrong before, somewhere: numbers that are none, other scripts' digits, ends, bytes.
TOKENS = (
    b"", b"nan", b"inf", b"-inf", b"-1", b"0", b"1e300", b"9" * 30, b"9" * 5000, b"1_000", b"+5",
    b"1e2", b"0x10", b"max", b"null", b"true", b"\xc2\xb2", b"\xef\xbc\x91", b"\xd9\xa3", b"\0",
    b"\xff", b"\xed\xb3\xbf", b"\x1b[31m", b"\n", b"\r\n", b"\t", b" ", b",", b":", b"=", b"-",
    b"'", b'"', b"{", b"}", b"[", b"]", b"[" * 2000, b"\xe2\x80\xa8", b"..", b"/", b"%s", b"%",
    b"${A:-b}", b"--", b"a" * 300,
)  # fmt: skip


class Content(bytes):
    """Bytes that are shown in part: an image of a file may have many."""

    def __repr__(self) -> str:
        shown = bytes.__repr__(self)
        return shown if len(shown) < 2000 else f"{shown[:2000]}... ({len(self)} bytes)"


def texts() -> SearchStrategy[str]:
    """Texts as the environment and a command line give them: any bytes, but for halves of pairs."""
    return st.one_of(
        st.text(max_size=80),
        st.binary(max_size=80).map(decoded),
        st.lists(st.sampled_from(TOKENS), max_size=4).map(b"".join).map(decoded),
        st.integers().map(str),
        st.floats().map(str),
    )


def mutated_texts(*seeds: str) -> SearchStrategy[str]:
    """Texts, and `seeds` with a few things wrong."""
    return texts() | mutated(*(seed.encode() for seed in seeds)).map(decoded)


def contents(*seeds: bytes) -> SearchStrategy[bytes]:
    """Contents of a file: any bytes, and `seeds` with a few things wrong."""
    return st.one_of(st.binary(max_size=300), texts().map(encoded), mutated(*seeds))


def mutated(*seeds: bytes) -> SearchStrategy[bytes]:
    """Return `seeds`, each with up to eight things wrong."""
    return st.builds(_mutate, st.sampled_from(seeds), st.integers(0, 2**32 - 1))


def decoded(content: bytes) -> str:
    return content.decode(errors="surrogateescape")


def encoded(text: str) -> bytes:
    return text.encode(errors="surrogatepass")


def _mutate(seed: bytes, number: int) -> Content:
    dice = random.Random(number)
    content = bytearray(seed)
    for _ in range(dice.randint(0, 8)):
        _spoil(content, dice)
    return Content(content)


def _spoil(content: bytearray, dice: random.Random) -> None:
    start = dice.randint(0, len(content))
    end = min(len(content), start + dice.choice((0, 1, 2, 5, 20, 200)))
    match dice.randrange(6):
        case 0:
            content[start:end] = dice.choice(TOKENS)
        case 1:
            del content[start:end]
        case 2:
            content[start:start] = content[start:end] * dice.choice((1, 2, 5))
        case 3:
            content[start:end] = dice.randbytes(end - start)
        case 4:
            del content[start:]
        case 5:
            _swap_words(content, dice)


def _swap_words(content: bytearray, dice: random.Random) -> None:
    separator = dice.choice((b",", b" ", b"\n", b":", b'"'))
    words = [bytes(word) for word in content.split(separator)]
    shuffled = list(words)
    first, second = dice.randrange(len(words)), dice.randrange(len(words))
    shuffled[first], shuffled[second] = shuffled[second], dice.choice((*TOKENS, shuffled[first]))
    content[:] = separator.join(shuffled)
