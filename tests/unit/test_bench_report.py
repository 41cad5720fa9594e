"""The report of benches: each problem has its rows, what is wrong or late is shown, the page else stays."""

import re
import sys
import time

import pytest

from benches.report.__main__ import main
from benches.report.catalogue import PROBLEMS
from benches.report.page import BEGIN, END, place, table
from benches.report.problem import Case, Problem, Task, Way
from benches.report.process import Worker
from benches.report.runner import Settings, solve

PAGE = f"# A page\n\nabove\n\n{BEGIN}\n{END}\n\nbelow\n"


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    """A page that a quick report without peers has written."""
    path = tmp_path_factory.mktemp("report") / "page.md"
    path.write_text(PAGE)
    main(["--quick", "--peers", "none", "--page", str(path)])
    return path.read_text()


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_quick_report_has_a_row_for_each_way_of_each_problem(quick, name):
    part = quick.split(f"<!-- benches.report: {name} -->")[1].split("<!--")[0]
    rows = re.findall(r"^\| .* \|$", part, re.M)[2:]
    cases = [case for case in PROBLEMS[name].cases if case.quick is not None]
    told = [[w for w in PROBLEMS[name].ways if w.told and w.function not in case.without] for case in cases]
    assert len(rows) == sum(map(len, told)) > 0


@pytest.mark.parametrize("name", [name for name in PROBLEMS if name != "install"])
def test_a_quick_report_has_a_time_in_each_problem_that_needs_no_network(quick, name):
    part = quick.split(f"<!-- benches.report: {name} -->")[1].split("<!--")[0]
    assert re.search(r"\| \d[\d.,]* (s|ms|µs) \|", part)


def test_a_quick_report_says_that_no_peers_were_asked_for(quick):
    assert "| phasegen 2.2.0 | no peers were asked for |" in quick


def test_no_way_of_a_quick_report_fails(quick):
    failures = re.findall(r"(?:not done in|ended by|Error).*", quick)
    assert failures == []


def test_a_quick_report_leaves_the_rest_of_the_page_alone(quick):
    assert quick.startswith("# A page\n\nabove\n\n<!--")
    assert quick.endswith("-->\n\nbelow\n")


def right(folder):
    return Task(lambda: [1.0, 2.0])


def wrong(folder):
    return Task(lambda: [1.0, 2.5])


def short(folder):
    return Task(lambda: [1.0])


def not_a_number(folder):
    return Task(lambda: [1.0, float("nan")])


def broken(folder):
    raise ValueError("this way is broken")


def late(folder):
    while True:
        pass


def row(function, **options):
    """The row of a way beside ours, which is right."""
    ways = (Way("ours", "right"), Way("theirs", function))
    problem = Problem("p", "P", "text", (Case("case", {}, {}),), ways, __name__, **options)
    outcomes, reference = solve(problem, problem.cases[0], Settings(quick=True), lambda _: None)
    return table(problem, [("case", outcomes, reference)]).splitlines()[-1].split(" | ")


def test_an_answer_that_agrees_counts():
    cells = row("right")
    assert float(cells[4]) > 0
    assert cells[-1] == "0 |"


@pytest.mark.parametrize(("function", "off"), [("wrong", "0.25"), ("short", "inf"), ("not_a_number", "inf")])
def test_an_answer_that_disagrees_does_not_count_and_tells_by_how_much(function, off):
    cells = row(function)
    assert re.fullmatch(r"\([\d.,]+\)", cells[4])
    assert cells[-1] == f"**{off}** |"


def test_a_way_that_fails_tells_why():
    assert row("broken")[2] == "ValueError: this way is broken"


def test_a_way_that_is_late_tells_the_limit():
    assert row("late", limit=1.0)[2] == "not done in 1 s"


def test_the_limit_of_a_call_does_not_run_while_others_have_their_turn(tmp_path):
    problem = Problem("p", "P", "text", (), (), __name__)
    with Worker(Way("ours", "right"), {"folder": "here"}, problem, [sys.executable], str(tmp_path)) as worker:
        worker.ready()
        worker.call()
        worker.deadline = time.monotonic()  # as after long turns of others
        assert worker.call()["answer"] == [1.0, 2.0]


def test_a_part_is_put_in_place_of_its_own_and_the_others_stay():
    page = place(PAGE, {"b": "second"}, ["a", "b"])
    page = place(page, {"a": "first"}, ["a", "b"])
    page = place(page, {"b": "third"}, ["a", "b"])
    inside = page.split(BEGIN)[1].split(END)[0]
    assert re.sub(r"<!--.*?-->", "", inside).split() == ["first", "third"]


def test_a_page_without_the_comments_is_refused():
    with pytest.raises(ValueError, match=re.escape(BEGIN)):
        place("# A page\n", {"a": "first"}, ["a"])
