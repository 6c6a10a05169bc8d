"""A simulation of annotation: choose sentences, train, test, and again."""

import hashlib
from itertools import chain
from pathlib import Path

import yaml

from lowner_pl import __version__
from lowner_pl.callbacks import read_test_record, scores_by_set, without_advice
from lowner_pl.commands.cli import run
from lowner_pl.commands.command_line import Settings
from lowner_pl.commands.options.typed import Typed
from lowner_pl.commands.run_config import method_name, run_with, signature_of
from lowner_pl.corpus import write_conll
from lowner_pl.pipelines.simulation.choices import first_sentences, next_sentences
from lowner_pl.pipelines.simulation.options import OWN, SimulationOptions
from lowner_pl.pipelines.simulation.pool import data_to_simulate, pool_of
from lowner_pl.pipelines.simulation.record import Round, SimulationRecord, read_simulation
from lowner_pl.pipelines.stage_parts import digest_of
from lowner_pl.runs import stopping
from lowner_pl.runs.files import reason_of, write_text
from lowner_pl.runs.folder import RunFolder
from lowner_pl.runs.seeds import derived_seed
from lowner_pl.tagging.loading import load

TRAIN, CONFIG, TESTED = "train.conll", "config.yaml", "test_metrics.json"
BEST = "checkpoints/best.ckpt"
_LOADING = ("batch_size", "eval_batch_size", "num_workers", "seed")


class Simulation:
    """Annotation by a corpus that is labelled already, the *pool*: its training sentences.

    The first round draws sentences at random; it is the same for every strategy with one seed. Each
    further round lets the tagger of the round before choose among the others, adds their gold tags,
    and trains from the backbone anew, as `annotate` does. Every round is an ordinary run, which is
    tested. A stopped simulation goes on in the round where it was. Only the last round keeps its
    checkpoint.

    Args:
        options: The options.

    Raises:
        ValueError: If method or data can't be simulated, or the pool has too few sentences.
    """

    def __init__(self, options: SimulationOptions) -> None:
        self.strategy, self.sizes = options.strategy, options.sizes
        typed = Typed(["fit", *options.fit], "simulate", own=OWN)
        self._parsed = {"fit": Settings(["fit", *options.fit], typed)}
        self.settings = self._parsed["fit"].values
        data = data_to_simulate(self.settings)
        lengths = (options.min_words, options.max_words)
        self.pool = pool_of(data, lengths, self.sizes[-1])
        self.seed = int(self.settings["seed_everything"])
        digest = digest_of(data)
        what = f"simulate {self.strategy} {lengths}"
        settings = {**self.settings, "log_root": ""}
        self.signature = signature_of(settings, what, digest, __version__)
        variant = self.settings["variant"]
        self.variant = f"{variant}-{self.strategy}" if variant else self.strategy
        method = f"simulate-{method_name(self.settings['model'])}-{self.variant}"
        self.run_folder = RunFolder(Path(self.settings["log_root"]), data.name, method, self.seed)
        self.folder = self.run_folder.path
        self.record = SimulationRecord(self.signature, self.strategy)

    @property
    def runs(self) -> list[Path]:
        """The run folders of the rounds."""
        rounds = self.record.rounds[: len(self.sizes)]
        return [self.folder / one.run for one in rounds if one.run]

    def run(self, *, anew: bool = False) -> SimulationRecord:
        """Run the rounds that are left, and return the record of all.

        Args:
            anew: Whether to begin anew in any case, and to move an earlier simulation away.

        Raises:
            OSError: If a file can't be written.
            ValueError: If another process runs the simulation, its files were changed, or a round
                can't be trained.
        """
        self.run_folder.lock()
        try:
            self._open(anew)
            with without_advice():
                for number in range(len(self.sizes)):
                    self._go_on(number)
        except BaseException:
            stopping.advise("Repeat the command to go on.")
            raise
        finally:
            self.run_folder.release()
        return self.record

    def _open(self, anew: bool) -> None:
        """Go on from an earlier part of the simulation, or begin anew and move another away."""
        found = read_simulation(self.folder)
        if found is None:
            return
        sizes = [one.size for one in found.rounds]
        fits = all(one == two for one, two in zip(sizes, self.sizes, strict=False))
        if found.signature == self.signature and fits and not anew:
            self.record = found
        elif (aside := self.run_folder.set_aside(keep_config=False)) is not None:
            reason = "" if anew else " was of other options, sizes or data and"
            print(f"The earlier simulation in '{self.folder}'{reason} was moved to '{aside}'.")

    def _go_on(self, number: int) -> None:
        """Do what is left of a round."""
        if number == len(self.record.rounds):
            self._choose(number)
        one = self.record.rounds[number]
        self._check_file(one)
        shown = f"Round {number + 1} of {len(self.sizes)}, {one.size:,} sentences"
        if one.run and (self.folder / one.run / TESTED).is_file():
            print(f"{shown}: done before, F1 {100 * one.f1:.2f}.", flush=True)
        else:
            print(f"{shown} ({one.words:,} words), {self.strategy}: training.", flush=True)
            self._train(one)

    def _choose(self, number: int) -> None:
        """Choose the sentences of a round, and write them with those of the rounds before."""
        size, earlier = self.sizes[number], self.record.rounds
        annotated = list(chain.from_iterable(one.chosen for one in earlier))
        wanted = size - len(annotated)
        if number == 0:
            chosen = first_sentences(self.pool, wanted, self.seed)
        else:
            run_of_before = self.folder / earlier[-1].run
            if not (run_of_before / BEST).is_file():  # it was removed after the last round
                self._train(earlier[-1])
            device = "cpu" if self.settings["trainer"]["accelerator"] == "cpu" else None
            tagger = load(run_of_before, device=device)
            seed = derived_seed(self.seed, number)
            chosen = next_sentences(tagger, self.pool, annotated, self.strategy, wanted, seed)
        if len(chosen) < wanted:
            raise ValueError(
                f"Round {number + 1} needs {size:,} sentences, but all but "
                f"{len(annotated) + len(chosen):,} of the pool's {len(self.pool):,} are near "
                "duplicates of others. Give smaller --sizes or more training sentences."
            )
        sentences = [self.pool[at] for at in (*annotated, *chosen)]
        if not any(sentence.entities for sentence in sentences):
            raise ValueError(
                f"None of the {size:,} sentences of the first round has an entity, so that no "
                "tagger can be trained. Begin --sizes with a larger number."
            )
        place = self._place(size)
        write_conll(place / TRAIN, sentences)
        words = sum(len(sentence.words) for sentence in sentences)
        self.record.rounds.append(Round(size, chosen, _hash(place / TRAIN), words))
        self.record.write(self.folder)
        if number:
            (run_of_before / BEST).unlink(missing_ok=True)

    def _check_file(self, one: Round) -> None:
        """Refuse a round whose sentences were changed."""
        file = self._place(one.size) / TRAIN
        if _hash(file) != one.sha256:
            raise ValueError(
                f"'{file}' was changed since the simulation chose these sentences. Restore it, or "
                f"move '{self.folder}' away to begin anew."
            )

    def _train(self, one: Round) -> None:
        """Train and test the tagger of a round; continue its stopped run."""
        config = self._write_config(one)
        parsed = self._parse("fit", config)
        stopped = run_with(parsed.values)
        last = None if stopped is None else stopped / "checkpoints" / "last.ckpt"
        if last is not None and last.is_file():
            cli = run([*parsed.words, f"--ckpt_path={last}"])
        else:
            cli = run(parsed.words, parsed)
        cli.run.lock()
        try:
            tested = self._parse("test", config)
            run(tested.words, tested)
        finally:
            cli.run.release()
        found = read_test_record(cli.run.path / TESTED)
        assert found is not None
        one.run = cli.run.path.relative_to(self.folder).as_posix()
        one.scores = {name: scores["f1"] for name, scores in scores_by_set(found).items()}
        self.record.write(self.folder)

    def _write_config(self, one: Round) -> Path:
        """Write the configuration of a round, with which `fit` repeats it."""
        place = self._place(one.size)
        given = self.settings["data"].get("init_args") or {}
        data = {
            "class_path": "lowner_pl.datamodules.AnnotatedDataModule",
            "init_args": {
                "source": self.settings["data"],
                "file": str(place / TRAIN),
                **{key: given[key] for key in _LOADING if key in given},
            },
        }
        config = {
            **self.settings,
            "data": data,
            "variant": self.variant,
            "log_root": str(place),
            "keep_last": False,
        }
        text = yaml.safe_dump(config, sort_keys=False, allow_unicode=True)
        write_text(place / CONFIG, text)
        return place / CONFIG

    def _parse(self, command: str, config: Path) -> Settings:
        """Parse a command with the configuration of a round; the parser is made once."""
        words = [command, f"--config={config}"]
        if command in self._parsed:
            self._parsed[command].parse_again(words)
        else:
            self._parsed[command] = Settings(words)
        return self._parsed[command]

    def _place(self, size: int) -> Path:
        """Name the folder of a round."""
        return self.folder / f"size_{size}"


def _hash(file: Path) -> str:
    """Hash a file.

    Raises:
        ValueError: If it can't be read.
    """
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError as error:
        raise ValueError(
            f"'{file}', which the simulation needs to go on, can't be read: {reason_of(error)}. "
            "Restore it, or move the folder of the simulation away to begin anew."
        ) from error
