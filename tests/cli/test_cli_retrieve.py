import json
from pathlib import Path

import pytest

from polydistill import retrieve

TEXT = "--data file:text.{lang}"


@pytest.mark.parametrize(
    ("options", "meaning"),
    [
        ("", {}),
        ("--similarity bertscore --layers 1,2", {"similarity": "bertscore", "layers": (1, 2)}),
        ("--layers last --special-tokens dropped", {"layers": "last", "special_tokens": "dropped"}),
        ("--by-layer --margin 2", {"by_layer": True, "margin": 2}),
    ],
)
def test_retrieve_prints_and_writes_what_the_function_finds(polydistill, own_model, work, options, meaning):
    result = polydistill(f"retrieve {own_model} {TEXT} --langs tr {options} --json found.json")
    assert result.exit_code == 0, result.output
    found = retrieve(own_model, "file:text.{lang}", "tr", **meaning)
    assert json.loads(Path("found.json").read_text()) == [one.model_dump(mode="json") for one in found]
    for one in found:
        line = next(line for line in result.stdout.splitlines() if one.way in line and _layers(one) in line.split())
        assert line.split()[-3:] == [f"{100 * one.accuracy:.1f}", f"{100 * one.mrr:.1f}", "12"]
    assert f"how: {found[0].how.said}" in result.stdout


def test_of_several_pairs_the_mean_is_printed_too(polydistill, own_model, work):
    options = "--parallel en-tr=text.{lang} --parallel 'en-de=world:?rows=9' --layers last"
    shown = polydistill(f"retrieve {own_model} {options}").stdout
    found = retrieve(own_model, parallel=["en-tr=text.{lang}", "en-de=world:?rows=9"], layers="last")
    for direction in ("to", "from"):
        some = [one for one in found if one.direction == direction]
        line = next(line for line in shown.splitlines() if f"mean of 2 {direction} en" in line)
        means = (50 * sum(getattr(one, name) for one in some) for name in ("accuracy", "mrr"))
        assert line.split()[-2:] == [f"{mean:.1f}" for mean in means]


def _layers(one):
    return ",".join(map(str, one.layers))


def test_the_depth_of_faiss_is_said(polydistill, own_model, work):
    assert "MRR@10" in polydistill(f"retrieve {own_model} {TEXT} --langs tr --search faiss").stdout


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("--layers top", "--layers top: expected all, last, own, or numbers"),
        ("--layers 7", "layers=7: expected all, last, or different layers from 0"),
        ("--idf own", "idf=own is no option of cosine"),
        ("--langs en", "needs two languages"),
        ("--to tr", "polydistill retrieve has no option --to"),
        ("--source-model ./lost", "There is no folder './lost'"),
    ],
)
def test_mistakes_are_one_line(polydistill, own_model, work, options, says):
    result = polydistill(f"retrieve {own_model} {TEXT} --langs tr {options}")
    assert result.exit_code == 2
    assert says in result.stderr
