"""``python -m lowner_pl``: choose the command, and print help without heavy imports."""

import io
import os
import select
import sys
from importlib import import_module

from lowner_pl import __version__
from lowner_pl.commands.backbones import command as backbones
from lowner_pl.commands.failures import report
from lowner_pl.commands.options.nearest import did_you_mean
from lowner_pl.runs import stopping

LIGHTNING = ("fit", "validate", "test", "predict")
MODULES = {
    "annotate": "commands.annotation.annotate",
    "augment": "pipelines.pipeline",
    "check": "commands.annotation.check",
    "compare": "results.command",
    "configs": "commands.configs",
    "convert": "commands.annotation.convert",
    "export": "commands.tagger.export",
    "serve": "commands.tagger.serve",
    "simulate": "pipelines.simulation.command",
    "study": "studies.command",
    "suggest": "commands.annotation.suggest",
    "tag": "commands.tagger.tag",
}
"""Where each command is the function of its name; only the one that runs is imported."""
OURS = (*backbones.COMMANDS, *MODULES)
"""Commands beside those of Lightning."""
READER_LEFT = 141  # the status of a program that SIGPIPE ends
HELP = """usage: python -m lowner_pl {fit,validate,test,predict,augment} --config FILE … [options]

Named entity recognition for languages with about a hundred labelled sentences.

commands:
  check      look for mistakes in a corpus before training: CoNLL files, or --config FILE;
             --out FILE.html writes them as a page
  fit        train; the run is written to
             lightning_logs/<corpus>-<language>/<method>/seed_<seed>/
  validate   score a checkpoint on the dev set
  test       score a checkpoint on the test set; writes test_metrics.json and the tagged test set,
             with --report also a page of what the tagger got wrong
  tag        find entities in raw text: --run FOLDER, and texts in quotes or files;
             writes JSON lines, CoNLL, HTML or text with places and confidences
  serve      the same in a browser and for other programs: --run FOLDER opens a web page and
             POST /tag on this machine
  convert    exports of annotation tools (doccano, Label Studio, Prodigy, INCEpTION, brat) to
             CoNLL, CoNLL to their formats, and one to another: INPUT --out FILE
  export     write a trained tagger as a Hugging Face folder with a model card: --run FOLDER
             --folder NEW; with --onnx also for ONNX Runtime
  suggest    choose the sentences to annotate next from raw text: --run FOLDER --text FILE …
             --count 50 --out FILE; writes them with the tagger's tags
  annotate   a page in the browser to annotate suggested sentences with the keyboard:
             --run FOLDER --text FILE … --out FILE.conll; trains again after every 20 sentences
  predict    tag sentences (--data.predict_path FILE); writes predictions_<FILE>.conll.
             With MELM, DAGA and MulDA: generate new sentences from the training data;
             writes generated_train.conll
  augment    run a whole row of MELM's tables: train a tagger on the gold sentences, train a
             generator, filter its sentences, train a tagger on both. Repeat the command to go
             on after a stop. Options apply to all stages; write --tagger. or --generator. in
             front of one to set it for one of the two models only
  simulate   let a labelled corpus play the annotator: train on 20 sentences, choose the next ones,
             train again, and test each tagger: --strategy uncertainty --sizes 20 40 60. Other
             options are those of fit. Repeat the command to go on after a stop
  study      run every combination of methods, languages, seeds and sizes that a study file
             names, such as a whole table of a paper, and compare the results. Repeat the
             command to go on after a stop
  compare    compare tested runs: means over seeds, intervals, significance; also as CSV,
             Markdown and LaTeX
  configs    list the configurations of the package; --copy FOLDER copies them out

  new-backbone     train a tokenizer on your text and make an untrained backbone, which
                   `fit` then pretrains
  trim-backbone    cut the vocabulary of a backbone to what occurs in your text
  export-backbone  write the backbone of such a run, or the embedded one, to a folder that
                   `--model.backbone` and transformers read

options:
  --config FILE         a configuration; give several, and later ones win
  --ckpt_path WHICH     best, last or a file; with fit, `last` resumes in place
  --seed_everything N   the seed of the run
  --data.KEY VALUE      an option of the data module, such as --data.language sw
  --model.KEY VALUE     an option of the method, such as --model.head crf
  --trainer.KEY VALUE   an option of Lightning's Trainer, such as --trainer.max_epochs 50
  --log_root FOLDER     the folder of all runs (default: lightning_logs)
  --variant NAME        appended to the method's name in the run folder
  --print_config        print the whole configuration and stop
  --version             print the version and stop

  python -m lowner_pl fit --help               the options that people use
  python -m lowner_pl fit --help-all           all options of a command
  python -m lowner_pl fit --model.help CLASS   those of a method, such as MANERLightningModule
  python -m lowner_pl fit --data.help CLASS    those of a data module, such as ConllDataModule

examples:
  python -m lowner_pl check data/mine/train.conll data/mine/test.conll --out check.html
  python -m lowner_pl fit  --config configs/maner_wikiann.yaml --config configs/embedded.yaml
  python -m lowner_pl fit  --config configs/maner_wikiann.yaml --data.language yo
  python -m lowner_pl test --config configs/maner_wikiann.yaml --data.language yo --ckpt_path best
  python -m lowner_pl tag "Wangari Maathai alizaliwa Nyeri." --run lightning_logs/…/seed_12345
  python -m lowner_pl convert export.jsonl --out data/mine/train.conll
  python -m lowner_pl suggest --run lightning_logs/…/seed_12345 --text news.txt --out next.conll
  python -m lowner_pl annotate --run lightning_logs/…/seed_12345 --text news.txt --out mine.conll
  python -m lowner_pl compare lightning_logs --baseline sner
  python -m lowner_pl augment --config configs/melm/melm_conll.yaml --config configs/embedded.yaml
"""


def main() -> None:
    """Run the command line.

    Exits with status 1 after bad input and 2 after bad options, each with one message, with 130
    after SIGINT and 143 after SIGTERM, and silently with 141 after the reader of its output has
    left, as `head` does.
    """
    stopping.install()
    try:
        try:
            _main(sys.argv[1:])
        finally:
            if _reader_has_left():
                sys.exit(READER_LEFT)
    finally:
        stopping.finish()


def _main(arguments: list[str]) -> None:
    """Run a command."""
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(HELP)
        return
    if arguments[0] == "--version":
        print(f"lowner_pl {__version__}")
        return
    # Idle OpenMP threads sleep instead of spinning, which slows a busy machine.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    if isinstance(sys.stdout, io.TextIOWrapper):  # a terminal may lack characters of a path or word
        sys.stdout.reconfigure(errors="backslashreplace")
    _check_command(arguments)
    try:
        if arguments[0] in OURS:
            stopping.be_graceful()
            run_command(arguments)
        else:
            from lowner_pl.commands.cli import run

            stopping.be_graceful()
            run()
    except Exception as error:  # users never see a traceback
        if isinstance(error, BrokenPipeError) and _reader_has_left(broken=True):
            sys.exit(READER_LEFT)
        if not stopping.received():  # otherwise the stop caused the error
            sys.exit(report(error))


def _reader_has_left(*, broken: bool = False) -> bool:
    """Tell whether nobody reads the output any more; if so, discard what is left of it.

    Args:
        broken: Whether writing to some pipe has failed, which may not be that of the output.
    """
    left = False
    try:
        sys.stdout.flush()
        if broken:  # there may be nothing left to write
            output = select.poll()
            output.register(sys.stdout.fileno(), select.POLLOUT)
            left = any(events & (select.POLLERR | select.POLLHUP) for _, events in output.poll(0))
    except BrokenPipeError:
        left = True
    except OSError:  # the output is no file, or its disk is full
        return False
    if left:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return left


def _check_command(words: list[str]) -> None:
    """Exit with status 2 if there is no such command. The parser checks options before it."""
    name, commands = words[0], (*LIGHTNING, *OURS)
    if name.startswith("-") and not {*words} & {*LIGHTNING}:
        hint = did_you_mean(name, ("--version", "--help"))
        hint = hint or f" Begin with one of {', '.join(commands)}."
        print(f"error: {name[:80]!r} stands in the place of a command.{hint}", file=sys.stderr)
        sys.exit(2)
    if not name.startswith("-") and name not in commands:
        hint = did_you_mean(name, commands) or f" Use one of {', '.join(commands)}."
        print(f"error: There is no command {name[:80]!r}.{hint}", file=sys.stderr)
        sys.exit(2)


def run_command(arguments: list[str]) -> None:
    """Run one of `OURS` in this process; errors are raised.

    Args:
        arguments: The command and its options.
    """
    name, options = arguments[0], arguments[1:]
    if name in MODULES:
        function = getattr(import_module(f"lowner_pl.{MODULES[name]}"), name)
        function(options)
    else:
        backbones.run_command(arguments)


if __name__ == "__main__":
    main()
