"""The page of a test's errors."""

from collections.abc import Sequence

from lowner_pl.callbacks.errors.looks import SCRIPT, STYLE
from lowner_pl.callbacks.errors.outcomes import ERRORS, Kind
from lowner_pl.callbacks.errors.sentences import examples, worst_sentences
from lowner_pl.callbacks.errors.tables import (
    Places,
    by_length,
    by_pair,
    by_training,
    by_type,
    f1,
    gold_of,
    overview,
    predicted_of,
    share,
)
from lowner_pl.callbacks.errors.tally import EXAMPLES, PAIR_EXAMPLES, TRAINING, ErrorTally
from lowner_pl.corpus import Familiarity
from lowner_pl.runs.page.page import Passage, page
from lowner_pl.runs.page.text import note_html

DEFINITIONS = """<h2>What is counted as which error</h2>
<p class="note">A gold and a predicted entity that share a word are paired: first those of the same
type, then those that share more words, then those that begin earlier. Each has one partner at most.
Every entity therefore counts once, and the numbers add up to those of precision, recall and F1.</p>
<dl>
<dt>correct</dt><dd>The partners have the same type and the same first and last word.</dd>
<dt>wrong type</dt><dd>They have the same words, but another type.</dd>
<dt>wrong border</dt><dd>They have the same type, but another first or last word.</dd>
<dt>wrong border and type</dt><dd>Both differ.</dd>
<dt>missed</dt><dd>A gold entity without a partner. It shares no word with a predicted entity, or
only with one that is paired already.</dd>
<dt>spurious</dt><dd>A predicted entity without a partner.</dd>
</dl>"""

LOSS = (
    "The loss is that of the gold tags, per word and in nats, as dev/loss during training: with a "
    "softmax head the mean of −log p(tag) over the words, with a CRF −log p(all tags) divided by "
    "the number of words. It is high where the tagger is sure of something else, so these "
    "sentences show hard text, and mistakes in the gold tags."
)


def error_page(
    tally: ErrorTally,
    title: str,
    types: Sequence[str],
    *,
    unknown: str = "",
    notes: Sequence[str] = (),
) -> str:
    """Write the page.

    Args:
        tally: What was counted.
        title: What was tested on what.
        types: The scored entity types in their order.
        unknown: Why the training entities are not known; empty if they are.
        notes: What to know about the numbers.
    """
    places = Places(tally)
    training = _unknown_training(unknown) if unknown else by_training(tally, places)
    confused = by_pair(tally, places)
    return page(
        title,
        _answers(tally),
        [
            _contents(tally),
            overview(tally),
            Passage(DEFINITIONS),
            by_type(tally, types, places),
            *([confused] if confused else []),
            training,
            by_length(tally, places),
            Passage(_worst(tally)),
            Passage(_kept() + examples(tally, places)),
        ],
        notes,
        style=STYLE,
        script=SCRIPT,
    )


def _answers(tally: ErrorTally) -> list[str]:
    """Write what the page finds, in a few sentences."""
    gold, predicted = gold_of(tally.kinds.items()), predicted_of(tally.kinds.items())
    correct = tally.kinds[Kind.CORRECT]
    said = [
        f"F1 is {f1(correct, gold, predicted)} %: {correct:,} of {gold:,} gold entities are found "
        f"exactly, with {predicted:,} predicted."
    ]
    errors = sum(tally.kinds[kind] for kind in ERRORS)
    if errors:
        worst = max(ERRORS, key=lambda kind: tally.kinds[kind])
        said.append(
            f"The most frequent error is \u201c{worst.phrase}\u201d: {tally.kinds[worst]:,} of "
            f"{errors:,}."
        )
    recalls = []
    for one in (Familiarity.SEEN, Familiarity.NEW):
        group = (TRAINING, one.value)
        found = tally.counts[Kind.CORRECT, group]
        whole = gold_of((kind, tally.counts[kind, group]) for kind in Kind)
        if whole:
            recalls.append(f"{share(found, whole)} % of {whole:,} entities {_named(one)}")
    if len(recalls) == 2:
        said.append(f"Recall is {' and '.join(recalls)}.")
    return said


def _named(one: Familiarity) -> str:
    """Name entities by whether they are in the training sentences."""
    return "seen in training" if one is Familiarity.SEEN else "that are new"


def _contents(tally: ErrorTally) -> Passage:
    """Link the parts of the page."""
    links = ['<a href="#worst">Sentences with the highest loss</a>']
    links += [
        f'<a href="#{kind}">Examples: {kind.phrase}</a>' for kind in ERRORS if tally.kinds[kind]
    ]
    items = "".join(f"<li>{link}</li>" for link in links)
    return Passage(f'<nav id="numbers" aria-label="Parts of this page"><ul>{items}</ul></nav>')


def _unknown_training(unknown: str) -> Passage:
    """Say why there are no numbers of seen and new entities."""
    return Passage(f"<h2>Seen in training, or new</h2>{note_html(f'Not known. {unknown}')}")


def _worst(tally: ErrorTally) -> str:
    """Write the sentences with the highest loss."""
    mean = tally.loss / tally.words if tally.words else 0.0
    heading = '<h2 id="worst">Sentences with the highest loss</h2>'
    about = (
        f"The {len(tally.worst):,} highest of {tally.sentences:,} sentences. The mean over all "
        f"{tally.words:,} words is {mean:.3f}. ✗ marks a wrong entity."
    )
    return f"{heading}{note_html(LOSS)}{note_html(about)}{worst_sentences(tally)}"


def _kept() -> str:
    """Say which examples the page has."""
    about = (
        f"The first {EXAMPLES} errors in the test set of each kind for each row of the tables, and "
        f"the first {PAIR_EXAMPLES} for each pair of types. ✗ marks a wrong entity, a frame the "
        "one that the example is about."
    )
    return f'<h2 id="examples">Examples</h2>{note_html(about)}'
