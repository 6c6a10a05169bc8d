"""Names of corpora, which become names of run folders."""

import re

from lowner_pl.runs.paths import check_folder_name

_ODD = re.compile(r"[\x00-\x1f\x7f-\x9f/\\\u2028\u2029\ud800-\udfff]")


def corpus_name(given: str | None, found: str, language: str | None) -> str:
    """Name a corpus as the user does, or after its file, with its language at the end.

    Args:
        given: The ``name`` option.
        found: The name of a file or folder, for corpora without that option.
        language: Language of the corpus; not repeated if the name ends with it.

    Raises:
        ValueError: If ``name`` or ``language`` cannot be part of a folder's name.
    """
    if given is None:
        name = _ODD.sub("_", found).strip(" .")[:80].strip() or "corpus"
    else:
        check_name("name", given)
        name = given
    if language is None:
        return name
    check_name("language", language)
    has_it = re.search(rf"(?:^|[\W_]){re.escape(language)}$", name, re.IGNORECASE)
    return name if has_it else f"{name}-{language}"


def check_name(option: str, name: str) -> None:
    """Refuse a name that is a path or hidden, or that no screen can show.

    Args:
        option: The option that gives it.
        name: The name.

    Raises:
        ValueError: If it is.
    """
    check_folder_name(option, name)
    if name.startswith("."):
        raise ValueError(
            f"`{option}` becomes part of a folder's name and can't begin with a dot, was: "
            f"{name[:80]!r}. Use another name."
        )
