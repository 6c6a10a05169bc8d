"""Names of corpora, which become part of run folders' names."""

import re

from lowner_pl.runs.paths import check_folder_name

_ODD = re.compile(r"[\x00-\x1f\x7f-\x9f/\\\u2028\u2029\ud800-\udfff]")


def corpus_name(given: str | None, found: str, language: str | None) -> str:
    """Name a corpus as the user wants, or after its file, and append its language.

    Args:
        given: The ``name`` option.
        found: Name of the file or folder, used if ``given`` is ``None``.
        language: Language of the corpus, which isn't repeated if the name ends with it.

    Raises:
        ValueError: If ``given`` or ``language`` can't be part of a folder's name.
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
    """Raise an error if a name is a path, is hidden or has characters that can't be shown.

    Args:
        option: The option that gives the name, for the message.
        name: The name.

    Raises:
        ValueError: If the name can't be part of a folder's name.
    """
    check_folder_name(option, name)
    if name.startswith("."):
        raise ValueError(
            f"`{option}` becomes part of a folder's name and can't start with a dot like "
            f"{name[:80]!r}. Choose another name."
        )
