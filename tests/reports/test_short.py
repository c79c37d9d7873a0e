"""What a page says first."""

import pytest

from polydistill.reports import short
from polydistill.training.predictions import Predictions, Said, Seen


def seen(gold, after, before=None):
    said = [None if one is None else Said(answer=one, share=0.5, right=one == gold) for one in (after, before)]
    return Seen(row=0, texts=("t",), gold=gold, after=said[0], before=said[1])


def kept(**rows):
    return Predictions(columns=("text",), data_fingerprint="", of=dict.fromkeys(rows, 9), rows=rows)


def test_a_run_says_its_score_its_hardest_language_its_gain_and_its_time(make_run):
    turkish = (seen("yes", "no", "yes"), seen("yes", "no", "no"), seen("no", "no", "yes"))
    found = kept(en=(seen("yes", "yes", "no"),), tr=turkish)
    said = short.of_run(make_run("r", {"en": 80, "tr": 60}).model_copy(update={"seconds": 125.0}), found)
    assert [number.value for number in said.numbers] == ["70.0 %", "60.0 %", "+2 −1", "2 min 5 s"]
    assert said.numbers[0].note == "right answers among the rows below: 16.7 % before, 66.7 % after"
    assert said.numbers[1].label == "hardest: Turkish (tr)"
    assert said.numbers[1].note == "most often yes taken for no (2)"
    assert said.numbers[2].note == "4 evenly spread rows of 18."
    assert said.lead.startswith("Scored on test rows of English, Turkish. Labels were seen of English. The weights")


def test_without_rows_and_of_one_language_there_is_less_to_say(make_run):
    said = short.of_run(make_run("r", {"en": 80}, labels_seen=(), selected_on=()), None)
    assert [number.value for number in said.numbers] == ["80.0 %", "2 s"]
    assert said.lead.endswith("Labels were seen of no language.")


def test_a_run_without_a_test_says_what_it_took(make_run):
    result = make_run("r", {"en": 80}).model_copy(update={"scores": (), "memory": 2_000_000_000})
    (took,) = short.without_test(result).numbers
    assert (took.value, took.note) == ("2 s", "at most 2.0 GB of memory")


def test_what_chose_the_weights_is_said_once(make_run):
    selected = ("dev/en", *(f"dev/{code} (no labels)" for code in ("en", "tr")))
    said = short.of_run(make_run("r", {"en": 80}, selected_on=selected), None)
    assert said.lead.endswith("The weights were chosen on dev/en and dev/en,tr (no labels).")


@pytest.mark.parametrize(("metric", "first", "shown"), [("accuracy", "a", "90.0 %"), ("mae", "b", "10.0")])
def test_the_best_of_several_comes_first(metric, first, shown):
    said = short.of_runs({"a": 0.9, "b": 0.1}, metric, "test", 4)
    assert (said.numbers[0].label, said.numbers[0].value, said.numbers[0].note) == (first, shown, "the best")
