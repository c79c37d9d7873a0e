import numpy as np
import pytest
import torch
from pydantic import ValidationError

from polydistill.data.batches.encoding import encode_texts
from polydistill.retrieval.neighbours import nearest, ranks
from polydistill.retrieval.retrieval import Retrieval, Side, Similarity, accuracy_and_mrr, paired_ranks, views
from polydistill.retrieval.token_vectors import TextEncoder, sentence_vectors
from reference import bertscore as paper
from tiny import tiny_network, tiny_tokenizer

ENGLISH = ["The dog is running.", "Every cat is sleeping in the garden.", "No.", "Some women are stopping here."]
TURKISH = ["Köpek koşuyor.", "Her kedi bahçede uyuyor.", "Hayır, değil.", "Bazı kadınlar burada duraklıyor."]


def side(texts, language="en", seed=0):
    tokenizer = tiny_tokenizer()
    network = tiny_network(head="mlm", seed=seed).eval()
    return Side(TextEncoder(network, language), tokenizer, encode_texts(tokenizer, texts, None, 64))


@pytest.fixture(scope="module")
def turkish():
    return side(TURKISH, "tr")


@pytest.fixture(scope="module")
def english():
    return side(ENGLISH, "en", seed=1)


def test_accuracy_and_mrr_by_hand():
    assert accuracy_and_mrr(np.array([1, 2, 4, 1])) == (0.5, (1 + 1 / 2 + 1 / 4 + 1) / 4)
    assert accuracy_and_mrr(np.array([0, 1])) == (0.5, 0.5)  # 0: not among the neighbours that were looked at


@pytest.mark.parametrize("combine", ["mean", "concatenate"])
@pytest.mark.parametrize("special_tokens", ["matched", "counted", "dropped"])
def test_cosine_is_the_product_of_sentence_vectors_both_ways(turkish, english, combine, special_tokens):
    how = Similarity(combine=combine, special_tokens=special_tokens)
    wanted = views("all", (2, 2), by_layer=False)
    specials = () if special_tokens == "counted" else (0, 2)
    one, other = (sentence_vectors(s.encoder, s.text, [(1, 2)], combine, specials)[0] for s in (turkish, english))
    ((there, back),) = paired_ranks(turkish, english, how, wanted)
    assert there.tolist() == ranks([one @ other.T]).tolist()
    assert back.tolist() == ranks([other @ one.T]).tolist()


def plain_bertscore(queries, candidates, layers, idf_of=None):
    """F1 [queries, candidates] by the reference, special tokens matched only."""

    def read(one):
        vectors, weights = [], []
        for ids in one.text.take(np.arange(len(one.text))):
            tokens = ids["input_ids"]
            with torch.no_grad():
                states = one.encoder.network(
                    input_ids=torch.from_numpy(tokens)[None], output_hidden_states=True
                ).hidden_states
            found = np.concatenate([states[layer][0].numpy() for layer in layers])
            vectors.append(found / np.linalg.norm(found, axis=-1, keepdims=True))
            weight = np.isin(tokens, (0, 2), invert=True).astype(float)
            if idf_of is not None:
                documents = [text["input_ids"].tolist() for text in idf_of(one).text.take(np.arange(len(one.text)))]
                weight *= [paper.idf(documents, token) for token in tokens]
            weights.append(np.tile(weight, len(layers)))
        return vectors, weights

    (xs, x_weights), (ys, y_weights) = read(queries), read(candidates)
    return np.array(
        [[paper.bertscore(x, y, w, v) for y, v in zip(ys, y_weights, strict=True)]
         for x, w in zip(xs, x_weights, strict=True)]
    )  # fmt: skip


def order(matrix):
    return 1 + (matrix > matrix.diagonal()[:, None]).sum(1)


@pytest.mark.parametrize("idf", ["none", "queries", "own"])
@pytest.mark.parametrize("part", ["precision", "recall", "f1"])
def test_bertscore_both_ways(turkish, english, idf, part):
    how = Similarity(similarity="bertscore", idf=idf, part=part)
    ((there, back),) = paired_ranks(turkish, english, how, views("all", (2, 2), by_layer=False))
    for queries, candidates, found in ((turkish, english, there), (english, turkish, back)):
        counted = {"none": None, "queries": lambda _, q=queries: q, "own": lambda one: one}[idf]
        plain = plain_bertscore(queries, candidates, (1, 2), counted)[:, :, ("precision", "recall", "f1").index(part)]
        assert found.tolist() == order(plain).tolist()


def test_layer_by_layer_is_every_layer_alone(turkish, english):
    for similarity in ("cosine", "bertscore"):
        how = Similarity(similarity=similarity)
        together = paired_ranks(turkish, english, how, views((0, 1, 2), (2, 2), by_layer=True))
        assert len(together) == 3
        for layer, (there, back) in enumerate(together):
            ((alone, again),) = paired_ranks(turkish, english, how, [((layer,), (layer,))])
            assert (there.tolist(), back.tolist()) == (alone.tolist(), again.tolist())


def test_margin_is_the_ratio_to_the_mean_of_both_sides_neighbours(turkish, english):
    one, other = (sentence_vectors(s.encoder, s.text, [(2,)], "mean")[0] for s in (turkish, english))
    similar = one @ other.T
    near, far = nearest(one, other, 2)[0].mean(1), nearest(other, one, 2)[0].mean(1)
    plain = torch.stack([similar[i] / ((near[i] + far) / 2) for i in range(4)]).numpy()
    ((there, back),) = paired_ranks(turkish, english, Similarity(margin=2), [((2,), (2,))])
    assert there.tolist() == order(plain).tolist()
    assert back.tolist() == order(plain.T).tolist()


def test_margin_of_bertscore(turkish, english):
    matrix = plain_bertscore(turkish, english, (2,))[:, :, 2]
    near, far = (-np.sort(-matrix, axis=axis) for axis in (1, 0))
    plain = matrix / ((near[:, :2].mean(1)[:, None] + far[:2].mean(0)[None]) / 2)
    how = Similarity(similarity="bertscore", margin=2)
    ((there, back),) = paired_ranks(turkish, english, how, [((2,), (2,))])
    assert (there.tolist(), back.tolist()) == (order(plain).tolist(), order(plain.T).tolist())


def test_faiss_ranks_like_the_exact_search(turkish, english):
    plain, faiss = (
        paired_ranks(turkish, english, Similarity(search=how), [((2,), (2,))]) for how in ("exact", "faiss")
    )
    assert [found.tolist() for found in plain[0]] == [found.tolist() for found in faiss[0]]


def test_what_is_not_said_is_filled_in():
    cosine, tokens = Similarity(), Similarity(similarity="bertscore")
    assert (cosine.combine, cosine.special_tokens) == ("mean", "counted")
    assert (tokens.combine, tokens.special_tokens) == ("tokens", "matched")
    assert Similarity.model_validate_json(tokens.model_dump_json()) == tokens
    assert cosine.said == "cosine, combine=mean, special_tokens=counted, pooling=mean, margin=0, search=exact"


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"idf": "own"}, "idf=own is no option of cosine"),
        ({"part": "recall"}, "part=recall is no option of cosine"),
        ({"similarity": "bertscore", "pooling": "first"}, "pooling=first is no option of bertscore"),
        ({"similarity": "bertscore", "search": "faiss"}, "search=faiss is no option of bertscore"),
        ({"combine": "tokens"}, "combine=tokens is of BERTScore"),
        ({"margin": 4, "search": "faiss"}, "margin=4 needs search=exact"),
        ({"pooling": "first", "special_tokens": "dropped"}, "special_tokens=dropped forbids it"),
        ({"simularity": "cosine"}, "Did you mean 'similarity'"),
    ],
)
def test_options_that_do_not_go_together(wrong, says):
    with pytest.raises(ValidationError, match=says):
        Similarity(**wrong)


def test_layers_are_resolved_for_each_model():
    assert views("all", (2, 3), by_layer=False) == [((1, 2), (1, 2, 3))]
    assert views("last", (2, 3), by_layer=False) == [((2,), (3,))]
    assert views((2, 0), (2, 3), by_layer=True) == [((2,), (2,)), ((0,), (0,))]
    with pytest.raises(ValueError, match="these have 2 and 3 blocks"):
        views("all", (2, 3), by_layer=True)
    for layers in ((3,), (-1,), (), (1, 1)):
        with pytest.raises(ValueError, match="different layers from 0"):
            views(layers, (2, 2), by_layer=False)


def test_sides_that_cannot_be_compared(turkish, english):
    with pytest.raises(ValueError, match="4 and 2 sentences; expected pairs"):
        paired_ranks(turkish, side(ENGLISH[:2]), Similarity(), [((1,), (1,))])
    for similarity in ("cosine", "bertscore"):
        with pytest.raises(ValueError, match="have 32 and 16 numbers"):
            how = Similarity(similarity=similarity, combine="concatenate")
            paired_ranks(turkish, english, how, [((1, 2), (1,))])


def test_idf_of_queries_needs_one_vocabulary(turkish, english):
    from polydistill.models.fresh import learn_tokenizer

    other = Side(english.encoder, learn_tokenizer(ENGLISH, 100, 64), english.text)
    with pytest.raises(ValueError, match="Take idf=own"):
        paired_ranks(turkish, other, Similarity(similarity="bertscore", idf="queries"), [((1,), (1,))])


def test_scores_as_a_run_keeps_them():
    given = {"language": "tur", "other": "en", "how": Similarity(), "layers": (1,), "other_layers": (1,)}
    found = Retrieval(
        **given, direction="from", accuracy=0.75, mrr=0.8, candidates=4, hits="1011", data_fingerprint="x"
    )
    accuracy, mrr = found.scores
    assert (accuracy.language, accuracy.metric, accuracy.value) == ("tr", "retrieval cosine from en", 0.75)
    assert accuracy.correct.tolist() == [True, False, True, True]
    assert (mrr.metric, mrr.value, mrr.hits, mrr.data_fingerprint) == ("retrieval cosine from en mrr", 0.8, None, "x")
    assert found.way == "en to tr"
