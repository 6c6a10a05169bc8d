"""Uploading an exported folder with the Hugging Face hub's own library."""

from pathlib import Path


def check_name(name: str) -> None:
    """Check the name of a repository before anything is written.

    Raises:
        ValueError: If the hub does not allow it.
    """
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils._validators import validate_repo_id

    try:
        validate_repo_id(name)
    except HFValidationError as error:
        raise ValueError(
            f"`--push_to_hub` is {name[:80]!r}, which is no name of a repository "
            f"({' '.join(str(error).split())[:160]}). Give one such as 'me/ner-sw'."
        ) from error


def push(folder: Path, name: str, *, private: bool) -> str:
    """Upload a folder, and return its address.

    Args:
        folder: The exported folder.
        name: The repository, such as ``me/ner-sw``. It is created if it does not exist.
        private: Whether a new repository is visible to its owner only.

    Raises:
        OSError: If it can't be uploaded; the folder stays as it is.
    """
    from huggingface_hub import HfApi

    api = HfApi()
    try:
        address = api.create_repo(name, exist_ok=True, private=private)
        api.upload_folder(repo_id=name, folder_path=folder)
    except Exception as error:  # network, login, permissions: all kinds
        raise OSError(
            f"'{folder}' is written, but could not be uploaded to {name!r}: "
            f"{' '.join(str(error).split())[:200] or type(error).__name__}. Check the network and "
            f"`hf auth login`, then run `hf upload {name} {folder}`."
        ) from error
    return str(address)
