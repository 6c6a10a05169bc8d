"""What pyproject.toml can't say: ``configs/`` is installed as ``lowner_pl/configs``."""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["lowner_pl*"]), "lowner_pl.configs"],
    package_dir={"lowner_pl.configs": "configs"},
    package_data={
        "lowner_pl": ["py.typed", "assets/**/*", "serving/page/*", "serving/annotate/page/*"],
        "lowner_pl.configs": ["**/*.yaml"],
    },
)
