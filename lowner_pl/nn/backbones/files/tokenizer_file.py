"""The fast tokenizer of a backbone, from its folder or the hub."""

from pathlib import Path

from transformers import PreTrainedTokenizerBase

from lowner_pl.nn.backbones.files.backbone_files import (
    check_tokenizer,
    one_line,
    refusing,
    unusable,
)
from lowner_pl.nn.backbones.files.family import Family, not_found


def load_fast_tokenizer(
    source: str, name: str, family: Family
) -> tuple[PreTrainedTokenizerBase, int]:
    """Load the fast tokenizer of a backbone, and find out how many embeddings it needs.

    Args:
        source: A Hugging Face hub id or a folder.
        name: What the user gave, for messages.
        family: The family of the backbone.

    Returns:
        The tokenizer, and the number of embeddings that its subwords need.

    Raises:
        FileNotFoundError: If the folder lacks files, or the hub does not provide them.
        ValueError: If it has no fast tokenizer, or its file is broken.
    """
    from transformers import AutoTokenizer

    file = "tokenizer.json"
    try:
        tokenizer = AutoTokenizer.from_pretrained(source, trust_remote_code=False)
    except OSError as error:
        raise FileNotFoundError(not_found(name, family, error)) from error
    except (ValueError, KeyError) as error:
        lacking = Path(source).is_dir() and not (Path(source) / file).is_file()
        reason = "" if lacking else f" ({one_line(error)})"
        raise ValueError(
            f"The backbone {name!r} has no fast tokenizer{reason}. Put its `{file}` in the folder."
        ) from error
    except (MemoryError, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # `tokenizers` raises one that is no Exception
        raise unusable(file, name, error) from error
    with refusing(file, name):
        return tokenizer, check_tokenizer(tokenizer)
