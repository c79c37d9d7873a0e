"""The hub source against local folders in the hub's layout, and how it refuses what is not pinned."""

import datasets
import pytest
from datasets import ClassLabel, Dataset, Features, Value

from polydistill.data.rows.hub import load_hub
from polydistill.data.rows.shapes import PAIR_OF_SENTENCES, SENTENCE, RowShape
from polydistill.data.rows.sources import HubSource
from polydistill.errors import DataError

COMMIT = "0123456789abcdef0123456789abcdef01234567"
OTHER = "f" * 40

CARD = """---
configs:
- config_name: en
  data_files:
  - split: validation
    path: en/validation-*
- config_name: tr
  data_files:
  - split: validation
    path: tr/validation-*
---
"""


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")


@pytest.fixture
def offline(monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)


def xnli_folder(tmp_path, label, labels=(1, 0, 2, -1)):
    """A folder as facebook/xnli has it: a card with configurations, and Parquet files."""
    folder = tmp_path / "xnli"
    for code in ("en", "tr"):
        texts = {side: [f"{code} {side} {n}" for n in range(len(labels))] for side in ("premise", "hypothesis")}
        features = Features({"premise": Value("string"), "hypothesis": Value("string"), "label": label})
        (folder / code).mkdir(parents=True)
        data = Dataset.from_dict({**texts, "label": list(labels)}, features=features)
        data.to_parquet(folder / code / "validation-00000-of-00001.parquet")
    (folder / "README.md").write_text(CARD)
    return str(folder)


def test_folder_in_the_hubs_layout(tmp_path):
    folder = xnli_folder(tmp_path, ClassLabel(names=["entailment", "neutral", "contradiction"]))
    source = HubSource(name=folder, config="{lang}", split="validation")
    corpus = load_hub(source, PAIR_OF_SENTENCES, ["en", "tr"])
    assert corpus.rows["tr"].to_dict() == {
        "premise": ["tr premise 0", "tr premise 1", "tr premise 2"],
        "hypothesis": ["tr hypothesis 0", "tr hypothesis 1", "tr hypothesis 2"],
        "label": [1, 0, 2],
    }
    assert corpus.rows["en"]["premise"][0] == "en premise 0"
    assert corpus.aligned
    assert corpus.skipped == {"en": {"no gold label": 1}, "tr": {"no gold label": 1}}
    two = load_hub(source.model_copy(update={"rows": 2}), PAIR_OF_SENTENCES, ["en"])
    assert two.counts == {"en": 2}


def test_labels_are_read_by_name_whatever_their_order(tmp_path):
    folder = xnli_folder(tmp_path, ClassLabel(names=["Contradiction", "entailment", "neutral"]))
    corpus = load_hub(HubSource(name=folder, config="en", split="validation"), PAIR_OF_SENTENCES, ["en"])
    assert corpus.rows["en"]["label"][:] == [0, 2, 1]


def test_numbers_without_names_need_the_users_word(tmp_path):
    folder = xnli_folder(tmp_path, Value("int64"))
    source = HubSource(name=folder, config="en", split="validation")
    with pytest.raises(DataError, match=r"xnli, row 1: found label '1'; expected one of entailment.*labels=first"):
        load_hub(source, PAIR_OF_SENTENCES, ["en"])
    corpus = load_hub(source.model_copy(update={"labels": ("0", "1", "2")}), PAIR_OF_SENTENCES, ["en"])
    assert corpus.rows["en"]["label"][:] == [1, 0, 2]


def test_a_test_set_has_no_labels(tmp_path):
    folder = xnli_folder(tmp_path, ClassLabel(names=["entailment", "neutral", "contradiction"]), labels=(-1, -1))
    corpus = load_hub(HubSource(name=folder, config="en", split="validation"), PAIR_OF_SENTENCES, ["en"])
    assert corpus.rows["en"].column_names == ["premise", "hypothesis"]
    assert len(corpus.rows["en"]) == 2


def test_columns_by_mapping_and_jsonl(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "train.jsonl").write_text('{"a": "x", "b": "y", "c": "neutral"}\n' * 3)
    columns = {"premise": "a", "hypothesis": "b", "label": "c"}
    corpus = load_hub(HubSource(name=str(tmp_path / "data"), columns=columns), PAIR_OF_SENTENCES, ["sw"])
    assert corpus.rows["sw"].to_dict() == {"premise": ["x"] * 3, "hypothesis": ["y"] * 3, "label": [1] * 3}


def test_translation_column(tmp_path):
    data = tmp_path / "books"
    data.mkdir()
    rows = [
        '{"id": "0", "translation": {"en": "one", "tr": "bir"}}',
        '{"id": "1", "translation": {"en": "", "tr": "x"}}',
    ]
    (data / "train.jsonl").write_text("\n".join(rows))
    corpus = load_hub(HubSource(name=str(data)), SENTENCE, ["tr", "en"])
    assert {code: rows["text"][:] for code, rows in corpus.rows.items()} == {"tr": ["bir"], "en": ["one"]}
    assert corpus.aligned
    assert corpus.skipped["en"] == {"blank line": 1}
    with pytest.raises(
        DataError, match=r"books, row 1: found translation with en, tr; expected a text for each of en, sw"
    ):
        load_hub(HubSource(name=str(data)), SENTENCE, ["en", "sw"])


def test_bad_folders(tmp_path):
    folder = xnli_folder(tmp_path, Value("string"), labels=("neutral", "entailment"))
    with pytest.raises(DataError, match=r"a column 'text'. Say which column is which \(columns=text:NAME"):
        load_hub(HubSource(name=folder, config="en", split="validation"), SENTENCE, ["en"])
    with pytest.raises(DataError, match=r"expected a data set with configuration 'sw' and split 'validation'"):
        load_hub(HubSource(name=folder, config="{lang}", split="validation"), PAIR_OF_SENTENCES, ["en", "sw"])
    with pytest.raises(DataError, match=r"split 'dev'"):
        load_hub(HubSource(name=folder, config="en", split="dev"), PAIR_OF_SENTENCES, ["en"])
    with pytest.raises(DataError, match=r"one configuration for 2 languages.*config=\{lang\}"):
        load_hub(HubSource(name=folder, config="en", split="validation"), PAIR_OF_SENTENCES, ["en", "tr"])


def test_missing_text(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "train.jsonl").write_text('{"text": "x"}\n{"text": null}\n')
    with pytest.raises(DataError, match=r"row 2: found text = None; expected text"):
        load_hub(HubSource(name=str(tmp_path / "data")), RowShape(("text",)), ["en"])


def test_code_of_a_data_set_is_never_run(tmp_path):
    folder = tmp_path / "scripted"
    folder.mkdir()
    mark = tmp_path / "ran"
    (folder / "scripted.py").write_text(f"open({str(mark)!r}, 'w')")
    with pytest.raises(DataError, match="scripts are no longer supported"):
        load_hub(HubSource(name=str(folder)), SENTENCE, ["en"])
    assert not mark.exists()


def test_what_is_not_pinned_is_refused(tmp_path):
    with pytest.raises(
        ValueError, match=r"'facebook/xnli' is not a folder here, .* needs a revision.*@<40 characters>"
    ):
        load_hub(HubSource(name="facebook/xnli"), PAIR_OF_SENTENCES, ["en"])
    with pytest.raises(ValueError, match="is a folder: it has no revision"):
        load_hub(HubSource(name=str(tmp_path), revision=COMMIT), PAIR_OF_SENTENCES, ["en"])


def test_offline_says_so(offline):
    source = HubSource(name="facebook/xnli", revision=COMMIT, config="en")
    with pytest.raises(DataError, match=rf"no connection to the hub .*expected commit {COMMIT}.*hub:FOLDER"):
        load_hub(source, PAIR_OF_SENTENCES, ["en"])


@pytest.mark.parametrize("cached", [COMMIT, OTHER])
def test_offline_takes_only_the_pinned_commit_from_the_cache(tmp_path, offline, cached):
    """`datasets` itself would return the latest copy in its cache, whatever the revision."""
    folder = tmp_path / "cache" / "owner___pairs" / "default" / "0.0.0" / cached
    data = Dataset.from_dict({"text": ["from the cache"]})
    data.info.builder_name, data.info.dataset_name, data.info.config_name = "parquet", "pairs", "default"
    data.info.splits = datasets.SplitDict.from_split_dict({"train": {"name": "train", "num_examples": 1}})
    folder.mkdir(parents=True)
    data.info.write_to_directory(str(folder))
    with datasets.arrow_writer.ArrowWriter(features=data.features, path=str(folder / "pairs-train.arrow")) as writer:
        writer.write_table(data.data.table)
        writer.finalize()
    source = HubSource(name="owner/pairs", revision=COMMIT)
    if cached == COMMIT:
        assert load_hub(source, SENTENCE, ["en"]).rows["en"]["text"][:] == ["from the cache"]
    else:
        with pytest.raises(DataError, match=f"only commit {OTHER} is in the cache.*expected commit {COMMIT}"):
            load_hub(source, SENTENCE, ["en"])
