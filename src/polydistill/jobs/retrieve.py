"""The job retrieve: how often a sentence's nearest neighbour in another language is its translation."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal

from polydistill.bounds import Batch, NoneOrHeld
from polydistill.jobs.job import AsJson, Help, job
from polydistill.jobs.options import ROWS, Languages, ModelFirst, OwnModel, Pairs, Rows

if TYPE_CHECKING:
    from polydistill.retrieval.retrieval import Retrieval


@job(
    "Look",
    "polydistill retrieve FacebookAI/xlm-roberta-base --data tatoeba.tur-eng.{lang} --langs tr,en",
    showing=AsJson,
)
def retrieve(
    model: ModelFirst,
    data: Annotated[Rows | None, Help(f"Sentences and their translations: {ROWS}.")] = None,
    langs: Annotated[
        Languages,
        Help("Of data: the language that MODEL reads, and that of the translations, if not English: tr, or tr,de."),
    ] = (),
    *,
    parallel: Annotated[
        Pairs,
        Help(
            "Instead of data, parallel corpora as `polydistill corpora` reads them, of one pair of languages or "
            "several: en-tr=FILE. MODEL reads the second language of each.",
            many=True,
        ),
    ] = (),
    source_model: Annotated[
        OwnModel | None, Help("The model that reads the second language, if it is not MODEL.")
    ] = None,
    similarity: Annotated[Literal["cosine", "bertscore"], Help("How similarity is measured.")] = "cosine",
    layers: Annotated[
        str | Sequence[int] | None,
        Help(
            "all, last, numbers such as 4 or 1,2,3 (0 = embeddings), or own: vectors as modules.json says. "
            "Default: own where the folders say it and no option asks for others, else all."
        ),
    ] = None,
    by_layer: Annotated[bool, Help("One layer after the other.")] = False,
    combine: Annotated[
        Literal["tokens", "mean", "concatenate"] | None,
        Help("Several layers: as tokens of their own (bertscore's default), mean (cosine's), end to end."),
    ] = None,
    special_tokens: Annotated[
        Literal["matched", "counted", "dropped"] | None,
        Help("<s> and the like: only matched (bertscore's default), counted (cosine's), or dropped."),
    ] = None,
    pooling: Annotated[
        Literal["mean", "first"] | None,
        Help("Cosine: how tokens become one vector: their mean, or the first. Default: mean."),
    ] = None,
    idf: Annotated[
        Literal["none", "queries", "own"], Help("BERTScore: pieces weighed by rarity, and where counted.")
    ] = "none",
    part: Annotated[Literal["f1", "precision", "recall"], Help("BERTScore: which of its three scores.")] = "f1",
    margin: Annotated[NoneOrHeld, Help("Divide by the mean of so many neighbours; 0 = do not, 4 is usual.")] = 0,
    search: Annotated[Literal["exact", "faiss", "faiss-ivf"], Help("Cosine: how neighbours are found.")] = "exact",
    batch_size: Annotated[Batch | None, Help("Sentences read together. Default: 16 on a CPU, 64 elsewhere.")] = None,
) -> "tuple[Retrieval, ...]":
    """Print how often a sentence's nearest neighbour in another language is its translation, both ways.

    Of several pairs of languages, each is printed, and the mean over them.
    """
    from polydistill.data.rows.given import as_source
    from polydistill.data.translations.filters import EVERY_PAIR
    from polydistill.data.translations.given import as_corpora
    from polydistill.jobs.making import settings
    from polydistill.jobs.written import layers_named
    from polydistill.languages import named_languages, several
    from polydistill.retrieval.retrieval import Similarity
    from polydistill.retrieval.retrieving import find_in_corpora, find_translations
    from polydistill.starts.opened import encoder_of, place_of

    given = locals()
    if (data is None) is not bool(parallel) or (parallel and langs):
        raise ValueError("Say what is read: --data with --langs, or --parallel, which names its languages itself.")
    others = by_layer or similarity != "cosine" or any(one is not None for one in (pooling, combine, special_tokens))
    own = layers == "own" or (layers is None and not others)
    first = encoder_of(model, own)
    models = (first, first if source_model is None else encoder_of(source_model, own))
    chosen = layers or ("own" if own and all(one.sentence is not None for one in models) else "all")
    how = Similarity.model_validate(settings(Similarity, {**given, "layers": layers_named(chosen)}))
    names = (place_of(model), place_of(model if source_model is None else source_model))
    if parallel:
        return find_in_corpora(models, as_corpora(parallel, filters=EVERY_PAIR), how, by_layer, batch_size, names)
    assert data is not None, "either is given"
    codes = named_languages((*several(langs), "en") if len(several(langs)) == 1 else langs)
    if len(codes) != 2:
        raise ValueError(f"Retrieval needs two languages, such as --langs tr,en, not {', '.join(codes)}.")
    return find_translations(models, as_source(data), (codes[0], codes[1]), how, by_layer, batch_size, names)
