"""Tags carried from sentences to their translations, word by word."""

import numpy as np
import pytest
import torch

from polydistill.data.batches.batches import collate
from polydistill.data.batches.windows import encode_words
from polydistill.data.translations.given import as_corpora
from polydistill.data.translations.words import tokens
from polydistill.methods.aligned_tags import mutual_best, word_vectors, words_of_tokens
from polydistill.methods.method import Models
from polydistill.methods.plain_text import Reader
from polydistill.methods.xd import XDSpec
from polydistill.models.loaded import Loaded
from polydistill.retrieval.token_vectors import special_ids
from polydistill.tasks import NER
from tiny import tiny_network, tiny_tokenizer

EN = ["Louise Otieno lives in Tanzania .", "the old woman sees", "bread"]
TR = ["Louise Otieno Tanzanya'da yaşıyor .", "yaşlı kadın görür", "ekmek"]


@pytest.fixture
def reader(tmp_path):
    return Reader(Loaded(tiny_network(head="tags"), tiny_tokenizer()), NER, "en", 40, tmp_path / "signals")


def test_words_and_punctuation_apart():
    assert tokens("„Paris“ (Texas), U.S.A. don't!") == [
        "„", "Paris", "“", "(", "Texas", ")", ",", "U.S.A", ".", "don't", "!",
    ]  # fmt: skip
    assert tokens("北京 ?") == ["北", "京", "?"]
    assert tokens("... ") == [".", ".", "."]


def test_partners_are_each_others_nearest():
    source = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]])
    target = torch.tensor([[0.1, 0.9], [0.9, 0.1], [0.8, 0.2], [0.0, 0.0]])
    cosines = source @ target.T
    wanted = [
        int(cosines[:, w].argmax()) if int(cosines[int(cosines[:, w].argmax())].argmax()) == w else -1 for w in range(3)
    ]
    assert mutual_best(source, target).tolist() == [*wanted, -1]  # a word that is not seen has no partner
    assert wanted == [1, 0, -1]


def test_every_token_belongs_to_its_word(reader):
    sentences = [one.split() for one in EN]
    text = encode_words(reader.loaded.tokenizer, sentences, 8)  # windows
    words = words_of_tokens(text, special_ids(reader.loaded.tokenizer))
    begun = np.zeros(len(words), dtype=bool)
    begun[text.token_N] = True
    flat = [word for sentence in sentences for word in sentence]
    for number, word in enumerate(flat):
        said = reader.loaded.tokenizer.decode(text.columns["input_ids"][words == number]).replace("<unk>", "O").strip()
        assert said and word.startswith(said)  # a word longer than a window is cut
        assert begun[words == number][0]
    assert (words >= 0).sum() == len(words) - 2 * (len(text.offsets) - 1)


def test_vectors_of_words_are_means_of_their_tokens(reader):
    (one, *_) = word_vectors(reader, [EN[0].split()], 1)
    text = encode_words(reader.loaded.tokenizer, [EN[0].split()], 40)
    ids = torch.from_numpy(text.columns["input_ids"]).long()[None]
    with torch.no_grad():
        hidden = reader.loaded.network.eval()(input_ids=ids, output_hidden_states=True).hidden_states[1][0]
    hidden = torch.nn.functional.normalize(hidden, dim=-1)
    words = torch.from_numpy(words_of_tokens(text, special_ids(reader.loaded.tokenizer)))
    means = torch.stack([hidden[words == number].mean(0) for number in range(6)])
    wanted = torch.nn.functional.normalize(means - means.mean(0), dim=-1)
    np.testing.assert_allclose(one, wanted, atol=1e-9)


def test_a_sentence_and_itself_have_the_same_tags(tmp_path):
    """Every word is its own partner, whatever the encoder says: so the student learns what the teacher says of it."""
    for code in ("en", "tr"):
        (tmp_path / f"news.{code}").write_text("\n".join(EN) + "\n", encoding="utf-8")
    corpora = as_corpora({"tr": tmp_path / "news.{lang}"}).corpora
    models = Models(*(Loaded(tiny_network(head="tags", seed=s), tiny_tokenizer()) for s in (0, 1)), tmp_path)
    spec = XDSpec(task="ner", languages=("en", "tr"), corpora=corpora, max_length=40)
    english, turkish = spec.prepare(models, 0).groups
    assert (english.language, turkish.language) == ("en", "tr")
    np.testing.assert_array_equal(english.values["aligned"].flat, turkish.values["aligned"].flat)


def test_words_without_a_partner_learn_from_the_start(tmp_path):
    for code, lines in (("en", EN), ("tr", TR)):
        (tmp_path / f"news.{code}").write_text("\n".join(lines) + "\n", encoding="utf-8")
    corpora = as_corpora({"tr": tmp_path / "news.{lang}"}).corpora
    teacher = tiny_network(head="tags", seed=1)
    models = Models(Loaded(tiny_network(head="tags"), tiny_tokenizer()), Loaded(teacher, tiny_tokenizer()), tmp_path)
    spec = XDSpec(task="ner", languages=("tr",), corpora=corpora, max_length=40, temperature=1.0)
    prepared = spec.prepare(models, 0)
    (group,) = prepared.groups
    batch = collate([(group, np.arange(3))])
    assert set(prepared.method(**batch).terms) == {"aligned"} == set(prepared.method.counts(batch))

    def said(lines):
        text = NER.encode(tiny_tokenizer(), {"tokens": [line.split() for line in lines]}, 40)
        logits = NER.word_logits(_Plain(teacher.eval()), text, None, torch.device("cpu"))
        return torch.softmax(torch.from_numpy(logits).double(), -1), text.words

    (source, counts), (own, own_counts) = said(EN), said(TR)
    reader = Reader(models.teacher, NER, "en", 40, tmp_path)
    vectors = [word_vectors(reader, [line.split() for line in lines], None) for lines in (EN, TR)]
    wanted, at, own_at = [], 0, 0
    for one, other, count, own_count in zip(*vectors, counts, own_counts, strict=True):
        for word, place in enumerate(mutual_best(one, other)):
            wanted.append(own[own_at + word] if place < 0 else source[at + place])
        at, own_at = at + count, own_at + own_count
    learned = batch["aligned"][batch["aligned"].sum(-1) > 0]
    flat = group.values["aligned"].flat
    np.testing.assert_allclose(flat[flat.sum(-1) > 0], torch.stack(wanted), atol=1e-6)
    assert len(learned) == len(wanted)


class _Plain(torch.nn.Module):
    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, inputs, language=None):
        del language
        return type("Said", (), {"logits_BC": self.network(**inputs).logits})


def test_a_layer_that_is_not_there(reader):
    with pytest.raises(ValueError, match=r"align_layer is 9; .* has the layers 0 to 2"):
        word_vectors(reader, [["a"]], 9)
