"""What dev rows say of a student of sentence vectors, beside the same computed plainly."""

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from transformers import AutoModel

from polydistill.data.rows.given import as_source
from polydistill.data.rows.load import load_text
from polydistill.data.rows.sources import FileSource, WorldSource
from polydistill.models.loaded import Loaded
from polydistill.models.sentence import Reading, SentenceHead
from polydistill.tasks import TaskSpec
from polydistill.training.settings import Judging
from polydistill.training.vectors_on_dev import Similar, Translated, Vectors
from tiny import tiny_network, tiny_tokenizer

NUMBER = TaskSpec(kind="pair", problem="number")


def vectors(seed, pooling="mean"):
    network = AutoModel.from_config(tiny_network(seed=seed).config)
    with torch.no_grad():
        for number, value in enumerate(network.parameters()):
            value.copy_(torch.randn(value.shape, generator=torch.Generator().manual_seed(seed + number)) * 0.2)
    return Vectors(Loaded(network.train(), tiny_tokenizer()), SentenceHead(Reading(pooling=(pooling,))), 32)


def said(one, texts, pooling="mean"):
    network = one.loaded.network.eval()
    found = []
    for text in texts:
        with torch.no_grad():
            hidden = network(**tiny_tokenizer()(text, return_tensors="pt")).last_hidden_state[0].double().numpy()
        found.append(hidden.mean(0) if pooling == "mean" else hidden[0])
    network.train()
    return np.stack(found) / np.linalg.norm(found, axis=-1, keepdims=True)


def test_translations_that_are_found_and_the_cosine_with_the_teacher():
    student, teacher = vectors(1), vectors(2, "first")
    source = WorldSource(rows=25, split="dev")
    dev = Translated(Judging(languages=("en", "tr"), data=source, measure="retrieval"), student, "en", teacher)
    score, found = dev.measure()
    assert student.loaded.network.training
    rows = load_text(source, ["en", "tr"]).rows
    english, turkish = (said(student, rows[code]["text"]) for code in ("en", "tr"))
    near = turkish @ english.T
    to, back = ((one.argmax(1) == np.arange(len(one))).mean() for one in (near, near.T))
    assert found["retrieval to en"] == {"tr": pytest.approx(to)}
    assert found["retrieval from en"] == {"tr": pytest.approx(back)}
    assert score == pytest.approx((to + back) / 2)
    taught = said(teacher, rows["en"]["text"], "first")
    assert found["cosine with the teacher"] == pytest.approx(
        {code: (one * taught).sum(-1).mean() for code, one in (("en", english), ("tr", turkish))}, abs=1e-6
    )


def test_without_a_teacher_there_is_no_cosine_with_it():
    judging = Judging(languages=("tr",), data=WorldSource(rows=9, split="dev"), measure="retrieval")
    assert set(Translated(judging, vectors(1), "en", None).measure()[1]) == {"retrieval to en", "retrieval from en"}


def test_cosines_of_pairs_go_with_their_numbers(tmp_path):
    texts = load_text(WorldSource(rows=12), ["en"]).rows["en"]["text"]
    numbers = [3.5, 0.5, 4.0, 1.0, 2.5, 5.0]
    lines = [f"{texts[at]}\t{texts[at + 1]}\t{number}" for at, number in enumerate(numbers)]
    (tmp_path / "sts.en.tsv").write_text("\n".join(["text1\ttext2\tscore", *lines]) + "\n")
    student = vectors(3)
    source = FileSource(path=str(tmp_path / "sts.{lang}.tsv"))
    score, found = Similar(
        Judging(task=NUMBER, languages=("en",), data=source, measure="similarity"), student
    ).measure()
    one = said(student, texts)
    cosines = [one[at] @ one[at + 1] for at in range(len(numbers))]
    assert found == {"similarity": {"en": pytest.approx(spearmanr(cosines, numbers).statistic)}}
    assert score == found["similarity"]["en"]


def test_rows_that_are_no_translations_are_refused():
    source = as_source({"en": ["a dog"], "tr": ["bir kedi"]}, aligned=False)
    with pytest.raises(ValueError, match="retrieval needs rows that say the same"):
        Translated(Judging(languages=("tr",), data=source, measure="retrieval"), vectors(1), "en", None)


def test_only_pairs_with_a_number_have_similarity():
    with pytest.raises(ValueError, match=r"measure of the task 'nli' 'similarity'.*retrieval"):
        Judging(languages=("en",), data=WorldSource(), measure="similarity")
