import gzip
import json
import shutil
from pathlib import Path

import pytest

from polydistill import api
from polydistill.methods.known import spec_class
from polydistill.methods.table import entries
from polydistill.papers import catalogue
from polydistill.papers.plan import Plan
from polydistill.papers.table import Table
from polydistill.serving import doctor


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The folder of runs that a quickstart at smoke scale leaves."""
    runs = tmp_path_factory.mktemp("quick") / "runs"
    api.quickstart(runs, scale="smoke")
    return runs


def test_world_prints_aligned_rows(polydistill):
    result = polydistill("world --langs en,tr --task nli --rows 3")
    assert result.exit_code == 0
    rows = [line.split() for line in result.stdout.splitlines()]
    labels = [words[1] for words in rows if words and words[0] in "123"]
    assert sorted(labels) == ["contradiction", "entailment", "neutral"]  # three rows share a hypothesis
    assert sum("tr" in words[:1] for words in rows) == 3


def test_world_as_json_lines_is_what_evaluate_reads(polydistill, own_model, tmp_path):
    lines = polydistill("world --langs en,tr --rows 5 --split dev --json").stdout
    assert len(lines.splitlines()) == 10
    file = tmp_path / "dev.jsonl"
    file.write_text(lines)
    result = polydistill(f"evaluate {own_model} --data file:{file} --langs tr,en")
    assert result.exit_code == 0, result.output


def test_text_prints_what_a_model_would_read(polydistill, tmp_path):
    for name, lines in (("a.txt", "bir\n\niki\n"), ("b.txt.gz", "üç\ndört\n")):
        content = lines.encode()
        (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    shown = polydistill(f"text file:{tmp_path} --lang tr --rows 4").stdout.splitlines()
    assert sorted(shown) == ["bir", "dört", "iki", "üç"]
    assert shown == api.texts(f"file:{tmp_path}", "tr", 4)
    assert polydistill(f"text 'file:{tmp_path}/*.gz' --buffer 1 --rows 3").stdout == "üç\ndört\nüç\n"


@pytest.mark.slow
def test_quickstart_prints_its_table_and_page(polydistill, made):
    result = polydistill(f"quickstart --scale smoke --runs {made}")  # all its runs are there
    assert result.exit_code == 0, result.output
    assert "avg of 6" in result.stdout
    assert f"page: {made}/quickstart/index.html" in result.stdout
    summary = json.loads((made / "quickstart" / "summary.json").read_text())
    assert summary["after"].keys() >= {"en", "tr"}
    took = [json.loads(file.read_text())["seconds"] for file in made.glob("*/results.json")]
    assert len(took) == 3
    assert summary["seconds"] >= round(sum(took), 1) - 0.1  # also where all was done before


@pytest.mark.slow
def test_table_writes_json_and_markdown(polydistill, monkeypatch, made, tmp_path):
    table = api.quickstart(made, scale="smoke").table
    asked = []
    monkeypatch.setattr(catalogue, "table", lambda *given: asked.append(given) or table)
    monkeypatch.chdir(tmp_path)
    result = polydistill("table xd/3 --scale smoke --seeds 2 --json out/t.json --markdown out/t.md --runs there")
    assert result.exit_code == 0, result.output
    assert asked[0][:4] == ("xd/3", "smoke", 2, Path("there"))
    assert Table.model_validate_json(Path("out/t.json").read_text()) == table
    assert Path("out/t.md").read_text().startswith("**xd/3")


@pytest.mark.slow
def test_table_runs_what_is_missing(polydistill, tmp_path):
    result = polydistill(f"table xd/5 --scale smoke --runs {tmp_path}")
    assert result.exit_code == 0, result.output
    assert len(list(tmp_path.glob("xd-*/results.json"))) == 5
    assert "MLT no-tr" in result.stdout


@pytest.mark.slow
def test_figure_prints_its_points_and_draws_them(polydistill, tmp_path):
    files = {kind: tmp_path / "made" / f"figure.{kind}" for kind in ("png", "json", "md")}
    options = f"--scale smoke --seeds 2 --out {files['png']} --json {files['json']} --markdown {files['md']}"
    result = polydistill(f"figure mono/4.4 {options} --runs {tmp_path}")
    assert result.exit_code == 0, result.output
    assert "MonoShot w/o Teacher Init" in result.stdout
    made = json.loads(files["json"].read_text())
    (panel,) = made["panels"]
    begun, ended = (panel["lines"][0]["points"][at] for at in (0, -1))
    assert f"{begun['mean']:.1f} ± {begun['spread']:.1f}" in result.stdout
    assert f"{ended['mean']:.1f} ± {ended['spread']:.1f}" in files["md"].read_text()
    assert files["png"].read_bytes().startswith(b"\x89PNG")
    again = polydistill(f"figure mono/4.4 --scale smoke --finished --runs {tmp_path}")
    assert f"{begun['mean']:.1f}" not in again.stdout or begun["spread"] == 0  # one seed of the two, nothing new


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("figure bert-kld/4.2", "Unknown figure 'bert-kld/4.2'"),
        ("figure mono/4.2", "Unknown figure 'mono/4.2'"),
        ("figure multikd/5", "`polydistill table multikd/figure5`"),
        ("figure bert-kld/figure-2", "`polydistill table bert-kld/figure-2`"),
        ("figure mono/4.4 --out figure.gif", "Unknown kind of picture '.gif'"),
        ("figure mono/4.4 --scale paper", "data/cc100/{lang}.txt.xz: found no file"),
        ("figure mono/4.4 --scale smoke --finished --out figure.png --runs nowhere", "has no points"),
    ],
)
def test_what_cannot_be_drawn_is_said(polydistill, work, command, says):
    result = polydistill(command)
    assert result.exit_code == 2
    assert says in result.stderr
    assert not (work / "figure.png").exists()


def test_plan_runs_nothing(polydistill, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    result = polydistill("table xd/5 --scale paper --plan --rows-a-second 100 --json plan.json --markdown plan.md")
    assert result.exit_code == 0, result.output
    plan = Plan.model_validate_json(Path("plan.json").read_text())
    assert (plan.runs, plan.rows_a_second) == (6, 100)
    assert "FacebookAI/xlm-mlm-tlm-xnli15-1024" in result.stdout
    assert all(note in " ".join(result.stdout.split()) for note in plan.notes)
    assert plan.notes[0] in Path("plan.md").read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["plan.json", "plan.md"]


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("table xd/9", "Unknown table 'xd/9'"),
        ("table xd/3 --seeds 0", "seeds is 0"),
        ("table xd/3 --plan --rows-a-second 0", "expected more than 0"),
        ("world --rows 0", "rows"),
        ("world --difficulty huge", "huge"),
    ],
)
def test_what_cannot_be_is_said(polydistill, command, says):
    result = polydistill(command)
    assert result.exit_code == 2
    assert says in result.stderr


@pytest.mark.parametrize(
    ("what", "has"),
    [
        ("tables", "xd/3"),
        ("tasks", "premise and hypothesis"),
        ("languages", "Swahili"),
        ("methods", "pretrain"),
        ("methods", "monolingual"),
        ("tables", "mono/4.4"),
        ("runs", "Learning the task in English"),
    ],
)
def test_list(polydistill, made, what, has):
    result = polydistill(f"list {what} --runs {made}")
    assert result.exit_code == 0, result.output
    assert has in result.stdout


def test_list_names_every_method():
    listed = [kind for kind, does in api.listing("methods").rows if does]
    assert listed == list(entries()) == [spec_class(kind).model_fields["kind"].default for kind in entries()]


def test_list_shows_runs_that_have_begun(polydistill, made, tmp_path):
    (done,) = made.glob("xd-*/run.json")
    begun = tmp_path / "xd-begun"
    begun.mkdir()
    (begun / "run.json").write_text(done.read_text())
    shown = polydistill(f"list runs --runs {tmp_path}").stdout
    assert "xd-begun" in shown
    assert "begun" in shown.split("xd-begun")[1]


def test_list_shows_the_others_beside_a_folder_that_cannot_be_read(polydistill, made, tmp_path):
    (done,) = made.glob("xd-*")
    shutil.copytree(done, tmp_path / "xd-good")
    for name, file in (("xd-cut", "results.json"), ("xd-strange", "run.json")):
        (tmp_path / name).mkdir()
        (tmp_path / name / file).write_text("{")
    result = polydistill(f"list runs --runs {tmp_path}")
    assert result.exit_code == 0, result.output
    assert all(name in result.stdout for name in ("xd-good", "xd-cut", "xd-strange", "done in"))
    assert result.stdout.count("cannot be read") == 2


def test_list_without_runs_says_how_to_begin(polydistill, tmp_path):
    assert "polydistill quickstart" in polydistill(f"list --runs {tmp_path}").stdout


def test_report_of_all_runs_and_of_one(polydistill, made, tmp_path):
    (one,) = made.glob("xd-*")
    pages = []
    for folder in (made, one):
        out = tmp_path / f"{folder.name}.html"
        assert polydistill(f"report {folder} --out {out}").exit_code == 0
        pages.append(out.read_text())
    assert "Learning the task in English" in pages[0]
    assert pages[0].count("Loss: ") > pages[1].count("Loss: ") > 0
    assert "Loss: Learning the other languages, seed 0" in pages[1]
    assert "&#34;kind&#34;: &#34;xd&#34;" in pages[1]
    assert "accuracy, mean of 6 languages" in pages[1]


def test_report_of_nothing(polydistill, tmp_path):
    result = polydistill(f"report {tmp_path}")
    assert result.exit_code == 2
    assert "no finished run" in result.stderr


def test_doctor_says_what_is_there_and_what_to_do(polydistill, monkeypatch):
    monkeypatch.setattr(doctor, "reachable", lambda address: False)
    result = polydistill("doctor")
    assert result.exit_code == 0, result.output
    for what in ("torch", "transformers", "threads", "devices", "memory", "hub", "fp32 products"):
        assert what in result.stdout
    assert "go online once" in " ".join(result.stdout.split())


def test_doctor_when_all_is_well(polydistill, monkeypatch):
    monkeypatch.setattr(doctor, "findings", lambda: [doctor.Finding("torch", "2")])
    assert "All is well" in polydistill("doctor").stderr


def test_a_server_that_refuses_is_reachable_and_one_that_is_not_there_is_not():
    import http.server
    import threading

    class Refuses(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self):
            self.send_error(403)

        def log_message(self, *_):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Refuses)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}"
    try:
        assert doctor.reachable(address)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    assert not doctor.reachable(address, seconds=0.5)
