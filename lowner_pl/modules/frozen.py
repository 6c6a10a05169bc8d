"""Frozen weights, which checkpoints leave out because the files of the backbone hold them."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from lowner_pl.modules.identity import IDENTITY, RUN
from lowner_pl.nn import Backbone, PackedTable
from lowner_pl.runs.checksums import checksum, rounded_checksum

LEFT_OUT = "left_out"
"""Key of the weights that a checkpoint leaves out, within our entry."""
LeftOut = dict[str, tuple[int | None, str, str]]
"""The fields of a `Fingerprint` by the name of a weight, as plain values for a checkpoint."""


class Fingerprint(NamedTuple):
    """What a weight is recognised by.

    Attributes:
        rows: Number of its rows that the backbone's files hold; ``None`` for all. The other rows
            belong to tokens that the method added.
        exact: Checksum of these rows in 32 bits.
        rounded: Checksum of these rows in bfloat16, for models whose frozen weights have 16 bits.
    """

    rows: int | None
    exact: str
    rounded: str

    def matches(self, weight: Tensor) -> bool:
        """Tell whether a weight has these values."""
        wanted = self.rounded if weight.dtype == torch.bfloat16 else self.exact
        return checksum(_known(weight, self.rows)) == wanted


_Key = tuple[str, int | None, torch.Size]
_by_files: dict[str, dict[_Key, Fingerprint]] = {}


class FrozenWeights:
    """The frozen weights of a method, recognised by the values that its backbone's files give them.

    A process that makes many methods of one backbone, as a study's does, computes each fingerprint
    once (docs/benchmarks/startup.md). Weights that are not in the files, because they were drawn at
    random, then count as changed, and checkpoints keep them.

    Args:
        module: The method, before anything else changes its frozen weights.
        backbone: The backbone that these weights come from.
        files: Hash of the backbone's files; ``None`` if they are not on this machine.
    """

    def __init__(self, module: nn.Module, backbone: Backbone, files: str | None) -> None:
        self._fingerprints = {}
        known = {} if files is None else _by_files.setdefault(files, {})
        for name, weight in _frozen(module).items():
            rows = backbone.known_rows(weight)
            key = (name, rows, weight.shape)
            if key not in known:
                known[key] = _fingerprint(weight, rows)
            self._fingerprints[name] = known[key]

    def unchanged(self, module: nn.Module) -> LeftOut:
        """Find the weights of a method that are still frozen and equal to the backbone's."""
        frozen = _frozen(module)
        return {
            name: (fingerprint.rows, fingerprint.exact, fingerprint.rounded)
            for name, fingerprint in self._fingerprints.items()
            if name in frozen and fingerprint.matches(frozen[name])
        }


def without(weights: Mapping[str, Tensor], left_out: LeftOut) -> dict[str, Tensor]:
    """Leave out weights, but not their rows of new tokens.

    Args:
        weights: All weights by name.
        left_out: The weights to leave out.
    """
    kept = {}
    for name, weight in weights.items():
        if name not in left_out:
            kept[name] = weight
        elif (rows := left_out[name][0]) is not None:
            kept[_new_rows(name, rows)] = weight[rows:].clone()  # a view would be saved whole
    return kept


def weights_of(checkpoint: Mapping[str, Any], module: Any) -> dict[str, Tensor]:
    """Return the weights of a checkpoint, those that it leaves out included.

    Args:
        checkpoint: The checkpoint.
        module: The configured method, which has the weights of its backbone.

    Raises:
        ValueError: If the checkpoint leaves out weights of another backbone.
    """
    weights, mine = dict(checkpoint["state_dict"]), module.state_dict()
    identity = checkpoint.get(IDENTITY) or {}
    left_out, run = identity.get(LEFT_OUT, {}), identity.get(RUN, {})
    packed = _packed(module)
    for name, fields in left_out.items():
        fingerprint = Fingerprint(*fields)
        if name in packed:  # to compare the files is many times faster than to unpack it
            same_files = run.get("backbone_hash") == module.backbone_hash is not None
            if same_files or fingerprint.matches(packed[name].numbers.whole()):
                continue
        if name not in mine or not fingerprint.matches(mine[name]):
            raise ValueError(
                f"The checkpoint leaves out {len(left_out)} frozen weights, which come from the "
                f"backbone {_named(run)}, but the configured backbone, "
                f"{_named({**module.hparams, 'backbone_hash': module.backbone_hash})}, has another "
                f"{name!r}. Set `backbone` to the one that training started from."
            )
        weights[name] = mine[name]
        if (rows := fingerprint.rows) is not None:
            new = weights.pop(_new_rows(name, rows))
            weights[name] = torch.cat([mine[name][:rows], new.to(mine[name])])
    return weights


def _frozen(module: nn.Module) -> dict[str, Tensor]:
    """List the frozen weights under all of their names."""
    named = module.named_parameters(remove_duplicate=False)
    return {name: weight.detach() for name, weight in named if not weight.requires_grad}


def _packed(module: nn.Module) -> dict[str, PackedTable]:
    """Find the packed tables, by the names that their weights would have."""
    named = module.named_modules()
    return {f"{name}.weight": part for name, part in named if isinstance(part, PackedTable)}


def _fingerprint(weight: Tensor, rows: int | None) -> Fingerprint:
    """Take the fingerprint of a weight in 32 bits."""
    known = _known(weight, rows)
    return Fingerprint(rows, checksum(known), rounded_checksum(known))


def _known(weight: Tensor, rows: int | None) -> Tensor:
    """Select the rows that the backbone's files hold."""
    return weight if rows is None else weight[:rows]


def _new_rows(name: str, first: int) -> str:
    """Name the rows of new tokens in a checkpoint."""
    return f"{name}[{first}:]"


def _named(run: Mapping[str, Any]) -> str:
    """Write the name of a backbone and the beginning of its hash."""
    return f"{str(run.get('backbone'))[:80]!r} (hash {str(run.get('backbone_hash'))[:8]})"
