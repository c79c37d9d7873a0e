"""`polydistill align`, with files of one's own and with the mini-world."""

import json
from pathlib import Path

import pytest
from transformers import AutoModel, AutoModelForMaskedLM

from polydistill.data.rows.sources import WorldSource
from polydistill.data.translations import translations
from polydistill.data.translations.corpora import load_corpora
from polydistill.data.translations.filters import Filters
from polydistill.jobs import references
from polydistill.jobs.align import align
from polydistill.jobs.retrieve import retrieve
from polydistill.training.run import Run
from tiny import tiny_network, tiny_tokenizer

COMMAND = "align --teacher {0} --student {1} --steps 2 --batch-size 4 --set method.head_hidden=8 "


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """An English encoder and a polyglot that predicts hidden words."""
    folders = []
    for name, family, seed in (("teacher", "bert", 1), ("student", "xlm-roberta", 2)):
        folders.append(tmp_path_factory.mktemp("own") / name)
        tiny_network(family, "mlm", seed).float().save_pretrained(folders[-1])
        tiny_tokenizer().save_pretrained(folders[-1])
    return folders


def test_files_of_ones_own(polydistill, models, work):
    filters = "--shortest 2 --at-most 9 --sample random --duplicates keep --same-sides keep "
    result = polydistill(COMMAND.format(*models) + "--parallel en-tr=text.en,text.tr --out aligned " + filters)
    assert result.exit_code == 0, result.output
    assert (
        "1 tlm (at masked positions) + 1 xwcl (among the teacher's words, per sentence, temperature 1)" in result.stderr
    )
    assert (
        "10 struca (mean of rows, temperature 0.1); heads: plain; the teacher's projectors: frozen_random"
        in result.stderr
    )
    run = Run.model_validate_json(Path("aligned/run.json").read_text())
    (corpus,) = run.method.corpora
    assert (corpus.target, corpus.data.path) == ("tr", "text.{lang}")
    assert run.method.filters == Filters(shortest=2, at_most=9, sample="random", duplicates="keep", same_sides="keep")
    (count,) = json.loads(Path("aligned/corpora.json").read_text())
    assert count["read"] == 12 == count["kept"] + sum(count["dropped"].values())
    assert run.training.batching.batches == "balanced"
    assert AutoModelForMaskedLM.from_pretrained("aligned/model").config.hidden_size == 16
    again = polydistill("run aligned/run.json --set method.weights.struca=0 --print")
    assert Run.model_validate_json(again.stdout).method == run.method.without("struca")


def test_what_it_left_is_tuned(polydistill, models, work):
    world = "--data world:?rows=12 --langs en,fr,tr "
    result = polydistill(
        COMMAND.format(*models) + world + "--batch-size 6 --preset reference --without struca,senta --out aligned"
    )
    assert result.exit_code == 0, result.output
    assert "1 tlm (at all positions) + 1 xwcl (among the student's words" in result.stderr
    assert "struca" not in result.stderr.partition("temperature")[2]
    tuned = polydistill("tune --model aligned --train file:rows.jsonl --steps 1 --batch-size 4 --out tuned")
    assert tuned.exit_code == 0, tuned.output


def test_the_authors_code_is_a_setting_each(polydistill, models, work):
    world = "--data world:?rows=12 --langs en,fr,tr --batch-size 6 --print"
    paper, theirs = (
        Run.model_validate_json(polydistill(COMMAND.format(*models) + world + preset).stdout)
        for preset in ("", " --preset reference")
    )
    assert paper.method.model_copy(update=dict(references.MMKD)) == theirs.method
    assert theirs.training == paper.training.model_copy(update={"warmup": 2 / 15, "decay": "cosine", "clip": 0.0})


def test_plain_sentence_distillation(polydistill, models, work):
    command = "align --teacher {} --student {} --steps 2 --batch-size 4 --method sentence ".format(*models)
    result = polydistill(
        command + "--parallel en-tr=text --parallel en-tr=text.en,text.tr --shortest 2 --out sentences"
    )
    assert result.exit_code == 0, result.output
    assert AutoModel.from_pretrained("sentences/model").config.hidden_size == 16
    refused = polydistill(command + "--parallel en-tr=text.en,text.tr --without tlm")
    assert refused.exit_code == 2
    assert "Sentence distillation has one term and no presets" in refused.stderr


def test_short_sentences_are_learned_from_where_vectors_of_sentences_are(polydistill, models, work):
    Path("short.tsv").write_text("A dog.\tBir köpek.\nA cat.\tBir kedi.\nA fish.\tBir balık.\n", encoding="utf-8")
    command = "align --teacher {} --student {} --parallel en-tr=short.tsv --steps 2 --batch-size 2".format(*models)
    refused = polydistill(command + " --out words")
    assert "no pair that may be kept for 'tr' (3 read, 3 too short)" in refused.stderr
    assert "loosen the filters (--shortest 1, --longest 512)" in refused.stderr
    done = polydistill(command + " --method sentence --out sentences")
    assert done.exit_code == 0, done.output
    assert json.loads(Path("sentences/corpora.json").read_text())[0]["kept"] == 3


def test_translations_on_dev_choose(polydistill, models, work):
    command = "align --teacher {} --student {} --steps 6 --batch-size 4 --method sentence ".format(*models)
    given = "--parallel en-tr=text --shortest 1 --dev world:?rows=20&split=dev --evaluate-every 2 --learning-rate 5e-3"
    result = polydistill(command + given + " --out sentences")
    assert result.exit_code == 0, result.output
    log = json.loads(Path("sentences/log.json").read_text())
    looks = [line for line in log if "eval_score" in line]
    assert [line["step"] for line in looks] == [2, 4, 6]
    for line in looks:
        ways = [line[f"eval_retrieval {way} en_tr"] for way in ("to", "from")]
        assert line["eval_score"] == pytest.approx(sum(ways) / 2)
        assert {name for name in line if "cosine" in name} == {
            f"eval_cosine with the teacher_{code}" for code in ("en", "tr")
        }
    assert json.loads(Path("sentences/results.json").read_text())["selected_on"] == [
        f"dev/{code} (retrieval of translations, no labels)" for code in ("en", "tr")
    ]
    best = max(looks, key=lambda line: line["eval_score"])
    found = retrieve("sentences", "world:?rows=20&split=dev", "tr")
    assert sum(one.accuracy for one in found) / 2 == pytest.approx(best["eval_score"])
    page = Path("sentences/report.html").read_text()
    for measure in ("retrieval to en", "retrieval from en", "cosine with the teacher"):
        assert f"Dev scores ({measure})" in page
    assert f"The weights of step {best['step']} were kept." in page


def test_numbers_of_pairs_on_dev_choose(polydistill, models, work):
    rows = ["a dog sleeps\ta dog sleeps\t5.0", "a dog sleeps\ta cat runs\t1.5", "no cat runs\ta cat runs\t2.0"]
    Path("sts.en.tsv").write_text("\n".join(["text1\ttext2\tscore", *rows]) + "\n")
    command = "align --teacher {} --student {} --steps 2 --batch-size 4 --method sentence ".format(*models)
    result = polydistill(
        command + "--parallel en-tr=text --shortest 1 --dev sts.{lang}.tsv --dev-langs en --out sentences"
    )
    assert result.exit_code == 0, result.output
    looks = [line for line in json.loads(Path("sentences/log.json").read_text()) if "eval_score" in line]
    assert looks[0].keys() >= {"eval_similarity_en"}
    assert all(line["eval_score"] == line["eval_similarity_en"] for line in looks)
    selection = Run.model_validate_json(Path("sentences/run.json").read_text()).selection
    assert (selection.measure, selection.languages) == ("similarity", ("en",))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("", "Give translations as --parallel en-de=FILE, or as --data with --langs, and not both."),
        ("--data world: ", "--data and --langs go together"),
        ("--data world: --langs en", "There is nothing to learn: name languages besides 'en'"),
        ("--data world:?rows=9 --langs en,tr --shortest 5", "choose among the pairs of --parallel"),
        ("--data world:?rows=9 --langs en,tr --without words", "Unknown term of MMKD 'words'"),
        ("--parallel en-tr=nowhere", "nowhere"),
        ("--parallel en-tr=text --parallel fr-tr=text", "All pairs begin with one language, and these with en and fr"),
        (
            "--parallel en-tr=text --shortest 60",
            "no pair that may be kept for 'tr' (12 read, 1 duplicate, 11 too short)",
        ),
        ("--data world:?rows=9 --langs en,tr --dev world:?rows=9", "--dev: of --method sentence; MMKD compares words"),
        ("--data world:?rows=9 --langs en,tr,fr --batch-size 5", "is not a multiple of 2. Use 4."),
    ],
)
def test_what_does_not_fit(polydistill, models, work, options, said):
    result = polydistill("align --teacher {} --student {} ".format(*models) + options)
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.split())


def test_one_pass_reads_the_text_once(polydistill, models, work, monkeypatch):
    read = []
    monkeypatch.setattr(translations, "load_corpora", lambda *given: read.append(given) or load_corpora(*given))
    command = COMMAND.format(*models).replace("--steps 2 ", "")
    done = polydistill(command + "--parallel en-tr=text --shortest 2 --out aligned")
    assert done.exit_code == 0, done.output
    assert len(read) == 1


def test_a_refused_student_leaves_the_folder_to_others(polydistill, models, work, tmp_path):
    AutoModel.from_pretrained(models[1]).save_pretrained(tmp_path / "headless")
    tiny_tokenizer().save_pretrained(tmp_path / "headless")
    command = COMMAND.format(models[0], tmp_path / "headless") + "--data world:?rows=12 --langs en,fr --out aligned "
    refused = polydistill(command)
    assert refused.exit_code == 2
    said = " ".join(refused.stderr.split())
    assert "has no head that predicts hidden words (architecture: XLMRobertaModel), which TLM needs" in said
    assert "leave TLM out (align --without tlm), or learn sentence vectors alone (align --method sentence)." in said
    assert not Path("aligned").exists()
    done = polydistill(command + "--without tlm")
    assert done.exit_code == 0, done.output


def test_one_text_a_language_may_be_named_by_it(models, work):
    one, other = (
        align.run(*models, parallel=text) for text in (["en-tr=text.en,text.tr"], {"tr": ("text.en", "text.tr")})
    )
    assert one == other


def test_a_run_takes_one_pass_and_the_papers_settings(models):
    source = WorldSource(rows=60)
    run = align.run(*models, data=source, langs=("en", "fr", "de", "tr"))
    training = run.training
    assert (training.steps, training.batch_size, training.learning_rate) == (6, 30, 2e-5)
    assert (training.weight_decay, training.warmup, training.decay) == (0.01, 0.1, "linear")
    assert (run.method.languages, run.method.source_language, run.method.max_length) == (("fr", "de", "tr"), "en", 64)
    sentences = align.run(*models, data=source, langs=("en", "fr", "tr"), method="sentence")
    assert sentences.training.steps == 7  # both sides are rows
