"""A method that is not part of the package."""

from lowner_pl.modules import SNERLightningModule


class OwnLightningModule(SNERLightningModule):
    """SNER under another name."""

    method = "own"
