"""``python -m lowner_pl``: help without heavy imports, else the command line of Lightning."""

import io
import os
import sys

from lowner_pl import __version__
from lowner_pl.commands import backbones
from lowner_pl.commands.configs import configs
from lowner_pl.commands.failures import report
from lowner_pl.runs import stopping

OURS = (*backbones.COMMANDS, "augment", "configs")
"""Commands beside those of Lightning."""
HELP = """usage: python -m lowner_pl {fit,validate,test,predict,augment} --config FILE … [options]

Named entity recognition for languages with about a hundred labelled sentences.

commands:
  fit        train; the run lands in lightning_logs/<corpus>-<language>/<method>/seed_<seed>/
  validate   score a checkpoint on the dev set
  test       score a checkpoint on the test set; writes test_metrics.json and the tagged test set
  predict    tag sentences (--data.predict_path FILE); writes predictions_<FILE>.conll.
             With MELM and DAGA: new sentences of the training data; writes generated_train.conll
  augment    a row of MELM's tables, stage by stage: a tagger of gold sentences, one that makes
             new ones, the filter, a tagger of both. The same command goes on after a stop.
             Options are for all stages, behind --tagger. or --generator. for one of the models
  configs    list the configurations of the package; --copy FOLDER copies them out

  new-backbone     a tokenizer and an untrained backbone for your text, to be trained with
                   `fit --config configs/pretraining/pretrain_embedded.yaml`
  export-backbone  a checkpoint of such a run as a folder, for `--model.backbone`

options:
  --config FILE         a configuration; later files win over earlier ones
  --ckpt_path WHICH     best, last, or a file. fit: `last` resumes in place
  --seed_everything N   the seed of the run
  --data.KEY VALUE      an option of the data module, e.g. --data.language sw
  --model.KEY VALUE     an option of the method, e.g. --model.head crf
  --trainer.KEY VALUE   an option of Lightning's Trainer, e.g. --trainer.max_epochs 50
  --log_root FOLDER     where runs land (default: lightning_logs)
  --variant NAME        appended to the method's name in the run folder
  --print_config        show the configuration and stop
  --version             show the version and stop

  python -m lowner_pl fit --help               all options of a command
  python -m lowner_pl fit --model.help CLASS   those of a method, e.g. MANERLightningModule
  python -m lowner_pl fit --data.help CLASS    those of a data module, e.g. ConllDataModule

examples:
  python -m lowner_pl fit  --config configs/maner_wikiann.yaml --config configs/embedded.yaml
  python -m lowner_pl fit  --config configs/maner_wikiann.yaml --data.language yo
  python -m lowner_pl test --config configs/maner_wikiann.yaml --data.language yo --ckpt_path best
  python -m lowner_pl augment --config configs/melm/melm_conll.yaml --config configs/embedded.yaml
"""


def main() -> None:
    """Run the command line; bad input ends in one message and exit status 1, or 2 for options.

    SIGINT ends it with status 130, SIGTERM with 143.
    """
    stopping.install()
    try:
        _main(sys.argv[1:])
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
    # Idle threads of OpenMP sleep instead of spinning, which slows a busy machine.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    if isinstance(sys.stdout, io.TextIOWrapper):  # a screen may lack letters of a path or a word
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        if arguments[0] in OURS:
            stopping.be_graceful()
            run_command(arguments)
        else:
            from lowner_pl.commands.cli import run

            stopping.be_graceful()
            run()
    except Exception as error:  # the last net: nobody is to see a traceback
        if not stopping.received():  # else it only comes of the stop
            sys.exit(report(error))


def run_command(arguments: list[str]) -> None:
    """Run one of `OURS` in this process; errors are raised.

    Args:
        arguments: The command and its options.
    """
    if arguments[0] == "configs":
        configs(arguments[1:])
    elif arguments[0] == "augment":
        from lowner_pl.pipelines.pipeline import augment

        augment(arguments[1:])
    else:
        backbones.run_command(arguments)


if __name__ == "__main__":
    main()
