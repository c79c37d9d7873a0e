import pytest

from polydistill.cli.app import one_line


def one_error(result, *parts):
    assert result.exit_code == 2, result.output
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("Error: ")
    for part in parts:
        assert part in lines[0]
    assert result.stdout == ""


def test_a_wrong_value_is_one_line(polydistill):
    one_error(polydistill("world --langs en,xx"), "'xx'", "polydistill list languages")


def test_a_value_out_of_range_is_named(polydistill):
    one_error(polydistill("world --rows 0"), "rows is 0; expected 1 to 10,000,000.")


def test_a_missing_file_is_one_line(polydistill, own_model, work):
    one_error(polydistill(f"evaluate {own_model} --data file:no.jsonl --langs en"), "no.jsonl", "Check the path")


def test_text_that_cannot_be_streamed(polydistill, tmp_path):
    (tmp_path / "a.txt").write_bytes(b"good\ncaf\xe9\n")
    one_error(polydistill(f"text file:{tmp_path} --rows 2"), "a.txt, line 2: found byte 0xE9", "iconv")
    one_error(polydistill(f"text file:{tmp_path}/no*"), "no such file")
    one_error(polydistill("text world: --rows 0"), "rows is 0; expected 1 to 10,000,000.")
    one_error(polydistill("text world: --buffer 0"), "buffer is 0; expected 1 to 10,000,000.")


def test_an_error_of_several_lines_becomes_one(polydistill, monkeypatch):
    def fails(*_, **__):
        raise OSError("first\n  second")

    monkeypatch.setattr("polydistill.data.rows.load.load_records", fails)
    one_error(polydistill("world"), "first second")


def test_traceback_only_where_it_is_asked_for(polydistill):
    result = polydistill("--traceback world --langs en,xx")
    assert isinstance(result.exception, ValueError)
    assert result.exception.__traceback__ is not None


def test_errors_of_ours_are_not_hidden(polydistill, monkeypatch):
    def fails(*_, **__):
        raise KeyError("ours")

    monkeypatch.setattr("polydistill.data.rows.load.load_records", fails)
    assert isinstance(polydistill("world").exception, KeyError)


@pytest.mark.parametrize(("command", "resumes"), [("table xd/3 --scale smoke", True), ("world", False)])
def test_an_interruption_says_whether_the_same_command_goes_on(polydistill, monkeypatch, command, resumes):
    def stopped(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("polydistill.papers.catalogue.table", stopped)
    monkeypatch.setattr("polydistill.data.rows.load.load_records", stopped)
    result = polydistill(command)
    assert result.exit_code == 130
    assert ("The same command again" in result.stderr) is resumes


def test_an_unknown_command_is_answered_with_the_nearest(polydistill):
    result = polydistill("tabel")
    assert result.exit_code == 2
    assert "table" in result.stderr


def test_an_error_does_not_steer_the_terminal():
    assert one_line(ValueError("a\x1b[31m name\nof two\x07 lines é")) == "a\\x1b[31m name of two\\x07 lines é"
