from pathlib import Path

import pytest
import torch

from polydistill import retrieve
from polydistill.data.rows.load import load_text
from polydistill.data.rows.sources import WorldSource
from polydistill.models.loaded import Loaded
from polydistill.models.sentence import Dense, Normalize, Reading, SentenceHead, write_head
from polydistill.starts.loading import load_encoder
from tiny import tiny_network, tiny_tokenizer

WORLD = "world:mini?rows=12&split=test"


def saved(folder, **kind):
    tiny_network(**kind).float().save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return saved(tmp_path_factory.mktemp("one"), head="mlm")


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    return saved(tmp_path_factory.mktemp("other"), head="mlm", seed=1)


@pytest.fixture
def tatoeba(tmp_path, monkeypatch):
    """Files as Tatoeba names them."""
    monkeypatch.chdir(tmp_path)
    rows = load_text(WorldSource(rows=9), ("tr", "en")).rows
    for name, code in (("tur", "tr"), ("eng", "en")):
        Path(f"tatoeba.tur-eng.{name}").write_text("\n".join(rows[code]["text"]) + "\n")


@pytest.mark.parametrize("similarity", ["cosine", "bertscore"])
def test_both_directions_and_all_that_decides_them(model, similarity):
    there, back = retrieve(model, WORLD, "tr", similarity=similarity)
    assert [one.way for one in (there, back)] == ["tr to en", "en to tr"]
    for one in (there, back):
        assert one.hits.count("1") / 12 == one.accuracy
        assert one.accuracy <= one.mrr <= 1
        assert (one.candidates, one.layers, one.other_layers, one.split) == (12, (1, 2), (1, 2), "test")
        assert one.how.similarity == similarity
        assert (one.model, one.data) == (str(model), WORLD)
        assert len(one.data_fingerprint) == 64
        assert [len(name) for name in one.model_fingerprints] == [16, 16]


@pytest.mark.parametrize("similarity", ["cosine", "bertscore"])
def test_a_text_finds_itself(model, tmp_path, similarity):
    sentences = "\n".join(load_text(WorldSource(rows=12), ["en"]).rows["en"]["text"])
    for code in ("en", "tr"):
        (tmp_path / f"same.{code}").write_text(sentences)
    data = f"file:{tmp_path}/same.{{lang}}"
    assert [(one.accuracy, one.mrr) for one in retrieve(model, data, "tr", similarity=similarity)] == [(1, 1), (1, 1)]


def test_two_models_read_a_language_each(model, other):
    alone = retrieve(model, WORLD, "tr")
    twice = retrieve(model, WORLD, "tr", source_model=model)
    assert twice == alone
    pair, turned = (
        retrieve(model, WORLD, "tr", source_model=other),
        retrieve(other, WORLD, "en,tr", source_model=model),
    )
    assert [one.hits for one in pair] == [one.hits for one in turned[::-1]]
    assert [one.mrr for one in pair] != [one.mrr for one in alone]
    assert len(set(pair[0].model_fingerprints)) == 2
    assert pair[0].other_model == str(other)


def test_files_as_tatoeba_names_them(model, tatoeba):
    there, _ = retrieve(model, "file:tatoeba.tur-eng.{lang}", "tr", layers="last", batch_size=4)
    assert (there.candidates, there.language, there.other, there.layers) == (9, "tr", "en", (2,))
    assert retrieve(model, "file:tatoeba.tur-eng.{lang}", "tur,English", layers="last")[0] == there


def test_a_loaded_model_is_left_as_it_was(model):
    by_name = retrieve(model, WORLD, "tr")
    assert retrieve(load_encoder(model), WORLD, "tr") == by_name
    awake = Loaded(tiny_network(head="mlm", dropout=0.5).float(), tiny_tokenizer())
    before = torch.get_rng_state()
    asleep = retrieve(awake, WORLD, "tr")
    assert [one.hits for one in asleep] == [one.hits for one in by_name]
    assert asleep[0].model_fingerprints == by_name[0].model_fingerprints
    assert awake.network.training
    assert torch.equal(torch.get_rng_state(), before)


def test_a_tuned_classifier_is_read_without_its_head(tmp_path):
    """So that a model's vectors are the same whatever head it was given."""
    network = tiny_network().float()
    network.save_pretrained(tmp_path / "tuned")
    network.base_model.save_pretrained(tmp_path / "bare")
    for name in ("tuned", "bare"):
        tiny_tokenizer().save_pretrained(tmp_path / name)
    tuned, bare = (retrieve(tmp_path / name, WORLD, "tr", similarity="bertscore") for name in ("tuned", "bare"))
    assert [one.hits for one in tuned] == [one.hits for one in bare]
    assert tuned[0].model_fingerprints == bare[0].model_fingerprints


def test_by_layer(model):
    found = retrieve(model, WORLD, "tr", by_layer=True)
    assert [(one.way, one.layers) for one in found] == [
        *(("tr to en", (1,)), ("en to tr", (1,))),
        *(("tr to en", (2,)), ("en to tr", (2,))),
    ]
    alone = retrieve(model, WORLD, "tr", layers="last")
    assert [(one.hits, one.mrr) for one in found[2:]] == [(one.hits, one.mrr) for one in alone]


def test_what_cannot_be_done(model, tatoeba, tmp_path):
    with pytest.raises(ValueError, match="needs two languages, such as --langs tr,en, not tr"):
        retrieve(model, WORLD, "tur,tr")
    with pytest.raises(ValueError, match="leave out aligned=false"):
        retrieve(model, "file:tatoeba.tur-eng.{lang}?aligned=false", "tr")
    with pytest.raises(ValueError, match="no file for language 'sw'"):
        retrieve(model, "file:tatoeba.tur-eng.{lang}", "sw")
    with Path("tatoeba.tur-eng.eng").open("a") as file:
        file.write("One more.\n")
    with pytest.raises(ValueError, match="equal line counts"):
        retrieve(model, "file:tatoeba.tur-eng.{lang}", "tr")


def test_several_pairs_and_corpora_are_read_by_the_one_grammar(model, tatoeba, tmp_path):
    rows = load_text(WorldSource(rows=5), ("en", "de")).rows
    table = zip(rows["en"]["text"], rows["de"]["text"], strict=True)
    Path("news.tsv").write_text("en\tde\n" + "".join(f"{one}\t{other}\n" for one, other in table))
    corpora = ["en-de=news.tsv", "en-tr=tatoeba.tur-eng.{lang}", "en-de=world:mini?rows=7&split=test"]
    found = retrieve(model, parallel=corpora)
    assert [(one.way, one.candidates) for one in found] == [
        ("de to en", 12),
        ("en to de", 12),
        ("tr to en", 9),
        ("en to tr", 9),
    ]
    alone = retrieve(model, "tatoeba.tur-eng.{lang}", "tr")
    assert [(one.accuracy, one.hits) for one in found[2:]] == [(one.accuracy, one.hits) for one in alone]
    assert "news.tsv" in found[0].data and "world:" in found[0].data


def test_retrieve_reads_data_or_parallel_text(model):
    for asked in ({}, {"data": WORLD, "langs": "tr", "parallel": "en-tr=x"}, {"parallel": "en-tr=x", "langs": "tr"}):
        with pytest.raises(ValueError, match="Say what is read"):
            retrieve(model, **asked)


@pytest.fixture
def folder(tmp_path):
    """A folder that says how its vectors are made: of the first token, through a dense layer, behind a prompt."""
    place = saved(tmp_path / "folder")
    torch.manual_seed(0)
    network = load_encoder(place).network
    width = network.config.hidden_size
    head = SentenceHead(Reading(pooling=("first",), prompt="A dog. "), [Dense(torch.nn.Linear(width, 7)), Normalize()])
    write_head(head, width, 32, place)
    return place


def test_vectors_are_those_that_the_folder_says(folder):
    sentence_transformers = pytest.importorskip("sentence_transformers")
    library = sentence_transformers.SentenceTransformer(str(folder), device="cpu")
    rows = load_text(WorldSource(rows=12, split="test"), ("tr", "en")).rows
    left, right = (library.encode(list(rows[code]["text"])) for code in ("tr", "en"))
    near = left @ right.T
    there, back = retrieve(folder, WORLD, "tr")
    for found, similar in ((there, near), (back, near.T)):
        assert found.how.layers == "own" and found.layers == (2,)
        assert found.hits == "".join("01"[int(row.argmax() == place)] for place, row in enumerate(similar))
    assert {one.how.layers for one in retrieve(folder, WORLD, "tr", pooling="mean")} == {"all"}


def test_own_vectors_of_a_folder_that_says_nothing_are_refused(model, folder):
    with pytest.raises(ValueError, match=r"does not say how its vectors are made .* such as --layers last"):
        retrieve(model, WORLD, "tr", layers="own")
    with pytest.raises(ValueError, match=r"layers=own takes vectors as their folder says: leave pooling=first out"):
        retrieve(folder, WORLD, "tr", layers="own", pooling="first")
    assert retrieve(model, WORLD, "tr")[0].how.layers == "all"
