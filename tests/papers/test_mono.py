"""The thesis' tables as runs: every column of every row has its run, and what rows share is done once."""

import json
import lzma
from pathlib import Path

import pytest

from polydistill import api
from polydistill.methods.monolingual import MonolingualSpec
from polydistill.methods.transfer_tuning import TaskDistillation
from polydistill.methods.tuning import TuneSpec
from polydistill.papers import catalogue
from polydistill.papers.mono.scales import setting
from polydistill.papers.mono.systems import Systems
from polydistill.papers.mono.tables import TABLES, table, thirds
from polydistill.papers.plan import plan_table, with_starts
from polydistill.papers.published import published_table
from polydistill.training.examination import Examination
from polydistill.training.run import Cut, ResultOf
from polydistill.transfer.strategies import STRATEGIES


def rows_of(recipe):
    return [row for group in recipe.groups for row in group.rows]


@pytest.mark.parametrize("number", TABLES)
def test_every_row_has_a_run_for_every_column(number):
    recipe, printed = table(number, "smoke"), published_table(f"mono/{number}")
    singles = {column.name for column in printed.columns if not column.over}
    for row in rows_of(recipe):
        runs = row.runs(0)
        assert runs.keys() == {name for name in singles if printed.column(name).language in setting("smoke").languages}
        for name, run in runs.items():
            column = printed.column(name)
            if isinstance(run, Examination):
                assert column.language in run.models
                assert column.metric in [f"retrieval {how.similarity} to en" for how in run.retrieval.how]
                assert run.labels_seen == ()
                continue
            assert column.language in run.evaluation.languages
            assert run.evaluation.measure == (column.metric or "accuracy")
            assert run.evaluation.data.split == "test"
            assert run.labels_seen == (("en", column.language) if column.shots else ("en",))
            assert run.selected_on == ("dev/en",)
    assert recipe.reference in [row.name for row in rows_of(recipe)]
    assert catalogue.recipe(f"mono/{number}", "smoke").id == recipe.id == f"mono/{number}"
    assert f"mono/{number}" in api.tables()


@pytest.mark.parametrize("number", ["4.7", "4.13"])
def test_on_dev_the_same_runs_are_scored_again(number):
    """Of each column that is dev in the thesis; retrieval has no dev."""
    recipe, plain = table(number, "smoke", "dev"), table(number, "smoke")
    exercises = setting("smoke").exercises
    for row, other in zip(rows_of(recipe), rows_of(plain), strict=True):
        for name, made in row.runs(0).items():
            column = recipe.layout.column(name)
            if isinstance(made, Examination):
                assert column.split is None
                continue
            assert (made.split, column.split) == ("dev", "dev")
            assert made.runs == (other.runs(0)[name],)
            assert (made.judging.data, made.judging.languages) == (exercises[column.task].few, (column.language,))
            assert made.judging.data.split == "dev"


@pytest.mark.slow
def test_a_table_on_dev_end_to_end(tmp_path):
    on_test, on_dev = (api.table("mono/4.8", "smoke", runs=tmp_path, split=split) for split in ("test", "dev"))
    assert "ours on the dev split" in on_dev.setting and {column.split for column in on_dev.columns} == {"dev"}
    cells = [cell for group in on_dev.groups for row in group.rows for cell in row.cells.values()]
    assert cells and all(cell.seeds == 1 for cell in cells)
    assert on_dev.groups != on_test.groups


def test_tables_of_test_have_no_dev():
    with pytest.raises(ValueError, match=r"Unknown table of mono that is dev in the thesis '4.4'"):
        catalogue.recipe("mono/4.4", "smoke", split="dev")
    with pytest.raises(ValueError, match=r"xd/3 has its paper's split"):
        catalogue.recipe("xd/3", "smoke", split="dev")


def test_a_student_is_scored_on_its_own_language():
    of = Systems(setting("smoke"))
    runs = of.tasks(of.distilled())(0)
    for name, run in runs.items():
        assert isinstance(run.start, ResultOf)
        assert run.start.student == name.split()[-1]
    assert len({run.start.run.identity for run in runs.values()}) == 1  # one distillation for all of them


def test_the_undistilled_students_are_some_of_the_teachers_blocks():
    of = Systems(setting("world"))
    for layers in ("uniform", "top", "bottom"):
        runs = of.tasks(of.cut(layers))(0)
        starts = [run.start for run in runs.values()]
        assert {(type(start), start.depth, start.map) for start in starts} == {(Cut, 2, layers)}
        assert len({run.identity for run in runs.values()}) == 3  # one a task: both languages share a model


@pytest.mark.slow
def test_what_the_tables_share_is_done_once():
    runs = [run for number in TABLES for run in table(number, "smoke").runs([0]).values()]
    distilled = [run for run in with_starts(runs) if isinstance(run.method, MonolingualSpec)]
    assert (
        len({run.identity for run in distilled}) == 10 + 3 + 3 + 1
    )  # losses, ablations, bilingual students, no teacher
    untied = [run.method for run in distilled if not run.method.tie_head]
    assert [method.share for method in untied] == [("embeddings",)]


def test_students_alone_learn_for_as_long():
    of = Systems(setting("world"))
    alone, taught = of.alone().target("tr", 0).run, of.students(0)
    assert not alone.method.has_teacher
    assert alone.training.steps == round(setting("world").teacher_price * taught.training.steps)
    assert alone.start == taught.start


def test_bilingual_students_read_english_too():
    of = Systems(setting("smoke"))
    runs = of.tasks(of.bilingual("MonoShot"))(0)
    students = {student.name: student.languages for student in runs["NER sw"].start.run.method.students}
    assert students == {"en-tr": ("en", "tr"), "en-sw": ("en", "sw")}
    assert runs["NER sw"].start.student == "en-sw"


def test_in_retrieval_each_language_is_read_by_its_own_student():
    of = Systems(setting("smoke"))
    runs = of.retrieval(of.distilled())(0)
    assert runs.keys() == {f"{how} {code}-en" for how in ("BERTScore", "cosine") for code in ("tr", "sw")}
    assert {code: start.student for code, start in runs["cosine sw-en"].models.items()} == {"sw": "sw", "en": "en"}
    both = of.retrieval(of.bilingual("MonoShot"))(0)["cosine sw-en"].models
    assert {code: start.student for code, start in both.items()} == {"sw": "en-sw", "en": "en-sw"}


def test_the_layers_of_the_paper_and_of_a_smaller_teacher():
    assert list(thirds(12).values()) == [(1, 3, 5, 7, 9, 11), (9, 10, 11, 12), (5, 6, 7, 8), (1, 2, 3, 4)]
    assert list(thirds(4).values()) == [(1, 3), (4,), (2,), (1,)]


@pytest.fixture
def thesis_files(tmp_path, monkeypatch):
    """Some lines of each file that the paper scale reads, as they are downloaded."""
    monkeypatch.chdir(tmp_path)
    for code in ("en", "tr", "sw", "ur", "eu"):
        put(f"cc100/{code}.txt.xz", lzma.compress(b"A line.\n"))
        put(f"held_out/{code}.txt", b"A line.\n")
    for code in ("en", "tr", "sw"):
        for split in ("train", "dev", "test"):
            put(f"panx/{split}-{code}.tsv", f"{code}:Ada\tB-PER\n{code}:sings\tO\n\n".encode())
    question = {"context": "It rains.", "question": "Why?", "answerA": "So.", "answerB": "No.", "answerC": "Clouds."}
    for split in ("train", "dev"):
        put(f"siqa/{split}.jsonl", json.dumps(question).encode() + b"\n")
        put(f"siqa/{split}-labels.lst", b"3\n")
    row = {"premise": "It rains.", "choice1": "Wet.", "choice2": "Dry.", "question": "effect", "label": 0, "idx": 0}
    for code in ("tr", "sw"):
        for split in ("val", "test"):
            put(f"xcopa/{code}/{split}.{code}.jsonl", json.dumps(row).encode() + b"\n")
    for code in ("tur", "swh", "urd", "eus"):
        for side in (code, "eng"):
            put(f"tatoeba/tatoeba.{code}-eng.{side}", b"A line.\n")


def put(name, content):
    file = Path("data") / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


def test_the_scale_of_the_thesis_reads_files_as_they_are_downloaded(thesis_files):
    runs = {row.name: row.runs(0) for row in rows_of(table("4.4", "paper"))}
    students, tuned = runs["MonoShot-XLM-R6"]["XNLI tr"].start.run, runs["MonoShot-XLM-R6"]["XCOPA tr"]
    assert (students.training.steps, students.training.batch_size, students.method.depth) == (5 * 500_000, 16, 6)
    assert students.start.name == "FacebookAI/xlm-roberta-base"
    assert tuned.evaluation.languages == ("tr", "sw")  # XCOPA has no English
    assert runs["MonoShot-XLM-R6"]["XNLI tr"].training.steps == 61_359  # 10 epochs of 392,702 rows by 64
    layers = {row.name: row.runs(0)["cosine eu-en"].retrieval.how[1].layers for row in rows_of(table("4.3", "paper"))}
    assert layers["XLM-R4-ALIGNMENT (Middle)"] == (5, 6, 7, 8)
    assert layers["MonoAlignment-XLM-R6"] == "all"
    planned = plan_table(table("4.4", "paper"), [0])
    assert planned.runs == 2 + 3 + 3 * 3 + 6 * 3  # students; the teacher, cut ones; MonoShot, +TD, alone, each language


@pytest.mark.parametrize(("id", "scale", "said"), [("4.2", "smoke", "4.2"), ("4.4", "huge", "huge")])
def test_what_cannot_be_made_is_said(id, scale, said):
    with pytest.raises(ValueError, match=said):
        table(id, scale)


def test_a_missing_file_of_the_thesis_is_named():
    with pytest.raises(ValueError, match=r"data/panx/train-\{lang\}.tsv: found no file"):
        table("4.4", "paper").runs([0])


@pytest.mark.slow
def test_a_table_of_retrieval_end_to_end(tmp_path):
    made = api.table("mono/4.3", "smoke", runs=tmp_path)
    (group,) = made.groups
    cells = {row.name: row.cells for row in group.rows}
    for row in cells.values():
        assert 0 <= row["cosine tr-en"].mean <= 100
        assert row["cosine avg"].mean == pytest.approx((row["cosine tr-en"].mean + row["cosine sw-en"].mean) / 2)
        assert row["cosine ur-en"].mean is None
    assert cells["XLM-R base"] != cells["XLM-R4-ALIGNMENT (Top)"]


def test_students_are_tuned_by_every_strategy_of_the_thesis():
    """Of the Turkish student, the English one reads the labels where the strategy needs one; rates differ by kind."""
    of = Systems(setting("world"))
    runs = {row.name: row.runs(0)["NER tr"] for row in rows_of(table("4.6", "world"))}
    assert runs.keys() == STRATEGIES.keys() - {"BITFIT ADD"}
    for name, run in runs.items():
        assert run.start.student == ("en" if name == "FULL SRC" else "tr")
        assert (run.source.student if run.source else None) == ("en" if len(STRATEGIES[name].needs) == 2 else None)
        low = name.startswith("FULL") or name == "SFT"
        assert run.training.learning_rate == (1e-3 if low else 5e-3)
        assert isinstance(run.method, TuneSpec) == name.startswith("FULL")
        assert name.startswith("FULL") or run.method.strategy == STRATEGIES[name]
    assert runs["FULL TRG"] == of.tasks(of.distilled())(0)["NER tr"]


def test_task_distillation_has_the_tuned_teacher_of_the_same_task():
    rows = {row.name: row.runs(0) for row in rows_of(table("4.4", "smoke"))}
    for column, run in rows["MonoShot-XLM-R6 +TD"].items():
        assert run.teacher.run.identity == rows["XLM-R base"][column].identity
        assert (run.start, run.method.distil) == (rows["MonoShot-XLM-R6"][column].start, TaskDistillation())


def test_few_shots_are_learned_from_the_zero_shot_model():
    rows = {row.name: row.runs(0) for row in rows_of(table("4.5", "world"))}
    zero = {row.name: row.runs(0) for row in rows_of(table("4.4", "world"))}
    for name, runs in rows.items():
        for column, run in runs.items():
            single, _, shots = column.rpartition(" k=")
            if shots == "0":
                assert run == zero[name][single]
                continue
            assert run.start == ResultOf(run=zero[name][single])
            assert (run.method.few, run.method.languages) == (int(shots), (single[-2:],))
            assert run.method.data.split == "dev" and run.method.strategy == STRATEGIES["FULL TRG"]
            assert run.training.steps == {10: 50, 50: 100, 100: 200, 500: 800}[int(shots)]  # 50 passes of batches of 32


@pytest.mark.slow
def test_the_table_of_strategies_end_to_end(tmp_path):
    (group,) = api.table("mono/4.6", "smoke", runs=tmp_path).groups
    assert len(group.rows) == 12
    assert all(cell.mean is not None for row in group.rows for cell in row.cells.values())
    models = [*tmp_path.glob("transfer-*/model")]
    assert len(models) == 10 * 3 * 2
    assert len([model for model in models if (model / "adapters.safetensors").exists()]) == 3 * 3 * 2


@pytest.mark.slow
def test_the_table_of_students_end_to_end(tmp_path):
    made = api.table("mono/4.4", "smoke", runs=tmp_path)
    (group,) = made.groups
    cells = {row.name: row.cells for row in group.rows}
    for row in ("MonoShot-XLM-R6", "MonoShot-XLM-R6 +TD"):
        assert all(cell.mean is not None for cell in cells[row].values())
    printed = published_table("mono/4.4").group(group.name).row("XLM-R base").scores
    assert cells["XLM-R base"]["NER tr"].published == printed["NER tr"]
    assert made.claims
