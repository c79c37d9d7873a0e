"""`polydistill distill`: small students of one's own languages, and the run that makes them, to edit and run again."""

import json
from pathlib import Path

import pytest

import polydistill as package
from plain import run_plain
from polydistill.training.run import Run
from tiny import tiny_network, tiny_tokenizer

DISTILL = "distill --teacher teacher --text tr=text.tr --text en=text.en --depth 2 --steps 2 --batch-size 4 "
DEV = ("text.{lang}", "file:text.{lang}")
PLAIN = """
from transformers import pipeline

for folder in sys.argv[1:]:
    print(len(pipeline("fill-mask", folder)("A dog <mask> .", top_k=3)))
"""


@pytest.fixture(autouse=True)
def teacher(work: Path) -> Path:
    """A masked language model of four blocks in the folder to work in."""
    tiny_network(head="mlm", blocks=4).float().save_pretrained("teacher")
    tiny_tokenizer().save_pretrained("teacher")
    Path("albert").mkdir()
    Path("albert/config.json").write_text('{"model_type": "albert", "architectures": ["AlbertForMaskedLM"]}')
    return work / "teacher"


@pytest.mark.slow
def test_distill_leaves_a_folder_for_each_student(polydistill):
    result = polydistill(DISTILL + "--out small")
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == [
        "student tr: small/students/tr",
        "student en: small/students/en",
        "run: small/run.json",
        "page: small/report.html",
    ]
    assert "2 steps of 4 rows, learning rate 0.0002, seed 0" in result.stderr
    assert "students begin as 1<-2 2<-4 (uniform); learn from 1<-2 2<-4 (uniform)" in result.stderr
    assert run_plain(PLAIN, "small/students/tr", "small/students/en") == "3\n3\n"


def test_the_run_can_be_edited_and_run_again(polydistill):
    printed = polydistill(DISTILL + "--loss MonoAlignment --share all --untied --print --out small").stdout
    run = Run.model_validate_json(printed)
    assert (run.method.map, run.method.tie_head, run.students) == ("last", False, ("tr-en",))
    assert not Path("small").exists()
    Path("run.json").write_text(printed)
    again = polydistill("run run.json --set method.weights.relations=0.1 --set method.depth=1 --out small")
    assert again.exit_code == 0, again.output
    assert "learn from 1<-4 (last)" in again.stderr
    assert again.stdout.startswith("student tr-en: small/students/tr-en\n")
    done = json.loads(Path("small/run.json").read_text())["method"]
    assert (done["weights"]["relations"], done["depth"]) == (0.1, 1)


def test_dev_text_chooses(polydistill):
    result = polydistill(DISTILL + "--dev file:text.{lang} --set training.evaluate_every=1 --out small")
    assert result.exit_code == 0, result.output
    log = json.loads(Path("small/log.json").read_text())
    assert {key for line in log for key in line if "perplexity" in key} == {"eval_perplexity_tr", "eval_perplexity_en"}


def test_maps_shares_and_presets(polydistill):
    def method(options):
        shown = polydistill(DISTILL + options + " --print")
        assert shown.exit_code == 0, shown.output
        return json.loads(shown.stdout)["method"]

    assert method("--map 1:1,2:4")["map"] == {"1": 1, "2": 4}
    assert method("--map top --init-map bottom")["init_map"] == "bottom"
    assert method("--share embeddings,2")["share"] == ["embeddings", 2]
    assert method("--share embeddings,1-2")["share"] == ["embeddings", 1, 2]
    assert method("--share none")["share"] == []
    assert method("--width 8 --heads 4")["heads"] == 4
    assert method("--width 8")["init"] == "random"
    assert method("--preset reference")["att"] == "probabilities"


def test_a_student_is_tuned_like_any_model(polydistill):
    assert polydistill(DISTILL + "--out small").exit_code == 0
    tuned = polydistill("tune --model small/students/tr --train file:rows.jsonl --langs en --steps 2 --out tuned")
    assert tuned.exit_code == 0, tuned.output
    several = polydistill("tune --model small --train file:rows.jsonl --langs en --steps 2 --out other")
    assert several.exit_code == 2
    assert "holds 2 students. Name the folder of one: students/en, students/tr" in several.stderr


def test_dev_may_be_a_path_as_text_may(polydistill):
    dev = [json.loads(polydistill(DISTILL + f"--dev {dev} --print").stdout)["selection"]["data"] for dev in DEV]
    assert dev[0] == dev[1]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--text de", "--text de: expected a language and its text, such as tr=turkish.txt."),
        ("--text tur=text.tr", "--text gives tr twice."),
        ("--text xx=text.tr", "Unknown language 'xx'."),
        ("--map 1:", "--map 1:: expected student:teacher,student:teacher, such as 1:2,2:4."),
        ("--map tpo", "Unknown layer map 'tpo'. Did you mean 'top'?"),
        ("--map 1:x:y", "--map 1:x:y: expected"),
        ("--map 1:1,1:2", "--map 1:1,1:2 names a block of the student twice."),
        ("--init-map 1:", "--init-map 1:: expected student:teacher"),
        ("--share 3-1", "--share 3-1: the last block comes before the first. Write 1-3."),
        ("--share 1-3", "Unknown part of students with 2 blocks '3'."),
        ("--preset reference --loss Hinton --map top", "Leave --loss and --map out, or the preset."),
        ("--teacher albert", "albert is a model of the family 'albert'"),
        ("--share embedings", "Unknown part of students with 2 blocks 'embedings'. Did you mean 'embeddings'?"),
        (f"--width {10**12} --heads 1", "width is 1000000000000; expected 1 to 100,000"),
        ("--depth 3", "3 does not divide 4. Give an explicit map"),
        ("--text de=lost.txt", "lost.txt: found no such file; expected a readable file."),
        ("--teacher tuned", "tuned"),
        ("--buffer 10", "say how many steps to take"),
        ("--packed", "Only text that is read as it is needed can be packed"),
    ],
)
def test_bad_input_is_one_line(polydistill, options, said):
    result = polydistill(DISTILL.replace("--steps 2 ", "") + options + " --out small")
    assert result.exit_code == 2
    assert said in result.stderr
    assert "Traceback" not in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("packed", ["", "--packed"])
def test_text_is_read_as_it_is_needed(polydistill, packed):
    result = polydistill(DISTILL + f"--buffer 3 {packed} --max-length 16 --set training.checkpoint_every=1 --out small")
    assert result.exit_code == 0, result.output
    run = Run.model_validate_json(Path("small/run.json").read_text())
    assert (run.method.buffer, run.method.packed) == (3, bool(packed))
    assert {path.name for path in Path("small/students").iterdir()} == {"tr", "en"}


def test_from_python(teacher):
    done = package.distill(teacher, {"tr": "text.tr"}, depth=1, steps=1, out="small")
    assert done.students == {"tr": Path("small/students/tr")}
    assert (done.students["tr"] / "config.json").is_file()
    assert done.run == package.distill.run(teacher, {"tr": "text.tr"}, depth=1, steps=1)
