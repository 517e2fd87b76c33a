"""A text model's tokenizer as one ``tokenizer.json``, from whichever files its export came with."""

import gzip
import json
from pathlib import Path
from typing import Any

VOCABULARY = "bpe_simple_vocab_16e6.txt.gz"  # beside CLIP's and open_clip's own code
TOKENS = 49152  # of CLIP's vocabulary
START, END = "<|startoftext|>", "<|endoftext|>"
MAX_BYTES = 64 << 20
NEEDED = "models that name things by text need tokenizers; install it with: pip install 'gazeline[label]'"


def load(path: Path) -> Any:
    """The tokenizer of a ``tokenizer.json``, without its own padding and cutting. ValueError, in a sentence, if it is
    none, or the package is missing."""
    tokenizers = _package()
    try:
        tokenizer = tokenizers.Tokenizer.from_file(str(path))
    except Exception as error:  # the package raises nothing more precise
        raise ValueError(f"{path} is no tokenizer.json that can be used: {str(error)[:200]}") from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def find(files: list[Path]) -> Any:
    """The tokenizer among these files. ValueError, in a sentence, if there is none."""
    by_name = {path.name: path for path in reversed(files)}
    if "tokenizer.json" in by_name:
        return load(by_name["tokenizer.json"])
    if "vocab.json" in by_name and "merges.txt" in by_name:
        vocabulary = json.loads(_text(by_name["vocab.json"]))
        return clip_tokenizer(vocabulary, _merges(_text(by_name["merges.txt"])))
    if VOCABULARY in by_name:
        merges = _merges(_text(by_name[VOCABULARY]))[: TOKENS - 256 - 2]
        characters = list(bytes_to_unicode().values())
        words = [*characters, *(c + "</w>" for c in characters), *("".join(pair) for pair in merges), START, END]
        return clip_tokenizer({word: i for i, word in enumerate(words)}, merges)
    raise ValueError(
        f"there is no tokenizer: put tokenizer.json beside the networks, or vocab.json with merges.txt, or {VOCABULARY}"
    )


def clip_tokenizer(vocabulary: dict[str, int], merges: list[tuple[str, str]]) -> Any:
    """CLIP's byte pairs (clip/simple_tokenizer.py) with this vocabulary; ValueError where that cannot be one."""
    tk = _package()
    if not {START, END} <= vocabulary.keys():
        raise ValueError(f"this vocabulary is not CLIP's: it lacks {START} or {END}")
    model = tk.models.BPE(vocab=vocabulary, merges=merges, end_of_word_suffix="</w>", unk_token=END)
    tokenizer = tk.Tokenizer(model)
    tokenizer.normalizer = tk.normalizers.Sequence(
        [tk.normalizers.NFC(), tk.normalizers.Replace(tk.Regex(r"\s+"), " "), tk.normalizers.Lowercase()]
    )
    words = tk.Regex(r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+")
    tokenizer.pre_tokenizer = tk.pre_tokenizers.Sequence(
        [
            tk.pre_tokenizers.Split(words, behavior="removed", invert=True),
            tk.pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.post_processor = tk.processors.TemplateProcessing(
        single=f"{START} $A {END}", special_tokens=[(START, vocabulary[START]), (END, vocabulary[END])]
    )
    return tokenizer


def _package() -> Any:
    try:
        import tokenizers
    except ImportError as error:
        raise ValueError(NEEDED) from error
    return tokenizers


def _text(path: Path) -> str:
    opened = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rb") as file:
            return bytes(file.read(MAX_BYTES)).decode()
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} cannot be read as a vocabulary: {error}") from error


def _merges(text: str) -> list[tuple[str, str]]:
    """The pairs of a merges file, without its first line, which is a version."""
    pairs = [line.split() for line in text.splitlines()[1:]]
    return [(pair[0], pair[1]) for pair in pairs if len(pair) == 2]


def bytes_to_unicode() -> dict[int, str]:
    """The character that stands for each byte, in the order of CLIP's vocabulary: itself where it can be printed."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in printable]
    return {b: chr(b) for b in printable} | {b: chr(256 + i) for i, b in enumerate(others)}
